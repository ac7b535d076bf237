"""Transformers of gray videos: LBP-TOP, LBP-SIP and 3DHOG."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rrrn.descriptors import hog3d, lbp_sip, lbp_top
from rrrn.descriptors.estimators import checks
from rrrn.descriptors.estimators.base import Descriptor, Features, Parts
from rrrn.running.stage import InputError


class OfVideo(Descriptor):
    """What descriptors of gray videos have in common."""

    def least(self) -> tuple[int, int]:
        """Return how many frames, and how many pixels per side, a video needs."""
        raise NotImplementedError


class LBPTOP(OfVideo):
    """Local binary patterns on three orthogonal planes (Zhao and Pietikäinen, PAMI 29(6), 2007).

    Clips are videos, each uint8 (T, H, W) in gray; their sizes need not agree.
    Points are rounded to pixels, nothing is interpolated. ``blocks`` is 5 where the preset has none.

    Presets:
        casme2_baseline: of the publication of CASME II (Yan et al., PLoS ONE 9(1), 2014): radii 1, 1, 4 and 4 points,
            all 16 patterns. This is the workflow's default.
        megc_code: 177 numbers per clip, as the public baseline code for MEGC 2018 has (lbptop.py in
            github.com/IcedDoggie/Micro-Expression-with-Deep-Learning; Khor et al., FG 2018): one block, 8 points,
            uniform. That code does not say its radii; 1, 1, 4 are ours.
        meb: the code of the benchmark MEB (Varanka et al., arXiv 2211.11425): radii 3, 8 points, uniform, 8 x 8 blocks
            that overlap by 0.7, counts of the first ten frames. Its faces are 112 pixels wide.
        zhao2007: LBP-TOP of radii 1, 1, 1 with 8 points, uniform, over the whole volume, as the paper has it for
            dynamic textures.

    Args:
        preset: what holds for each of the following that is None.
        blocks: blocks per side of the grid, at most 256.
        radii: in x, y (pixels) and t (frames).
        points: on each ellipse, from 2 to 8.
        uniform: patterns of at most two changes have bins of their own, all others share one (u2).
        overlap: the share of a block that its neighbour shares, from 0 to below 1.
        frames: how many of a clip's first frames count; 0 for all. Fewer than the radius in time needs are refused.
        normalised: each histogram has sum 1; False leaves counts.
    """

    PRESETS: ClassVar[Mapping[str, lbp_top.Preset]] = {
        **lbp_top.PRESETS,
        "zhao2007": lbp_top.Preset(radii=(1, 1, 1), points=8, uniform=True, blocks=1),
    }

    def __init__(
        self,
        preset: str = "casme2_baseline",
        *,
        blocks: int | None = None,
        radii: tuple[int, int, int] | None = None,
        points: int | None = None,
        uniform: bool | None = None,
        overlap: float | None = None,
        frames: int | None = None,
        normalised: bool | None = None,
    ) -> None:
        self.preset = preset
        self.blocks = blocks
        self.radii = radii
        self.points = points
        self.uniform = uniform
        self.overlap = overlap
        self.frames = frames
        self.normalised = normalised

    def parts(self) -> Parts:
        chosen, blocks = self._chosen()
        bins = chosen.points * (chosen.points - 1) + 3 if chosen.uniform else 2**chosen.points
        return Parts(range(blocks**2), dict.fromkeys(("xy", "xt", "yt"), bins))

    def least(self) -> tuple[int, int]:
        chosen, blocks = self._chosen()
        return lbp_top.least_frames(preset=chosen), lbp_top.least_side(blocks=blocks, preset=chosen)

    def vector(self, clip: Any) -> Features:
        chosen, blocks = self._chosen()
        return lbp_top.describe(_video(clip, *self.least()), blocks=blocks, preset=chosen)

    def _chosen(self) -> tuple[lbp_top.Preset, int]:
        given = self._given("blocks", "radii", "points", "uniform", "overlap", "frames", "normalised")
        chosen = replace(checks.named(self.PRESETS, self.preset), **given)
        if not isinstance(chosen.radii, Sequence) or len(chosen.radii) != 3:
            raise InputError(f"radii is {chosen.radii!r}; give three whole numbers, of x, y and t")
        x, y, t = (checks.whole("radii", radius, 1) for radius in chosen.radii)
        checks.whole("points", chosen.points, 2, 8)
        checks.number("overlap", chosen.overlap, "a share of a block, from 0 to below 1", 1, below=True)
        for name in ("uniform", "normalised"):
            checks.truth(name, getattr(chosen, name))
        frames = checks.whole("frames", chosen.frames, 0)
        if 0 < frames < 2 * t + 1:
            raise InputError(
                f"frames is {frames}, and the radius {t} in time needs {2 * t + 1}; give as many, or 0 for all, or "
                "lower the third of radii"
            )
        return replace(chosen, radii=(x, y, t)), checks.blocks(5 if chosen.blocks is None else chosen.blocks)


class LBPSIP(OfVideo):
    """Local binary patterns with six intersection points (Wang et al., ACCV 2014).

    Clips are videos, each uint8 (T, H, W) in gray.

    Presets:
        wang2014: the four neighbours in the plane make one code and the two in time another, 20 bins of each block, as
            the paper has it. The radii are ours: 1 and 4, those of LBP-TOP's casme2_baseline.
        joint: one code of all six, 64 bins. Ours: another reading of the six points, of no publication that we know.

    Args:
        preset: what holds for each of the following that is None.
        blocks: blocks per side of the grid.
        radius: in the plane, pixels.
        radius_t: in time, frames.
        code: "split" or "joint".
        normalised: each histogram has sum 1; False leaves counts.
    """

    PRESETS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "wang2014": {"radius": 1, "radius_t": 4, "code": "split"},
        "joint": {"radius": 1, "radius_t": 4, "code": "joint"},
    }

    def __init__(
        self,
        preset: str = "wang2014",
        *,
        blocks: int = 5,
        radius: int | None = None,
        radius_t: int | None = None,
        code: Literal["split", "joint"] | None = None,
        normalised: bool = True,
    ) -> None:
        self.preset = preset
        self.blocks = blocks
        self.radius = radius
        self.radius_t = radius_t
        self.code = code
        self.normalised = normalised

    def parts(self) -> Parts:
        planes = {"split": {"plane": 16, "time": 4}, "joint": {"joint": 64}}[self._chosen()["code"]]
        return Parts(range(self.blocks**2), planes)

    def least(self) -> tuple[int, int]:
        chosen = self._chosen()
        return lbp_sip.least_frames(**chosen), lbp_sip.least_side(blocks=self.blocks, **chosen)

    def vector(self, clip: Any) -> Features:
        chosen = self._chosen()
        video = _video(clip, *self.least())
        return lbp_sip.describe(video, blocks=self.blocks, normalised=bool(self.normalised), **chosen)

    def _chosen(self) -> dict[str, Any]:
        chosen = {**checks.named(self.PRESETS, self.preset), **self._given("radius", "radius_t", "code")}
        for name in ("radius", "radius_t"):
            checks.whole(name, chosen[name], 1)
        checks.one_of("code", chosen["code"], ("split", "joint"))
        checks.truth("normalised", self.normalised)
        checks.blocks(self.blocks)
        return chosen


class HOG3D(OfVideo):
    """Histograms of gradient orientation on three planes (Polikovsky et al., ICDP 2009).

    Clips are videos, each uint8 (T, H, W) in gray.

    Presets:
        polikovsky2009: 8 bins in the plane XY, 12 in XT and YT. The paper has these in twelve regions about landmarks
            of the face; here blocks take their place.

    Args:
        preset: what holds for each of ``bins_xy`` and ``bins_t`` that is None.
        blocks: blocks per side of the grid.
        bins_xy: bins of the circle in the plane XY.
        bins_t: bins of the circle in the planes XT and YT.
    """

    PRESETS: ClassVar[Mapping[str, Mapping[str, int]]] = {"polikovsky2009": {"bins_xy": 8, "bins_t": 12}}

    def __init__(
        self,
        preset: str = "polikovsky2009",
        *,
        blocks: int = 5,
        bins_xy: int | None = None,
        bins_t: int | None = None,
    ) -> None:
        self.preset = preset
        self.blocks = blocks
        self.bins_xy = bins_xy
        self.bins_t = bins_t

    def parts(self) -> Parts:
        chosen = self._chosen()
        bins = {"xy": chosen["bins_xy"], "xt": chosen["bins_t"], "yt": chosen["bins_t"]}
        return Parts(range(self.blocks**2), bins)

    def least(self) -> tuple[int, int]:
        chosen = self._chosen()
        return hog3d.least_frames(**chosen), hog3d.least_side(blocks=self.blocks, **chosen)

    def vector(self, clip: Any) -> Features:
        chosen = self._chosen()
        return hog3d.describe(_video(clip, *self.least()), blocks=self.blocks, **chosen)

    def _chosen(self) -> dict[str, int]:
        chosen = {**checks.named(self.PRESETS, self.preset), **self._given("bins_xy", "bins_t")}
        for name, bins in chosen.items():
            checks.whole(name, bins, 2, 360)
        checks.blocks(self.blocks)
        return chosen


def _video(clip: ArrayLike, least_frames: int, least_side: int) -> NDArray[np.uint8]:
    try:
        volume = np.asarray(clip)
    except ValueError:
        raise InputError("is no array; give a sequence of gray videos, each uint8 (frames, rows, columns)") from None
    if volume.dtype != np.uint8 or volume.ndim != 3:
        raise InputError(
            f"is {volume.dtype} {volume.shape}; give a sequence of gray videos, each uint8 (frames, rows, columns)"
        )
    frames, height, width = volume.shape
    if frames < least_frames:
        raise InputError(
            f"{frames} frames, and {least_frames} are needed; interpolate it in time, or lower the radius in time or "
            "the number of frames that count"
        )
    if min(height, width) < least_side:
        raise InputError(
            f"{height} x {width} pixels, and {least_side} per side are needed; enlarge it, or lower blocks or radius"
        )
    return volume
