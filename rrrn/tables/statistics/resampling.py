"""Subjects drawn with replacement, all clips of each together, and the scores of every draw at once.

A score is of sums over subjects: drawn subjects count so many times, and no clip is looked at again. So one matrix of
weights stands for all draws, and serves every method, condition and seed alike: what is compared is compared on the
same subjects.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rrrn.experiment import metrics, seeds

DRAWS = 10_000  # the ends of an interval have a standard error of 0.7 % of its width, if draws are normal
_OVER_CLASSES = ("UAR", "F1")  # means in which a class that is lacking would count as 0


def weights(subjects: Sequence[str], draws: int = DRAWS) -> NDArray[np.float64]:
    """Return how often each of n subjects counts, float64 (1 + draws + n, n), as ``intervals.ends`` reads it.

    The first row counts each once, ``draws`` rows follow that are drawn, and n rows that leave one subject out each.
    The draws belong to the subjects, whose order is of no matter, and to nothing else.
    """
    number = len(subjects)
    ordered = sorted(subjects)
    drawn = seeds.generator("bootstrap", *ordered).multinomial(number, np.full(number, 1 / number), draws)
    places = [ordered.index(subject) for subject in subjects]
    return np.concatenate([np.ones((1, number)), drawn[:, places], 1 - np.eye(number)])


def scores(counts: ArrayLike, weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Return {metric: scores (samples, conditions)} of subjects that count ``weights`` times, means over seeds.

    ``counts`` are confusion matrices (conditions, seeds, subjects, n_classes, n_classes), ``weights`` (samples,
    subjects). Each seed is scored by itself, as a cell of a table is. Sums of whole numbers are exact, hence the same
    on any machine and in any order. A class that no subject has counts as 0, as in ``metrics.scores``. One that only
    the drawn subjects lack tells nothing and is left out: the others' mean stands for it, as in scikit-learn's balanced
    accuracy.
    """
    found: dict[str, list[NDArray[np.float64]]] = {metric: [] for metric in metrics.METRICS}
    for of_condition in np.asarray(counts, np.float64):
        of_seeds = [_scored(matrices, weights) for matrices in of_condition]
        for metric, values in found.items():
            values.append(np.mean([one[metric] for one in of_seeds], axis=0))
    return {metric: np.stack(values, axis=1) for metric, values in found.items()}


def _scored(matrices: NDArray[np.float64], weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    parts = (matrices.diagonal(axis1=1, axis2=2), matrices.sum(axis=2), matrices.sum(axis=1))
    hit, true, said = (weights @ part for part in parts)
    with np.errstate(invalid="ignore"):  # of one subject nothing is left when it is left out
        found = metrics.of_sums(hit, true, said)
    share = parts[1].any(axis=0).sum() / np.maximum((true > 0).sum(axis=1), 1)  # of classes there are over those drawn
    return found | {metric: found[metric] * share for metric in _OVER_CLASSES}
