"""What choosing the epoch by the tested clips would have given: numbers that no one may report, to hold others against.

Much published code keeps, of each tested subject, the epoch in which its clips are recognised best, and pools these
predictions: the training script of HTNet, for one, takes the last of the epochs with the subject's best accuracy. That
is a choice by the very labels which are tested.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rrrn.experiment import metrics


@dataclass(frozen=True)
class Chosen:
    """A metric of the ``last`` epoch, which nobody chose; with the best epoch of each fold (``of_fold``), and with the
    one ``epoch``, counted from 1, that is best for all folds (``of_all``)."""

    last: float
    of_fold: float
    of_all: float
    epoch: int


def chosen(matrices: NDArray[np.int64]) -> dict[str, Chosen]:
    """Return {metric: what choosing gives} of confusion matrices (epochs, folds, n_classes, n_classes).

    A fold's best epoch is the last of those with the largest accuracy, whatever the metric; the best for all folds is
    the first of those with the metric's largest value. Folds are pooled before anything is scored.
    """
    hits = matrices.trace(axis1=2, axis2=3)
    best = len(hits) - 1 - hits[::-1].argmax(axis=0)
    of_fold = metrics.scores(matrices[best, np.arange(matrices.shape[1])].sum(axis=0))
    pooled = [metrics.scores(of_epoch.sum(axis=0)) for of_epoch in matrices]
    found = {}
    for metric in metrics.METRICS:
        values = np.array([one[metric] for one in pooled])
        epoch = int(values.round(12).argmax())  # rounded, so that of equal ones it is the first
        found[metric] = Chosen(float(values[-1]), of_fold[metric], float(values[epoch]), epoch + 1)
    return found
