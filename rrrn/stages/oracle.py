"""What choosing the epoch by the tested clips would have given one network under one condition, seed by seed.

Beside it, of whom its trainings learnt: whether a tested subject is among them.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rrrn.data import digested, every_epoch, rows
from rrrn.data.clips import Clip
from rrrn.data.every_epoch import EveryEpoch
from rrrn.experiment import folds, metrics
from rrrn.provenance import asked
from rrrn.running import stage
from rrrn.running.stage import InputError
from rrrn.tables import selection

COLUMNS = ("method", "condition", "seed", "metric", "last", "of_fold", "of_all", "epoch", "n_epochs", "n_seen")


def matrices(one: EveryEpoch, truth: Mapping[rows.Key, int], condition: str, view: str) -> NDArray[np.int64]:
    """Return the confusion matrix of each epoch of a training, int64 (epochs, n_classes, n_classes).

    ``truth`` has the class index of each clip; ``view`` is ``protocol.view``.
    """
    own = one.probabilities[:, one.facts.conditions.index(condition)]  # epochs, clips, views, classes
    if view == "tta_mean":
        own = own.mean(axis=2, keepdims=True)
    true = np.repeat([truth[key] for key in one.tested], own.shape[2])
    said = own.argmax(axis=-1).reshape(len(own), -1)
    return np.stack([metrics.confusion(true, of_epoch, own.shape[-1]) for of_epoch in said])


def check(one: EveryEpoch, path: Path, table: Sequence[Clip], classes: Sequence[str], condition: str) -> None:
    """Raise InputError unless a file is of these classes and this condition, and of all clips that its fold tests."""
    if one.facts.classes != list(classes) or condition not in one.facts.conditions:
        raise InputError(f"{path}: is of other classes or conditions than are asked for; delete it and run again")
    wanted = {rows.key(clip) for clip in folds.split(table, one.facts.fold)[1]}
    if set(one.tested) != wanted:
        raise InputError(f"{path}: other clips than fold {one.facts.fold} tests; delete it and run again")


def seen(one: EveryEpoch) -> set[str]:
    """Return the subjects whom a training both learnt from and is tested on."""
    return {subject for subject, _ in one.tested} & {subject for subject, _ in one.trained}


def of_seeds(
    files: Mapping[Path, EveryEpoch], table: Sequence[Clip], classes: Sequence[str], args: argparse.Namespace
) -> list[list[object]]:
    """Return a row for each seed and metric, in COLUMNS.

    Raises InputError for a file that does not fit, a fold that is missing, and trainings of different lengths.
    """
    truth = {rows.key(clip): classes.index(clip.objective_class) for clip in table}
    by_seed: dict[int, dict[str, EveryEpoch]] = {}
    for path, one in files.items():
        check(one, path, table, classes, args.condition)
        by_seed.setdefault(one.facts.seed, {})[one.facts.fold] = one
    names, found = args.folds.split(","), []
    for seed, own in sorted(by_seed.items()):
        if missing := [name for name in names if name not in own]:
            raise InputError(
                f"no file of {args.method}, fold {missing[0]}, seed {seed}, says what it found every epoch"
            )
        lengths = {len(one.probabilities) for one in own.values()}
        if len(lengths) > 1:
            raise InputError(f"trainings of {args.method}, seed {seed}, have {min(lengths)} to {max(lengths)} epochs")
        counts = np.stack([matrices(own[name], truth, args.condition, args.view) for name in names], axis=1)
        n_seen = len(set().union(*(seen(own[name]) for name in names)))
        for metric, best in selection.chosen(counts).items():
            numbers = [format(value, ".9g") for value in (best.last, best.of_fold, best.of_all)]
            found.append([args.method, args.condition, seed, metric, *numbers, best.epoch, len(counts), n_seen])
    return found


def main(args: argparse.Namespace) -> None:
    made = asked.asked(args, args.epochs)
    table = made.clips(args.clips)
    files = {path: every_epoch.read(path) for path in args.epochs}
    digested.write(COLUMNS, of_seeds(files, table, args.classes.split(","), args), args.output, made.identity)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("epochs", type=Path, nargs="+", help="what trainings found, all folds and seeds")
    parser.add_argument("output", type=Path, help="the best epochs' scores, a CSV table")
    parser.add_argument("--clips", type=Path, required=True, help="clip table")
    parser.add_argument("--classes", required=True, help="class names, separated by commas")
    parser.add_argument("--method", required=True)
    parser.add_argument("--condition", required=True)
    parser.add_argument("--folds", required=True, help="folds of the table, separated by commas")
    parser.add_argument("--view", default="original", help="what is tested of a clip")
    stage.run(main, parser)
