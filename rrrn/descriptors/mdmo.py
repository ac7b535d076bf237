"""MDMO: the main directional mean of optical flow in each region of the face (Liu et al., IEEE T-AC 2016)."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rrrn.descriptors import blocks as grid
from rrrn.descriptors import directions, facial_regions
from rrrn.running.stage import InputError

Mean = Literal["vectors", "polar"]


@dataclass(frozen=True)
class Preset:
    """How many parts of the circle there are, which mean is taken in the main one, and how the numbers are weighted.

    ``mean`` "vectors" is that of u and v, "polar" that of lengths and of angles, which needs two parts at least. With
    ``alpha`` lengths are multiplied by it and angles by 1 - alpha.
    """

    bins: int
    mean: Mean
    alpha: float | None = None


PRESETS = {
    # The paper's idea in our reading: in each region the mean of the vectors of the fullest of eight directions.
    "liu2016": Preset(bins=8, mean="vectors"),
    # Lengths and angles are averaged on their own, as in the code of the benchmark MEB (Varanka et al., arXiv
    # 2211.11425; meb/utils/traditional_methods.py). Its regions and its parts of the circle are others, and it weighs
    # each frame.
    "polar": Preset(bins=8, mean="polar"),
}


def describe(
    flow: NDArray[np.floating],
    *,
    preset: Preset,
    blocks: int = 6,
    landmarks: NDArray[np.floating] | None = None,
    lift: float = 1.0,
) -> NDArray[np.float32]:
    """Return length and angle of the main motion of each region of a flow (2, H, W), or several (K, 2, H, W).

    Several are those from a clip's first frame to each of the others; their main motions are averaged as vectors. The
    regions are ``blocks`` x ``blocks`` blocks, or between ``landmarks`` (68, 2) in pixels, whose brows are lifted onto
    the forehead as in ``facial_regions.polygons``. In each, the directions of all vectors are counted in equal parts
    of the circle from the angle 0; the main motion is the mean of the vectors in the fullest part, of equal ones the
    first. Lengths are divided by the largest of all regions. Angles are radians in (-pi, pi], from u towards v. A
    region without pixels is at rest: length and angle 0.
    The order is region (blocks row by row), length, angle. Raises InputError for another shape or values that are not
    finite, and for more blocks than pixels.
    """
    flows = np.asarray(flow)
    directions.check_shape(flows)
    flows = flows[None] if flows.ndim == 3 else flows
    if flows.ndim != 4 or not len(flows):
        raise InputError(f"flow of shape {flows.shape} is neither (2, H, W) nor (K, 2, H, W)")
    regions = _regions(flows.shape[2], flows.shape[3], blocks, landmarks, lift)
    main = np.mean([_main(directions.checked(one), regions, preset) for one in flows], axis=0)
    length, angle = np.hypot(*main), np.arctan2(main[1] + 0.0, main[0] + 0.0)  # no -0, whose angle would be -pi
    largest = length.max()
    if largest > 0:
        length = length / largest
    if preset.alpha is not None:
        length, angle = length * preset.alpha, angle * (1 - preset.alpha)
    return np.stack([length, angle], axis=1).reshape(-1).astype(np.float32)


class _Regions(NamedTuple):
    """The pixels (P,) of ``number`` regions, as an index of a map read row by row, and the region of each."""

    pixels: NDArray[np.intp] | slice
    region_of: NDArray[np.intp]
    number: int


def _regions(height: int, width: int, blocks: int, landmarks: NDArray[np.floating] | None, lift: float) -> _Regions:
    if landmarks is not None:
        polygons = facial_regions.polygons(landmarks, lift).values()
        found = [np.flatnonzero(facial_regions.inside(polygon, height, width)) for polygon in polygons]
        region_of = np.repeat(np.arange(len(found)), [region.size for region in found])
        return _Regions(np.concatenate(found), region_of, len(found))
    if min(height, width) < blocks:
        raise InputError(f"{blocks} x {blocks} blocks do not fit into {height} x {width} pixels; lower blocks")
    return _Regions(slice(None), grid.block_map(height, width, blocks).reshape(-1), blocks**2)  # all, hence no copy


def _main(flow: NDArray[np.float64], regions: _Regions, preset: Preset) -> NDArray[np.float64]:
    """Return the main motion (2, regions) of one flow (2, H, W)."""
    pixels, region_of, count = regions
    u, v = (component[pixels] for component in flow.reshape(2, -1))
    part = region_of * preset.bins + directions.bins(u, v, preset.bins, 0.0)
    sizes = np.bincount(part, minlength=count * preset.bins).reshape(count, preset.bins)
    fullest = sizes.argmax(axis=1)
    main = np.zeros(sizes.shape, np.bool_)
    main[np.arange(count), fullest] = True
    chosen = np.flatnonzero(main.take(part))
    region, u, v = region_of.take(chosen), u.take(chosen), v.take(chosen)

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(region, values, count) / np.maximum(sizes.max(axis=1), 1)

    if preset.mean == "vectors":
        return np.stack([mean(u), mean(v)])
    middle = (fullest + 0.5) * 2 * np.pi / preset.bins
    # from the middle: the part that begins at 0 also has angles a rounding below it, which are not near 2 pi
    aside = (np.arctan2(v, u) - middle[region] + np.pi) % (2 * np.pi) - np.pi
    length, angle = mean(np.hypot(u, v)), middle + mean(aside)
    return length * np.stack([np.cos(angle), np.sin(angle)])
