"""3DHOG: histograms of gradient orientation on three planes (Polikovsky et al., ICDP 2009)."""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rrrn.descriptors import blocks as grid
from rrrn.running.stage import InputError

METHOD = {"name": "hog3d", "label": "3DHOG", "kind": "descriptor", "defaults": {"bins_xy": 8, "bins_t": 12}}

_REACH = 255  # largest difference of two 8-bit values
_SIDE = 2 * _REACH + 1
_AT_A_TIME = 2  # frames


def least_frames(*, bins_xy: int, bins_t: int) -> int:
    """Return how many frames a volume needs for a central difference in time."""
    return 3


def least_side(*, blocks: int, bins_xy: int, bins_t: int) -> int:
    """Return how many pixels per side a volume needs for its blocks, and for differences at their edges."""
    return blocks * grid.LEAST_SIDE + 2


def describe(volume: NDArray[np.uint8], *, blocks: int, bins_xy: int, bins_t: int) -> NDArray[np.float32]:
    """Return the histograms of a volume (T, H, W), one per block and plane, each of Euclidean norm 1 (0 if flat).

    Central differences Gx, Gy, Gt; each voxel adds its magnitude in the plane to the bin of its orientation over the
    full circle: atan2(Gy, Gx) in ``bins_xy`` bins, atan2(Gt, Gx) and atan2(Gt, Gy) in ``bins_t`` bins each.
    The order is block (row by row), plane (XY, XT, YT), bin. The outermost voxels have no difference, and the blocks
    divide what is left. Raises InputError for a volume without inner voxels.
    """
    if min(volume.shape) < 3:
        raise InputError(
            f"a volume of {' x '.join(map(str, volume.shape))} (frames, rows, columns) has no central differences; "
            "raise describe.size"
        )
    wide = volume.astype(np.int16)
    gradient_t = wide[2:, 1:-1, 1:-1] - wide[:-2, 1:-1, 1:-1]
    gradient_y = wide[1:-1, 2:, 1:-1] - wide[1:-1, :-2, 1:-1]
    gradient_x = wide[1:-1, 1:-1, 2:] - wide[1:-1, 1:-1, :-2]
    planes = [
        grid.normalise(_votes(gradient_y, gradient_x, bins_xy, blocks), 2),
        grid.normalise(_votes(gradient_t, gradient_x, bins_t, blocks), 2),
        grid.normalise(_votes(gradient_t, gradient_y, bins_t, blocks), 2),
    ]
    return np.concatenate(planes, axis=1).reshape(-1).astype(np.float32)


def _votes(sine: NDArray[np.int16], cosine: NDArray[np.int16], bins: int, blocks: int) -> NDArray[np.float64]:
    """Return the sum of magnitudes (blocks * blocks, bins) by block and orientation of differences (T, H, W)."""
    orientations, magnitudes = _orientations(bins), _magnitudes()
    _, height, width = sine.shape
    first_bin = grid.block_map(height, width, blocks) * bins
    every = np.arange(blocks * blocks * bins)
    total: NDArray[np.float64] = np.zeros(len(every))
    # A few frames at a time stay in the processor's cache. What was summed before goes first, so that the sums are
    # those of all frames in one, to the last bit.
    frames = max(_AT_A_TIME, len(every) // first_bin.size)
    for start in range(0, len(sine), frames):
        first, second = sine[start : start + frames].astype(np.int32), cosine[start : start + frames]
        part = orientations.take((first + _REACH) * _SIDE + (second + _REACH))
        magnitude = magnitudes.take(np.abs(first) * (_REACH + 1) + np.abs(second))
        voted = np.concatenate([every, (first_bin + part).reshape(-1)])
        weights = np.concatenate([total, magnitude.reshape(-1)])
        total = np.bincount(voted, weights).astype(np.float64, copy=False)
    return total.reshape(-1, bins)


@lru_cache
def _orientations(bins: int) -> NDArray[np.unsignedinteger]:
    """The bin of every possible pair of differences, so that no voxel needs an arctangent; in few bytes, to be near."""
    steps = np.arange(-_REACH, _REACH + 1)
    angle = np.arctan2(steps[:, None], steps[None, :]) % (2 * math.pi)
    # An angle on an edge belongs to the bin above, whatever its last digit; no other angle is as near to an edge.
    part = np.floor(angle * bins / (2 * math.pi) + 1e-9).astype(np.intp) % bins
    return part.astype(np.min_scalar_type(bins - 1)).reshape(-1)


@lru_cache
def _magnitudes() -> NDArray[np.float64]:
    """The magnitude of every possible pair of absolute differences, a quarter of all pairs, likewise to be near."""
    steps = np.arange(_REACH + 1, dtype=np.float64)
    return np.hypot(steps[:, None], steps[None, :]).reshape(-1)
