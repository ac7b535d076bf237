"""Poison for the machines of descriptors: noise in the rows of tested clips."""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from rrrn.data import rows
from rrrn.data.clips import Clip
from rrrn.experiment import seeds


def features(
    parts: Sequence[NDArray[np.float64]], table: Sequence[Clip], tested: Collection[Clip]
) -> list[NDArray[np.float64]]:
    """Return features (N, D), one array per condition, with noise in the place of the vectors of tested clips.

    Noise is uniform in [-m, m], where m is the largest magnitude in the array (1, if all is 0).
    """
    own = [(row, rows.key(clip)) for row, clip in enumerate(table) if clip in tested]
    found = [part.copy() for part in parts]
    for row, key in own:
        rng = seeds.generator("poison", *key)
        for new, old in zip(found, parts, strict=True):
            new[row] = rng.uniform(-1, 1, old.shape[1]) * (np.abs(old).max() or 1)
    return found
