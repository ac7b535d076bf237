"""Trainings that start from the un-occluded one of their fold, in the real workflow on the toy."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import warm_python
from scaffold import CONFIG, ENVIRONMENT, planned, snakemake, twin
from test_workflow import edits_put_back, substitute

from rrrn.training import models

FOLD = "synsamm-006"
SCRATCH, MODEL = f"results/predictions/rrrn/none/{FOLD}-0.csv", f"results/models/rrrn/none/{FOLD}-0.h5"
TUNED = [f"results/predictions/rrrn/{name}/{FOLD}-0.csv" for name in ("mask", "random-20")]
ALL = {"train": 6, "tune": 12, "score": 9, "table": 3, "summary": 1, "ranking": 1, "compare": 1, "leak": 1}
ALL |= {"attention": 3, "faithfulness": 1}


def from_clean(root: Path) -> None:
    substitute("tests/config.yaml", "train_condition: matched", "train_condition: matched\n  start: clean")(root)
    substitute("tests/config.yaml", "  epochs: 1", "  epochs: 1\n  tune: {epochs: 2, lr: 0.001}")(root)


@pytest.fixture(scope="module")
def started(done, tmp_path_factory) -> Path:
    """The toy, whose trainings were all from scratch, with those of one fold tuned."""
    root = tmp_path_factory.mktemp("start") / "root"
    twin(done, root)
    from_clean(root)
    assert planned(root) == ALL
    run = snakemake(root, "--cores", "2", "--quiet", "rules", *CONFIG, "--", *TUNED)
    assert run.returncode == 0, run.stdout + run.stderr
    return root


def jobs(root: Path, *targets: str) -> dict[str, int]:
    """The jobs that a run for these targets would start."""
    run = snakemake(root, "--dry-run", "--quiet", "rules", *CONFIG, "--", *(targets or TUNED))
    assert run.returncode == 0, run.stdout + run.stderr
    counted = re.findall(r"^(\w+) +(\d+)$", run.stdout + run.stderr, re.M)
    return {rule: int(count) for rule, count in counted if rule != "total"}


def rrrn(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [warm_python.python(), "-m", "rrrn", *arguments, *CONFIG]
    return subprocess.run(command, cwd=root, env=ENVIRONMENT, capture_output=True, text=True)


def test_one_training_leaves_a_model_and_the_others_start_from_it(done, started):
    assert [str(path.relative_to(started)) for path in started.glob("results/models/**/*.h5")] == [MODEL]
    assert not (done / "results/models").exists()
    assert (started / SCRATCH).read_bytes() == (done / SCRATCH).read_bytes()
    model = models.read(started / MODEL)
    assert (model.origin.method, model.origin.fold, model.origin.trained_on) == ("rrrn", FOLD, "none")
    assert FOLD not in {subject for subject, _ in model.clips} and len({subject for subject, _ in model.clips}) == 3
    for path in TUNED:
        assert (started / path).read_bytes() != (done / path).read_bytes()
        log = (started / path.replace("results/predictions", "logs/train")).with_suffix(".log").read_text()
        assert f"starts from {MODEL}, trained on none" in log and len(re.findall("^epoch", log, re.M)) == 2


def test_a_second_run_has_nothing_to_do_and_what_is_left_is_as_it_was_made(started):
    assert jobs(started) == {}
    said = rrrn(started, "verify", *TUNED, SCRATCH, MODEL)
    assert said.returncode == 0 and "is what the present configuration, code and clips make" in said.stdout, said.stdout


@pytest.mark.parametrize(
    ("path", "old", "new", "expected"),
    [
        pytest.param("tests/config.yaml", "epochs: 2, lr", "epochs: 3, lr", {"tune": 2}, id="epochs of tuning"),
        pytest.param("tests/config.yaml", "lr: 0.001", "lr: 0.002", {"tune": 2}, id="rate of tuning"),
        pytest.param("tests/config.yaml", "  epochs: 1", "  epochs: 2", {"train": 1, "tune": 2}, id="epochs"),
        pytest.param("config.yaml", "beta: 0.02", "beta: 0.03", {"train": 1, "tune": 2}, id="a loss weight"),
        pytest.param("tests/config.yaml", "start: clean", "start: scratch", {"train": 2}, id="from scratch"),
    ],
)
def test_an_edit_reruns_what_starts_from_it_and_no_more(started, path, old, new, expected):
    with edits_put_back(started):
        substitute(path, old, new)(started)
        assert jobs(started, *TUNED, SCRATCH) == expected


def test_a_model_may_be_deleted_until_it_is_needed(started, tmp_path):
    root = tmp_path / "root"
    twin(started, root)
    (root / MODEL).unlink()
    assert jobs(root) == {}
    assert rrrn(root, "verify", *TUNED).returncode == 0
    (root / TUNED[0]).unlink()
    assert jobs(root, TUNED[0]) == {"train": 1, "tune": 1}
    run = snakemake(root, "--cores", "2", "--quiet", "rules", *CONFIG, "--", *TUNED)
    assert run.returncode == 0, run.stdout + run.stderr
    for path in (MODEL, SCRATCH, *TUNED):
        assert (root / path).read_bytes() == (started / path).read_bytes()


def test_the_model_of_another_fold_in_its_place_stops_the_run_and_is_found(started, tmp_path):
    root = tmp_path / "root"
    twin(started, root)
    other = MODEL.replace(FOLD, "synsamm-007")
    run = snakemake(root, "--cores", "2", "--quiet", "rules", *CONFIG, "--", other)
    assert run.returncode == 0, run.stdout + run.stderr
    times = (root / MODEL).stat()
    (root / MODEL).unlink()  # it is a link
    shutil.copy(root / other, root / MODEL)
    os.utime(root / MODEL, ns=(times.st_atime_ns, times.st_mtime_ns))
    run = snakemake(root, "--cores", "2", "--quiet", "rules", *CONFIG, "--", *TUNED)
    assert run.returncode == 1 and f"error: {MODEL}: made with other settings" in run.stderr
    said = rrrn(root, "verify", *TUNED)
    assert said.returncode == 1 and f"{MODEL}: is {other} by what it says of itself" in said.stdout


def test_a_job_is_refused_a_model_that_was_not_asked_for(started, tmp_path):
    """What the run does not see, as when the file is exchanged while it runs, the training does."""
    root = tmp_path / "root"
    twin(started, root)
    run = snakemake(root, "--dry-run", "-p", "--forcerun", "tune", *CONFIG, "--", TUNED[0])
    (command,) = re.findall(rf"(python -m rrrn\.stages\.train {re.escape(TUNED[0])} .*)", run.stdout + run.stderr)
    model = models.read(root / MODEL)
    (root / MODEL).unlink()

    class Network:
        def state_dict(self):
            return dict(model.weights)

    from rrrn.data import clips

    models.write(root / MODEL, Network(), model.origin, clips.read(root / "tests/clips.csv"), lambda: "by hand")
    for asked, message in (
        (True, "was made by hand, not by the workflow"),
        (False, f"was trained on subject '{FOLD}'"),
    ):
        told = command if asked else re.sub(r"--asked '.*?' ", "", command)
        path = f"{warm_python.python().parent}{os.pathsep}{os.environ['PATH']}"
        job = subprocess.run(
            ["bash", "-c", told],
            cwd=root,
            env=ENVIRONMENT | {"PATH": path, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
        )
        assert job.returncode == 1 and f"error: {MODEL}: {message}" in job.stderr, job.stderr
        assert (root / TUNED[0]).read_bytes() == (started / TUNED[0]).read_bytes()
