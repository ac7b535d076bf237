"""Histograms over a grid of image blocks, each block taken through the whole time of a volume."""

import numpy as np
from numpy.typing import NDArray

LEAST_SIDE = 4  # pixels of a block: 4 x 4 are as many as the codes of four neighbours; fewer make no histogram


def spans(length: int, blocks: int, overlap: float = 0.0) -> list[tuple[int, int]]:
    """Return the half-open interval of each of ``blocks`` equal blocks along an axis of ``length`` pixels.

    Neighbours share floor(overlap * length / blocks) pixels. Together the blocks cover the axis; where it does not
    divide evenly, sides differ by one pixel. Blocks are empty where there are more of them than pixels.
    """
    shared = int(overlap * length / blocks)
    total = length + shared * (blocks - 1)
    return [
        (total * block // blocks - shared * block, total * (block + 1) // blocks - shared * block)
        for block in range(blocks)
    ]


def histograms(
    codes: NDArray[np.integer],
    bins: int,
    blocks: int,
    overlap: float = 0.0,
    weights: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Count the codes of each block, or sum their weights.

    ``codes`` is (T, H, W) with values in [0, bins), ``weights`` has its shape. Returns (blocks * blocks, bins), the
    blocks row by row. A voxel counts in every block that covers it.
    """
    _, height, width = codes.shape
    row_cells, row_members = _cells(height, blocks, overlap)
    column_cells, column_members = _cells(width, blocks, overlap)
    n_rows, n_columns = row_members.shape[1], column_members.shape[1]
    first_bin = (row_cells[:, None] * n_columns + column_cells) * bins
    flat_weights = None if weights is None else weights.reshape(-1)
    counts = np.bincount((first_bin + codes).reshape(-1), flat_weights, minlength=n_rows * n_columns * bins)
    cells = counts.astype(np.float64).reshape(n_rows, n_columns, bins)
    in_rows = np.einsum("ar,rck->ack", row_members, cells)
    return np.einsum("bc,ack->abk", column_members, in_rows).reshape(blocks * blocks, bins)


def normalise(values: NDArray[np.float64], order: int) -> NDArray[np.float64]:
    """Divide each row by its L1 (``order`` 1) or L2 norm (``order`` 2); rows of zeros stay zeros."""
    norm = np.linalg.norm(values, ord=order, axis=1, keepdims=True)
    return np.divide(values, norm, out=np.zeros_like(values), where=norm > 0)


def _cells(length: int, blocks: int, overlap: float) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Cut an axis at all block borders: the cell of each pixel, and which cells (columns) make which block (rows)."""
    intervals = spans(length, blocks, overlap)
    cuts = np.unique([end for interval in intervals for end in interval])
    cell = np.searchsorted(cuts, np.arange(length), side="right") - 1
    members = np.array([(cuts[:-1] >= first) & (cuts[1:] <= last) for first, last in intervals], np.float64)
    return cell, members
