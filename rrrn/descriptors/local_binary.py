"""Local binary codes of a volume: each voxel against neighbours in space and time."""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rrrn.running.stage import InputError

Offset = tuple[int, int, int]  # (t, y, x), in frames and pixels


def codes(volume: NDArray[np.uint8], neighbours: Sequence[Offset], border: Offset) -> NDArray[np.uint8]:
    """Return the code of each voxel that is at least ``border`` away from the faces of the volume.

    ``volume`` is (T, H, W), the result (T - 2 * border t, H - 2 * border y, W - 2 * border x). Bit p is set where
    neighbour p (of at most eight, none beyond the border) is not darker than the voxel.
    Raises InputError for a volume that consists of border.
    """
    if any(length <= 2 * margin for length, margin in zip(volume.shape, border, strict=True)):
        raise InputError(
            f"a volume of {' x '.join(map(str, volume.shape))} (frames, rows, columns) has no voxel with neighbours "
            f"within {border}; raise describe.size or lower the radius"
        )
    centre = _shifted(volume, (0, 0, 0), border)
    code = np.zeros(centre.shape, np.uint8)
    for bit, offset in enumerate(neighbours):
        code |= (_shifted(volume, offset, border) >= centre).view(np.uint8) << np.uint8(bit)
    return code


def ellipse(points: int, radius_cos: int, radius_sin: int) -> list[tuple[int, int]]:
    """Return the (cosine, sine) coordinates of equally spaced points, rounded to pixels by floor(x + 0.5)."""
    angles = [2 * math.pi * point / points for point in range(points)]
    return [(_round(radius_cos * math.cos(angle)), _round(radius_sin * math.sin(angle))) for angle in angles]


@lru_cache
def uniform_bins(points: int) -> NDArray[np.uint8]:
    """Return the bin of each of the 2**points codes under the mapping u2 (Ojala et al., PAMI 2002).

    Codes with at most two changes around the circle have a bin each, in ascending order; all others share the last
    of the points * (points - 1) + 3 bins.
    """
    every = np.arange(2**points)
    turned = (every << 1 | every >> (points - 1)) & (2**points - 1)
    uniform = np.bitwise_count(every ^ turned) <= 2
    return np.where(uniform, np.cumsum(uniform) - 1, uniform.sum()).astype(np.uint8)


def _shifted(volume: NDArray[np.uint8], offset: Offset, border: Offset) -> NDArray[np.uint8]:
    axes = zip(volume.shape, offset, border, strict=True)
    return volume[tuple(slice(margin + shift, length - margin + shift) for length, shift, margin in axes)]


def _round(value: float) -> int:
    return math.floor(value + 0.5)
