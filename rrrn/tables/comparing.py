"""Whether one method is better than another: the difference, its interval over subjects, and a permutation test."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rrrn.experiment import labels
from rrrn.experiment.conditions import CLEAR
from rrrn.tables import titles
from rrrn.tables.published import AVERAGE
from rrrn.tables.statistics import exchange, intervals, resampling

LEVEL = 0.05
COLUMNS = (
    *("condition", "method", "other", "metric", "value", "other_value", "difference", "low", "high"),
    *("p", "p_holm", "n_tests", "n_subjects", "n_seeds"),
)


def compared(
    counts: Mapping[str, NDArray[np.float64]],
    conditions: Sequence[str],
    subjects: Sequence[str],
    shown: Sequence[str],
    asked: Sequence[tuple[str, str]],
    draws: int = resampling.DRAWS,
) -> pd.DataFrame:
    """Return COLUMNS, a row for each pair, condition and shown metric, and of AVERAGE, the mean over conditions.

    ``counts`` are {method: confusion matrices (conditions, seeds, subjects, n_classes, n_classes)}. Differences are of
    the first method of a pair less the second, of means over seeds, each seed scored by itself; both are resampled, and
    their predictions exchanged, by subjects, in all conditions and seeds together. ``p_holm`` is corrected for
    ``n_tests``: all pairs, metrics and conditions that were asked, those of AVERAGE apart. ``draws`` subjects are drawn
    and as many exchanges.
    """
    weights, exchanged = resampling.weights(subjects, draws), exchange.exchanges(subjects, draws)
    involved = dict.fromkeys(method for pair in asked for method in pair)
    scores = {method: _with_average(resampling.scores(counts[method], weights)) for method in involved}
    rows = []
    for method, other in asked:
        p = {
            metric: exchange.p_values(values)
            for metric, values in _with_average(exchange.differences(counts[method], counts[other], exchanged)).items()
        }
        n_seeds = max(counts[method].shape[1], counts[other].shape[1])
        for metric in shown:
            one, two = scores[method][metric], scores[other][metric]
            low, high = intervals.ends(one - two, len(subjects))
            for place, condition in enumerate([*conditions, AVERAGE]):
                values = (one[0, place], two[0, place], one[0, place] - two[0, place], low[place], high[place])
                tests = (p[metric][place], np.nan, 0, len(subjects), n_seeds)
                rows.append([condition, method, other, metric, *values, *tests])
    found = pd.DataFrame(rows, columns=list(COLUMNS))
    for _, family in found.groupby(found["condition"] == AVERAGE):
        found.loc[family.index, "p_holm"] = exchange.holm(family["p"])
        found.loc[family.index, "n_tests"] = len(family)
    return found


def _with_average(values: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """Return {metric: (samples, conditions + 1)}, the mean over conditions last."""
    return {
        metric: np.concatenate([found, found.mean(axis=1, keepdims=True)], axis=1) for metric, found in values.items()
    }


def notes(rows: pd.DataFrame, draws: int = resampling.DRAWS) -> list[str]:
    """Return what a reader must know: for each table and metric, which methods differ on average, and which do not.

    ``rows`` are COLUMNS with ``table`` and ``paper``, the difference of the printed values, under the labels of tables.
    """
    told: dict[str, None] = {}
    for (table, metric), own in rows.groupby(["table", "metric"], sort=False):
        average = own[own["condition"] == AVERAGE].to_dict("records")
        n_tests, n_subjects = int(average[0]["n_tests"]), int(average[0]["n_subjects"])
        title = titles.TITLES[str(table)]
        head = f"{title}, {metric} averaged over conditions, p corrected for {n_tests} tests"
        told[f"{head}: {'; '.join(_sentence(row) for row in average)}"] = None
        for _, pair in own.groupby(["method", "other"], sort=False):
            told |= dict.fromkeys(f"{title}, {metric}: {said}" for said in _of_paper(pair.to_dict("records")))
        told |= dict.fromkeys(f"{title}: {said}" for said in _without_power(str(table), n_subjects, n_tests, draws))
    return list(told)


def _sentence(row: Mapping[Any, Any]) -> str:
    one, other, difference = row["method"], row["other"], f"{row['difference']:+.3f}"
    if row["p_holm"] < LEVEL:
        return f"{one} differs from {other} by {difference}"
    return f"{one} and {other} cannot be told apart ({difference}, {_width(row)}, p {row['p_holm']:.2g})"


def _width(row: Mapping[Any, Any]) -> str:
    return f"{row['low']:+.3f} to {row['high']:+.3f}" if np.isfinite(row["low"]) else "no interval of one subject"


def _of_paper(pair: Sequence[Mapping[Any, Any]]) -> list[str]:
    """Return in a sentence which of the paper's differences of two methods are smaller than the noise of subjects.

    The noise is half of the interval's width of our difference. Of single conditions only the un-occluded one is told.
    """
    printed = [row for row in pair if np.isfinite(row["paper"])]
    small = [row for row in printed if abs(row["paper"]) < _noise(row)]
    named = {labels.condition(CLEAR): "un-occluded", AVERAGE: "on average"}
    parts = [
        f"{row['paper']:+.3f} {named[row['condition']]}, where other subjects may move it by {_noise(row):.3f}"
        for row in small
        if row["condition"] in named
    ]
    if not parts:
        return []
    of = f"{len(small)} of the paper's {len(printed)} differences of {small[0]['method']} from {small[0]['other']}"
    return [f"{of} are within the noise of choosing subjects: {', '.join(parts)}"]


def _noise(row: Mapping[Any, Any]) -> float:
    return float(row["high"] - row["low"]) / 2


def _without_power(table: str, n_subjects: int, n_tests: int, draws: int) -> list[str]:
    """Return in a sentence that no p can be small enough, if so."""
    least = n_tests * exchange.least(n_subjects, draws)
    if least < LEVEL:
        return []
    exact = exchange.is_exact(n_subjects, draws)
    fewer = "list fewer methods (ablation)" if table == titles.ABLATION else "compare with one method (compare.against)"
    remedy = "it takes more subjects" if exact else f"raise compare.draws, or {fewer}"
    said = f"of {n_subjects} subjects and {n_tests} tests no p is below {min(least, 1):.2g}"
    return [f"{said}, so no methods can be told apart; {remedy}"]
