"""Classify clips by a linear support vector machine on their descriptors: all folds of one training condition.

One job tests all conditions that this training is tested on: scikit-learn takes longer to import than they take.
"""

import argparse
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rrrn.data import predictions, rows, store
from rrrn.data.clips import Clip
from rrrn.data.predictions import Prediction
from rrrn.experiment import folds
from rrrn.provenance import asked
from rrrn.running import stage, typed

Ties = Literal["margins", "order"]
GRID = (0.1, 1.0, 10.0, 100.0, 1e3, 1e4)
INNER_FOLDS = 5


@dataclass(frozen=True)
class Settings:
    """The section ``svm``."""

    C: float | Literal["grid"]
    ties: Ties


def probabilities(
    kernel: NDArray[np.float64],
    labels: NDArray[np.intp],
    tested: NDArray[np.float64],
    n_classes: int,
    penalty: float,
    ties: Ties,
) -> NDArray[np.float64]:
    """Train on a kernel matrix and return the class probabilities (K, n_classes) of what is tested.

    ``kernel`` is (M, M) among the training samples, ``labels`` (M,) their classes, ``tested`` (K, M) between tested
    and training samples, ``penalty`` is C. Each pair of classes has a machine of its own, which votes for one of them.
    The probabilities are a softmax over classes (of two: the logistic function of their margin), so that the first of
    the largest is what scikit-learn's SVC predicts: of the votes, with ``ties`` "order", as libsvm decides; of the
    one-vs-rest decision function with "margins" (break_ties), in which margins tell classes with equally many votes
    apart. A class without training samples has probability 0.
    """
    from sklearn.svm import SVC

    result = np.zeros((len(tested), n_classes))
    present = np.unique(labels)
    if len(present) == 1:
        result[:, present] = 1
        return result
    machine = SVC(kernel="precomputed", C=penalty, decision_function_shape="ovr")
    decision = machine.fit(kernel, labels).decision_function(tested)
    if decision.ndim == 1:
        decision = np.stack([np.zeros_like(decision), decision], axis=1)
    elif ties == "order":
        decision = np.round(decision)  # votes, to which scikit-learn adds less than a third for the margins
    score = np.exp(decision - decision.max(axis=1, keepdims=True))
    result[:, present] = score / score.sum(axis=1, keepdims=True)
    return result


def choose_penalty(
    kernel: NDArray[np.float64], labels: NDArray[np.intp], subjects: Sequence[str], n_classes: int, ties: Ties
) -> float:
    """Return the C of GRID with the best macro-F1 in a cross-validation that never splits a subject.

    ``kernel`` is (M, M) among the training samples, ``subjects`` names the subject of each. The predictions of all
    inner folds are pooled before scoring; of equal values the smallest C wins. Raises InputError for one subject.
    """
    from sklearn.metrics import f1_score
    from sklearn.model_selection import GroupKFold

    n_folds = min(INNER_FOLDS, len(set(subjects)))
    if n_folds < 2:
        raise stage.InputError("svm.C 'grid' needs two training subjects at least; set svm.C to a number")
    inner = list(GroupKFold(n_folds).split(kernel, labels, subjects))
    scores = []
    for penalty in GRID:
        predicted = np.empty_like(labels)
        for train, test in inner:
            known, asked = kernel[np.ix_(train, train)], kernel[np.ix_(test, train)]
            predicted[test] = probabilities(known, labels[train], asked, n_classes, penalty, ties).argmax(axis=1)
        scores.append(f1_score(labels, predicted, average="macro", zero_division=0))
    return GRID[int(np.argmax(scores))]


def predict(
    train_features: Sequence[NDArray[np.float64]],
    test_features: Mapping[str, NDArray[np.float64]],
    table: Sequence[Clip],
    classes: Sequence[str],
    fold_names: Sequence[str],
    penalty: float | Literal["grid"],
    ties: Ties,
) -> list[tuple[str, str, Clip, NDArray[np.float64]]]:
    """Train and test every fold; return (fold, tested condition, tested clip, probabilities (n_classes,)), in order.

    ``train_features`` are arrays (N, D), one per condition to train on, ``test_features`` one per condition to test,
    all with the rows of ``table``. ``penalty`` is C, or "grid" to choose it anew from the training clips of each fold;
    ``ties`` is told to ``probabilities``.
    Raises InputError for an unknown fold or class.
    """
    from threadpoolctl import threadpool_limits

    known = np.concatenate(train_features)
    with threadpool_limits(limits=1):  # the number of threads could change the last digit
        train_kernel = known @ known.T
        test_kernels = [features @ known.T for features in test_features.values()]
    row_of = {clip: row for row, clip in enumerate(table)}
    class_of = _classes(table, classes)
    results = []
    for fold in fold_names:
        trained, tested = folds.split(table, fold)
        of_table = np.array([row_of[clip] for clip in trained])
        samples = np.concatenate([of_table + part * len(table) for part in range(len(train_features))])
        labels = np.tile(class_of[of_table], len(train_features))
        kernel = train_kernel[np.ix_(samples, samples)]
        chosen = penalty
        if chosen == "grid":
            subjects = [clip.subject for clip in trained] * len(train_features)
            chosen = choose_penalty(kernel, labels, subjects, len(classes), ties)
            logging.info("fold %s: C = %g", fold, chosen)
        asked_of = np.ix_(np.array([row_of[clip] for clip in tested]), samples)
        asked = np.concatenate([test_kernel[asked_of] for test_kernel in test_kernels])
        found = probabilities(kernel, labels, asked, len(classes), float(chosen), ties)
        meant = [(fold, condition, clip) for condition in test_features for clip in tested]
        results += [(*one, row) for one, row in zip(meant, found, strict=True)]
    return results


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
    found = predict(
        [features[path] for path in args.train],
        {condition: features[path] for condition, path in args.test},
        table,
        classes,
        args.folds.split(","),
        settings.C,
        settings.ties,
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
    logging.info("%s on %s: %d predictions", args.method, ", ".join(dict(args.test)), len(predicted))


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
