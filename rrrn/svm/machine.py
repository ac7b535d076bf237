"""A linear support vector machine on a matrix of scalar products: one vote for each pair of classes."""

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rrrn.svm.settings import Settings

if TYPE_CHECKING:
    from sklearn.svm import SVC

# Of the solver, for each pair of classes; libsvm's own limit, which scikit-learn lifts. Machines of the default took a
# few hundred. Without it a large C on classes that no plane parts would go on for hours.
STEPS = 10_000_000


class Scores(NamedTuple):
    """``values`` (K, C) of K samples for the ``classes`` (C,) that were trained on, in ascending order.

    ``solved``: whether the solver reached its tolerance within STEPS.
    """

    classes: NDArray[np.intp]
    values: NDArray[np.float64]
    solved: bool


@dataclass(frozen=True)
class Machine:
    """Trained on the ``classes`` (C,), in ascending order; on one alone there is nothing to train.

    ``solved``: whether the solver reached its tolerance within STEPS.
    """

    classes: NDArray[np.intp]
    solved: bool
    ties: Literal["margins", "order"]
    trained: "SVC | None"

    def values(self, tested: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return scores (K, C) of scalar products (K, M) between tested and training samples.

        With ``ties`` "margins" a score is scikit-learn's one-vs-rest decision function: votes, to which it adds less
        than a third for the margins, so that these tell classes with equally many votes apart; with "order" it is the
        votes alone. The first of the largest is what scikit-learn's SVC predicts, in the first case with
        ``break_ties``. Two classes have 0 and their margin; one class has 0.
        """
        if self.trained is None:
            return np.zeros((len(tested), 1))
        values: NDArray[np.float64] = self.trained.decision_function(tested)
        if values.ndim == 1:
            return np.stack([np.zeros_like(values), values], axis=1)
        return np.round(values) if self.ties == "order" else values


def train(kernel: NDArray[np.float64], labels: NDArray[np.intp], penalty: float, settings: Settings) -> Machine:
    """Train on a kernel matrix (M, M) among samples of the classes ``labels`` (M,); ``penalty`` is C.

    With ``class_weight`` "balanced" the C of a class is multiplied by M / (C classes * its samples). Each pair of
    classes has a machine of its own, which votes for one of them.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import SVC

    classes = np.unique(labels)
    if len(classes) == 1:
        return Machine(classes, True, settings.ties, None)
    weight = None if settings.class_weight == "none" else settings.class_weight
    machine = SVC(kernel="precomputed", C=penalty, class_weight=weight, max_iter=STEPS, decision_function_shape="ovr")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # which names neither fold nor C, and is told below
        machine.fit(kernel, labels)
    return Machine(classes, machine.fit_status_ == 0, settings.ties, machine)


def scores(
    kernel: NDArray[np.float64],
    labels: NDArray[np.intp],
    tested: NDArray[np.float64],
    penalty: float,
    settings: Settings,
) -> Scores:
    """Train as ``train`` does, and score what is tested, scalar products (K, M), as ``Machine.values``."""
    machine = train(kernel, labels, penalty, settings)
    return Scores(machine.classes, machine.values(tested), machine.solved)


def softmax(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return scores (K, C) as shares (K, C) of sum 1, in their order: not what is true so often."""
    score = np.exp(values - values.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = score / score.sum(axis=1, keepdims=True)
    return shares


def spread(shares: NDArray[np.float64], classes: NDArray[np.intp], n_classes: int) -> NDArray[np.float64]:
    """Return shares (K, C) among all classes (K, n_classes): one without training samples has 0."""
    result = np.zeros((len(shares), n_classes))
    result[:, classes] = shares
    return result
