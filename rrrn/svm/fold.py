"""One fold: C, the machine and the calibration, all from its training samples."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rrrn.svm import calibration, inner, machine
from rrrn.svm.settings import Settings


class Found(NamedTuple):
    """Class probabilities (K, n_classes), the C that was taken, and what the solver did not bring to its end."""

    probabilities: NDArray[np.float64]
    penalty: float
    unsolved: list[str]


def predict(
    kernel: NDArray[np.float64],
    labels: NDArray[np.intp],
    subjects: Sequence[str],
    tested: NDArray[np.float64],
    n_classes: int,
    settings: Settings,
) -> Found:
    """Train on the samples of a fold and tell the class probabilities of what is tested.

    ``kernel`` is (M, M) among the training samples, ``labels`` (M,) and ``subjects`` are theirs, ``tested`` is (K, M)
    between tested and training samples. With ``calibrate`` "none" the probabilities are the softmax of the scores (of
    two classes: the logistic function of their margin), an order and no frequencies. With "sigmoid" they are how often
    such scores meant each class, as machines with that C scored samples of training subjects that they had not seen.
    A class without training samples has probability 0; if there is one class alone, it has 1.
    Raises InputError as ``inner.splits`` and ``inner.out_of_fold``.
    """
    calibrated = settings.calibrate == "sigmoid" and len(np.unique(labels)) > 1
    splits = inner.splits(subjects) if settings.C == "grid" or calibrated else []
    unsolved = []
    if settings.C == "grid":
        penalty, short = inner.choose_penalty(kernel, labels, splits, n_classes, settings)
        unsolved += [f"the choice among C = {', '.join(f'{one:g}' for one in short)}"] if short else []
    else:
        penalty = float(settings.C)
    own = machine.scores(kernel, labels, tested, penalty, settings)
    unsolved += [] if own.solved else [f"C = {penalty:g}"]
    if not calibrated:
        return Found(machine.spread(machine.softmax(own.values), own.classes, n_classes), penalty, unsolved)
    values, true, solved = inner.out_of_fold(kernel, labels, splits, penalty, settings)
    unsolved += [] if solved else [f"the calibration at C = {penalty:g}"]
    shares = calibration.fit(values, true, own.classes).probabilities(own.values)
    return Found(machine.spread(shares, own.classes, n_classes), penalty, unsolved)
