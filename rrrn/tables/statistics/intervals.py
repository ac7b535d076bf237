"""The ends of a bootstrap interval: bias-corrected and accelerated, at levels that allow for few subjects.

Percentiles of the draws are too narrow, and off to one side, for a macro F1 of 47 subjects and more so for 21. So their
levels are moved by what the draws tell of bias, and by what leaving out each subject tells of skewness (Efron 1987,
"Better Bootstrap Confidence Intervals"), and start where Student's t stands and not a normal deviate (Hesterberg 2015,
"What Teachers Should Know About the Bootstrap": expanded percentiles). docs/results.md has what both cover.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtrit

SHARE = 0.95
_EQUAL = 9  # decimals to which two values are one


class Ends(NamedTuple):
    """Both ends of intervals, float64 (...) each; NaN where there is none."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]


def ends(values: NDArray[np.float64], n_subjects: int, share: float = SHARE) -> Ends:
    """Return the ends of the intervals that cover the true value in ``share`` of all samples of subjects.

    ``values`` (1 + draws + n_subjects, ...) are statistics of the rows of ``resampling.weights``: of all subjects, of
    draws, and with each subject left out. One subject has no interval, nor has a statistic that is not finite in a row.
    """
    if n_subjects < 2:
        none = np.full(values.shape[1:], np.nan)
        return Ends(none, none)
    return at(
        values, n_subjects, float(np.sqrt(n_subjects / (n_subjects - 1)) * stdtrit(n_subjects - 1, (1 + share) / 2))
    )


def at(values: NDArray[np.float64], n_subjects: int, deviate: float) -> Ends:
    """Return the ends that for a normal statistic lie ``deviate`` standard deviations to both sides (Efron's BCa)."""
    flat = values.reshape(len(values), -1)
    observed, draws, left_out = flat[0], flat[1 : len(flat) - n_subjects], flat[len(flat) - n_subjects :]
    bias, skewness, ordered = _bias(observed, draws), _acceleration(left_out), np.sort(draws, axis=0)
    found = []
    for side in (-deviate, deviate):
        moved = bias + side
        with np.errstate(divide="ignore"):  # a level beyond the last draw
            found.append(_quantiles(ordered, ndtr(bias + moved / np.maximum(1 - skewness * moved, 0))))
    whole = np.isfinite(flat).all(axis=0)
    return Ends(*(np.where(whole, one, np.nan).reshape(values.shape[1:]) for one in found))


def _bias(observed: NDArray[np.float64], draws: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by how many standard deviations the median of draws lies below what was observed; draws equal to it
    count to both sides.
    """
    beyond = np.round(draws - observed, _EQUAL)
    below = ((beyond < 0).mean(axis=0) + (beyond <= 0).mean(axis=0)) / 2
    return np.asarray(ndtri(np.clip(below, 0.5 / len(draws), 1 - 0.5 / len(draws))))


def _acceleration(left_out: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the skewness of the influence of single subjects, a sixth of it; 0 where none has any."""
    influence = np.round(left_out.mean(axis=0) - left_out, _EQUAL)
    squares = (influence**2).sum(axis=0)
    return np.divide((influence**3).sum(axis=0), 6 * squares**1.5, out=np.zeros_like(squares), where=squares > 0)


def _quantiles(ordered: NDArray[np.float64], levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return of each column of sorted draws its own quantile, linear between draws."""
    place = levels * (len(ordered) - 1)
    below = np.floor(place).astype(np.int64)
    above, columns = np.minimum(below + 1, len(ordered) - 1), np.arange(ordered.shape[1])
    low, high = ordered[below, columns], ordered[above, columns]
    return low + (place - below) * (high - low)
