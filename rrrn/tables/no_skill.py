"""What can be scored without looking at a clip: one class for all, the commonest of training, and classes at random.

Each is scored as a method is, all folds pooled into one confusion matrix.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from rrrn.data.clips import Clip
from rrrn.experiment import folds, metrics, seeds
from rrrn.tables.published import AVERAGE

# what their rows are called
TESTED_MAJORITY, TRAINING_MAJORITY, CHANCE = "Constant class (tested majority)", "Training majority", "Chance (95 %)"
LINES = (TESTED_MAJORITY, TRAINING_MAJORITY, CHANCE)
DRAWS = 80_000  # the ends of an interval of F1 have a standard error of 0.0001 with 80 clips; WAR's are exact
SHARE = 0.95
_CELLS = 2_000_000  # of the joint distribution of right answers that is held: 16 MB


class Range(NamedTuple):
    """The mean of a metric over draws, and the ends of the interval that holds the middle SHARE of them."""

    mean: float
    low: float
    high: float


def tested(table: Sequence[Clip], fold_names: Sequence[str], classes: Sequence[str]) -> NDArray[np.int64]:
    """Return how many tested clips each class has, int64 (n_classes,), all folds together."""
    return np.sum([_counts(folds.split(table, name)[1], classes) for name in fold_names], axis=0)


def tested_majority(class_counts: ArrayLike) -> dict[str, float]:
    """Return the scores of always naming the most frequent of the tested classes: the best that a constant can do.

    It is told by the labels of the tests, which no method sees. ``class_counts`` (n_classes,) are of tested clips.
    """
    counts = np.asarray(class_counts, np.float64)
    matrix = np.zeros((len(counts), len(counts)))
    matrix[:, counts.argmax()] = counts
    return metrics.scores(matrix)


def training_majority(table: Sequence[Clip], fold_names: Sequence[str], classes: Sequence[str]) -> dict[str, float]:
    """Return the scores of naming, in each fold, the class that most of its training clips have.

    Of classes that are equally frequent the first is named. Raises InputError for an unknown fold.
    """
    matrix = np.zeros((len(classes), len(classes)))
    for name in fold_names:
        trained, held = folds.split(table, name)
        matrix[:, _counts(trained, classes).argmax()] += _counts(held, classes)
    return metrics.scores(matrix)


def chance(class_counts: ArrayLike) -> dict[str, Range]:
    """Return what naming classes at random scores, all equally often: {metric: its range over DRAWS draws}.

    ``class_counts`` (n_classes,) are of tested clips, each named once. The draws belong to them: equal counts have
    equal ranges, in any table.
    """
    counts = np.asarray(class_counts, np.int64)
    hit, said = _named_at_random(counts, seeds.generator("chance", *counts.tolist()))
    ends = [(1 - SHARE) / 2, (1 + SHARE) / 2]
    return {
        metric: Range(float(values.mean()), *map(float, np.quantile(values, ends)))
        for metric, values in metrics.of_sums(hit, counts, said).items()
    }


def rows(table: Sequence[Clip], fold_names: Sequence[str], classes: Sequence[str]) -> pd.DataFrame:
    """Return the lines of no skill, a row for each line and metric; chance has the interval ``low`` to ``high``."""
    counts = tested(table, fold_names, classes)
    constants = {
        TESTED_MAJORITY: tested_majority(counts),
        TRAINING_MAJORITY: training_majority(table, fold_names, classes),
    }
    rows = [
        {"method": line, "metric": metric, "value": value}
        for line, found in constants.items()
        for metric, value in found.items()
    ]
    rows += [
        {"method": CHANCE, "metric": metric, "value": drawn.mean, "low": drawn.low, "high": drawn.high}
        for metric, drawn in chance(counts).items()
    ]
    return pd.DataFrame(rows).assign(condition=AVERAGE, n_seeds=1)


def _named_at_random(
    counts: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how often each of K >= 2 classes was named rightly, and at all, in DRAWS draws, int64 (DRAWS, K) each.

    Instead of every clip's class what it adds up to is drawn, and of that what decides most is no draw: how many clips
    are right of each of the smallest classes and of all others together are quantiles of their joint distribution,
    evenly spaced (a stratified sample): 80 000 draws are then as exact as half a million without. Right ones of the
    others are spread over their classes as any so many of their clips, and each wrong clip is named as any of the
    other classes.
    """
    n_classes = len(counts)
    order = counts.argsort(kind="stable").tolist()
    given: list[int] = []
    cells, others = np.ones(1), int(counts.sum())
    for number in order:
        less = others - int(counts[number])
        if cells.size * (counts[number] + 1) * (less + 1) > _CELLS:
            break
        cells = np.outer(cells, _binomial(int(counts[number]), 1 / n_classes)).ravel()
        given.append(number)
        others = less
    cells = np.outer(cells, _binomial(others, 1 / n_classes)).ravel()
    strata = np.searchsorted(cells.cumsum()[:-1], (np.arange(DRAWS) + 0.5) / DRAWS)
    *right, unplaced = np.unravel_index(strata, [*(counts[given] + 1), others + 1])
    hit = np.empty((DRAWS, n_classes), np.int64)
    for number in order:
        if number in given:
            hit[:, number] = right[given.index(number)]
            continue
        others -= int(counts[number])
        hit[:, number] = rng.hypergeometric(counts[number], others, unplaced)
        unplaced = unplaced - hit[:, number]
    said = hit.copy()
    for number, of_class in enumerate(counts):
        other = np.arange(n_classes) != number
        said[:, other] += rng.multinomial(of_class - hit[:, number], np.full(n_classes - 1, 1 / (n_classes - 1)))
    return hit, said


def _binomial(n: int, share: float) -> NDArray[np.float64]:
    """Return the probability of k of n, k from 0 to n. SciPy takes longer to load than the draws take."""
    logs = [
        math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
        + k * math.log(share) + (n - k) * math.log1p(-share)
        for k in range(n + 1)
    ]  # fmt: skip
    return np.exp(logs)


def without_clips(table: Sequence[Clip], fold_names: Sequence[str], classes: Sequence[str]) -> list[str]:
    """Return a warning, if no tested clip has one of the classes: its recall and F1 then count as 0."""
    empty = [name for name, count in zip(classes, tested(table, fold_names, classes), strict=True) if not count]
    if not empty:
        return []
    of = f"{len(empty)} of {len(classes)} classes"
    return [f"No tested clip has class {', '.join(empty)}: UAR and F1 count {of} as 0; leave them out of 'classes'"]


def not_above_chance(long: pd.DataFrame, shown: Sequence[str]) -> str:
    """Return, for each metric, in how many conditions each method does not exceed the interval of chance.

    ``long`` is a long table. Averages are left out: chance is that of one cell.
    """
    ends = long[long["method"] == CHANCE].set_index("metric")
    methods = [name for name in long["method"].unique() if name not in (AVERAGE, *LINES)]
    lines = []
    for metric in shown:
        low, high = ends.loc[metric, ["low", "high"]]
        cells = long[(long["metric"] == metric) & (long["condition"] != AVERAGE)]
        below = [(name, cells.loc[cells["method"] == name, "value"] <= high) for name in methods]
        told = [f"{name} in {found.sum()} of {len(found)} conditions" for name, found in below if found.any()]
        lines.append(f"{metric} not above chance ({low:.3f}–{high:.3f}): {', '.join(told) or 'no method'}")
    return "\n".join(lines)


def _counts(table: Sequence[Clip], classes: Sequence[str]) -> NDArray[np.int64]:
    found = [clip.objective_class for clip in table]
    return np.array([found.count(name) for name in classes], np.int64)
