"""The ends of a bootstrap interval: bias-corrected and accelerated, at levels that allow for few subjects.

Percentiles of the draws are too narrow, and off to one side, for a macro F1 of 47 subjects and more so for 21. So their
levels are moved by what the draws tell of bias, and by what leaving out each subject tells of skewness (Efron 1987,
"Better Bootstrap Confidence Intervals"), and start where Student's t stands and not a normal deviate (Hesterberg 2015,
"What Teachers Should Know About the Bootstrap": expanded percentiles).

Where few subjects have a class, draws vary less than samples do. What leaving out each of them tells, the jackknife, is
too much on average rather than too little (Efron and Stein 1981, "The Jackknife Estimate of Variance"; of clusters, as
subjects are, the CV3 of MacKinnon, Nielsen and Webb 2023, "Fast and Reliable Jackknife and Bootstrap Methods for
Cluster-Robust Inference"). So the larger of both standard errors counts. docs/results.md has how often intervals hold.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
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
    draws, and with each subject left out. What was observed lies between the ends, and these lie within the range of
    the rows. One subject has no interval, nor has a statistic that is not finite in a row.
    """
    if n_subjects < 2:
        none = np.full(values.shape[1:], np.nan)
        return Ends(none, none)
    deviate = stdtrit(n_subjects - 1, (1 + share) / 2) * _widening(values, n_subjects)
    low, high = at(values, n_subjects, deviate)
    return Ends(np.minimum(low, values[0]), np.maximum(high, values[0]))


def at(values: NDArray[np.float64], n_subjects: int, deviate: ArrayLike) -> Ends:
    """Return the ends that for a normal statistic lie ``deviate`` standard deviations to both sides (Efron's BCa).

    ``deviate`` is one for all statistics or one for each, (...).
    """
    flat = values.reshape(len(values), -1)
    observed, draws, left_out = _parts(flat, n_subjects)
    bias, skewness, ordered = _bias(observed, draws), _acceleration(left_out), np.sort(draws, axis=0)
    aside = np.broadcast_to(np.asarray(deviate, np.float64), values.shape[1:]).reshape(-1)
    found = []
    for side in (-aside, aside):
        moved = bias + side
        with np.errstate(divide="ignore"):  # a level beyond the last draw
            found.append(_quantiles(ordered, ndtr(bias + moved / np.maximum(1 - skewness * moved, 0))))
    whole = np.isfinite(flat).all(axis=0)
    return Ends(*(np.where(whole, one, np.nan).reshape(values.shape[1:]) for one in found))


def _parts(values: NDArray[np.float64], n_subjects: int) -> tuple[NDArray[np.float64], ...]:
    """Return what was observed, the draws, and the values with each subject left out."""
    return values[0], values[1 : len(values) - n_subjects], values[len(values) - n_subjects :]


def _widening(values: NDArray[np.float64], n_subjects: int) -> NDArray[np.float64]:
    """Return the standard error over the standard deviation of draws: by draws or by the jackknife, as one is larger.

    Of a mean both are the same, the square root of n / (n - 1).
    """
    observed, draws, left_out = _parts(values, n_subjects)
    with np.errstate(invalid="ignore"):  # what is not finite
        spread, jackknife = draws.var(axis=0), (n_subjects - 1) / n_subjects * ((left_out - observed) ** 2).sum(axis=0)
    known, least = (spread > 0) & np.isfinite(jackknife), n_subjects / (n_subjects - 1)
    return np.sqrt(np.maximum(least, np.divide(jackknife, spread, out=np.zeros_like(spread), where=known)))


def _bias(observed: NDArray[np.float64], draws: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by how many standard deviations the median of draws lies below what was observed; draws equal to it
    count to both sides.
    """
    with np.errstate(invalid="ignore"):  # what is not finite
        beyond = np.round(draws - observed, _EQUAL)
    below = ((beyond < 0).mean(axis=0) + (beyond <= 0).mean(axis=0)) / 2
    return np.asarray(ndtri(np.clip(below, 0.5 / len(draws), 1 - 0.5 / len(draws))))


def _acceleration(left_out: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the skewness of the influence of single subjects, a sixth of it; 0 where none has any."""
    with np.errstate(invalid="ignore"):  # what is not finite
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
