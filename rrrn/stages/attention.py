"""Gather the region weights that one method gave each tested clip under one condition: a row for each clip and seed."""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from rrrn.data import digested, predictions
from rrrn.data.predictions import Prediction
from rrrn.provenance import asked
from rrrn.running import stage
from rrrn.running.stage import InputError
from rrrn.tables import pooled


def weights(rows: Iterable[Prediction]) -> dict[tuple[str, str], list[float]]:
    """Return {(subject, clip): its six weights}, means over the views that were tested, sorted by name."""
    of_clip: dict[tuple[str, str], list[Sequence[float]]] = {}
    for row in rows:
        of_clip.setdefault((row.subject, row.clip), []).append(row.alpha)
    return {key: np.mean(views, axis=0).tolist() for key, views in sorted(of_clip.items())}


def main(args: argparse.Namespace) -> None:
    classes = args.classes.split(",")
    made = asked.asked(args, args.predictions)
    table = made.clips(args.clips)
    everything = [row for path in args.predictions for row in predictions.read(path, classes)]
    # every view is kept, whatever counts for the scores
    counted = pooled.by_seed(everything, table, args.folds.split(","), args.method, args.condition, "augmented_pool")
    if any(not row.alpha for rows in counted.values() for row in rows):
        raise InputError(f"predictions of {args.method} under {args.condition} hold no region weights (alpha_0, …)")
    found = [
        [*key, seed, *(format(value, ".9g") for value in own)]
        for seed, rows in counted.items()
        for key, own in weights(rows).items()
    ]
    header = ["subject", "clip", "seed", *(f"alpha_{number}" for number in range(len(found[0]) - 3))]
    digested.write(header, found, args.output, made.identity)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("predictions", type=Path, nargs="+", help="prediction files that hold all folds and seeds")
    parser.add_argument("output", type=Path, help="region weights, a CSV table")
    parser.add_argument("--clips", type=Path, required=True, help="clip table")
    parser.add_argument("--classes", required=True, help="class names, separated by commas")
    parser.add_argument("--method", required=True)
    parser.add_argument("--condition", required=True)
    parser.add_argument("--folds", required=True, help="the folds, separated by commas")
    stage.run(main, parser)
