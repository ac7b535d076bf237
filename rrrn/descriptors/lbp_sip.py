"""LBP-SIP: local binary patterns with six intersection points (Wang et al., ACCV 2014)."""

import numpy as np
from numpy.typing import NDArray

from rrrn.descriptors import blocks as grid
from rrrn.descriptors import local_binary
from rrrn.running.stage import InputError

METHOD = {
    "name": "lbp_sip",
    "label": "LBP-SIP",
    "kind": "descriptor",
    "defaults": {"radius": 1, "radius_t": 4, "code": "split"},
}


def least_frames(*, radius: int, radius_t: int, code: str) -> int:
    """Return how many frames a volume needs to have a voxel with all neighbours."""
    return 2 * radius_t + 1


def least_side(*, blocks: int, radius: int, radius_t: int, code: str) -> int:
    """Return how many pixels per side a volume needs for its blocks, and for their neighbours."""
    return blocks * grid.LEAST_SIDE + 2 * radius


def describe(
    volume: NDArray[np.uint8], *, blocks: int, radius: int, radius_t: int, code: str, normalised: bool = True
) -> NDArray[np.float32]:
    """Return the histograms of a volume (T, H, W), one per block and code, each of sum 1 (0 in an empty block).

    The six neighbours are right, above, left, below (``radius`` pixels away), before and after (``radius_t`` frames).
    ``code`` "split" makes a code of the four in the plane and another of the two in time, 16 + 4 bins; "joint" makes
    one of all six, 64 bins. The order is block (row by row), code, bin. Voxels nearer to a face of the volume than the
    radius only serve as neighbours, and the blocks divide what is left. Without ``normalised`` they are counts.
    Raises InputError for an unknown code and for a volume that consists of border.
    """
    plane = [(0, 0, radius), (0, -radius, 0), (0, 0, -radius), (0, radius, 0)]
    time = [(-radius_t, 0, 0), (radius_t, 0, 0)]
    readings = {"split": (plane, time), "joint": (plane + time,)}
    if code not in readings:
        raise InputError(f"describe.lbp_sip.code {code!r} is none of {', '.join(readings)}")
    parts = []
    for neighbours in readings[code]:
        codes = local_binary.codes(volume, neighbours, (radius_t, radius, radius))
        counts = grid.histograms(codes, 2 ** len(neighbours), blocks)
        parts.append(grid.normalise(counts, 1) if normalised else counts)
    return np.concatenate(parts, axis=1).reshape(-1).astype(np.float32)
