"""WAR, UAR, F1 and WF1 of a confusion matrix (Eqs. 10 to 13 of the paper), and the two lines of no skill.

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
    hit, of_class, said = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    recall = np.divide(hit, of_class, out=np.zeros_like(hit), where=of_class > 0)
    f1 = np.divide(2 * hit, of_class + said, out=np.zeros_like(hit), where=of_class + said > 0)
    total = matrix.sum()
    return {
        "WAR": float(hit.sum() / total),
        "UAR": float(recall.mean()),
        "F1": float(f1.mean()),
        "WF1": float((of_class * f1).sum() / total),
    }


def constant_class(class_counts: ArrayLike) -> dict[str, float]:
    """Return the scores of always naming the most frequent of the tested classes: the best that a constant can do."""
    counts = np.asarray(class_counts, np.float64)
    matrix = np.zeros((len(counts), len(counts)))
    matrix[:, counts.argmax()] = counts
    return scores(matrix)


def chance(class_counts: ArrayLike) -> dict[str, float]:
    """Return the scores of the expected confusion matrix of naming a class at random, all equally often."""
    counts = np.asarray(class_counts, np.float64)
    return scores(np.repeat(counts[:, None] / len(counts), len(counts), axis=1))
