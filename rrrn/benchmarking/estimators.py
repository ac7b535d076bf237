"""Fit an estimator of scikit-learn to the vectors of a descriptor on all folds, as the stage ``svm`` its machine."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rrrn.benchmarking.contenders import Contender
from rrrn.benchmarking.database import Database
from rrrn.data import predictions
from rrrn.data.clips import Clip
from rrrn.data.predictions import Prediction
from rrrn.experiment import folds, protocol, seeds
from rrrn.svm import features as of_descriptors

_MOST = 2**32  # of the seeds that scikit-learn takes


def predict(contender: Contender, database: Database, descriptor: str, folder: Path) -> list[Path]:
    """Return the files of predictions, ``TRAINED_ON/all-SEED.csv`` in a folder, of all folds, once all are written.

    Raises InputError for features that are missing or do not fit each other.
    """
    files = database.features(descriptor)
    vectors = of_descriptors.alike(files.values(), database.clips)
    features = {condition: vectors[path] for condition, path in files.items()}
    config = database.config
    n_seeds = config["protocol"]["n_seeds"] if free(contender.estimator) else 1  # the others would be equal
    written = []
    for trained_on, learnt in protocol.training_sets(config).items():
        known = [features[condition] for condition in learnt]
        asked = {condition: features[condition] for condition in protocol.tested(config, trained_on)}
        for seed in range(n_seeds):
            rows = []
            for name in database.folds:
                own = (config["train"]["seed"], contender.name, trained_on, name, seed)
                rows += of_fold(contender.estimator, own, known, asked, database.clips, database.classes)
            written.append(folder / trained_on / f"all-{seed}.csv")
            predictions.write(rows, database.classes, written[-1])
    return written


def free(estimator: Any) -> list[str]:
    """Return the parameters of an estimator, and of what is in it, that say how it draws and are left open."""
    parameters = estimator.get_params(deep=True)
    return sorted(key for key, value in parameters.items() if key.split("__")[-1] == "random_state" and value is None)


def of_fold(
    estimator: Any,
    own: tuple[int, str, str, str, int],
    train_features: Sequence[NDArray[np.float64]],
    test_features: Mapping[str, NDArray[np.float64]],
    table: Sequence[Clip],
    classes: Sequence[str],
) -> list[Prediction]:
    """Fit a clone to the training clips of a fold; return a row for each tested condition and clip.

    ``own`` are ``train.seed``, the name of the model, that of the training, the fold and the seed, to which draws
    belong. ``train_features`` are (N, D), one for each condition to train on, ``test_features`` one for each to test,
    all with the rows of ``table``. Classes are told to the estimator by their numbers.
    """
    from sklearn.base import clone
    from threadpoolctl import threadpool_limits

    _, _, trained_on, name, seed = own
    row_of = {clip: row for row, clip in enumerate(table)}
    trained, tested = folds.split(table, name)
    train_rows, test_rows = ([row_of[clip] for clip in clips] for clips in (trained, tested))
    x = np.concatenate([features[train_rows] for features in train_features])
    y = np.tile([classes.index(clip.objective_class) for clip in trained], len(train_features))
    fitted = clone(estimator).set_params(**{key: seeds.seed(*own, key) % _MOST for key in free(estimator)})
    found = {}
    with threadpool_limits(limits=1):  # the number of threads could change the last digit
        if (y != y[0]).any():
            fitted.fit(x, y)
        for condition, features in test_features.items():
            if (y != y[0]).any():
                found[condition] = probabilities(fitted, features[test_rows], len(classes))
            else:  # most estimators refuse a single class
                found[condition] = np.eye(len(classes))[[y[0]] * len(tested)]
    return [
        Prediction(
            *(clip.database, clip.subject, clip.clip, condition, trained_on, name, seed, 0, clip.objective_class),
            probabilities=tuple(map(float, shares)),
        )
        for condition in test_features
        for clip, shares in zip(tested, found[condition], strict=True)
    ]


def probabilities(fitted: Any, x: NDArray[np.float64], n_classes: int) -> NDArray[np.float64]:
    """Return class probabilities (K, n_classes) of vectors (K, D), by a fitted estimator whose classes are numbers.

    They are its own, or else a softmax of its decision function with a value for each class (of two classes: the
    logistic function of its one value). The first of the largest is what the estimator predicts: a vector of which it
    says otherwise, or has neither, or no ``classes_``, gets 1 for that class. A class that it does not know has 0.
    """
    said = np.asarray(fitted.predict(x), np.intp)
    result = np.eye(n_classes)[said]
    shares: NDArray[np.float64] | None = None
    if hasattr(fitted, "predict_proba"):
        shares = np.asarray(fitted.predict_proba(x), np.float64)
    elif hasattr(fitted, "decision_function"):
        decision = np.asarray(fitted.decision_function(x), np.float64)
        if decision.ndim == 1:
            decision = np.stack([np.zeros_like(decision), decision], axis=1)
        shares = np.exp(decision - decision.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
    if shares is None or shares.shape[1] != len(getattr(fitted, "classes_", ())):
        return result
    known = np.asarray(fitted.classes_, np.intp)
    same = known[shares.argmax(axis=1)] == said
    result[np.ix_(same, known)] = shares[same]
    return result
