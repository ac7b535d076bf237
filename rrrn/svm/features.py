"""The vectors of a descriptor, as the stage ``describe`` leaves them."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rrrn.data import rows, store
from rrrn.data.clips import Clip
from rrrn.running.stage import InputError


def read(path: Path, table: Sequence[Clip]) -> NDArray[np.float64]:
    """Return features (N, D) with the rows of the clip table; raises InputError if it names other clips."""
    with store.reading(path) as file:
        features = np.asarray(file["features"][()], np.float64)
        row_of = rows.of_file(file, path)
    if not np.isfinite(features).all():
        raise InputError(f"{path}: holds features that are not finite; delete it and run again")
    rows.check(row_of, table, path)
    return features[[row_of[rows.key(clip)] for clip in table]]


def alike(paths: Iterable[Path], table: Sequence[Clip]) -> dict[Path, NDArray[np.float64]]:
    """Return {path: features (N, D)}, each read once; raises InputError as ``read``, and unless D is one for all."""
    features = {path: read(path, table) for path in dict.fromkeys(paths)}
    first = next(iter(features))
    for path, numbers in features.items():
        if numbers.shape != features[first].shape:
            raise InputError(
                f"{path}: {numbers.shape[1]} numbers per clip, but {features[first].shape[1]} in {first}; "
                "make the features again with one setting"
            )
    return features
