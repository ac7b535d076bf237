"""Classify clips by a linear support vector machine on their descriptors: all folds of one training condition.

One job tests all conditions that this training is tested on: scikit-learn takes longer to import than they take.
"""

import argparse
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rrrn.data import predictions
from rrrn.data.clips import Clip
from rrrn.provenance import asked
from rrrn.running import stage, typed, warned
from rrrn.svm import features, machine, machines
from rrrn.svm.machines import Row
from rrrn.svm.settings import Settings


def predict(
    train_features: Sequence[NDArray[np.float64]],
    test_features: Mapping[str, NDArray[np.float64]],
    table: Sequence[Clip],
    classes: Sequence[str],
    fold_names: Sequence[str],
    settings: Settings,
) -> tuple[list[Row], dict[str, list[str]]]:
    """Train and test every fold; return its rows, in order, and {fold: what the solver did not bring to its end}.

    ``train_features`` are arrays (N, D), one per condition to train on, ``test_features`` one per condition to test,
    all with the rows of ``table``. Raises InputError as ``machines.fit``.
    """
    fitted = machines.fit(train_features, table, classes, fold_names, settings)
    unsolved = {one.fold: one.machine.unsolved for one in fitted.of_folds if one.machine.unsolved}
    return fitted.ask(test_features, table), unsolved


def main(args: argparse.Namespace) -> None:
    """Write the predictions of all folds, one row per fold, tested condition and tested clip."""
    settings = typed.section(Settings, args.settings, "svm")
    made = asked.asked(args, [*args.train, *(path for _, path in args.test)])
    table = made.clips(args.clips)
    classes = args.classes.split(",")
    vectors = features.alike([*args.train, *dict(args.test).values()], table)
    found, unsolved = predict(
        [vectors[path] for path in args.train],
        {condition: vectors[path] for condition, path in args.test},
        table,
        classes,
        args.folds.split(","),
        settings,
    )
    predicted = machines.as_predictions(found, args.trained_on)
    predictions.write(predicted, classes, args.output, made.identity)
    if unsolved:
        warned.warn(not_solved(args.method, args.trained_on, unsolved, len(args.folds.split(","))), args.log)
    logging.info("%s on %s: %d predictions", args.method, ", ".join(dict(args.test)), len(predicted))


def not_solved(method: str, trained_on: str, unsolved: Mapping[str, Sequence[str]], n_folds: int) -> str:
    """Return in a sentence which machines stopped short of the solver's tolerance, and what helps."""
    named = "; ".join(f"fold {fold}: {', '.join(parts)}" for fold, parts in unsolved.items())
    return (
        f"the SVM of {method}, trained on {trained_on}, stopped short of its tolerance after {machine.STEPS} steps in "
        f"{len(unsolved)} of {n_folds} folds ({named}), so that these predictions are not those that its settings "
        "mean; set svm.C to a smaller number, which takes fewer steps"
    )


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("output", type=Path, help="the table of predictions")
    parser.add_argument("--train", required=True, nargs="+", type=Path, help="features of the conditions to train on")
    parser.add_argument(
        "--test", required=True, nargs="+", type=stage.named_file, help="CONDITION=FILE, features of tested conditions"
    )
    parser.add_argument("--trained-on", required=True, help="name of what is trained on: a condition, or mixed")
    parser.add_argument("--method", required=True, help="name of the descriptor, for the log")
    parser.add_argument("--clips", required=True, type=Path, help="the clip table")
    parser.add_argument("--classes", required=True, help="classes in the order of the columns, by commas")
    parser.add_argument("--folds", required=True, help="subjects, group-I-of-N or DATABASE-to-DATABASE, by commas")
    stage.run(main, parser)
