"""Draws of subjects, and the scores of all draws at once, against loops and scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, recall_score

from rrrn.tables.statistics import resampling

SUBJECTS = ["c", "a", "d", "b"]


def clips(rng, n_subjects, n_seeds=1):
    """Of each subject true classes (clips,) and what is said in each seed (seeds, clips)."""
    sizes = rng.integers(1, 7, n_subjects)
    return [(rng.integers(0, 5, size), rng.integers(0, 5, (n_seeds, size))) for size in sizes]


def counted(told):
    """Confusion matrices (1, seeds, subjects, 5, 5), counted one by one."""
    counts = np.zeros((1, len(told[0][1]), len(told), 5, 5))
    for subject, (true, said) in enumerate(told):
        for seed, named in enumerate(said):
            for pair in zip(true, named, strict=True):
                counts[(0, seed, subject, *pair)] += 1
    return counts


def by_scikit_learn(true, said, tested):
    """Of 5 classes, of which some are ``tested``; means are over those that are drawn, and an untested one has 0."""
    told = {"labels": np.unique(true), "zero_division": 0}
    return {
        "WAR": accuracy_score(true, said),
        "UAR": recall_score(true, said, average="macro", **told) * len(tested) / 5,
        "F1": f1_score(true, said, average="macro", **told) * len(tested) / 5,
        "WF1": f1_score(true, said, average="weighted", **told),
    }


@pytest.mark.parametrize("n_seeds", [1, 3])
def test_scores_of_draws_are_those_of_the_clips_of_the_drawn_subjects(n_seeds):
    told = clips(np.random.default_rng(1), len(SUBJECTS), n_seeds)
    weights = resampling.weights(SUBJECTS, 20)
    found = resampling.scores(counted(told), weights)
    tested, lacking = np.unique(np.concatenate([true for true, _ in told])), 0
    for row, times in enumerate(weights):
        drawn = [told[subject] for subject, count in enumerate(times) for _ in range(int(count))]
        true, said = np.concatenate([one for one, _ in drawn]), np.concatenate([one for _, one in drawn], axis=1)
        lacking += len(np.unique(true)) < len(tested)
        of_seeds = [by_scikit_learn(true, named, tested) for named in said]
        for metric, values in found.items():
            assert values[row, 0] == pytest.approx(np.mean([one[metric] for one in of_seeds])), (metric, row)
    assert lacking


def test_a_draw_that_lacks_a_class_has_the_mean_of_the_others():
    """As scikit-learn's balanced accuracy; a class that nobody has counts as 0 in draws too, as in the cell."""
    counts = np.zeros((1, 1, 3, 4, 4))
    counts[0, 0, 0, 0, :2] = 3, 1  # three of four are right
    counts[0, 0, 1, 1, :2] = 1, 1
    counts[0, 0, 2, 2, 3] = 1  # all clips of the third class, and nobody has the fourth
    found = resampling.scores(counts, np.array([[1.0, 1, 1], [2, 1, 0], [0, 3, 0], [0, 0, 3]]))["UAR"][:, 0]
    assert found == pytest.approx([(3 / 4 + 1 / 2) / 4, (3 / 4 + 1 / 2) / 2 * 3 / 4, 1 / 2 * 3 / 4, 0])


def test_rows_are_all_subjects_then_draws_of_as_many_then_all_but_one():
    weights = resampling.weights(SUBJECTS, 5000)
    assert weights.shape == (1 + 5000 + 4, 4)
    assert (weights[0] == 1).all() and (weights[-4:] == 1 - np.eye(4)).all()
    drawn = weights[1:-4]
    assert (drawn.sum(axis=1) == 4).all() and np.abs(drawn.mean(axis=0) - 1).max() < 0.05
    assert drawn.var(axis=0) == pytest.approx(0.75, abs=0.05)  # of a binomial, 4 draws of 1 in 4


def test_draws_belong_to_the_subjects_and_not_to_their_order():
    counts = counted(clips(np.random.default_rng(2), len(SUBJECTS)))
    other = [2, 0, 3, 1]
    one = resampling.scores(counts, resampling.weights(SUBJECTS, 500))
    shuffled = resampling.scores(counts[:, :, other], resampling.weights([SUBJECTS[k] for k in other], 500))
    for metric, values in one.items():
        assert (values[:501] == shuffled[metric][:501]).all()
        assert sorted(values[501:, 0]) == sorted(shuffled[metric][501:, 0])
    assert (resampling.weights(["x", "y", "z", "w"], 500)[1:501] != resampling.weights(SUBJECTS, 500)[1:501]).any()
