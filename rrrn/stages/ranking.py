"""Rank methods by how they fare under occlusion: their mean relative degradation, with intervals over subjects."""

import argparse
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from rrrn.data import result
from rrrn.experiment import labels
from rrrn.experiment.labels import Labels
from rrrn.provenance import asked
from rrrn.running import stage
from rrrn.tables import confusion, published, robustness
from rrrn.tables.published import SHOWN

Files = Mapping[str, Mapping[str, Path]]  # {method: {condition: its confusion matrices}}
COLUMNS = ("table", "task", "data", "metric", "method", *robustness.COLUMNS, "n_subjects", "n_seeds")
WITHOUT_REFERENCE = (
    f"Without {labels.method(robustness.REFERENCE)} there is no mean relative degradation; add "
    f"{robustness.REFERENCE!r} to 'methods'"
)


def rows(files: Mapping[str, Files], tasks: Mapping[str, str], classes: Sequence[str], named: Labels) -> pd.DataFrame:
    """Return the ranking of each table, in COLUMNS but for ``data``: a row for each metric that it shows, and method.

    ``files`` are {table: its files}, all of the same conditions, ``tasks`` {table: its task}. Raises InputError for
    files that are damaged or do not belong together.
    """
    parts = []
    for table, own in files.items():
        subjects, counts = confusion.read(own, classes)
        conditions = list(next(iter(own.values())))
        found = robustness.ranked(counts, conditions, subjects, SHOWN[table])
        found["method"] = found["method"].map(named.method)
        found["worst_condition"] = found["worst_condition"].map(named.condition)
        parts.append(found.assign(table=table, task=tasks[table], n_subjects=len(subjects)))
    return pd.concat(parts, ignore_index=True)


def text(ranking: pd.DataFrame, kind: str) -> str:
    """Return the rows as CSV; ``kind`` says what the clips are."""
    return ranking.assign(data=kind)[list(COLUMNS)].to_csv(index=False, lineterminator="\n", float_format="%.6g")


def main(args: argparse.Namespace) -> None:
    classes, methods, conditions = (getattr(args, name).split(",") for name in ("classes", "methods", "conditions"))
    made = asked.asked(args, confusion.files(args))
    kind = published.data_kind(made.clips(args.clips))
    files = {table: confusion.by_method(methods, conditions, map(Path, paths)) for table, _, *paths in args.confusion}
    tasks = {table: task for table, task, *_ in args.confusion}
    ranking = rows(files, tasks, classes, args.labels or labels.of(methods, conditions))
    notes = [] if robustness.REFERENCE in methods else [WITHOUT_REFERENCE]
    result.write({args.output: text(ranking, kind)}, args.about, made.identity, args.settings, kind, notes, made.of)
    for note in notes:
        logging.info("%s", note)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("output", type=Path, help="the ranking, a CSV table")
    parser.add_argument("about", type=Path, help="what it is of, JSON")
    confusion.add_argument(parser)
    parser.add_argument("--clips", type=Path, required=True, help="clip table")
    parser.add_argument("--classes", required=True, help="class names, separated by commas")
    parser.add_argument("--methods", required=True, help="methods, separated by commas")
    parser.add_argument("--conditions", required=True, help="conditions, separated by commas")
    parser.add_argument("--labels", type=labels.told, help="what the ranking calls methods and conditions, as JSON")
    stage.run(main, parser)
