import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, recall_score

from rrrn import metrics


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


def test_constant_class_of_the_papers_composite():
    """Always class III on the 253 clips of Table II: F1 0.128, WF1 0.301."""
    scores = metrics.constant_class([49, 28, 119, 34, 23])
    assert scores["WAR"] == pytest.approx(119 / 253)
    assert round(scores["F1"], 3) == 0.128
    assert round(scores["WF1"], 3) == 0.301


def test_chance_is_what_many_random_answers_score():
    counts = [24, 13, 20, 8, 3]
    generator = np.random.default_rng(0)
    true = np.repeat(np.arange(5), np.array(counts) * 3000)
    expected = metrics.scores(metrics.confusion(true, generator.integers(0, 5, len(true)), 5))
    for metric, value in metrics.chance(counts).items():
        assert value == pytest.approx(expected[metric], abs=0.005)
