"""Bi-WOOF: directions of flow weighted twice (Liong et al., Signal Processing: Image Communication 62, 2018)."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rrrn.descriptors import blocks as grid
from rrrn.descriptors import directions
from rrrn.running.stage import InputError

Weight = Literal["none", "magnitude", "strain"]
Pooling = Literal["mean", "sum"]


@dataclass(frozen=True)
class Preset:
    """Bins of the circle; what each pixel counts (``local``) and each block (``whole``), as ``pooling`` of its pixels.

    With ``block_sums`` the histogram of each block has sum 1 before its block's weight; with ``unit`` the vector has
    Euclidean norm 1.
    """

    bins: int = 8
    local: Weight = "magnitude"
    whole: Weight = "strain"
    pooling: Pooling = "mean"
    block_sums: bool = False
    unit: bool = False


PRESETS = {
    # The paper's two weights in our reading: lengths summed by direction, times the block's mean optical strain.
    "liong2018": Preset(),
    # Its authors' published code: each histogram has sum 1, the strain of a block is summed, the vector has norm 1.
    "liong2018_code": Preset(pooling="sum", block_sums=True, unit=True),
    # Settings of ours, to see what each weight does: without that of blocks, and without any. woof has the lengths by
    # direction of HOOF (Chaudhry et al., CVPR 2009), where left and right share bins and each histogram has sum 1.
    "woof": Preset(whole="none"),
    "hoof": Preset(local="none", whole="none"),
}


def strain(flow: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the magnitude of the optical strain (H, W) of a flow (2, H, W): the root of all squared components.

    Derivatives are central differences, at the edges those to the neighbour.
    """
    (u_y, u_x), (v_y, v_x) = (np.gradient(component) for component in flow)
    return np.sqrt(u_x**2 + v_y**2 + (u_y + v_x) ** 2 / 2)


def describe(flow: NDArray[np.floating], *, blocks: int, preset: Preset) -> NDArray[np.float32]:
    """Return the weighted histograms of directions of a flow (2, H, W) from onset to apex, one per block.

    The bins are equal parts of the circle, the first from the angle -pi, from u towards v. The order is block (row by
    row), bin. The blocks divide the map, and their sides differ by a pixel where it does not divide evenly. (Of five
    blocks of H rows in the authors' code each begins every floor(H / 5) rows, reaches a row beyond its own on both
    sides, so that neighbours share two, and the last also has the remainder; columns likewise.) Rest gives zeros where
    anything is weighted. Raises InputError for another shape or values that are not finite, and for more
    blocks than pixels.
    """
    values = directions.checked(flow)
    if values.ndim != 3:
        raise InputError(f"flow of shape {values.shape} is not (2, H, W); give one flow of each clip, onset to apex")
    height, width = values.shape[1:]
    if min(height, width) < blocks:
        raise InputError(f"{blocks} x {blocks} blocks do not fit into {height} x {width} pixels; lower blocks")
    part = directions.bins(values[0], values[1], preset.bins, -math.pi)[None]
    histograms = grid.histograms(part, preset.bins, blocks, weights=_weight(values, preset.local)[None])
    if preset.block_sums:
        histograms = grid.normalise(histograms, 1)
    if preset.whole != "none":
        total = grid.histograms(np.zeros_like(part), 1, blocks, weights=_weight(values, preset.whole)[None])
        rows, columns = (np.diff(grid.spans(length, blocks)) for length in (height, width))
        pixels = (rows * columns.T).reshape(-1, 1)
        histograms = histograms * (total / pixels if preset.pooling == "mean" else total)
    vector = histograms.reshape(1, -1)
    return (grid.normalise(vector, 2) if preset.unit else vector)[0].astype(np.float32)


def _weight(flow: NDArray[np.float64], name: Weight) -> NDArray[np.float64]:
    """Return what each pixel counts, (H, W)."""
    if name == "strain":
        return strain(flow)
    length: NDArray[np.float64] = np.sqrt(flow[0] ** 2 + flow[1] ** 2)
    return length if name == "magnitude" else np.ones_like(length)
