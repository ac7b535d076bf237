"""Whether region weights mean what is said of them: do they fall where something is hidden?

Held against what is visible is how a weight changes from the clean clip to the occluded one, never the weight itself:
larger regions have larger weights, and a patch hides a smaller share of them, so that weights which see nothing of it
follow what is visible too. The change may have such habits of its own, which the control shows: there it is held
against what is hidden in clips of other subjects.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rrrn.experiment import seeds
from rrrn.face.region_names import REGIONS
from rrrn.tables.published import AVERAGE
from rrrn.tables.statistics import intervals, ranks, resampling

VISIBLE, UNITS = "visible share", "covered action units"  # what changes are held against
WITHIN = "all six within a clip"
DRAWS = 2000  # the ends of an interval have a standard error of 1.5 % of its width
CONTROLS = 1000
COLUMNS = (
    *("condition", "held_against", "region", "correlation", "low", "high", "control", "control_low", "control_high"),
    *("n_clips", "n_subjects"),
)


@dataclass(frozen=True)
class Hidden:
    """Of each clip under a condition: ``visible`` (clips, 6), shares of regions; ``units`` (clips,), covered share."""

    visible: NDArray[np.float64]
    units: NDArray[np.float64]


@dataclass(frozen=True)
class _Correlation:
    """``values`` for each row of the weights of subjects, ``control`` for each exchange of them; of so many clips."""

    values: NDArray[np.float64]
    control: NDArray[np.float64]
    n_clips: int


def rows(
    change: Mapping[str, NDArray[np.float64]], hidden: Mapping[str, Hidden], subjects: Sequence[str]
) -> pd.DataFrame:
    """Return COLUMNS: Spearman's correlations under each condition, and of AVERAGE their means over conditions.

    ``change`` are {condition: weights under it less those of the clean clip, (seeds, clips, 6)}, ``hidden`` what is
    hidden of the same clips, ``subjects`` (clips,) whose they are. WITHIN is the mean over clips of the correlation
    over the six regions; that of a region is over all clips. Each seed is correlated by itself, and the mean taken.
    Intervals are over subjects; ``control`` has its mean and the middle 95 %. A clip whose regions are all equally
    visible, or whose weights all change alike, has no correlation within it, and is none of ``n_clips``; where nothing
    is left the correlation is NaN.
    """
    owners, owner = np.unique(subjects, return_inverse=True)
    order = owner.argsort(kind="stable")
    owner = owner[order]
    weights, exchanged = resampling.weights(owners.tolist(), DRAWS), _exchanged(owner)
    found: dict[tuple[str, str], dict[str, _Correlation]] = {}
    for name in change:
        own, visible, units = change[name][:, order], hidden[name].visible[order], hidden[name].units[order]
        found.setdefault((VISIBLE, WITHIN), {})[name] = _within(own, visible, owner, weights)
        for number, region in enumerate(REGIONS):
            for against, values in ((VISIBLE, visible[:, number]), (UNITS, units)):
                told = _over_clips(own[:, :, number], values, weights[:, owner], exchanged)
                found.setdefault((against, region), {})[name] = told
    listed = []
    for key, of_conditions in found.items():
        for name, one in [*of_conditions.items(), (AVERAGE, _mean(list(of_conditions.values())))]:
            control = np.quantile(one.control, [(1 - intervals.SHARE) / 2, (1 + intervals.SHARE) / 2])
            numbers = [one.values[0], *_ends(one.values, len(owners)), one.control.mean(), *control]
            listed.append([name, *key, *numbers, one.n_clips, len(owners)])
    return pd.DataFrame(listed, columns=list(COLUMNS))


def _within(
    change: NDArray[np.float64], visible: NDArray[np.float64], owner: NDArray[np.intp], weights: NDArray[np.float64]
) -> _Correlation:
    kept = (np.ptp(visible, axis=1) > 0) & (np.ptp(change, axis=2) > 0).all(axis=0)
    if not kept.any():
        return _Correlation(np.full(len(weights), np.nan), np.full(CONTROLS, np.nan), 0)
    change, visible, owner = change[:, kept], visible[kept], owner[kept]
    each = ranks.spearman(change, visible[None]).mean(axis=0)
    times = weights[:, owner]
    with np.errstate(invalid="ignore"):  # of subjects who have none of these clips
        values = times @ each / times.sum(axis=1)
    if len(np.unique(owner)) < 2:  # nobody else's to hold them against
        return _Correlation(values, np.full(CONTROLS, np.nan), len(owner))
    other = [ranks.spearman(change, visible[None, exchanged]).mean() for exchanged in _exchanged(owner)]
    return _Correlation(values, np.array(other), len(owner))


def _over_clips(
    change: NDArray[np.float64], hidden: NDArray[np.float64], times: NDArray[np.float64], exchanged: NDArray[np.intp]
) -> _Correlation:
    values = np.mean([ranks.weighted(own, hidden, times) for own in change], axis=0)
    control = np.mean([ranks.spearman(own[None], hidden[exchanged]) for own in change], axis=0)
    return _Correlation(values, control, len(hidden))


def _exchanged(owner: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return, for CONTROLS exchanges, the clip of another subject in the place of each, (CONTROLS, clips).

    ``owner`` (clips,) are sorted numbers of subjects. All clips of a subject come from one other, in order, over again
    if that one has fewer: clips of a subject are alike, and stay so.
    """
    names, number, size = np.unique(owner, return_inverse=True, return_counts=True)
    start, place = size.cumsum() - size, np.arange(len(owner)) - (size.cumsum() - size)[number]
    rng = seeds.generator("control", *names.tolist())
    found = np.empty((CONTROLS, len(owner)), np.intp)
    for row in found:
        order = rng.permutation(len(names))
        giver = np.empty_like(order)
        giver[order] = np.roll(order, 1)  # in a circle, so that nobody keeps their own
        row[:] = start[giver[number]] + place % size[giver[number]]
    return found


def _mean(of_conditions: Sequence[_Correlation]) -> _Correlation:
    """Return the mean over conditions that have a correlation; in a draw, of those that have one of its subjects."""
    told = [one for one in of_conditions if np.isfinite(one.values[0])] or list(of_conditions)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # where none has
        values, control = (np.nanmean([getattr(one, part) for one in told], axis=0) for part in ("values", "control"))
    return _Correlation(values, control, max(one.n_clips for one in told))


def _ends(values: NDArray[np.float64], n_subjects: int) -> tuple[float, float]:
    """Return the ends of the interval; of draws in which all are equally hidden, a few may be left out."""
    drawn = values[1 : len(values) - n_subjects]
    defined = drawn[np.isfinite(drawn)]
    kept = defined if len(defined) >= intervals.SHARE * len(drawn) else drawn
    ends = intervals.ends(np.concatenate([values[:1], kept, values[len(values) - n_subjects :]]), n_subjects)
    return float(ends.low), float(ends.high)
