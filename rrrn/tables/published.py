"""The paper's printed values, and whether they may stand beside ours."""

import csv
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from rrrn.data.clips import Clip

AVERAGE = "Avg."  # what the paper's tables call a mean over methods or conditions
Key = tuple[str, str, str]  # condition, method, metric

DATABASES = {"casme2", "samm"}
SYNTHETIC = "SYNTHETIC faces from the built-in renderer: these numbers say nothing about the paper's results."
TITLES = {"iii_a": "Table III a", "iii_b": "Table III b", "iv": "Table IV"}
SHOWN = {"iii_a": ("WAR", "UAR"), "iii_b": ("WAR", "UAR"), "iv": ("F1", "WF1")}  # metrics that its tables have


def data_kind(table: Sequence[Clip]) -> str:
    """Return ``recorded``, ``synthetic``, or ``mixed``: what the clips of a table are."""
    sources = {"recorded" if clip.source == "recorded" else "synthetic" for clip in table}
    return sources.pop() if len(sources) == 1 else "mixed"


def warning(kind: str) -> list[str]:
    """Return in a sentence that a table is not of recorded clips, if so; ``kind`` is their ``data_kind``."""
    return [] if kind == "recorded" else [SYNTHETIC]


def values(
    path: Path, table: Sequence[Clip], task: str, methods: Sequence[str], conditions: Sequence[str]
) -> pd.DataFrame | None:
    """Return condition, method, metric and value of one of the paper's tables, under its own labels.

    They are those of ``methods`` and ``conditions``, likewise labels, and a mean over either only if the paper's is
    over the same ones. None if there are none, unless all clips are recorded ones of the paper's databases, and unless
    ``task`` is the table's.
    """
    printed = pd.read_csv(path)
    same_clips = data_kind(table) == "recorded" and {clip.database for clip in table} == DATABASES
    if not same_clips or set(printed["task"]) != {task}:
        return None
    for key, own in (("method", methods), ("condition", conditions)):
        alike = set(printed[key]) - {AVERAGE} == set(own)
        printed = printed[printed[key].isin([*own, *([AVERAGE] if alike else [])])]
    return None if printed.empty else printed[["condition", "method", "metric", "value"]]


def faults(path: Path, table: str) -> dict[Key, list[str]]:
    """Return {(condition, method, metric): what is wrong with it} of a table's printed values, under its labels."""
    found: dict[Key, list[str]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["table"] == table:
                key = row["condition"], row["method"], row["metric"]
                found.setdefault(key, []).append(f"{row['kind']}: {row['reason']}")
    return found
