import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, recall_score

from rrrn.experiment import metrics


@pytest.mark.parametrize("seed", range(20))
def test_scores_are_scikit_learns(seed):
    generator = np.random.default_rng(seed)
    true, said = generator.integers(0, 5, (2, 40))
    if seed % 2:
        said[said == 3] = 0  # a class that is never predicted
    labels = range(5)
    scores = metrics.scores(metrics.confusion(true, said, 5))
    assert np.array_equal(metrics.confusion(true, said, 5), confusion_matrix(true, said, labels=labels))
    assert scores["WAR"] == pytest.approx(accuracy_score(true, said))
    assert scores["UAR"] == pytest.approx(recall_score(true, said, labels=labels, average="macro", zero_division=0))
    assert scores["F1"] == pytest.approx(f1_score(true, said, labels=labels, average="macro", zero_division=0))
    assert scores["WF1"] == pytest.approx(f1_score(true, said, labels=labels, average="weighted", zero_division=0))
