"""LBP-TOP: local binary patterns on three orthogonal planes (Zhao and Pietikäinen, PAMI 2007)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rrrn.descriptors import blocks as grid
from rrrn.descriptors import local_binary
from rrrn.running.stage import InputError

METHOD = {"name": "lbp_top", "label": "LBP-TOP", "kind": "descriptor", "defaults": {"preset": "casme2_baseline"}}


@dataclass(frozen=True)
class Preset:
    """Radii in x, y (pixels) and t (frames), points on each ellipse, u2 mapping or all codes.

    ``blocks`` replaces the grid that all descriptors use; None keeps that. With ``overlap`` (a share of a block) blocks
    overlap. ``frames`` is how many of a clip's first frames count, 0 for all. ``normalised`` histograms have sum 1.
    """

    radii: tuple[int, int, int]
    points: int
    uniform: bool
    blocks: int | None = None
    overlap: float = 0.0
    frames: int = 0
    normalised: bool = True


PRESETS = {
    # The baseline that was published with CASME II (Yan et al., PLoS ONE 2014).
    "casme2_baseline": Preset(radii=(1, 1, 4), points=4, uniform=False),
    # The 177 numbers per clip (lbp_dim) of lbptop.py of github.com/IcedDoggie/Micro-Expression-with-Deep-Learning, the
    # public baseline code for MEGC 2018 (Khor et al., FG 2018). It reads them from files, so that the radii are ours.
    "megc_code": Preset(radii=(1, 1, 4), points=8, uniform=True, blocks=1),
    # The code of the benchmark MEB (Varanka et al., arXiv 2211.11425): counts of a clip's first ten frames, to which it
    # is interpolated if it is shorter. Its faces are 112 pixels wide (describe.size).
    "meb": Preset((3, 3, 3), points=8, uniform=True, blocks=8, overlap=0.7, frames=10, normalised=False),
}


def least_frames(*, preset: str | Preset) -> int:
    """Return how many frames a volume needs: to have a voxel with all neighbours, or what the preset asks for."""
    chosen = _named(preset)
    return max(2 * chosen.radii[2] + 1, chosen.frames)


def least_side(*, blocks: int, preset: str | Preset) -> int:
    """Return how many pixels per side a volume needs for its blocks, as if none overlapped, and their neighbours."""
    chosen = _named(preset)
    return (chosen.blocks or blocks) * grid.LEAST_SIDE + 2 * max(chosen.radii[:2])


def describe(volume: NDArray[np.uint8], *, blocks: int, preset: str | Preset) -> NDArray[np.float32]:
    """Return the histograms of a volume (T, H, W), one per block and plane, each of sum 1 (0 in an empty block).

    The order is block (row by row), plane (XY, XT, YT), bin. Voxels nearer to a face of the volume than the radius
    only serve as neighbours, and the blocks divide what is left. A preset, by its name or itself, may bring its own
    grid instead of ``blocks``, look at the first frames only, and leave counts as they are.
    Raises InputError for an unknown preset, for a volume that consists of border or does not hold the blocks, and for
    fewer frames than ``least_frames``.
    """
    chosen = _named(preset)
    if len(volume) < chosen.frames:
        named = f"preset {preset}" if isinstance(preset, str) else "the preset"
        raise InputError(f"{len(volume)} frames; {named} looks at {chosen.frames}")
    volume = volume[: chosen.frames or None]
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
        if chosen.overlap:
            counts = grid.overlapping_histograms(codes, n_bins, n_blocks, chosen.overlap)
        else:
            counts = grid.histograms(codes, n_bins, n_blocks)
        planes.append(grid.normalise(counts, 1) if chosen.normalised else counts)
    return np.concatenate(planes, axis=1).reshape(-1).astype(np.float32)


def _named(preset: str | Preset) -> Preset:
    if isinstance(preset, Preset):
        return preset
    if preset not in PRESETS:
        raise InputError(f"describe.lbp_top.preset {preset!r} is none of {', '.join(PRESETS)}")
    return PRESETS[preset]
