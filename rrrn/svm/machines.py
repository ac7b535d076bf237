"""All folds of one training: a machine for each, fitted to its training clips, and then asked about the tested ones."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rrrn.data import rows
from rrrn.data.clips import Clip
from rrrn.data.predictions import Prediction
from rrrn.experiment import folds
from rrrn.running.stage import InputError
from rrrn.svm import fold as one_fold
from rrrn.svm.fold import Trained
from rrrn.svm.settings import Settings

Row = tuple[str, str, Clip, NDArray[np.float64]]  # fold, tested condition, tested clip, probabilities (n_classes,)


@dataclass(frozen=True)
class Fitted:
    """The machine of a fold, and which rows of all features it was fitted to."""

    fold: str
    tested: Sequence[Clip]
    samples: NDArray[np.intp]
    machine: Trained


@dataclass(frozen=True)
class Machines:
    """Machines of folds, and the features (P * N, D) of all clips under the P conditions that were trained on."""

    known: NDArray[np.float64]
    of_folds: Sequence[Fitted]
    n_classes: int

    def ask(self, test_features: Mapping[str, NDArray[np.float64]], table: Sequence[Clip]) -> list[Row]:
        """Return what each says of the clips that its fold tests, in order.

        ``test_features`` are {condition: features (N, D)} with the rows of ``table``.
        """
        from threadpoolctl import threadpool_limits

        row_of = {rows.key(clip): row for row, clip in enumerate(table)}
        results: list[Row] = []
        with threadpool_limits(limits=1):  # the number of threads could change the last digit
            kernels = [features @ self.known.T for features in test_features.values()]
            for fitted in self.of_folds:
                asked_of = np.ix_(np.array([row_of[rows.key(clip)] for clip in fitted.tested]), fitted.samples)
                products = np.concatenate([kernel[asked_of] for kernel in kernels])
                found = fitted.machine.probabilities(products, self.n_classes)
                meant = [(fitted.fold, condition, clip) for condition in test_features for clip in fitted.tested]
                results += [(*one, row) for one, row in zip(meant, found, strict=True)]
        return results


def fit(
    train_features: Sequence[NDArray[np.float64]],
    table: Sequence[Clip],
    classes: Sequence[str],
    fold_names: Sequence[str],
    settings: Settings,
) -> Machines:
    """Fit a machine for each fold to the rows of its training clips.

    ``train_features`` are arrays (N, D), one per condition to train on, with the rows of ``table``. What ``settings``
    leave to the data is found from each fold's training clips. Raises InputError for an unknown fold or class, and for
    a fold with too few subjects for that.
    """
    from threadpoolctl import threadpool_limits

    row_of = {clip: row for row, clip in enumerate(table)}
    class_of = labels(table, classes)
    found = []
    with threadpool_limits(limits=1):  # the number of threads could change the last digit
        known = np.concatenate(train_features)
        kernel = known @ known.T
        for fold in fold_names:
            trained, tested = folds.split(table, fold)
            of_table = np.array([row_of[clip] for clip in trained])
            samples = np.concatenate([of_table + part * len(table) for part in range(len(train_features))])
            try:
                machine = one_fold.train(
                    kernel[np.ix_(samples, samples)],
                    np.tile(class_of[of_table], len(train_features)),
                    [clip.subject for clip in trained] * len(train_features),
                    len(classes),
                    settings,
                )
            except InputError as error:
                raise InputError(f"fold {fold}: {error}") from None
            if settings.C == "grid":
                logging.info("fold %s: C = %g", fold, machine.penalty)
            found.append(Fitted(fold, tested, samples, machine))
    return Machines(known, found, len(classes))


def as_predictions(said: Sequence[Row], trained_on: str) -> list[Prediction]:
    """Return what machines say as rows of the predictions store; ``trained_on`` names the training."""
    return [
        Prediction(
            database=clip.database,
            subject=clip.subject,
            clip=clip.clip,
            condition=condition,
            trained_on=trained_on,
            fold=fold,
            seed=0,
            view=0,
            true=clip.objective_class,
            probabilities=tuple(map(float, shares)),
        )
        for fold, condition, clip, shares in said
    ]


def labels(table: Sequence[Clip], classes: Sequence[str]) -> NDArray[np.intp]:
    """Return the number of each clip's class (N,); raises InputError for a class that is none of ``classes``."""
    for clip in table:
        if clip.objective_class not in classes:
            raise InputError(
                f"clip {clip.subject}/{clip.clip} has class {clip.objective_class!r}, which is none of "
                f"{', '.join(classes)}; correct the clip table or 'classes'"
            )
    return np.array([classes.index(clip.objective_class) for clip in table], np.intp)
