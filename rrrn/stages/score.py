"""Score one method under one condition: all folds pooled, a row for each seed and metric."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rrrn.data import clips, digested, predictions
from rrrn.data.predictions import Prediction
from rrrn.experiment import folds, metrics
from rrrn.provenance import asked
from rrrn.running import stage
from rrrn.running.stage import InputError


def pool(rows: Sequence[Prediction], view: str) -> list[Prediction]:
    """Return what counts once: every row, or with ``tta_mean`` each clip's probabilities averaged over its views."""
    if view != "tta_mean":
        return list(rows)
    of_clip: dict[tuple[str, str], list[Prediction]] = {}
    for row in rows:
        of_clip.setdefault((row.subject, row.clip), []).append(row)
    return [
        Prediction(
            **{key: getattr(same[0], key) for key in predictions.KEYS},
            probabilities=tuple(np.mean([row.probabilities for row in same], axis=0).tolist()),
        )
        for same in of_clip.values()
    ]


def check_complete(
    rows: Sequence[Prediction], table: Sequence[clips.Clip], fold_names: Sequence[str], where: str
) -> None:
    """Raise InputError unless every fold tests each of its clips once per view, with the class of the clip table."""
    truth = {(clip.subject, clip.clip): clip.objective_class for clip in table}
    seen: dict[str, list[tuple[str, str, int]]] = {name: [] for name in fold_names}
    for row in rows:
        if truth.get((row.subject, row.clip)) != row.true:
            raise InputError(
                f"{where}: clip {row.subject}/{row.clip} is not as in the clip table; delete and run again"
            )
        seen[row.fold].append((row.subject, row.clip, row.view))
    for name in fold_names:
        tested = {(clip.subject, clip.clip) for clip in folds.split(table, name)[1]}
        views = {view for _, _, view in seen[name]} or {0}
        expected = {(subject, clip, view) for subject, clip in tested for view in views}
        if len(seen[name]) != len(expected) or set(seen[name]) != expected:
            raise InputError(
                f"{where}: fold {name} has {len(seen[name])} predictions and should have {len(expected)}, one a "
                "tested clip and view; delete the prediction file and run again"
            )


def main(args: argparse.Namespace) -> None:
    classes = args.classes.split(",")
    fold_names = args.folds.split(",")
    made = asked.asked(args, args.predictions)
    table = made.clips(args.clips)
    everything = [row for path in args.predictions for row in predictions.read(path, classes)]
    wanted = [row for row in everything if row.condition == args.condition and row.fold in fold_names]
    seeds = sorted({row.seed for row in wanted})
    if not seeds:
        raise InputError(f"no prediction of {args.method} under {args.condition} in the files given")
    where = f"predictions of {args.method} under {args.condition}"
    header = ["method", "condition", "seed", "n_clips", "n_folds", *(f"n_{name}" for name in classes)]
    scored = []
    for seed in seeds:
        rows = [row for row in wanted if row.seed == seed]
        check_complete(rows, table, fold_names, f"{where}, seed {seed}")
        counted = pool(rows, args.view)
        true = [classes.index(row.true) for row in counted]
        counts = metrics.confusion(true, [int(np.argmax(row.probabilities)) for row in counted], len(classes))
        n_clips = len({(row.subject, row.clip) for row in rows})
        for metric, value in metrics.scores(counts).items():
            head = [args.method, args.condition, seed, n_clips, len(fold_names), *counts.sum(axis=1).tolist()]
            scored.append([*head, metric, format(value, ".9g")])
    digested.write([*header, "metric", "value"], scored, args.output, made.identity)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("predictions", type=Path, nargs="+", help="prediction files that hold all folds and seeds")
    parser.add_argument("output", type=Path, help="scores, a CSV table")
    parser.add_argument("--clips", type=Path, required=True, help="clip table")
    parser.add_argument("--classes", required=True, help="class names, separated by commas")
    parser.add_argument("--method", required=True)
    parser.add_argument("--condition", required=True)
    parser.add_argument("--folds", required=True, help="folds of the table, separated by commas")
    parser.add_argument("--view", default="original", help="what is tested of a clip")
    stage.run(main, parser)
