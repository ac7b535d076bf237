"""What a network says after each epoch of its training, asked so that the training is none the wiser.

Nothing of it reaches the training: no number is drawn, no statistic moves, no weight is chosen. Weights, predictions
and checkpoints are the same to the last bit whether one looks or not. What was seen lies beside the checkpoint while a
training is not at its end.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rrrn.data import store
from rrrn.networks.network import Network
from rrrn.running.stage import InputError
from rrrn.training import precision
from rrrn.training.precision import Precision


class Looks:
    """What ``ask`` returned after each epoch that is over, arrays of one shape, in ``seen``."""

    def __init__(
        self, network: Network[Any], told: Precision, device: torch.device, ask: Callable[[], NDArray[np.float64]]
    ) -> None:
        self._network, self._told, self._device, self._ask = network, told, device, ask
        self.seen: list[NDArray[np.float64]] = []

    def look(self) -> None:
        """Ask the network as it is now."""
        with untouched(self._network, self._told, self._device):
            self.seen.append(self._ask())

    def save(self, path: Path, key: str) -> None:
        """Keep what was seen for the training with this key, which is about to save its own state."""
        with store.create(path) as file:
            file.attrs["key"] = key
            for number, values in enumerate(self.seen):
                file.create_dataset(str(number), data=values)

    def restore(self, path: Path, key: str, epochs: int) -> bool:
        """Take back what was seen after the first epochs; return whether all of that was there."""
        try:
            with store.reading(path) as file:
                if file.attrs["key"] != key:
                    return False
                self.seen = [file[str(number)][()] for number in range(epochs)]
        except (InputError, KeyError):
            logging.info("%s: is not there, and the epochs that are over were not seen", path)
            return False
        return True


@contextmanager
def untouched(network: Network[Any], told: Precision, device: torch.device) -> Iterator[None]:
    """Let a network predict in single precision, and leave it, what is drawn next, and the precision as they were."""
    modes = [(part, part.training) for part in network.modules()]
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        precision.prepare("fp32", device)
        try:
            yield
        finally:
            precision.prepare(told, device)
            for part, mode in modes:
                part.training = mode
