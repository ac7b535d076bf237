"""A short form of benchmarks/faults: files are damaged, runs killed, the disk is full; the tables are right."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks.faults import damage, kills, storage, toy
from benchmarks.faults.toy import Finding, Toy

LONG = pytest.mark.skipif("RRRN_FUZZ" not in os.environ, reason="one of the long tests of make fuzz")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    return toy.make(tmp_path_factory.mktemp("faults"))


@pytest.mark.parametrize(
    ("family", "drill"),
    [
        (damage.drills, "csv-truncated"),
        (kills.drills, "SIGKILL"),
        pytest.param(damage.drills, "flipped", marks=LONG),
        pytest.param(kills.drills, "SIGINT", marks=LONG),
        pytest.param(kills.drills, "SIGTERM", marks=LONG),
        pytest.param(kills.drills, "two", marks=LONG),
        pytest.param(kills.drills, "two-nolock", marks=LONG),
        pytest.param(storage.drills, "full", marks=LONG),
        pytest.param(storage.drills, "clocks", marks=LONG),
    ],
)
def test_tables_are_right(finished, family, drill):
    outcome = family(finished, 1, np.random.default_rng(0))[drill]()
    if not outcome.times:
        pytest.skip(outcome.happens)
    assert outcome.tables == "identical"


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        pytest.param(lambda path: path.write_text("x"), "differ.*table_iv.csv", id="other bytes"),
        pytest.param(lambda path: path.unlink(), "differ.*table_iv.csv", id="lost"),
        pytest.param(lambda path: path.with_name(".a.0.partial").touch(), "differ.*partial", id="left behind"),
    ],
)
def test_what_a_drill_must_see(finished: Toy, harm: Callable[[Path], None], message: str):
    finished.restore()
    harm(finished.root / "results/table_iv.csv")
    with pytest.raises(Finding, match=message):
        finished.check_whole()
