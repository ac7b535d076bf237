"""Score one method under one condition, all folds pooled: a row for each seed and metric, and each subject's confusion.

The scores are what tables show; the confusion matrices are kept so that intervals over subjects need no predictions.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rrrn.data import digested, predictions
from rrrn.data.predictions import Prediction
from rrrn.experiment import metrics
from rrrn.provenance import asked
from rrrn.running import stage
from rrrn.tables import confusion, pooled


def scores(
    counted: Mapping[int, Sequence[Prediction]], classes: Sequence[str], method: str, condition: str, n_folds: int
) -> tuple[list[str], list[list[object]]]:
    """Return header and rows of the scores: four metrics of each seed, of what counts of it (``pooled.by_seed``)."""
    header = ["method", "condition", "seed", "n_clips", "n_folds", *(f"n_{name}" for name in classes)]
    scored: list[list[object]] = []
    for seed, rows in counted.items():
        counts = confusion.of_rows(rows, classes)
        n_clips = len({(row.subject, row.clip) for row in rows})
        for metric, value in metrics.scores(counts).items():
            head = [method, condition, seed, n_clips, n_folds, *counts.sum(axis=1).tolist()]
            scored.append([*head, metric, format(value, ".9g")])
    return [*header, "metric", "value"], scored


def main(args: argparse.Namespace) -> None:
    classes, fold_names = args.classes.split(","), args.folds.split(",")
    made = asked.asked(args, args.predictions)
    table = made.clips(args.clips)
    everything = [row for path in args.predictions for row in predictions.read(path, classes)]
    counted = pooled.by_seed(everything, table, fold_names, args.method, args.condition, args.view)
    digested.write(*scores(counted, classes, args.method, args.condition, len(fold_names)), args.output, made.identity)
    other = replace(made, path=str(args.confusion), recipe=args.confusion_recipe) if args.asked else made
    confusion.write(counted, classes, args.method, args.condition, args.confusion, other.identity)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("predictions", type=Path, nargs="+", help="prediction files that hold all folds and seeds")
    parser.add_argument("output", type=Path, help="scores, a CSV table")
    parser.add_argument("confusion", type=Path, help="confusion matrices of each subject, a CSV table")
    parser.add_argument("--confusion-recipe", default="", help="the digest of what these are made from")
    parser.add_argument("--clips", type=Path, required=True, help="clip table")
    parser.add_argument("--classes", required=True, help="class names, separated by commas")
    parser.add_argument("--method", required=True)
    parser.add_argument("--condition", required=True)
    parser.add_argument("--folds", required=True, help="folds of the table, separated by commas")
    parser.add_argument("--view", default="original", help="what is tested of a clip")
    stage.run(main, parser)
