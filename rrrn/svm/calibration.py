"""Scores as probabilities: a sigmoid for each class (Platt, Advances in Large Margin Classifiers, 1999).

Several classes are each held against all others, and their probabilities divided by the sum (Zadrozny and Elkan, KDD
2002), as scikit-learn's CalibratedClassifierCV does.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Sigmoids:
    """The probability of class c is the logistic function of ``slopes[c] * score + offsets[c]``, both (C,)."""

    slopes: NDArray[np.float64]
    offsets: NDArray[np.float64]

    def probabilities(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probabilities (K, C), of sum 1, of scores (K, C)."""
        from scipy.special import expit

        found = expit(_one_vs_rest(values) * self.slopes + self.offsets)
        shares: NDArray[np.float64] = found / found.sum(axis=1, keepdims=True)
        return shares


def fit(values: NDArray[np.float64], labels: NDArray[np.intp], classes: NDArray[np.intp]) -> Sigmoids:
    """Return the sigmoids under which the ``labels`` (N,) of scores (N, C) are likeliest; ``classes`` (C,) names them.

    As in Platt's paper a sample's target is not 1 or 0 but what a uniform prior makes of so many samples in the class
    and out of it, so that there is a finite answer for classes that scores part; one without any sample among
    ``labels`` gets next to nothing.
    """
    found = [_platt(column, labels == name) for column, name in zip(_one_vs_rest(values).T, classes, strict=True)]
    slopes, offsets = np.array(found).T
    return Sigmoids(slopes, offsets)


def _one_vs_rest(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how each class stands against the others: of two, the margin from both sides."""
    return values - values[:, ::-1] if values.shape[1] == 2 else values


def _platt(score: NDArray[np.float64], inside: NDArray[np.bool_]) -> tuple[float, float]:
    """Return slope and offset of the sigmoid with the least cross-entropy for samples that are ``inside`` a class."""
    from scipy.optimize import minimize
    from scipy.special import expit

    n_inside = int(inside.sum())
    n_outside = len(inside) - n_inside
    target = np.where(inside, (n_inside + 1) / (n_inside + 2), 1 / (n_outside + 2))

    def loss(line: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logit = line[0] * score + line[1]
        excess = expit(logit) - target
        return float((np.logaddexp(0, logit) - target * logit).sum()), np.array([excess @ score, excess.sum()])

    start = np.array([0.0, math.log((n_inside + 1) / (n_outside + 1))])
    slope, offset = minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-8}).x
    return float(slope), float(offset)
