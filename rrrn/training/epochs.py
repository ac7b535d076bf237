"""Which samples an epoch takes, and in which batches."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def draw(pools: Sequence[NDArray[np.int64]], views: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return an epoch's sample numbers, shuffled: ``views`` out of each clip's pool without repetition.

    A pool that holds fewer is taken whole.
    """
    return rng.permutation(np.concatenate([rng.choice(pool, min(views, len(pool)), replace=False) for pool in pools]))


def batches(numbers: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    """Cut sample numbers into batches, the last of which may be smaller.

    A last batch of one joins the one before: batch normalisation of 1 x 1 maps needs two samples.
    """
    cut = [numbers[start : start + size] for start in range(0, len(numbers), size)]
    if len(cut) > 1 and len(cut[-1]) == 1:
        cut[-2:] = [np.concatenate(cut[-2:])]
    return cut
