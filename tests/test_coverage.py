"""The simulation behind docs/results.md: its truth is one, and intervals hold it about as often as they say."""

import numpy as np
import pytest

from benchmarks import coverage
from benchmarks.coverage import Population
from rrrn.experiment import metrics


@pytest.fixture
def population() -> Population:
    return coverage.POPULATIONS[1][1]


def test_the_truth_is_what_a_very_large_sample_has(population):
    counts = population.sample(np.random.default_rng(1), 20_000)
    for method in counts:
        of_conditions = [metrics.scores(matrices.sum(axis=1)[0]) for matrices in method]
        for metric, values in population.truth().items():
            found = [one[metric] for one in of_conditions]
            assert values[:-1] == pytest.approx(found, abs=0.005) and values[-1] == pytest.approx(np.mean(values[:-1]))


def test_samples_have_the_clips_of_recorded_subjects_and_two_methods_that_are_alike(population):
    one, other = population.sample(np.random.default_rng(2), 47)
    clips = one.sum(axis=-1)
    assert (clips == clips[0]).all() and (clips == other.sum(axis=-1)).all()
    assert {tuple(own) for own in clips[0, 0].tolist()} <= {tuple(own) for own in population.templates().tolist()}
    assert (clips.sum(axis=2) > 0).all() and (one != other).any()
    right = [method[0, 0].trace(axis1=1, axis2=2) / clips[0, 0].sum(axis=1) for method in (one, other)]
    assert np.corrcoef(*right)[0, 1] > 0.3


@pytest.mark.parametrize("which", [1, 2, 4], ids=["47 uneven subjects", "21 of SAMM", "8 subjects"])
def test_intervals_hold_the_truth_and_equal_methods_are_seldom_told_apart(which):
    """200 samples: one standard error is 1.5 points."""
    _, population, n_subjects = coverage.POPULATIONS[which]
    found = coverage.measured(population, n_subjects, 200, 1000)
    assert found[["cell", "average", "difference"]].stack().between(90, 99.5).all()
    assert (found["p < 0.05"] < 10).all() and (found["noise, one condition"] > found["noise, mean of three"]).all()
