"""Rank correlation, against SciPy."""

import numpy as np
import pytest
from scipy import stats

from rrrn.tables.statistics import ranks

RNG = np.random.default_rng(1)


def test_correlation_of_many_short_lists_is_scipys():
    x, y = RNG.normal(size=(4, 50, 6)), RNG.integers(0, 3, (4, 50, 6)).astype(float)  # with many equal values
    y[..., 0] = 5
    found = ranks.spearman(x, y)
    for place in np.ndindex(4, 50):
        assert found[place] == pytest.approx(stats.spearmanr(x[place], y[place]).statistic)


def test_lists_of_equal_values_have_no_correlation():
    assert np.isnan(ranks.spearman(np.ones((2, 6)), RNG.normal(size=(2, 6)))).all()
    assert np.isnan(ranks.weighted(np.array([1.0, 1, 2]), np.array([1.0, 2, 3]), np.array([[2.0, 1, 0]]))).all()


def test_values_that_count_several_times_are_repeated():
    x, y = RNG.normal(size=30).round(1), RNG.normal(size=30).round(1)
    y += x
    times = RNG.integers(0, 4, (20, 30)).astype(float)
    found = ranks.weighted(x, y, times)
    for value, row in zip(found, times.astype(int), strict=True):
        assert value == pytest.approx(stats.spearmanr(np.repeat(x, row), np.repeat(y, row)).statistic)
    assert ranks.weighted(x, y, np.ones((1, 30)))[0] == pytest.approx(ranks.spearman(x, y))
