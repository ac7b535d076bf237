"""How methods fare that are trained under one condition and tested under another, with intervals over subjects."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rrrn.data.clips import Clip
from rrrn.data.predictions import Prediction
from rrrn.experiment import metrics
from rrrn.tables import confusion, pooled
from rrrn.tables.statistics import intervals, resampling

DRAWS = 2000  # of subjects; a matrix has as many cells as conditions squared
COLUMNS = (
    *("method", "trained_on", "condition", "metric", "value", "sd", "low", "high"),
    *("n_clips", "n_subjects", "n_folds", "n_seeds"),
)


def counts(
    rows: Sequence[Prediction],
    table: Sequence[Clip],
    fold_names: Sequence[str],
    classes: Sequence[str],
    conditions: Sequence[str],
    method: str,
    view: str,
) -> tuple[list[str], NDArray[np.float64]]:
    """Return the tested subjects, and their matrices (conditions, seeds, subjects, n_classes, n_classes).

    Raises InputError as ``pooled.by_seed``.
    """
    subjects = sorted({row.subject for row in rows})
    found = []
    for condition in conditions:
        of_seeds = pooled.by_seed(rows, table, fold_names, method, condition, view)
        by_subject: list[list[list[Prediction]]] = []
        for own in of_seeds.values():
            parts: dict[str, list[Prediction]] = {name: [] for name in subjects}
            for row in own:
                parts[row.subject].append(row)
            by_subject.append(list(parts.values()))
        found.append([[confusion.of_rows(part, classes) for part in parts_of] for parts_of in by_subject])
    return subjects, np.array(found, np.float64)


def cells(
    matrices: NDArray[np.float64], subjects: Sequence[str], conditions: Sequence[str], shown: Sequence[str]
) -> pd.DataFrame:
    """Return a row for each condition and shown metric: value, sd over seeds (n - 1), and interval over subjects.

    ``matrices`` are as ``counts`` returns them.
    """
    values = resampling.scores(matrices, resampling.weights(subjects, DRAWS))
    of_seeds = [[metrics.scores(own.sum(axis=0)) for own in one] for one in matrices]
    found = []
    for metric in shown:
        ends = intervals.ends(values[metric], len(subjects))
        for place, condition in enumerate(conditions):
            single = [one[metric] for one in of_seeds[place]]
            sd = float(np.std(single, ddof=1)) if len(single) > 1 else np.nan
            told = {"value": values[metric][0, place], "sd": sd, "low": ends.low[place], "high": ends.high[place]}
            found.append({"condition": condition, "metric": metric, **told})
    return pd.DataFrame(found).assign(n_subjects=len(subjects), n_seeds=matrices.shape[1])


def summed_up(rows: pd.DataFrame, metric: str) -> Mapping[str, tuple[float, float]]:
    """Return {method: (mean where training and test are alike, mean elsewhere)} of a metric.

    A method that was trained under one condition only, and tested under no other, is left out.
    """
    own = rows[rows["metric"] == metric]
    alike = own["trained_on"] == own["condition"]
    means = [own[part].groupby("method", sort=False)["value"].mean() for part in (alike, ~alike)]
    return {str(name): (float(means[0][name]), float(means[1][name])) for name in means[1].index}
