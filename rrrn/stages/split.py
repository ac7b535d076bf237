"""List the folds: whom each tests, with how many clips of each class."""

import argparse
import csv
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rrrn.data import result
from rrrn.data.clips import Clip
from rrrn.experiment import folds
from rrrn.provenance import asked
from rrrn.running import stage
from rrrn.tables import published


def listed(table: Sequence[Clip], fold_names: Sequence[str], classes: Sequence[str]) -> list[list[str | int]]:
    """Return a header, and a row for each fold and subject that it tests; raises InputError for an unknown fold."""
    rows: list[list[str | int]] = [["fold", "database", "subject", "n_clips", *(f"n_{name}" for name in classes)]]
    for fold in fold_names:
        _, tested = folds.split(table, fold)
        counts = Counter((clip.subject, clip.objective_class) for clip in tested)
        for subject, database in {clip.subject: clip.database for clip in tested}.items():
            own = [counts[subject, name] for name in classes]
            rows.append([fold, database, subject, sum(own), *own])
    return rows


def main(args: argparse.Namespace) -> None:
    made = asked.asked(args)
    table = made.clips(args.clips)
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(listed(table, args.folds.split(","), args.classes.split(",")))
    kind = published.data_kind(table)
    result.write({args.output: text.getvalue()}, args.about, made.identity, args.settings, kind, [], made.of)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("output", type=Path, help="the folds, a CSV table")
    parser.add_argument("about", type=Path, help="what they are of, JSON")
    parser.add_argument("--clips", type=Path, required=True, help="clip table")
    parser.add_argument("--classes", required=True, help="class names, separated by commas")
    parser.add_argument("--folds", required=True, help="all folds, separated by commas")
    stage.run(main, parser)
