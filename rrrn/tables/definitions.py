"""One set of predictions, and the F1s that papers would print of it.

Which is meant, most papers do not say; the same predictions give numbers that lie further apart than methods do. Opitz
and Burst ("Macro F1 and Macro F1", 2019) compare ``f1_macro`` with ``f1_of_means``.
"""

import numpy as np
from numpy.typing import NDArray

from rrrn.experiment import metrics

NAMES = ("f1_macro", "f1_weighted", "f1_micro", "f1_of_means", "f1_of_folds", "f1_of_folds_present")


def f1s(matrices: NDArray[np.float64]) -> dict[str, float]:
    """Return {name: F1} of the confusion matrices of each fold, (folds, n_classes, n_classes), rows true.

    - ``f1_macro``: mean over classes, of all folds pooled (Eq. 12 of the paper, F1 in all tables here);
    - ``f1_weighted``: the same, classes weighted by their clips (Eq. 13, WF1);
    - ``f1_micro``: of hits and misses of all classes pooled, which for one class a clip is the accuracy (WAR);
    - ``f1_of_means``: harmonic mean of the mean precision and the mean recall of all classes, as the code of the
      ELRCN, a baseline of MEGC 2018, computes it;
    - ``f1_of_folds``: mean over folds of each fold's macro F1, in which a class without a clip counts as 0;
    - ``f1_of_folds_present``: the same, but that a class which a fold neither has nor names is left out of its mean, as
      scikit-learn's ``f1_score`` does unless it is told the labels.
    """
    pooled = matrices.sum(axis=0)
    scores = metrics.scores(pooled)
    precision, recall = (_shares(np.diag(pooled), pooled.sum(axis=axis)).mean() for axis in (0, 1))
    hits, either = 2 * matrices.diagonal(axis1=1, axis2=2), matrices.sum(axis=1) + matrices.sum(axis=2)
    of_class, there = _shares(hits, either), either > 0
    return {
        "f1_macro": scores["F1"],
        "f1_weighted": scores["WF1"],
        "f1_micro": scores["WAR"],
        "f1_of_means": float(_shares(2 * precision * recall, precision + recall)),
        "f1_of_folds": float(of_class.mean()),
        "f1_of_folds_present": float(np.mean([own[seen].mean() for own, seen in zip(of_class, there, strict=True)])),
    }


def _shares(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros_like(whole, dtype=np.float64), where=whole > 0)
