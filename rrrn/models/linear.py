"""The machine of a descriptor as arrays: one plane for each pair of classes, and the sigmoids of its scores.

It is trained as one fold of the stage ``svm`` is (``rrrn.svm.fold``), on all samples that it is given. A linear machine
on scalar products is a plane in the space of the vectors, so that no vector of anybody has to be kept.
"""

import warnings
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from rrrn.running.stage import InputError
from rrrn.svm import calibration, inner, machine
from rrrn.svm.calibration import Sigmoids
from rrrn.svm.settings import Settings

Arrays = dict[str, NDArray[np.float64]]


def fit(
    features: NDArray[np.float64],
    labels: NDArray[np.intp],
    subjects: Sequence[str],
    settings: Settings,
) -> tuple[Arrays, dict[str, object]]:
    """Train on vectors (M, D) with ``labels`` (M,) of ``subjects``; return its arrays, and what was found on the way.

    ``planes`` (P, D) and ``offsets`` (P,) are those of the pairs of ``classes`` (C,), indices in ascending order;
    with ``calibrate`` also ``slopes`` and ``shifts`` (C,). Raises InputError for a single class, and as
    ``inner.splits`` and ``inner.out_of_fold`` do.
    """
    from threadpoolctl import threadpool_limits

    if len(np.unique(labels)) < 2:
        raise InputError("all training clips are of one class; a model needs two")
    with threadpool_limits(limits=1):  # as the stage: the number of threads could change the last digit
        kernel = features @ features.T
        calibrated = settings.calibrate == "sigmoid"
        splits = inner.splits(subjects) if settings.C == "grid" or calibrated else []
        penalty = float(settings.C) if settings.C != "grid" else 0.0
        if settings.C == "grid":
            penalty, _ = inner.choose_penalty(kernel, labels, splits, int(labels.max()) + 1, settings)
        duals, offsets, solved = _trained(kernel, labels, penalty, settings)
        arrays: Arrays = {
            "planes": duals @ features,
            "offsets": offsets,
            "classes": np.unique(labels).astype(np.float64),
        }
        if calibrated:
            values, true, inside = inner.out_of_fold(kernel, labels, splits, penalty, settings)
            solved &= inside
            found = calibration.fit(values, true, np.unique(labels))
            arrays |= {"slopes": found.slopes, "shifts": found.offsets}
    return arrays, {"C": penalty, "solved": bool(solved)}


def _trained(
    kernel: NDArray[np.float64], labels: NDArray[np.intp], penalty: float, settings: Settings
) -> tuple[NDArray[np.float64], NDArray[np.float64], bool]:
    """Return the weight of each sample (P, M) in the plane of each pair, and offsets (P,), of the SVC that
    ``machine.train`` trains. A plane is affine in a row of the kernel: it is read off zeros and unit rows.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import SVC

    weight = None if settings.class_weight == "none" else settings.class_weight
    made = SVC(
        kernel="precomputed", C=penalty, class_weight=weight, max_iter=machine.STEPS, decision_function_shape="ovo"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # is told by the caller
        made.fit(kernel, labels)
    rows = np.concatenate([np.zeros((1, len(kernel))), np.eye(len(kernel))])
    values = made.decision_function(rows).reshape(len(rows), -1)
    return (values[1:] - values[0]).T, values[0], made.fit_status_ == 0


def probabilities(
    arrays: Mapping[str, NDArray[np.float64]], features: NDArray[np.float64], n_classes: int, settings: Settings
) -> NDArray[np.float64]:
    """Return class probabilities (K, n_classes) of vectors (K, D): those of ``fold.train`` with the same training.

    Raises InputError for vectors of another length.
    """
    planes, classes = arrays["planes"], arrays["classes"].astype(np.intp)
    if features.shape[1] != planes.shape[1]:
        raise InputError(f"the model has planes for {planes.shape[1]} numbers, and the clip has {features.shape[1]}")
    scores = _scores(features @ planes.T + arrays["offsets"], len(classes), settings)
    if "slopes" in arrays:
        shares = Sigmoids(arrays["slopes"], arrays["shifts"]).probabilities(scores)
    else:
        shares = machine.softmax(scores)
    return machine.spread(shares, classes, n_classes)


def check(arrays: Mapping[str, NDArray[np.float64]], n_classes: int) -> None:
    """Raise InputError for arrays that are none of ``fit``, of at most ``n_classes`` classes."""
    own = {name: arrays[name].shape for name in ("planes", "offsets", "classes", "slopes", "shifts") if name in arrays}
    known = arrays.get("classes", np.empty(0)).ravel().tolist()
    pairs = len(known) * (len(known) - 1) // 2
    wanted = {"planes": (pairs, *own.get("planes", ())[1:2]), "offsets": (pairs,), "classes": (len(known),)}
    if "slopes" in own or "shifts" in own:
        wanted |= {"slopes": (len(known),), "shifts": (len(known),)}
    fit_together = own == wanted and own.keys() == arrays.keys() and len(own["planes"]) == 2
    if not fit_together or not pairs or not set(known) <= set(range(n_classes)):
        raise InputError("its arrays are no linear machine")


def _scores(pairs: NDArray[np.float64], n_classes: int, settings: Settings) -> NDArray[np.float64]:
    """Return the scores (K, C) that ``machine.Machine`` makes of the planes' values (K, P).

    Of two classes they are 0 and the margin, towards the second. Of more they are votes and, of all margins of a class,
    the sum s / (3 (1 + |s|)), less than a third, as in scikit-learn's one-vs-rest decision function; a positive value
    is for the first class of a pair.
    """
    if n_classes == 2:
        return np.concatenate([np.zeros_like(pairs), pairs], axis=1)
    votes, margins = np.zeros((2, len(pairs), n_classes))
    for number, (one, other) in enumerate(combinations(range(n_classes), 2)):
        value = pairs[:, number]
        margins[:, one] += value
        margins[:, other] -= value
        votes[:, one] += value >= 0
        votes[:, other] += value < 0
    scores: NDArray[np.float64] = votes + margins / (3 * (np.abs(margins) + 1))
    return np.round(scores) if settings.ties == "order" else scores
