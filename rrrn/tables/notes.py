"""What a reader must know of a table beside its numbers, in sentences."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pandas as pd

from rrrn.data.clips import Clip
from rrrn.experiment import grouped
from rrrn.experiment.conditions import CLEAR
from rrrn.tables import no_skill
from rrrn.tables.layout import grid
from rrrn.tables.published import AVERAGE


def of_one_seed(trained: pd.Series, descriptors: Collection[str]) -> list[str]:
    """Return a sentence on what a table lacks whose networks were trained once each; nothing for other tables.

    ``trained`` has the number of seeds of each method, and of AVERAGE; ``descriptors`` are the methods without seeds.
    """
    if trained.max() > 1 or set(trained.index) <= {*descriptors, AVERAGE}:
        return []
    return ["Networks were trained with one seed only, so cells have no ± sd; a larger 'protocol.n_seeds' gives it"]


def of_groups(table: Sequence[Clip], fold_names: Sequence[str]) -> list[str]:
    """Return a sentence on folds that test groups of subjects; nothing of other folds."""
    subjects = {clip.subject for clip in table}
    if not any(grouped.of_name(name) for name in fold_names if name not in subjects):
        return []
    return [f"Subjects were tested in {len(fold_names)} groups, listed in folds.csv, not one by one ('protocol.folds')"]


def of_start(
    settings: Mapping[str, Any], trained: pd.Series, descriptors: Collection[str], conditions: Collection[str]
) -> list[str]:
    """Return a sentence on networks that were not trained from scratch under every condition; nothing of others.

    ``settings`` are the sections that had a part in a table, ``conditions`` those it has; the rest is as in
    ``of_one_seed``.
    """
    tuned = settings.get("protocol", {}).get("start") == "clean" and set(conditions) != {CLEAR}
    if not tuned or set(trained.index) <= {*descriptors, AVERAGE}:
        return []
    return ["Under occlusion networks started from the un-occluded training of their fold ('protocol.start')"]


def of_table(
    table: Sequence[Clip],
    fold_names: Sequence[str],
    classes: Sequence[str],
    settings: Mapping[str, Any],
    trained: pd.Series,
    descriptors: Collection[str],
    conditions: Collection[str],
) -> list[str]:
    """Return what a reader must know of a table but for its numbers; arguments are those of the functions above."""
    return [
        *no_skill.without_clips(table, fold_names, classes),
        *of_groups(table, fold_names),
        *of_start(settings, trained, descriptors, conditions),
        *of_one_seed(trained, descriptors),
    ]


def of_reading(rows: pd.DataFrame, by_method: bool) -> str:
    """Return in a sentence what the lines of a table are that is laid out for people."""
    n_seeds, n_subjects = int(rows["n_seeds"].max()), int(rows["n_subjects"].iloc[0])
    spread = f", means ± standard deviations over {n_seeds} seeds" if n_seeds > 1 else ""
    parts = [f"Of all folds pooled{spread}; the best {'of each column' if by_method else 'of each row'} is bold"]
    if rows.loc[rows["method"] != no_skill.CHANCE, "low"].notna().any():
        parts.append(
            f"{grid.INTERVAL}: an interval over the {n_subjects} tested subjects, which says nothing of other training "
            "subjects or seeds"
        )
    if rows["paper"].notna().any():
        parts.append(f"{grid.PAPER}: its value, and how far the one above is from it")
    return "; ".join(parts)
