"""Beside each headline the numbers by which it can be doubted: what choosing would have given, and other definitions.

Of each method under each condition, and in the mean over conditions. Each number is a mean over seeds.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rrrn.data import digested
from rrrn.data.clips import Clip
from rrrn.experiment import folds, metrics
from rrrn.running.stage import InputError
from rrrn.tables import definitions
from rrrn.tables.published import AVERAGE

ORACLES = ("oracle_fold", "oracle_fold_gain", "oracle_epoch", "oracle_epoch_gain")
COLUMNS = (
    *("condition", "method", "metric", "value", *ORACLES, *definitions.NAMES, "f1_spread"),
    *("seen_subjects", "seen_by", "poisoned", "n_epochs", "n_subjects", "n_folds", "n_seeds"),
)
Cell = tuple[str, str]  # method, condition


def rows(
    counts: Mapping[str, NDArray[np.float64]],
    conditions: Sequence[str],
    subjects: Sequence[str],
    of_folds: Sequence[Sequence[str]],
    oracles: Mapping[Cell, pd.DataFrame],
    verdicts: Mapping[Cell, str],
    shown: Sequence[str],
) -> pd.DataFrame:
    """Return a row for each method, condition (and AVERAGE over them) and shown metric, in COLUMNS.

    ``counts`` are {method: confusion matrices (conditions, seeds, subjects, n_classes, n_classes)}, ``of_folds`` the
    subjects that each fold tests, ``oracles`` what the stage oracle says of a method and condition, for those that have
    it, ``verdicts`` those of the poison test, for those that the poisoned training is tested on. Raises InputError if
    ``oracles`` are of other predictions than ``counts``.
    """
    places = [[subjects.index(name) for name in own] for own in of_folds]
    found = []
    for method, own in counts.items():
        for condition, of_seeds in zip(conditions, own, strict=True):
            by_fold = np.stack([of_seeds[:, place].sum(axis=1) for place in places], axis=1)  # seeds, folds, C, C
            told = [definitions.f1s(one) for one in by_fold]
            f1s = {name: float(np.mean([one[name] for one in told])) for name in definitions.NAMES}
            scores = pd.DataFrame([metrics.scores(one.sum(axis=0)) for one in by_fold]).mean()
            oracle = oracles.get((method, condition))
            for metric in shown:
                row: dict[str, object] = {"condition": condition, "method": method, "metric": metric, **f1s}
                row |= {"value": scores[metric], "n_seeds": len(of_seeds)}
                row |= {"seen_subjects": 0, "seen_by": "folds"}  # folds.split stops at a fold that has one
                row |= {"poisoned": verdicts.get((method, condition), "")}
                row |= _oracle(oracle, metric, scores[metric], f"{method} under {condition}")
                found.append(row)
    frame = pd.DataFrame(found).reindex(columns=COLUMNS).assign(n_subjects=len(subjects), n_folds=len(of_folds))
    frame["f1_spread"] = frame[list(definitions.NAMES)].max(axis=1) - frame[list(definitions.NAMES)].min(axis=1)
    means = frame.groupby(["method", "metric"], sort=False).agg(_averaged(frame)).reset_index()
    return pd.concat([frame, means.assign(condition=AVERAGE)], ignore_index=True)[list(COLUMNS)]


def of_folds(table: Sequence[Clip], names: Sequence[str]) -> list[list[str]]:
    """Return the subjects that each fold tests, sorted; raises InputError for a fold with one on both sides."""
    return [sorted({clip.subject for clip in folds.split(table, name)[1]}) for name in names]


def read(path: Path) -> pd.DataFrame:
    """Return what the stage oracle wrote; raises InputError, naming it, if it is damaged."""
    frame = pd.DataFrame(digested.read(path))
    texts = ("method", "condition", "metric")
    return frame.astype({name: float for name in frame if name not in texts})


def _oracle(told: pd.DataFrame | None, metric: str, value: float, where: str) -> dict[str, object]:
    if told is None:
        return {}
    own = told[told["metric"] == metric].mean(numeric_only=True)
    if abs(own["last"] - value) > 1e-6:
        raise InputError(
            f"{where}: the last epoch's {metric} is {own['last']:.6f} by results/epochs and {value:.6f} by the "
            "predictions; they are not of the same trainings: delete both and run again"
        )
    return {
        "oracle_fold": own["of_fold"],
        "oracle_fold_gain": own["of_fold"] - own["last"],
        "oracle_epoch": own["of_all"],
        "oracle_epoch_gain": own["of_all"] - own["last"],
        "seen_subjects": int(told["n_seen"].max()),
        "seen_by": "trainings",
        "n_epochs": int(own["n_epochs"]),
    }


def _averaged(frame: pd.DataFrame) -> dict[str, str | Callable[[pd.Series], str]]:
    """Return how each column is summed up over conditions: numbers by their mean, what is counted by its largest.

    A verdict of poison is one on all of them, or left out.
    """
    counted = ("seen_subjects", "n_epochs", "n_subjects", "n_folds", "n_seeds")
    how = {name: "max" if name in counted else "mean" for name in COLUMNS if pd.api.types.is_numeric_dtype(frame[name])}
    return {**how, "seen_by": "first", "poisoned": _shared}


def _shared(told: pd.Series) -> str:
    return str(told.iloc[0]) if told.nunique() == 1 else ""
