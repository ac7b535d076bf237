"""Descriptors as transformers of scikit-learn: a sequence of clips becomes an array of vectors, one row each.

They have no state: ``fit`` looks at the parameters only, and a clip's vector does not depend on the others. What they
compute is what ``describe`` of each descriptor's module computes, with the same numbers; what is not given is that of
the preset. ``get_feature_names_out`` names each number by its block, plane and bin, ``layout`` has the three apart.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from rrrn.descriptors import biwoof, facial_regions, hog3d, lbp_sip, lbp_top, mdmo
from rrrn.descriptors.facial_regions import LANDMARKS
from rrrn.running.stage import InputError

Features = NDArray[np.float32]
P = TypeVar("P")


class Place(NamedTuple):
    """Where a number of a vector stands: block (its number, row by row, or the region's name), plane and bin."""

    block: int | str
    plane: str
    bin: int

    @property
    def name(self) -> str:
        """Return the three as one word."""
        block = f"block{self.block}" if isinstance(self.block, int) else self.block
        return f"{block}_{self.plane}_{self.bin}"


class _Descriptor(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What all have in common; each has ``layout`` and ``vector``, and ``_what`` a clip is in its messages."""

    _what: ClassVar[str] = "video"

    def layout(self) -> list[Place]:
        """Return where each number of a vector stands. Raises InputError for parameters that cannot be used."""
        raise NotImplementedError

    def fit(self, X: Any, y: Any = None) -> Any:
        """Check the parameters, set ``n_features_out_``, and return self; the clips are not looked at."""
        self.n_features_out_ = len(self.layout())
        return self

    def transform(self, X: Iterable[Any]) -> Features:
        """Return the vectors (n, d), float32, of n clips; none give (0, d).

        Raises InputError, naming the clip by its place in ``X``, for one that cannot be described.
        """
        vectors = []
        for index, clip in enumerate(X):
            try:
                vectors.append(self.vector(clip))
            except InputError as error:
                raise InputError(f"{self._what} {index}: {error}") from None
        return np.stack(vectors) if vectors else np.empty((0, len(self.layout())), np.float32)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the name of each column, ``block0_xy_3``; ``input_features`` is not looked at."""
        return np.array([place.name for place in self.layout()], object)

    def vector(self, clip: Any) -> Features:
        """Return the vector (d,) of one clip; raises InputError if it cannot be described."""
        raise NotImplementedError

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.requires_fit = False
        return tags

    def _grid(self, blocks: int, planes: Mapping[str, int]) -> list[Place]:
        return [Place(b, plane, n) for b in range(blocks**2) for plane, bins in planes.items() for n in range(bins)]

    def _given(self, *names: str) -> dict[str, Any]:
        """Return the parameters of these names that are not None."""
        return {name: value for name in names if (value := getattr(self, name)) is not None}


class OfVideo(_Descriptor):
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
        megc_code: 177 numbers per clip, as the public baseline code of MEGC 2018 has: one block, 8 points, uniform.
        meb: the code of the benchmark MEB (Varanka et al., arXiv 2211.11425): radii 3, 8 points, uniform, 8 x 8 blocks
            that overlap by 0.7, counts of the first ten frames. Its faces are 112 pixels wide.
        zhao2007: LBP-TOP of radii 1, 1, 1 with 8 points, uniform, over the whole volume, as the paper has it for
            dynamic textures.

    Args:
        preset: what holds for each of the following that is None.
        blocks: blocks per side of the grid.
        radii: in x, y (pixels) and t (frames).
        points: on each ellipse, from 2 to 8.
        uniform: patterns of at most two changes have bins of their own, all others share one (u2).
        overlap: the share of a block that its neighbour shares, from 0 to below 1.
        frames: how many of a clip's first frames count; 0 for all.
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

    def layout(self) -> list[Place]:
        chosen, blocks = self._chosen()
        bins = chosen.points * (chosen.points - 1) + 3 if chosen.uniform else 2**chosen.points
        return self._grid(blocks, dict.fromkeys(("xy", "xt", "yt"), bins))

    def least(self) -> tuple[int, int]:
        chosen, blocks = self._chosen()
        return lbp_top.least_frames(preset=chosen), lbp_top.least_side(blocks=blocks, preset=chosen)

    def vector(self, clip: Any) -> Features:
        chosen, blocks = self._chosen()
        return lbp_top.describe(_video(clip, *self.least()), blocks=blocks, preset=chosen)

    def _chosen(self) -> tuple[lbp_top.Preset, int]:
        given = self._given("blocks", "radii", "points", "uniform", "overlap", "frames", "normalised")
        chosen = replace(_named(self.PRESETS, self.preset), **given)
        if not isinstance(chosen.radii, Sequence) or len(chosen.radii) != 3:
            raise InputError(f"radii is {chosen.radii!r}; give three whole numbers, of x, y and t")
        x, y, t = (_whole("radii", radius, 1) for radius in chosen.radii)
        _whole("points", chosen.points, 2, 8)
        _whole("frames", chosen.frames, 0)
        if not 0 <= chosen.overlap < 1:
            raise InputError(f"overlap is {chosen.overlap!r}; give a share of a block, from 0 to below 1")
        return replace(chosen, radii=(x, y, t)), _whole("blocks", 5 if chosen.blocks is None else chosen.blocks, 1)


class LBPSIP(OfVideo):
    """Local binary patterns with six intersection points (Wang et al., ACCV 2014).

    Clips are videos, each uint8 (T, H, W) in gray.

    Presets:
        wang2014: the four neighbours in the plane make one code and the two in time another, 20 bins of each block;
            radius 1 in the plane and 4 in time, as the workflow has it.
        joint: one code of all six, 64 bins.

    Args:
        preset: what holds for each of the following that is None.
        blocks: blocks per side of the grid.
        radius: in the plane, pixels.
        radius_t: in time, frames.
        code: "split" or "joint".
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
    ) -> None:
        self.preset = preset
        self.blocks = blocks
        self.radius = radius
        self.radius_t = radius_t
        self.code = code

    def layout(self) -> list[Place]:
        planes = {"split": {"plane": 16, "time": 4}, "joint": {"joint": 64}}
        return self._grid(self.blocks, planes[self._chosen()["code"]])

    def least(self) -> tuple[int, int]:
        chosen = self._chosen()
        return lbp_sip.least_frames(**chosen), lbp_sip.least_side(blocks=self.blocks, **chosen)

    def vector(self, clip: Any) -> Features:
        chosen = self._chosen()
        return lbp_sip.describe(_video(clip, *self.least()), blocks=self.blocks, **chosen)

    def _chosen(self) -> dict[str, Any]:
        chosen = {**_named(self.PRESETS, self.preset), **self._given("radius", "radius_t", "code")}
        for name in ("radius", "radius_t"):
            _whole(name, chosen[name], 1)
        _one_of("code", chosen["code"], ("split", "joint"))
        _whole("blocks", self.blocks, 1)
        return chosen


class HOG3D(OfVideo):
    """Histograms of gradient orientation on three planes (Polikovsky et al., ICDP 2009).

    Clips are videos, each uint8 (T, H, W) in gray.

    Presets:
        polikovsky2009: 8 bins in the plane XY, 12 in XT and YT.

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

    def layout(self) -> list[Place]:
        chosen = self._chosen()
        return self._grid(self.blocks, {"xy": chosen["bins_xy"], "xt": chosen["bins_t"], "yt": chosen["bins_t"]})

    def least(self) -> tuple[int, int]:
        chosen = self._chosen()
        return hog3d.least_frames(**chosen), hog3d.least_side(blocks=self.blocks, **chosen)

    def vector(self, clip: Any) -> Features:
        chosen = self._chosen()
        return hog3d.describe(_video(clip, *self.least()), blocks=self.blocks, **chosen)

    def _chosen(self) -> dict[str, int]:
        chosen = {**_named(self.PRESETS, self.preset), **self._given("bins_xy", "bins_t")}
        for name, bins in chosen.items():
            _whole(name, bins, 2, 360)
        _whole("blocks", self.blocks, 1)
        return chosen


class MDMO(_Descriptor):
    """The main directional mean of optical flow (Liu et al., IEEE T-AC 7(4), 2016): two numbers of each region.

    Clips are flows, each float (2, H, W), or (K, 2, H, W) from the first frame of a clip to each of K others, the
    components u and v in pixels; so one array (n, 2, H, W) is n clips. The paper aligns the frames first; here flow is
    taken as it is given.

    Presets:
        liu2016: eight directions; the mean of the vectors in the fullest. Our reading of the paper.
        polar: the means of their lengths and of their angles, as a public re-implementation has it.

    Args:
        preset: what holds for each of ``bins``, ``mean`` and ``alpha`` that is None.
        regions: "grid", ``blocks`` x ``blocks`` blocks, for flow without landmarks; or "landmarks", 36 regions between
            those: then each clip is a pair of its flow and its landmarks (68, 2), x and y in the flow's pixels. The
            regions are ours (``facial_regions``), and not the paper's.
        blocks: blocks per side of the grid; 6 make 36, as many as the paper's regions.
        lift: how far the forehead's regions reach above the brows, in lengths of the nose's bridge.
        bins: directions.
        mean: "vectors" or "polar".
        alpha: lengths are multiplied by it and angles by 1 - alpha, from 0 to 1; None, also in the presets, leaves
            lengths from 0 to 1 and angles in radians.
    """

    PRESETS: ClassVar[Mapping[str, mdmo.Preset]] = mdmo.PRESETS
    _what = "flow"

    def __init__(
        self,
        preset: str = "liu2016",
        *,
        regions: Literal["grid", "landmarks"] = "grid",
        blocks: int = 6,
        lift: float = 1.0,
        bins: int | None = None,
        mean: mdmo.Mean | None = None,
        alpha: float | None = None,
    ) -> None:
        self.preset = preset
        self.regions = regions
        self.blocks = blocks
        self.lift = lift
        self.bins = bins
        self.mean = mean
        self.alpha = alpha

    def layout(self) -> list[Place]:
        self._chosen()
        places: Iterable[int | str] = range(self.blocks**2) if self.regions == "grid" else facial_regions.REGIONS
        return [Place(place, part, 0) for place in places for part in ("length", "angle")]

    def vector(self, clip: Any) -> Features:
        chosen = self._chosen()
        paired = isinstance(clip, tuple) and len(clip) == 2
        if paired != (self.regions == "landmarks"):
            wanted = f"a pair of flow and landmarks ({LANDMARKS}, 2)" if not paired else "a flow alone, an array"
            other = "landmarks" if paired else "grid"
            raise InputError(f"regions is {self.regions!r}, which takes {wanted}; or set regions to {other!r}")
        flow, landmarks = clip if paired else (clip, None)
        return mdmo.describe(_numbers(flow), preset=chosen, blocks=self.blocks, landmarks=landmarks, lift=self.lift)

    def _chosen(self) -> mdmo.Preset:
        chosen = replace(_named(self.PRESETS, self.preset), **self._given("bins", "mean", "alpha"))
        _one_of("regions", self.regions, ("grid", "landmarks"))
        _one_of("mean", chosen.mean, ("vectors", "polar"))
        _whole("bins", chosen.bins, 1, 360)
        _whole("blocks", self.blocks, 1)
        if chosen.alpha is not None and not 0 <= chosen.alpha <= 1:
            raise InputError(f"alpha is {chosen.alpha!r}; give a number from 0 to 1, or None")
        return chosen


class BiWOOF(_Descriptor):
    """Bi-weighted oriented optical flow (Liong et al., Signal Processing: Image Communication 62, 2018).

    Clips are flows from onset to apex, each float (2, H, W), the components u and v in pixels; so one array
    (n, 2, H, W) is n clips.

    Presets:
        liong2018: directions weighted by length, and each block by its mean optical strain. Our reading of the paper.
        liong2018_code: the authors' published code: each histogram has sum 1 before its weight, which is the sum of the
            strain, and the vector has norm 1. (Blocks of that code share a row and a column of pixels; these do not.)
        woof, hoof: without the weight of blocks, and without any.

    Args:
        preset: what holds for each of the following that is None.
        blocks: blocks per side of the grid; 5 are those of the authors' code.
        bins: directions.
        local: what a pixel counts: "none" (one), "magnitude" or "strain".
        whole: what a block's histogram is multiplied by: "none", "magnitude" or "strain".
        pooling: "mean" or "sum" of that in the block.
        block_sums: each histogram has sum 1 before it is multiplied.
        unit: the vector has Euclidean norm 1.
    """

    PRESETS: ClassVar[Mapping[str, biwoof.Preset]] = biwoof.PRESETS
    _what = "flow"

    def __init__(
        self,
        preset: str = "liong2018",
        *,
        blocks: int = 5,
        bins: int | None = None,
        local: biwoof.Weight | None = None,
        whole: biwoof.Weight | None = None,
        pooling: biwoof.Pooling | None = None,
        block_sums: bool | None = None,
        unit: bool | None = None,
    ) -> None:
        self.preset = preset
        self.blocks = blocks
        self.bins = bins
        self.local = local
        self.whole = whole
        self.pooling = pooling
        self.block_sums = block_sums
        self.unit = unit

    def layout(self) -> list[Place]:
        return self._grid(self.blocks, {"flow": self._chosen().bins})

    def vector(self, clip: Any) -> Features:
        return biwoof.describe(_numbers(clip), blocks=self.blocks, preset=self._chosen())

    def _chosen(self) -> biwoof.Preset:
        given = self._given("bins", "local", "whole", "pooling", "block_sums", "unit")
        chosen = replace(_named(self.PRESETS, self.preset), **given)
        for name in ("local", "whole"):
            _one_of(name, getattr(chosen, name), ("none", "magnitude", "strain"))
        _one_of("pooling", chosen.pooling, ("mean", "sum"))
        _whole("bins", chosen.bins, 1, 360)
        _whole("blocks", self.blocks, 1)
        return chosen


def _video(clip: ArrayLike, least_frames: int, least_side: int) -> NDArray[np.uint8]:
    volume = np.asarray(clip)
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


def _numbers(flow: Any) -> NDArray[np.floating]:
    try:
        return np.asarray(flow, np.float64)
    except (TypeError, ValueError):
        raise InputError("is no array of numbers (2, H, W); give a sequence of flows") from None


def _named(presets: Mapping[str, P], name: str) -> P:
    _one_of("preset", name, tuple(presets))
    return presets[name]


def _one_of(name: str, value: Any, known: Sequence[str]) -> None:
    if value not in known:
        raise InputError(f"{name} {value!r} is none of {', '.join(known)}")


def _whole(name: str, value: Any, least: int, most: int | None = None) -> int:
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or not least <= value <= (most or value):
        limits = f"{least} or more" if most is None else f"from {least} to {most}"
        raise InputError(f"{name} is {value!r}; give a whole number, {limits}")
    return int(value)
