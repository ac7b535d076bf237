"""The predictions that a cell of a table counts: of one method under one condition, all folds pooled, seed by seed."""

from collections.abc import Sequence

import numpy as np

from rrrn.data import predictions
from rrrn.data.clips import Clip
from rrrn.data.predictions import Prediction
from rrrn.experiment import folds
from rrrn.running.stage import InputError


def by_seed(
    everything: Sequence[Prediction],
    table: Sequence[Clip],
    fold_names: Sequence[str],
    method: str,
    condition: str,
    view: str,
) -> dict[int, list[Prediction]]:
    """Return {seed: what counts once under a condition}, of predictions among which others may be.

    ``view`` is ``protocol.view``. Raises InputError if there is none, or if a fold does not test each of its clips once
    per view.
    """
    wanted = [row for row in everything if row.condition == condition and row.fold in fold_names]
    if not wanted:
        raise InputError(f"no prediction of {method} under {condition} in the files given")
    found = {}
    for seed in sorted({row.seed for row in wanted}):
        own = [row for row in wanted if row.seed == seed]
        check_complete(own, table, fold_names, f"predictions of {method} under {condition}, seed {seed}")
        found[seed] = pool(own, view)
    return found


def pool(rows: Sequence[Prediction], view: str) -> list[Prediction]:
    """Return what counts once: every row, or with ``tta_mean`` each clip's probabilities averaged over its views."""
    if view != "tta_mean":
        return list(rows)
    of_clip: dict[tuple[str, str], list[Prediction]] = {}
    for row in rows:
        of_clip.setdefault((row.subject, row.clip), []).append(row)
    return [
        Prediction(
            **{key: getattr(same[0], key) for key in predictions.KEYS},
            probabilities=tuple(np.mean([row.probabilities for row in same], axis=0).tolist()),
        )
        for same in of_clip.values()
    ]


def check_complete(rows: Sequence[Prediction], table: Sequence[Clip], fold_names: Sequence[str], where: str) -> None:
    """Raise InputError unless every fold tests each of its clips once per view, with the class of the clip table."""
    truth = {(clip.subject, clip.clip): clip.objective_class for clip in table}
    seen: dict[str, list[tuple[str, str, int]]] = {name: [] for name in fold_names}
    for row in rows:
        if truth.get((row.subject, row.clip)) != row.true:
            raise InputError(
                f"{where}: clip {row.subject}/{row.clip} is not as in the clip table; delete and run again"
            )
        seen[row.fold].append((row.subject, row.clip, row.view))
    for name in fold_names:
        tested = {(clip.subject, clip.clip) for clip in folds.split(table, name)[1]}
        views = {view for _, _, view in seen[name]} or {0}
        expected = {(subject, clip, view) for subject, clip in tested for view in views}
        if len(seen[name]) != len(expected) or set(seen[name]) != expected:
            raise InputError(
                f"{where}: fold {name} has {len(seen[name])} predictions and should have {len(expected)}, one a "
                "tested clip and view; delete the prediction file and run again"
            )
