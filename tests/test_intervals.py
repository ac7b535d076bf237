"""Ends of intervals, against SciPy and against what is known of a mean."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import f1_score

from rrrn.tables.statistics import intervals, resampling

SUBJECTS = [f"s{number:02}" for number in range(15)]


def test_ends_are_scipys_bias_corrected_and_accelerated_ones():
    """Of a macro F1 of subjects with several clips each, from the very draws that SciPy made."""
    rng = np.random.default_rng(3)
    told = [(rng.integers(0, 3, size), rng.integers(0, 3, size)) for size in rng.integers(2, 8, len(SUBJECTS))]

    def statistic(drawn):
        true, said = (np.concatenate([told[subject][part] for subject in drawn]) for part in (0, 1))
        return f1_score(true, said, average="macro", labels=range(3), zero_division=0)

    places = np.arange(len(SUBJECTS))
    found = stats.bootstrap(
        (places,), statistic, vectorized=False, n_resamples=400, method="BCa", confidence_level=0.9, rng=rng
    )
    left_out = [statistic(np.delete(places, subject)) for subject in places]
    values = np.array([statistic(places), *found.bootstrap_distribution, *left_out])
    ends = intervals.at(values, len(SUBJECTS), stats.norm.ppf(0.95))
    assert tuple(ends) == pytest.approx(tuple(found.confidence_interval), abs=1e-9)


def test_each_column_has_its_own_interval():
    values = np.random.default_rng(4).gamma(2, size=(1 + 999 + 15, 2, 3))
    ends = intervals.ends(values, 15)
    assert ends.low.shape == ends.high.shape == (2, 3)
    for place in np.ndindex(2, 3):
        alone = intervals.ends(values[:, *place], 15)
        assert (ends.low[place], ends.high[place]) == (float(alone.low), float(alone.high))


def test_interval_of_a_mean_is_that_of_students_t():
    """Of values that lie evenly about their mean, which have no bias and no skewness."""
    values = np.concatenate([np.arange(1.0, 31), -np.arange(1.0, 31)])
    weights = resampling.weights([f"s{number:02}" for number in range(60)], 40_000)
    ends = intervals.ends(weights @ values / weights.sum(axis=1), 60)
    expected = stats.t.interval(0.95, 59, 0, values.std(ddof=1) / np.sqrt(60))
    assert (float(ends.low), float(ends.high)) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("times", [0.5, 1.4])
def test_the_larger_standard_error_counts_of_draws_and_of_leaving_out_subjects(times):
    """Of draws that are normal, where each of 20 subjects moves the statistic alike, half of them up."""
    n, sd = 20, 0.1
    draws = sd * stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    jackknife = times * sd
    moved = jackknife * np.sqrt(n / (n - 1) / n) * np.resize([-1, 1], n)
    ends = intervals.ends(0.3 + np.concatenate([[0.0], draws, moved]), n)
    error = max(jackknife, np.sqrt(n / (n - 1)) * sd)
    expected = stats.t.interval(0.95, n - 1, 0.3, error)
    assert (float(ends.low), float(ends.high)) == pytest.approx(expected, abs=1e-3)


def test_the_standard_error_of_leaving_out_is_that_of_a_ratio():
    """Of clips named rightly by all clips, a ratio of sums: its jackknife by hand, which tells more than draws do."""
    right, clips = np.array([5.0, 0, 1, 0, 0, 1]), np.array([6.0, 1, 1, 1, 1, 1])
    weights = resampling.weights([f"s{number}" for number in range(6)], 5000)
    values = weights @ right / (weights @ clips)
    left_out = [(right.sum() - r) / (clips.sum() - c) for r, c in zip(right, clips, strict=True)]
    error = np.sqrt(5 / 6 * sum((one - right.sum() / clips.sum()) ** 2 for one in left_out))
    sd = values[1:-6].std()
    assert error > 1.1 * np.sqrt(6 / 5) * sd
    expected = intervals.at(values, 6, stats.t.ppf(0.975, 5) * error / sd)
    assert tuple(map(float, intervals.ends(values, 6))) == pytest.approx(tuple(map(float, expected)))


def test_ends_lie_where_draws_are_and_about_what_was_observed():
    """A score of few clips that is none of its draws, as where subjects are all of their class."""
    draws = np.random.default_rng(7).choice([0.0, 0.1, 0.2], 999)
    for observed in (0.0, 0.2, 0.9):
        values = np.concatenate([[observed], draws, [0.0, 0.9, 0.2]])
        low, high = map(float, intervals.ends(values, 3))
        assert 0 <= low <= observed <= high <= max(0.2, observed)


def test_a_statistic_that_never_changes_has_no_width():
    ends = intervals.ends(np.full(1 + 100 + 15, 0.2), 15)
    assert (float(ends.low), float(ends.high)) == (0.2, 0.2)


def test_one_subject_has_no_interval():
    assert np.isnan(intervals.ends(np.zeros((1 + 100 + 1, 2)), 1)).all()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("row", [0, 7, -1], ids=["observed", "a draw", "one left out"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_has_no_interval(row, value):
    values = np.random.default_rng(5).normal(size=(1 + 100 + 15, 2))
    values[row, 1] = value
    for end in intervals.ends(values, 15):
        assert np.isnan(end).tolist() == [False, True]


def test_two_subjects_have_all_that_was_drawn_between_the_ends():
    """Student's t of two is so wide that no draw is beyond."""
    values = np.concatenate([[0.5], np.random.default_rng(6).choice([0.0, 0.5, 1.0], 999), [0.0, 1.0]])
    ends = intervals.ends(values, 2)
    assert (float(ends.low), float(ends.high)) == (0, 1)
