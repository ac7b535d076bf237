"""Transformers of optical flow: MDMO and Bi-WOOF."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from rrrn.descriptors import biwoof, facial_regions, mdmo
from rrrn.descriptors.estimators import checks
from rrrn.descriptors.estimators.base import Descriptor, Features, Parts
from rrrn.descriptors.facial_regions import LANDMARKS
from rrrn.running.stage import InputError


class MDMO(Descriptor):
    """The main directional mean of optical flow (Liu et al., IEEE T-AC 7(4), 2016): two numbers of each region.

    Clips are flows, each float (2, H, W), or (K, 2, H, W) from the first frame of a clip to each of K others, the
    components u and v in pixels; so one array (n, 2, H, W) is n clips. The paper aligns the frames first; here flow is
    taken as it is given.

    Presets:
        liu2016: eight directions; the mean of the vectors in the fullest. Our reading of the paper.
        polar: the means of their lengths and of their angles, as in the code of the benchmark MEB (Varanka et al.,
            arXiv 2211.11425). That has other regions and parts of the circle, and weights of frames besides.

    Args:
        preset: what holds for each of ``bins``, ``mean`` and ``alpha`` that is None.
        regions: "grid", ``blocks`` x ``blocks`` blocks, for flow without landmarks; or "landmarks", 36 regions between
            those: then each clip is a pair of its flow and its landmarks (68, 2), x and y in the flow's pixels. The
            regions are ours (``facial_regions``), and not the paper's.
        blocks: blocks per side of the grid; 6 make 36, as many as the paper's regions.
        lift: how far the forehead's regions reach above the brows, in lengths of the nose's bridge.
        bins: directions; at least two with the mean "polar", as the whole circle has no mean angle.
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

    def parts(self) -> Parts:
        self._chosen()
        regions = range(self.blocks**2) if self.regions == "grid" else tuple(facial_regions.REGIONS)
        return Parts(regions, {"length": 1, "angle": 1})

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
        chosen = replace(checks.named(self.PRESETS, self.preset), **self._given("bins", "mean", "alpha"))
        checks.one_of("regions", self.regions, ("grid", "landmarks"))
        checks.one_of("mean", chosen.mean, ("vectors", "polar"))
        checks.whole("bins", chosen.bins, 2 if chosen.mean == "polar" else 1, 360)
        checks.blocks(self.blocks)
        checks.number("lift", self.lift, "a number, 0 or more")
        if chosen.alpha is not None:
            checks.number("alpha", chosen.alpha, "a number from 0 to 1, or None", 1)
        return chosen


class BiWOOF(Descriptor):
    """Bi-weighted oriented optical flow (Liong et al., Signal Processing: Image Communication 62, 2018).

    Clips are flows from onset to apex, each float (2, H, W), the components u and v in pixels; so one array
    (n, 2, H, W) is n clips.

    Presets:
        liong2018: directions weighted by length, and each block by its mean optical strain. Our reading of the paper.
        liong2018_code: the authors' published code: each histogram has sum 1 before its weight, which is the sum of the
            strain, and the vector has norm 1. (But for its blocks: those share two rows and columns of pixels with
            each neighbour, and the last takes what does not divide evenly; these share none, and differ by a pixel.)
        woof: without the weight of blocks; ours. Lengths by direction are those of HOOF (Chaudhry et al., CVPR 2009),
            where left and right share bins and each histogram has sum 1.
        hoof: without any weight, so that directions are only counted; ours.

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

    def parts(self) -> Parts:
        chosen = self._chosen()
        return Parts(range(self.blocks**2), {"flow": chosen.bins})

    def vector(self, clip: Any) -> Features:
        return biwoof.describe(_numbers(clip), blocks=self.blocks, preset=self._chosen())

    def _chosen(self) -> biwoof.Preset:
        given = self._given("bins", "local", "whole", "pooling", "block_sums", "unit")
        chosen = replace(checks.named(self.PRESETS, self.preset), **given)
        for name in ("local", "whole"):
            checks.one_of(name, getattr(chosen, name), ("none", "magnitude", "strain"))
        for name in ("block_sums", "unit"):
            checks.truth(name, getattr(chosen, name))
        checks.one_of("pooling", chosen.pooling, ("mean", "sum"))
        checks.whole("bins", chosen.bins, 1, 360)
        checks.blocks(self.blocks)
        return chosen


def _numbers(flow: Any) -> NDArray[np.floating]:
    try:
        numbers = np.asarray(flow)
        return numbers if numbers.dtype.kind == "f" else numbers.astype(np.float64)
    except (TypeError, ValueError):
        raise InputError("is no array of numbers (2, H, W); give a sequence of flows") from None
