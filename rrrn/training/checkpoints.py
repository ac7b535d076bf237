"""How a training that is killed goes on: its state in a file, of this training alone.

A checkpoint is keyed by all that decides what the training ends in: code, settings, fold, data, the kind of device. One
with another key is never used, nor one that is damaged. It is no output of the workflow, which removes outputs of jobs
that fail, and is removed when the training has ended. What was seen after each epoch (``looking``) lies in a file
beside it; where that is asked for and not there, the training starts anew.
"""

import json
import logging
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from rrrn.data import store
from rrrn.running.stage import InputError
from rrrn.training import tensors
from rrrn.training.engine import Training

# The last two are how a scheduler warns a job that asks for it, before its time is over (sbatch --signal)
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2)


class Checkpoint:
    """The file ``path`` of the training with this ``key``, written every so many minutes."""

    def __init__(self, path: Path, key: str, minutes: float) -> None:
        self.path, self._key, self._seconds = path, key, 60 * minutes
        self._seen = path.with_suffix(".epochs.h5")
        self._saved = time.monotonic()

    def restore(self, training: Training) -> None:
        """Let a training that was just set up go on from the file, if there is one that is its own."""
        if not self.path.exists():
            return
        try:
            with store.reading(self.path) as file:
                if file.attrs["key"] != self._key:
                    logging.info("%s: is of other code, settings or data, and not used", self.path)
                    return
                (facts,) = store.names(file, "facts")
                state = tensors.get(file)
        except InputError as error:
            logging.info("%s; the training starts anew", error)
            return
        told = json.loads(facts)
        if training.looks and not training.looks.restore(self._seen, self._key, told["epoch"] - 1):
            logging.info("%s: is not used, since not every epoch was seen; the training starts anew", self.path)
            return
        training.restore(state, told)
        logging.info("goes on in epoch %d, after %d of its steps", training.epoch, training.done)

    def save_if_due(self, training: Training) -> None:
        """Save if the last time is long enough ago."""
        if time.monotonic() - self._saved >= self._seconds:
            self.save(training)

    def save(self, training: Training) -> None:
        """Save; where that cannot be done, say so and go on."""
        state, facts = training.state()
        try:
            if training.looks:
                training.looks.save(self._seen, self._key)  # first, so that it is never behind
            with store.create(self.path) as file:
                tensors.put(file, state)
                store.put_names(file, "facts", [json.dumps(facts)])
                file.attrs["key"] = self._key
        except InputError as error:
            logging.warning("no checkpoint: %s", error)
        self._saved = time.monotonic()

    def remove(self) -> None:
        """Remove the file, and its folders where they are empty."""
        for path in (self.path, self._seen):
            path.unlink(missing_ok=True)
        with suppress(OSError):
            for folder in list(self.path.parents)[:3]:
                folder.rmdir()


class Stop:
    """Whether a signal has asked this process to end."""

    number = 0

    def note(self, number: int, frame: FrameType | None) -> None:
        """Note the first signal; others while the state is saved change nothing."""
        self.number = self.number or number

    def leave(self) -> None:
        """End the process as the noted signal asks."""
        raise SystemExit(128 + self.number)


@contextmanager
def stopping() -> Iterator[Stop]:
    """Let signals that ask the process to end wait until the block looks."""
    stop = Stop()
    before = {number: signal.signal(number, stop.note) for number in _SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
