"""The interval of each cell of a table and of its averages: where it would lie if other subjects had been recorded."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rrrn.experiment import metrics
from rrrn.tables import confusion
from rrrn.tables.cells import KEYS
from rrrn.tables.published import AVERAGE
from rrrn.tables.statistics import intervals, resampling

ENDS = ("low", "high")


def of_files(files: Mapping[str, Mapping[str, Path]], classes: Sequence[str]) -> pd.DataFrame:
    """Return ``of_cells`` of {method: {condition: file of its confusion matrices}}, no rows without files.

    Raises InputError for files that are damaged or do not belong together.
    """
    if not files:
        return pd.DataFrame({name: pd.Series(dtype=float if name in ENDS else str) for name in (*KEYS, *ENDS)})
    subjects, counts = confusion.read(files, classes)
    return of_cells(counts, list(next(iter(files.values()))), subjects)


def of_cells(
    counts: Mapping[str, NDArray[np.float64]],
    conditions: Sequence[str],
    subjects: Sequence[str],
    draws: int = resampling.DRAWS,
) -> pd.DataFrame:
    """Return KEYS, ``low`` and ``high`` for each method, condition and metric, with AVERAGE over both.

    ``counts`` are {method: confusion matrices (conditions, seeds, subjects, n_classes, n_classes)}. Values are means
    over seeds. What is trained is not resampled: an interval says nothing of other training subjects, or of seeds.
    """
    weights = resampling.weights(subjects, draws)
    scores = {method: resampling.scores(own, weights) for method, own in counts.items()}
    scores[AVERAGE] = {metric: np.mean([own[metric] for own in scores.values()], axis=0) for metric in metrics.METRICS}
    found = []
    for method, own in scores.items():
        for metric, values in own.items():
            whole = np.concatenate([values, values.mean(axis=1, keepdims=True)], axis=1)
            ends = intervals.ends(whole, len(subjects))
            found += [
                (condition, method, metric, float(low), float(high))
                for condition, low, high in zip([*conditions, AVERAGE], *ends, strict=True)
            ]
    return pd.DataFrame(found, columns=[*KEYS, *ENDS])
