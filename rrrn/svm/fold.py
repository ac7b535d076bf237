"""One fold: C, the machine and the calibration, all from its training samples."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rrrn.svm import calibration, inner, machine
from rrrn.svm.calibration import Sigmoids
from rrrn.svm.machine import Machine
from rrrn.svm.settings import Settings


@dataclass(frozen=True)
class Trained:
    """The machine of a fold, the C that was taken, what the solver did not bring to its end, and the calibration."""

    machine: Machine
    penalty: float
    unsolved: list[str]
    sigmoids: Sigmoids | None

    def probabilities(self, tested: NDArray[np.float64], n_classes: int) -> NDArray[np.float64]:
        """Return class probabilities (K, n_classes) of scalar products (K, M) between tested and training samples.

        Without a calibration they are the softmax of the scores (of two classes: the logistic function of their
        margin), an order and no frequencies. A class without training samples has 0; if there is one alone, it has 1.
        """
        values = self.machine.values(tested)
        shares = machine.softmax(values) if self.sigmoids is None else self.sigmoids.probabilities(values)
        return machine.spread(shares, self.machine.classes, n_classes)


def train(
    kernel: NDArray[np.float64], labels: NDArray[np.intp], subjects: Sequence[str], n_classes: int, settings: Settings
) -> Trained:
    """Train on the samples of a fold: ``kernel`` (M, M) is among them, ``labels`` (M,) and ``subjects`` are theirs.

    With ``calibrate`` "sigmoid" probabilities are how often such scores meant each class, as machines with that C
    scored samples of training subjects that they had not seen.
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
    own = machine.train(kernel, labels, penalty, settings)
    unsolved += [] if own.solved else [f"C = {penalty:g}"]
    if not calibrated:
        return Trained(own, penalty, unsolved, None)
    values, true, solved = inner.out_of_fold(kernel, labels, splits, penalty, settings)
    unsolved += [] if solved else [f"the calibration at C = {penalty:g}"]
    return Trained(own, penalty, unsolved, calibration.fit(values, true, own.classes))
