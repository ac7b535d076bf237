"""What is told of each epoch of a training, one row of a CSV table beside its log."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from rrrn.running import stage


def write(rows: Sequence[Mapping[str, float]], path: Path) -> None:
    """Write the history: epoch, gradient norm and losses (means over steps and samples), the mean weight of each
    region, seconds, and samples per second."""
    with stage.replacing(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(rows[0])
        writer.writerows([[format(value, ".9g") for value in row.values()] for row in rows])
