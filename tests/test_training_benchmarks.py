"""The benchmarks of training: a tiny round of each, and the table of precisions beside SciPy's paired test."""

import itertools

import numpy as np
import pytest
import torch
from scipy import stats

from benchmarks import precision, training
from benchmarks.precision import Ended, Made
from rrrn.training.engine import Training

CPU = torch.device("cpu")


@pytest.fixture
def stored(tmp_path, monkeypatch):
    monkeypatch.setitem(training.SIZES, "tiny", (32, 28, {"backbone": "shallow", "squeeze_channels": 4}, 2))
    monkeypatch.setattr(training, "VIEWS", 4)
    monkeypatch.setattr(training, "BATCH", 4)
    return training.Stored(tmp_path / "flow.h5", "tiny")


@pytest.mark.parametrize("way", ["plain", "fp32", "bf16"])
def test_every_way_to_train_learns(monkeypatch, stored, way):
    """Both ways have the loss of the same network at first, and a smaller one after some steps."""
    losses, add = [], Training._add

    def seen(self, name, value):
        if name == "total":
            losses.append(float(value.detach()) / training.BATCH)
        add(self, name, value)

    monkeypatch.setattr(Training, "_add", seen)
    steps = training.made(way, stored, "tiny", CPU)
    found = [float(loss) for loss in itertools.islice(steps, 12) if loss is not None] or losses
    assert len(found) == 12 and 2.5 < found[0] < 4.5  # cross-entropies of logits and of each region, ln 5 each
    assert np.mean(found[-4:]) < np.mean(found[:4])


def test_the_table_of_training_has_a_row_for_each_way(monkeypatch, stored):
    monkeypatch.setattr(training, "memory", lambda *told: 0.5)  # starts a process
    monkeypatch.setattr(training, "peak", lambda *told: 1e12)
    rows = training.table(["plain", "fp32"], stored.path, "tiny", CPU, 1, 1)
    assert [row[0] for row in rows] == ["plain", "fp32"]
    assert rows[0][2] == "1.00" and float(rows[1][2].split()[0]) > 0 and rows[0][4] == "0.50"
    assert training.operations("tiny", CPU) > 1e6


def test_the_table_of_precisions():
    draw = np.random.default_rng(0)
    numbers = {way: draw.uniform(0, 1, (6, 2)) for way in precision.WAYS}
    rows = precision.rows("rrrn", {way: [Ended(*pair) for pair in values] for way, values in numbers.items()})
    assert [row["precision"] for row in rows] == ["fp32", "bf16", "bf16 less fp32"]
    for column, name in enumerate(("loss", "f1")):
        fp32, bf16 = (numbers[way][:, column] for way in precision.WAYS)
        assert rows[0][name] == f"{fp32.mean():.3f} ± {np.std(fp32, ddof=1):.3f}"
        assert rows[1][name] == f"{bf16.mean():.3f} ± {np.std(bf16, ddof=1):.3f}"
        low, high = stats.ttest_rel(bf16, fp32).confidence_interval()
        assert rows[2][name] == f"{np.mean(bf16 - fp32):+.3f} ({low:+.3f} to {high:+.3f})"


def test_trainings_in_two_precisions_are_a_pair():
    made = Made("trained", 2), Made("tested", 1)
    (fp32, bf16), again = (
        [precision.train("ststnet", way, 0, 2, *made) for way in ways] for ways in (precision.WAYS, precision.WAYS[:1])
    )
    assert again == [fp32] and bf16 != fp32
    assert bf16.loss == pytest.approx(fp32.loss, abs=0.02)
    assert precision.train("ststnet", "fp32", 1, 2, *made).loss != pytest.approx(fp32.loss, abs=1e-6)
    flow = made[0].flow
    assert flow.shape == (20, 2, 2, 32, 32) and not np.array_equal(flow[:10], flow[10:])
