"""What a training says of the clips that it tests after each of its epochs, and whom it learnt from: an HDF5 file.

It is of what was trained without looking (``train.score_every_epoch``). Tables are of the last epoch; the others are
for what choosing one by the tested clips would have given.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rrrn.data import rows, store
from rrrn.data.clips import Clip
from rrrn.data.identity import by_hand
from rrrn.data.rows import Key
from rrrn.running.stage import InputError

_DIGITS = ".9g"  # as predictions have them, so that both name the same class


@dataclass(frozen=True)
class Facts:
    """Which training it is of, and what the axes of its numbers are but for the clips."""

    method: str
    trained_on: str
    fold: str
    seed: int
    classes: list[str]
    conditions: list[str]
    views: list[int]


@dataclass(frozen=True)
class EveryEpoch:
    """A file: ``probabilities`` float64 (epochs, conditions, clips, views, classes), of the ``tested`` clips.

    ``trained`` are the clips whose samples the training drew from.
    """

    facts: Facts
    tested: Sequence[Key]
    trained: Sequence[Key]
    probabilities: NDArray[np.float64]


def write(
    path: Path,
    facts: Facts,
    tested: Sequence[Clip],
    trained: Sequence[Clip],
    probabilities: NDArray[np.float64],
    made: Callable[[], str] = by_hand,
) -> None:
    """Write a file, whole or not at all; probabilities are kept to as many digits as predictions are."""
    kept = np.array([float(format(value, _DIGITS)) for value in probabilities.ravel()])
    with store.create(path, made) as file:
        store.put_names(file, "facts", [json.dumps(asdict(facts), sort_keys=True)])
        rows.put(file.create_group("tested"), tested)
        rows.put(file.create_group("trained"), trained)
        store.put(file, "probabilities", kept.reshape(probabilities.shape), compress=True)


def read(path: Path) -> EveryEpoch:
    """Return what ``write`` wrote; raises InputError if the file is missing, damaged or of another kind."""
    try:
        with store.reading(path) as file:
            (told,) = store.names(file, "facts")
            tested, trained = (list(rows.of_file(file[name], path)) for name in ("tested", "trained"))
            return EveryEpoch(Facts(**json.loads(told)), tested, trained, file["probabilities"][()])
    except (KeyError, ValueError, TypeError):
        raise InputError(
            f"{path}: does not say what a training found after each epoch; delete it and run again"
        ) from None
