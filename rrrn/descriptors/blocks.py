"""Histograms over a grid of image blocks, each block taken through the whole time of a volume."""

import math

import numpy as np
from numpy.typing import NDArray

from rrrn.running.stage import InputError

LEAST_SIDE = 4  # pixels of a block: 4 x 4 are as many as the codes of four neighbours; fewer make no histogram


def spans(length: int, blocks: int) -> list[tuple[int, int]]:
    """Return the half-open interval of each of ``blocks`` equal blocks along an axis of ``length`` pixels.

    Together the blocks cover the axis; where it does not divide evenly, sides differ by one pixel. Blocks are empty
    where there are more of them than pixels.
    """
    return [(length * block // blocks, length * (block + 1) // blocks) for block in range(blocks)]


def block_map(height: int, width: int, blocks: int) -> NDArray[np.intp]:
    """Return the block (H, W) of each pixel, of blocks that are counted row by row."""
    return _block_of(height, blocks)[:, None] * blocks + _block_of(width, blocks)


def histograms(
    codes: NDArray[np.integer], bins: int, blocks: int, weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Count the codes of each block, or sum their weights.

    ``codes`` is (T, H, W) with values in [0, bins), ``weights`` has its shape. Returns (blocks * blocks, bins), the
    blocks row by row.
    """
    _, height, width = codes.shape
    return _counted(codes, bins, blocks, _block_of(height, blocks), _block_of(width, blocks), weights)


def overlapping_histograms(codes: NDArray[np.integer], bins: int, blocks: int, overlap: float) -> NDArray[np.float64]:
    """Count the codes of blocks that overlap, each voxel in two of them at most, as the public LBP-TOP code does.

    Along each axis a block has a side and shares a part of it with the next, both in whole pixels and from ``overlap``
    by that code's rounding (Zhao and Pietikäinen's; the benchmark of Varanka et al., arXiv 2211.11425, has it in
    Python). Of the blocks that cover a voxel along an axis the first counts, or the last of all for pixels behind it;
    and the one after the first, if it covers the voxel too. The voxel counts in the block of both firsts, and in that
    of both seconds if it is another. Blocks that cover it beside these do not count it.

    ``codes`` is (T, H, W) with values in [0, bins). Returns (blocks * blocks, bins), the blocks row by row. Raises
    InputError where a side has not more pixels than there are blocks.
    """
    _, height, width = codes.shape
    (first_row, next_row), (first_column, next_column) = (
        _first_and_next(length, blocks, overlap) for length in (height, width)
    )
    counts = _counted(codes, bins, blocks, first_row, first_column)
    again = (next_row != first_row)[:, None] | (next_column != first_column)
    return counts + _counted(codes, bins, blocks, next_row, next_column, np.broadcast_to(again, codes.shape))


def normalise(values: NDArray[np.float64], order: int) -> NDArray[np.float64]:
    """Divide each row by its L1 (``order`` 1) or L2 norm (``order`` 2); rows of zeros stay zeros."""
    norm = np.linalg.norm(values, ord=order, axis=1, keepdims=True)
    return np.divide(values, norm, out=np.zeros_like(values), where=norm > 0)


def _block_of(length: int, blocks: int) -> NDArray[np.intp]:
    """Return the block of each pixel of an axis."""
    return np.searchsorted([end for _, end in spans(length, blocks)], np.arange(length), side="right")


def _first_and_next(length: int, blocks: int, overlap: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the first block that covers each pixel of an axis, and the next if it does too, else the first again."""
    if length <= blocks:
        raise InputError(f"{blocks} blocks that overlap do not fit into {length} pixels; raise describe.size")
    shared = math.ceil((math.ceil(length / blocks) - 1) * overlap) - 1
    side = (length + shared * (blocks - 1)) // blocks
    step = side - shared
    pixel = np.arange(length)
    first = np.clip(-((side - 1 - pixel) // step), 0, blocks - 1)
    following = first + (pixel >= (first + 1) * step)
    return first, np.minimum(following, blocks - 1)


def _counted(
    codes: NDArray[np.integer],
    bins: int,
    blocks: int,
    row_of: NDArray[np.intp],
    column_of: NDArray[np.intp],
    weights: NDArray | None = None,
) -> NDArray[np.float64]:
    first_bin = (row_of[:, None] * blocks + column_of) * bins
    flat_weights = None if weights is None else weights.reshape(-1)
    counts = np.bincount((first_bin + codes).reshape(-1), flat_weights, minlength=blocks * blocks * bins)
    return counts.astype(np.float64).reshape(blocks * blocks, bins)
