"""LBP-TOP: local binary patterns on three orthogonal planes (Zhao and Pietikäinen, PAMI 2007)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rrrn.descriptors import blocks as grid
from rrrn.descriptors import local_binary
from rrrn.stage import InputError


@dataclass(frozen=True)
class Preset:
    """Radii in x, y (pixels) and t (frames), points on each ellipse, u2 mapping or all codes.

    ``blocks`` and ``overlap`` (a share of a block) replace the grid that all descriptors use; None keeps that.
    """

    radii: tuple[int, int, int]
    points: int
    uniform: bool
    blocks: int | None = None
    overlap: float = 0.0


PRESETS = {
    # The baseline that was published with CASME II (Yan et al., PLoS ONE 2014).
    "casme2_baseline": Preset(radii=(1, 1, 4), points=4, uniform=False),
    # The 177 numbers a clip of the public baseline code of MEGC 2018, which does not state its radii.
    "megc_code": Preset(radii=(1, 1, 4), points=8, uniform=True, blocks=1),
    # The micro-expression benchmark of Varanka et al. (arXiv 2212.12824).
    "meb": Preset(radii=(3, 3, 3), points=8, uniform=True, blocks=8, overlap=0.7),
}


def least_frames(*, preset: str) -> int:
    """Return how many frames a volume needs to have a voxel with all neighbours."""
    return 2 * _named(preset).radii[2] + 1


def least_side(*, blocks: int, preset: str) -> int:
    """Return how many pixels a side a volume needs for its blocks, as if none overlapped, and for their neighbours."""
    chosen = _named(preset)
    return (chosen.blocks or blocks) * grid.LEAST_SIDE + 2 * max(chosen.radii[:2])


def describe(volume: NDArray[np.uint8], *, blocks: int, preset: str) -> NDArray[np.float32]:
    """Return the histograms of a volume (T, H, W), one a block and plane, each of sum 1 (0 in an empty block).

    The order is block (row by row), plane (XY, XT, YT), bin. Voxels nearer to a face of the volume than the radius
    only serve as neighbours, and the blocks divide what is left. A preset may bring its own grid instead of ``blocks``.
    Raises InputError for an unknown preset and for a volume that consists of border.
    """
    chosen = _named(preset)
    n_blocks = blocks if chosen.blocks is None else chosen.blocks
    radius_x, radius_y, radius_t = chosen.radii
    xy = [(0, -sine, cosine) for cosine, sine in local_binary.ellipse(chosen.points, radius_x, radius_y)]
    xt = [(-sine, 0, cosine) for cosine, sine in local_binary.ellipse(chosen.points, radius_x, radius_t)]
    yt = [(-sine, -cosine, 0) for cosine, sine in local_binary.ellipse(chosen.points, radius_y, radius_t)]
    n_bins = chosen.points * (chosen.points - 1) + 3 if chosen.uniform else 2**chosen.points
    planes = []
    for neighbours in (xy, xt, yt):
        codes = local_binary.codes(volume, neighbours, (radius_t, radius_y, radius_x))
        if chosen.uniform:
            codes = local_binary.uniform_bins(chosen.points)[codes]
        planes.append(grid.normalise(grid.histograms(codes, n_bins, n_blocks, chosen.overlap), 1))
    return np.concatenate(planes, axis=1).reshape(-1).astype(np.float32)


def _named(preset: str) -> Preset:
    if preset not in PRESETS:
        raise InputError(f"describe.lbp_top.preset {preset!r} is none of {', '.join(PRESETS)}")
    return PRESETS[preset]
