"""A short form of benchmarks/faults: files are damaged, runs killed, the disk is full; the tables are right.

Every time, a run of the tests' own toy is killed once; the drills of the benchmark in its toy are of make fuzz.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scaffold import CONFIG, ENVIRONMENT, begin, command, copy, results, snakemake

from benchmarks.faults import damage, kills, storage, toy
from benchmarks.faults.toy import Finding, Toy

LAST_JOBS = (  # as benchmarks.faults.toy has them: six that write HDF5 and CSV, train, and make the table
    "results/features/lbp_top/mask.h5",
    "results/predictions/lbp_top/mask",
    "results/predictions/rrrn/mask/synsamm-007-0.csv",
    "results/scores/iv/*/mask.csv",
    "results/table_iv*",
)
LONG = pytest.mark.skipif("RRRN_FUZZ" not in os.environ, reason="one of the long tests of make fuzz")


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory, done: Path) -> Toy:
    """The tests' own toy, which has run already."""
    root, kept = tmp_path_factory.mktemp("short") / "toy", tmp_path_factory.mktemp("kept") / "toy"
    shutil.copytree(done, root)
    (root / "overlay.yaml").write_text("methods: [lbp_top, rrrn]\n")
    shutil.copytree(root, kept)
    return Toy(root, kept, toy.artifacts(root))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, done: Path) -> Toy:
    folder = tmp_path_factory.mktemp("faults")
    of_subjects = ["data/synthetic", "results/faces", "results/anchors", "results/augment"]
    of_subjects += [f"results/{stage}/{condition}" for stage in ("occluded", "flow") for condition in ("none", "mask")]
    known = [f"{place}/{subject}*" for place in of_subjects for subject in toy.SUBJECTS]
    begin(folder / "toy", done, "results/art/mask.h5", *known)
    return toy.make(folder)


def test_a_killed_run_is_resumed_to_the_same_bytes(short):
    assert kills.killed(short, signal.SIGKILL, 1, np.random.default_rng(0), LAST_JOBS).tables == "identical"


@pytest.mark.parametrize(
    ("family", "drill"),
    [
        pytest.param(kills.drills, "SIGKILL", marks=LONG),
        pytest.param(damage.drills, "csv-truncated", marks=LONG),
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
def test_what_a_drill_must_see(short: Toy, harm: Callable[[Path], None], message: str):
    short.restore()
    short.check_whole()
    harm(short.root / "results/table_iv.csv")
    with pytest.raises(Finding, match=message):
        short.check_whole()


@LONG
def test_killed_again_and_again_on_one_core_gives_the_same_bytes(done, tmp_path):
    """SIGKILL to Snakemake and its jobs, at times that fall into different stages; the last run ends by itself."""
    root = copy(tmp_path / "killed")
    go_on = [*command("--cores", "1", "--rerun-incomplete", "--quiet", "all"), *CONFIG, "--", "all"]
    unfinished = []
    for target in (
        "data/synthetic/*",
        "results/faces/*.h5",
        "results/anchors/*.h5",
        "results/occluded/*/*.h5",
        "results/flow/*/*.h5",
        "results/pack/*.h5",
        "results/features/*/*.h5",
        "results/predictions/rrrn/*/*",
        "results/scores/*/*/*",
    ):
        run = subprocess.Popen(
            go_on,
            cwd=root,
            env=ENVIRONMENT,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while run.poll() is None and not list(root.glob(target)):
            time.sleep(0.05)
        time.sleep(0.2)  # into the job after the first of this stage
        unfinished.append(run.poll() is None and not (root / "results/table_iv.csv").exists())
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        assert snakemake(root, "--unlock", *CONFIG).returncode == 0
    assert any(unfinished)  # a busy machine may look away while stages end
    assert subprocess.run(go_on, cwd=root, env=ENVIRONMENT, capture_output=True).returncode == 0
    assert results(root) == results(done)
    assert not list(root.rglob("*.partial"))
