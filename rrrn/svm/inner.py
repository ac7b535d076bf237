"""What is chosen and fitted from training samples alone: by a cross-validation within them that splits no subject."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rrrn.running.stage import InputError
from rrrn.svm import machine
from rrrn.svm.settings import Settings

GRID = (0.1, 1.0, 10.0, 100.0, 1e3, 1e4)  # values of C
FOLDS = 5

Splits = Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]]


def splits(subjects: Sequence[str]) -> Splits:
    """Return the training and the tested samples of each inner fold; ``subjects`` names the subject of each sample.

    There are FOLDS, or one for each subject where there are fewer. Subjects are dealt out by their number of samples,
    the largest first and each to the fold that has fewest so far; nothing is drawn. Raises InputError for one subject.
    """
    from sklearn.model_selection import GroupKFold

    n_folds = min(FOLDS, len(set(subjects)))
    if n_folds < 2:
        raise InputError(
            "svm.C 'grid' and svm.calibrate 'sigmoid' need two training subjects at least; set svm.C to a number and "
            "svm.calibrate to none"
        )
    return list(GroupKFold(n_folds).split(subjects, groups=subjects))


def complete(labels: NDArray[Any], inner: Splits) -> Splits:
    """Return the inner folds whose training samples have every class of ``labels`` (M,); raises InputError if none."""
    found = [(train, test) for train, test in inner if len(np.unique(labels[train])) == len(np.unique(labels))]
    if not found:
        raise InputError(
            "svm.calibrate 'sigmoid' needs an inner fold that trains on every class, and each lacks one that few "
            "subjects have; set svm.calibrate to none"
        )
    return found


def choose_penalty(
    kernel: NDArray[np.float64], labels: NDArray[np.intp], inner: Splits, n_classes: int, settings: Settings
) -> tuple[float, list[float]]:
    """Return the C of GRID with the best macro-F1, and those of which a machine was not solved.

    ``kernel`` is (M, M) among the training samples, ``labels`` (M,) their classes. The predictions of all inner folds
    are pooled before scoring; of equal values the smallest C wins. Where the other folds lack a class, it is predicted
    for no sample of a fold, whatever C is.
    """
    from sklearn.metrics import f1_score

    found, unsolved = [], []
    for penalty in GRID:
        predicted = np.empty_like(labels)
        solved = True
        for train, test in inner:
            one = _tested(kernel, labels, train, test, penalty, settings)
            predicted[test] = machine.spread(machine.softmax(one.values), one.classes, n_classes).argmax(axis=1)
            solved &= one.solved
        found.append(f1_score(labels, predicted, average="macro", zero_division=0))
        unsolved += [] if solved else [penalty]
    return GRID[int(np.argmax(found))], unsolved


def out_of_fold(
    kernel: NDArray[np.float64], labels: NDArray[np.intp], inner: Splits, penalty: float, settings: Settings
) -> tuple[NDArray[np.float64], NDArray[np.intp], bool]:
    """Return scores (N, C) of samples by machines that did not see their subjects, their labels (N,), and if solved.

    Inner folds whose training samples lack a class are left out: with fewer classes there are fewer votes to have, so
    that their scores would be of another scale. Raises InputError as ``complete``.
    """
    chosen = complete(labels, inner)
    parts = [_tested(kernel, labels, train, test, penalty, settings) for train, test in chosen]
    order = np.concatenate([test for _, test in chosen])
    return np.concatenate([one.values for one in parts]), labels[order], all(one.solved for one in parts)


def _tested(
    kernel: NDArray[np.float64],
    labels: NDArray[np.intp],
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    penalty: float,
    settings: Settings,
) -> machine.Scores:
    return machine.scores(kernel[np.ix_(train, train)], labels[train], kernel[np.ix_(test, train)], penalty, settings)
