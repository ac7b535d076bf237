"""Intervals of cells and averages, against a loop over drawn subjects."""

import numpy as np
import pytest
from scipy import stats

from rrrn.data import digested
from rrrn.experiment import metrics
from rrrn.running.stage import InputError
from rrrn.tables import bounds, confusion
from rrrn.tables.statistics import resampling

SUBJECTS, CONDITIONS = ["a", "b", "c", "d", "e"], ["none", "mask"]
RNG = np.random.default_rng(1)
# of two methods, one trained twice
COUNTS = {"vgg16": RNG.integers(0, 4, (2, 1, 5, 3, 3)), "rrrn": RNG.integers(0, 4, (2, 2, 5, 3, 3))}


def by_loop(counts, weights):
    """Scores of each row of weights, one by one."""
    return np.array(
        [
            np.mean([metrics.scores(np.tensordot(row, seed, 1))["F1"] for seed in counts])
            for row in weights
        ]
    )  # fmt: skip


def test_ends_are_those_of_scores_that_are_computed_one_by_one():
    found = bounds.of_cells(COUNTS, CONDITIONS, SUBJECTS, draws=300).set_index(["condition", "method", "metric"])
    assert len(found) == 3 * 3 * 4
    weights = resampling.weights(SUBJECTS, 300)
    one = {(name, c): by_loop(own[k], weights) for name, own in COUNTS.items() for k, c in enumerate(CONDITIONS)}
    of_all = np.mean(list(one.values()), axis=0)
    wanted = {("mask", "rrrn"): one["rrrn", "mask"], ("Avg.", "Avg."): of_all}
    wanted["none", "Avg."] = (one["vgg16", "none"] + one["rrrn", "none"]) / 2
    wanted["Avg.", "rrrn"] = (one["rrrn", "none"] + one["rrrn", "mask"]) / 2
    for (condition, method), values in wanted.items():
        observed, draws, left_out = values[0], values[1:301], values[301:]
        bias = stats.norm.ppf(((draws < observed - 1e-9).mean() + (draws < observed + 1e-9).mean()) / 2)
        influence = left_out.mean() - left_out
        skewness = (influence**3).sum() / 6 / (influence**2).sum() ** 1.5
        jackknife = np.sqrt(4 / 5 * ((left_out - observed) ** 2).sum())
        side = stats.t.ppf(0.975, 4) * max(np.sqrt(5 / 4), jackknife / draws.std())
        moved = [bias + s * side for s in (-1, 1)]
        levels = [stats.norm.cdf(bias + m / (1 - skewness * m)) for m in moved]
        assert found.loc[(condition, method, "F1")].tolist() == pytest.approx(np.quantile(draws, levels))
    assert (found["low"] <= found["high"]).all()


def test_methods_that_count_every_view_are_compared_with_those_that_see_a_clip_once(tmp_path):
    """Four views each, of which a network calls three rightly: as if it called three quarters of a clip rightly."""
    once, views = np.array([[2, 1], [0, 3]]), np.array([[6, 6], [3, 9]])
    files = {}
    for name, matrix in (("network", views), ("descriptor", once)):
        header = ["method", "condition", "seed", "subject", "I as I", "I as II", "II as I", "II as II"]
        rows = [[name, "none", 0, subject, *(k * matrix).ravel().tolist()] for k, subject in ((1, "a"), (2, "b"))]
        files[name] = {"none": tmp_path / f"{name}.csv"}
        digested.write(header, rows, files[name]["none"])
    subjects, counts = confusion.read(files, ["I", "II"])
    assert subjects == ["a", "b"] and counts["descriptor"][0, 0, 1].tolist() == (2 * once).tolist()
    assert counts["network"][0, 0].tolist() == [(views / 4).tolist(), (views / 2).tolist()]
    digested.write(header, [["network", "none", 0, s, 6, 6, 3, 8] for s in "ab"], files["network"]["none"])
    with pytest.raises(InputError, match=r"other clips were tested than by other methods"):
        confusion.read(files, ["I", "II"])
