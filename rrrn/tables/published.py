"""The paper's printed values, and whether they may stand beside ours."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from rrrn.data.clips import Clip

DATABASES = {"casme2", "samm"}
SHOWN = {"iii_a": ("WAR", "UAR"), "iii_b": ("WAR", "UAR"), "iv": ("F1", "WF1")}  # metrics that its tables have


def data_kind(table: Sequence[Clip]) -> str:
    """Return ``recorded``, ``synthetic``, or ``mixed``: what the clips of a table are."""
    sources = {"recorded" if clip.source == "recorded" else "synthetic" for clip in table}
    return sources.pop() if len(sources) == 1 else "mixed"


def values(path: Path, table: Sequence[Clip], task: str) -> pd.DataFrame | None:
    """Return condition, method, metric and value of one of the paper's tables, under its own labels.

    None unless all clips are recorded ones of the paper's databases and ``task`` is the table's.
    """
    printed = pd.read_csv(path)
    same_clips = data_kind(table) == "recorded" and {clip.database for clip in table} == DATABASES
    if not same_clips or set(printed["task"]) != {task}:
        return None
    return printed[["condition", "method", "metric", "value"]]
