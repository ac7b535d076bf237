"""Spearman's rank correlation of many pairs of lists at once, and of clips that count several times."""

import numpy as np
from numpy.typing import NDArray


def spearman(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the correlation of the ranks of x and y (..., k) over their last axis, (...); equal values share a rank.

    NaN where all of a list are equal.
    """
    return _pearson(_ranked(x), _ranked(y), np.ones(x.shape[-1]))


def weighted(x: NDArray[np.float64], y: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the correlation (samples,) of lists x and y (k,) whose values count ``times`` (samples, k), from 0 on.

    It is ``spearman`` of the lists with every value repeated so often.
    """
    return _pearson(_ranked_times(x, times), _ranked_times(y, times), times)


def _ranked(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ranks over the last axis, from 0 on, the middle one of equal values."""
    order = x.argsort(axis=-1, kind="stable")
    ordered, places = np.take_along_axis(x, order, axis=-1), np.arange(x.shape[-1])
    new = np.diff(ordered, axis=-1, prepend=np.nan) != 0
    first = np.maximum.accumulate(np.where(new, places, 0), axis=-1)
    ends = np.concatenate([new[..., 1:], np.ones_like(new[..., :1])], axis=-1)
    last = np.minimum.accumulate(np.where(ends, places, len(places))[..., ::-1], axis=-1)[..., ::-1]
    found = np.empty(x.shape)
    np.put_along_axis(found, order, (first + last) / 2, axis=-1)
    return found


def _ranked_times(x: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.float64]:
    _, value, repeated = np.unique(x, return_inverse=True, return_counts=True)
    before = np.zeros((len(times), len(x) + 1))
    times[:, x.argsort(kind="stable")].cumsum(axis=1, out=before[:, 1:])
    last = repeated.cumsum()
    return np.asarray((before[:, last - repeated] + before[:, last])[:, value] / 2)


def _pearson(a: NDArray[np.float64], b: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.float64]:
    total = times.sum(axis=-1, keepdims=True)
    a, b = (one - (one * times).sum(axis=-1, keepdims=True) / total for one in (a, b))
    spread = np.sqrt((a * a * times).sum(axis=-1) * (b * b * times).sum(axis=-1))
    shared = (a * b * times).sum(axis=-1)
    return np.divide(shared, spread, out=np.full_like(shared, np.nan), where=spread > 1e-9)
