"""How methods rank under occlusion: one number each, what it is told beside, and an interval over subjects.

The number is the mean relative degradation: the error of a method under an occluded condition, over that of ResNet18
under the same condition, averaged over all occluded conditions. The error is 1 - score, of a score's mean over seeds.
So ResNet18 has 1, less is better, and a method that errs half as often under every occlusion has 0.5. It is the mean
corruption error of ImageNet-C (Hendrycks and Dietterich, 2019), with ResNet18 in AlexNet's place, but that each
condition counts once, as in the tables, and not each kind of occluder. Where ResNet18 has no error, a method without
one counts 1, and another one infinite, as is then the mean.

The difference that ImageNet-C calls relative, of errors with and without corruption, has no place here: ResNet18's may
be 0 or below, as in the paper's Table III b under a patch of 5 %. What each method loses is told in its score instead:
by its mean degradation, the score un-occluded less the mean over occluded conditions, and by its maximal one, less the
score under the condition in which it is worst. The area under its curve over random patches, from the least percentage
to the largest, is the mean height of that curve.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rrrn.experiment import conditions as conditions_of
from rrrn.experiment import control_conditions
from rrrn.experiment.conditions import CLEAR
from rrrn.tables.statistics import intervals, resampling

REFERENCE = "resnet18"
CURVE = "random"
COLUMNS = (
    *("unoccluded", "unoccluded_low", "unoccluded_high"),
    *("mean_relative_degradation", "low", "high"),
    *("mean_degradation", "mean_degradation_low", "mean_degradation_high", "maximal_degradation", "worst_condition"),
    *("area_under_curve", "area_under_curve_low", "area_under_curve_high", "curve_from", "curve_to"),
)


def relative(errors: NDArray[np.float64], reference: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean over conditions of errors (samples, conditions) over those of the reference, (samples,)."""
    ratios = np.where(errors > 0, np.inf, 1.0)
    np.divide(errors, reference, out=ratios, where=reference > 0)
    return ratios.mean(axis=1)


def curve(conditions: Sequence[str]) -> dict[int, int]:
    """Return {percentage: place among the conditions} of random patches, in order."""
    parsed = {
        conditions_of.parse(name): place
        for place, name in enumerate(conditions)
        if not control_conditions.split(name)[1]
    }
    return dict(sorted((level, place) for (kind, level), place in parsed.items() if kind == CURVE and level))


def area(values: NDArray[np.float64], levels: Mapping[int, int]) -> NDArray[np.float64]:
    """Return the area under scores (samples, conditions) over percentages by trapezoids, over their range: (samples,).

    ``levels`` are as ``curve`` returns them. Fewer than two percentages have no area, which is NaN.
    """
    if len(levels) < 2:
        return np.full(len(values), np.nan)
    percentages = np.array(list(levels), np.float64)
    heights = values[:, list(levels.values())]
    return np.asarray(np.trapezoid(heights, percentages, axis=1) / np.ptp(percentages))


def ranked(
    counts: Mapping[str, NDArray[np.float64]], conditions: Sequence[str], subjects: Sequence[str], shown: Sequence[str]
) -> pd.DataFrame:
    """Return a row for each shown metric and method, the least mean relative degradation first: COLUMNS and n_seeds.

    ``counts`` are {method: confusion matrices (conditions, seeds, subjects, n_classes, n_classes)}. Intervals are over
    subjects (``intervals.ends``), as those of tables; seeds and trainings stay, so that they say nothing of these.
    Without REFERENCE among the methods there is no mean relative degradation, and the order is that of ``counts``;
    without CLEAR no un-occluded score and no degradation from it; without another condition no degradation; without two
    percentages of random patches no area. What is missing is NaN, a missing condition an empty text.
    """
    weights = resampling.weights(subjects)
    scores = {method: resampling.scores(own, weights) for method, own in counts.items()}
    worn = set(control_conditions.plain(conditions)) - {CLEAR}
    occluded = [number for number, name in enumerate(conditions) if name in worn]
    levels = curve(conditions)
    ends = (min(levels), max(levels)) if len(levels) > 1 else (np.nan, np.nan)
    missing = np.full(len(weights), np.nan)
    rows = []
    for metric in shown:
        for method, own in scores.items():
            value = own[metric]
            clear = value[:, conditions.index(CLEAR)] if CLEAR in conditions else missing
            ratio, loss, fall, worst = missing, missing, np.nan, ""
            if occluded and REFERENCE in scores:
                ratio = relative(1 - value[:, occluded], 1 - scores[REFERENCE][metric][:, occluded])
            if occluded and CLEAR in conditions:
                loss = clear - value[:, occluded].mean(axis=1)
                falls = clear[0] - value[0, occluded]
                most = int(falls.round(9).argmax())  # rounded, so that of equal ones it is the first
                fall, worst = float(falls[most]), conditions[occluded[most]]
            found = [[one[0], *_ends(one, len(subjects))] for one in (clear, ratio, loss, area(value, levels))]
            told = [*found[0], *found[1], *found[2], fall, worst, *found[3], *ends]
            rows.append({"metric": metric, "method": method, **dict(zip(COLUMNS, told, strict=True))})
    table = pd.DataFrame(rows).assign(n_seeds=lambda one: [counts[name].shape[1] for name in one["method"]])
    order = {metric: number for number, metric in enumerate(shown)}
    return table.sort_values(
        ["metric", "mean_relative_degradation"],
        key=lambda column: column.map(order) if column.name == "metric" else column,
        kind="stable",
        ignore_index=True,
    )


def _ends(values: NDArray[np.float64], n_subjects: int) -> tuple[float, float]:
    """Return the ends of an interval; where some draws are infinite, two of them, so that these do no harm."""
    if n_subjects > 1 and np.isinf(values).any():
        draws = values[1 : len(values) - n_subjects]
        low, high = np.quantile(draws, [(1 - intervals.SHARE) / 2, (1 + intervals.SHARE) / 2], method="inverted_cdf")
        return float(low), float(high)
    ends = intervals.ends(values, n_subjects)
    return float(ends.low), float(ends.high)
