"""Gather what one method says of each clip in the folds of Table IV: a row for each condition, clip and seed."""

import argparse
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from rrrn.data import digested, predictions
from rrrn.data.predictions import Prediction
from rrrn.provenance import asked
from rrrn.running import stage
from rrrn.tables import pooled

Key = tuple[str, str, str]  # subject, clip, true class


def means(rows: Iterable[Prediction]) -> dict[Key, list[float]]:
    """Return {(subject, clip, true): probabilities of its classes}, means over the views that count, sorted by name."""
    of_clip: dict[Key, list[tuple[float, ...]]] = {}
    for row in rows:
        of_clip.setdefault((row.subject, row.clip, row.true), []).append(row.probabilities)
    return {key: np.mean(views, axis=0).tolist() for key, views in sorted(of_clip.items())}


def main(args: argparse.Namespace) -> None:
    classes, conditions = args.classes.split(","), args.conditions.split(",")
    made = asked.asked(args, args.predictions)
    table = made.clips(args.clips)
    everything = [row for path in args.predictions for row in predictions.read(path, classes)]
    found = []
    for condition in conditions:
        counted = pooled.by_seed(everything, table, args.folds.split(","), args.method, condition, args.view)
        for seed, rows in counted.items():
            for key, own in means(rows).items():
                found.append([condition, *key, seed, *(format(value, ".6g") for value in own)])
    header = ["condition", "subject", "clip", "true", "seed", *(f"p_{name}" for name in classes)]
    digested.write(header, found, args.output, made.identity)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("predictions", type=Path, nargs="+", help="prediction files that hold all folds and seeds")
    parser.add_argument("output", type=Path, help="what is said of each clip, a CSV table")
    parser.add_argument("--clips", type=Path, required=True, help="clip table")
    parser.add_argument("--classes", required=True, help="class names, separated by commas")
    parser.add_argument("--conditions", required=True, help="conditions, separated by commas")
    parser.add_argument("--method", required=True)
    parser.add_argument("--folds", required=True, help="the folds, separated by commas")
    parser.add_argument("--view", required=True, help="which views of a clip count: protocol.view")
    stage.run(main, parser)
