"""WAR, UAR, F1 and WF1 of a confusion matrix (Eqs. 10 to 13 of the paper).

All folds are pooled into one matrix before anything is computed: most subjects lack some classes, so that a mean over
folds would mean nothing.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

METRICS = ("WAR", "UAR", "F1", "WF1")


def confusion(true: ArrayLike, predicted: ArrayLike, n_classes: int) -> NDArray[np.int64]:
    """Return counts, int64 (n_classes, n_classes), rows true and columns predicted, of class indices."""
    pairs = np.asarray(true, np.int64) * n_classes + np.asarray(predicted, np.int64)
    return np.bincount(pairs, minlength=n_classes * n_classes).reshape(n_classes, n_classes)


def scores(counts: ArrayLike) -> dict[str, float]:
    """Return {metric: value} of a confusion matrix (rows true, columns predicted; counts or expected counts).

    A class that is never predicted has F1 0. UAR and F1 are means over all classes; a class that no tested clip has
    counts as 0 in both, so that all cells of a table are over the same classes.
    """
    matrix = np.asarray(counts, np.float64)
    found = of_sums(np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0))
    return {metric: float(value) for metric, value in found.items()}


def of_sums(hit: ArrayLike, of_class: ArrayLike, said: ArrayLike) -> dict[str, NDArray[np.float64]]:
    """Return {metric: values (...)} of many confusion matrices, each given by its diagonal and its sums.

    ``hit`` and ``said`` are (..., n_classes), how often each class was named rightly, and at all; ``of_class``, of the
    same shape or (n_classes,), is how many samples each class has. The rules are those of ``scores``.
    """
    right, named, true = (np.asarray(values, np.float64) for values in (hit, said, of_class))
    recall = np.divide(right, true, out=np.zeros_like(right), where=true > 0)
    f1 = np.divide(2 * right, true + named, out=np.zeros_like(right), where=true + named > 0)
    total = true.sum(axis=-1)
    return {
        "WAR": right.sum(axis=-1) / total,
        "UAR": recall.mean(axis=-1),
        "F1": f1.mean(axis=-1),
        "WF1": (true * f1).sum(axis=-1) / total,
    }
