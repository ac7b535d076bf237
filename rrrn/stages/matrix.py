"""The train × test matrix: each method trained under each condition, and tested under all, in the folds of Table IV."""

import argparse
import logging
from pathlib import Path

import pandas as pd

from rrrn.data import predictions, result
from rrrn.experiment import labels
from rrrn.provenance import asked
from rrrn.running import stage
from rrrn.tables import cells, crossed, published
from rrrn.tables.layout import numbers
from rrrn.tables.published import SHOWN

TABLE = "iv"
COLUMNS = ("task", "data", *crossed.COLUMNS)


def notes(found: pd.DataFrame, metric: str) -> list[str]:
    """Return a sentence for each method: how much it loses where it was not trained."""
    return [
        f"{method} has {metric} {numbers.rounded(alike)} in the mean under the conditions that it was trained on, and "
        f"{numbers.rounded(other)} under the others"
        for method, (alike, other) in crossed.summed_up(found, metric).items()
    ]


def main(args: argparse.Namespace) -> None:
    methods, conditions, classes = (getattr(args, name).split(",") for name in ("methods", "conditions", "classes"))
    names, fold_names = args.trained_on.split(","), args.folds.split(",")
    made = asked.asked(args, args.crossed)
    table = made.clips(args.clips)
    kind, parts = published.data_kind(table), []
    pairs = [(method, name) for method in methods for name in names]
    for (method, name), path in zip(pairs, args.crossed, strict=True):
        rows = [row for row in predictions.read(path, classes) if row.fold in fold_names]
        subjects, counts = crossed.counts(rows, table, fold_names, classes, conditions, method, args.view)
        own = crossed.cells(counts, subjects, conditions, SHOWN[TABLE])
        parts.append(own.assign(method=method, trained_on=name))
    found = pd.concat(parts, ignore_index=True).assign(
        task=args.task, data=kind, n_clips=len(table), n_folds=len(fold_names)
    )
    named = args.labels or labels.of(methods, conditions)
    found = cells.labelled(found, named)
    found["trained_on"] = found["trained_on"].map(named.condition)
    text = found[list(COLUMNS)].to_csv(index=False, lineterminator="\n", float_format="%.6g")
    told = notes(found, SHOWN[TABLE][0])
    of = {**made.of, "predictions": made.inputs} if made.of else {}  # its inputs are predictions
    result.write({args.output: text}, args.about, made.identity, args.settings, kind, told, of)
    for note in told:
        logging.info("%s", note)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("output", type=Path, help="the matrix, a CSV table")
    parser.add_argument("about", type=Path, help="what it is of, JSON")
    parser.add_argument("--crossed", type=Path, nargs="+", required=True, help="of each method, of each training")
    parser.add_argument("--task", required=True, help="CDE, as in the paper's values")
    parser.add_argument("--clips", type=Path, required=True, help="clip table")
    parser.add_argument("--classes", required=True, help="class names, separated by commas")
    parser.add_argument("--folds", required=True, help="folds of Table IV, separated by commas")
    parser.add_argument("--methods", required=True, help="methods, separated by commas")
    parser.add_argument("--trained-on", required=True, help="names of trainings, separated by commas")
    parser.add_argument("--conditions", required=True, help="conditions, separated by commas")
    parser.add_argument("--view", default="original", help="what is tested of a clip")
    parser.add_argument("--labels", type=labels.told, help="what they are called, as JSON")
    stage.run(main, parser)
