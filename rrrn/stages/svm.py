"""Classify clips by a linear support vector machine on their descriptors: all folds of one training condition.

One job tests all conditions that this training is tested on: scikit-learn takes longer to import than they take.
"""

import argparse
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rrrn.data import predictions, rows, store
from rrrn.data.clips import Clip
from rrrn.data.predictions import Prediction
from rrrn.experiment import folds
from rrrn.provenance import asked
from rrrn.running import stage, typed, warned
from rrrn.svm import fold as one_fold
from rrrn.svm import machine
from rrrn.svm.settings import Settings

Row = tuple[str, str, Clip, NDArray[np.float64]]  # fold, tested condition, tested clip, probabilities (n_classes,)


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
    all with the rows of ``table``. What ``settings`` leave to the data is found from each fold's training clips.
    Raises InputError for an unknown fold or class, and for a fold with too few subjects for that.
    """
    from threadpoolctl import threadpool_limits

    row_of = {clip: row for row, clip in enumerate(table)}
    class_of = _classes(table, classes)
    results: list[Row] = []
    unsolved = {}
    with threadpool_limits(limits=1):  # the number of threads could change the last digit
        known = np.concatenate(train_features)
        train_kernel = known @ known.T
        test_kernels = [features @ known.T for features in test_features.values()]
        for fold in fold_names:
            trained, tested = folds.split(table, fold)
            of_table = np.array([row_of[clip] for clip in trained])
            samples = np.concatenate([of_table + part * len(table) for part in range(len(train_features))])
            asked_of = np.ix_(np.array([row_of[clip] for clip in tested]), samples)
            try:
                found = one_fold.predict(
                    train_kernel[np.ix_(samples, samples)],
                    np.tile(class_of[of_table], len(train_features)),
                    [clip.subject for clip in trained] * len(train_features),
                    np.concatenate([test_kernel[asked_of] for test_kernel in test_kernels]),
                    len(classes),
                    settings,
                )
            except stage.InputError as error:
                raise stage.InputError(f"fold {fold}: {error}") from None
            if settings.C == "grid":
                logging.info("fold %s: C = %g", fold, found.penalty)
            if found.unsolved:
                unsolved[fold] = found.unsolved
            meant = [(fold, condition, clip) for condition in test_features for clip in tested]
            results += [(*one, row) for one, row in zip(meant, found.probabilities, strict=True)]
    return results, unsolved


def read_features(path: Path, table: Sequence[Clip]) -> NDArray[np.float64]:
    """Return features (N, D) with the rows of the clip table; raises InputError if it names other clips."""
    with store.reading(path) as file:
        features = np.asarray(file["features"][()], np.float64)
        row_of = rows.of_file(file, path)
    if not np.isfinite(features).all():
        raise stage.InputError(f"{path}: holds features that are not finite; delete it and run again")
    rows.check(row_of, table, path)
    return features[[row_of[rows.key(clip)] for clip in table]]


def main(args: argparse.Namespace) -> None:
    """Write the predictions of all folds, one row per fold, tested condition and tested clip."""
    settings = typed.section(Settings, args.settings, "svm")
    made = asked.asked(args, [*args.train, *(path for _, path in args.test)])
    table = made.clips(args.clips)
    classes = args.classes.split(",")
    features = {path: read_features(path, table) for path in dict.fromkeys([*args.train, *dict(args.test).values()])}
    first = next(iter(features))
    for path, numbers in features.items():
        if numbers.shape != features[first].shape:
            raise stage.InputError(
                f"{path}: {numbers.shape[1]} numbers per clip, but {features[first].shape[1]} in {first}; "
                "make the features again with one setting"
            )
    found, unsolved = predict(
        [features[path] for path in args.train],
        {condition: features[path] for condition, path in args.test},
        table,
        classes,
        args.folds.split(","),
        settings,
    )
    predicted = [
        Prediction(
            database=clip.database,
            subject=clip.subject,
            clip=clip.clip,
            condition=condition,
            trained_on=args.trained_on,
            fold=fold,
            seed=0,
            view=0,
            true=clip.objective_class,
            probabilities=tuple(map(float, shares)),
        )
        for fold, condition, clip, shares in found
    ]
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


def _classes(table: Sequence[Clip], classes: Sequence[str]) -> NDArray[np.intp]:
    for clip in table:
        if clip.objective_class not in classes:
            raise stage.InputError(
                f"clip {clip.subject}/{clip.clip} has class {clip.objective_class!r}, which is none of "
                f"{', '.join(classes)}; correct the clip table or 'classes'"
            )
    return np.array([classes.index(clip.objective_class) for clip in table], np.intp)


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
