"""The workflow on a real SLURM by the shipped profile: equal tables, and what comes of jobs that are refused or die."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import warm_python
from scaffold import CONFIG, ENVIRONMENT, HOME, begin, results, snakemake

from tests.slurm import toy
from tests.slurm.toy import Job, Run

pytestmark = pytest.mark.slurm
TABLES = ("results/scores", "results/table_*")
ONE_TRAINING = ("results/predictions/rrrn/none/synsamm-006-0.csv", *TABLES)
MEMORY = "mem_mb: 12000 * attempt  # 8 GB"  # of the rule train


@pytest.fixture(scope="module", autouse=True)
def cluster() -> None:
    toy.need_cluster()


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy's tables, made without SLURM."""
    root = toy.make(tmp_path_factory.mktemp("local"))
    run = snakemake(root, "--cores", "2", *CONFIG, *toy.TARGET)
    assert run.returncode == 0, run.stderr
    return root


@pytest.fixture(scope="module")
def whole(local: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Run]:
    """The toy to its tables through SLURM: one subject from nothing, the other from its anchors."""
    root = toy.make(tmp_path_factory.mktemp("slurm") / "toy")
    begin(
        root,
        local,
        *(f"{place}/{toy.SUBJECTS[0]}*" for place in ("data/synthetic", "results/faces", "results/anchors")),
    )
    run = Run(root)
    assert run.end() == 0, run.said()
    return root, run


def of_rule(run: Run, rule: str) -> list[Job]:
    return [job for job in run.jobs() if job.rule == rule]


def test_tables_and_predictions_are_those_of_a_local_run(local, whole):
    root, _ = whole
    assert len(results(local)) == 6  # three of predictions, two of the table, and the folds
    assert results(root) == results(local)


def test_every_stage_got_what_the_profile_says(whole):
    _, run = whole
    jobs = run.jobs()
    assert {job.state for job in jobs} == {"COMPLETED"}
    asked = {job.rule: (job.partition, job.gpus, job.cpus, job.memory, job.minutes) for job in jobs}
    small = ("cpu", 0, 1, 2000, 30)
    assert asked.pop("train") == ("gpu", 1, 2, 12000, 480)
    assert asked.pop("shard_flow_occlude") == ("cpu", 0, 1, 2000, 90)
    assert asked == dict.fromkeys(("render", "faces", "anchor", "art", "pack", "describe", "svm"), small)


def test_occluder_and_flow_of_a_shard_went_in_one_submission(whole):
    root, run = whole
    assert len(list(root.glob("results/flow/*/*.h5"))) == len(of_rule(run, "shard_flow_occlude")) == 4
    assert not [job for job in run.jobs() if job.rule in ("occlude", "flow")]


def test_local_rules_were_not_submitted(whole):
    _, run = whole
    assert not {job.rule for job in run.jobs()} & {"augment", "score", "table", "default"}


def test_a_request_that_cannot_be_met_is_refused_and_told_and_the_others_go_on(local, tmp_path):
    root = toy.without(local, tmp_path / "toy", *ONE_TRAINING, "results/predictions/lbp_sip")
    toy.edit(root, toy.PROFILE, MEMORY, "mem_mb: 900000 * attempt  # 8 GB")
    run = Run(root)
    assert run.end() == 1
    assert "Requested node configuration is not available" in run.said()
    assert [job.state for job in of_rule(run, "svm")] == ["COMPLETED"]
    made = results(root)
    assert made == {path: data for path, data in results(local).items() if re.search("lbp_sip|sub01|folds", path)}


def test_a_job_over_its_memory_is_tried_again_with_twice_as_much(local, tmp_path):
    root = toy.without(local, tmp_path / "toy", *ONE_TRAINING)
    toy.edit(root, toy.PROFILE, MEMORY, "mem_mb: 600 * attempt  # 8 GB")
    run = Run(root)
    assert run.end() == 0, run.said()
    assert [(job.memory, job.minutes, job.state) for job in run.jobs()] == [
        (600, 480, "FAILED"),
        (1200, 960, "COMPLETED"),
    ]
    assert results(root) == results(local)


def test_a_job_that_was_cancelled_is_noticed_and_made_again(local, tmp_path):
    root = toy.without(local, tmp_path / "toy", *ONE_TRAINING)
    run = Run(root)
    toy.ask("scancel", run.until(lambda: run.running("train")))
    assert run.end() == 0, run.said()
    assert [(job.memory, job.state) for job in run.jobs()] == [(12000, "CANCELLED"), (24000, "COMPLETED")]
    assert results(root) == results(local)


def test_a_training_that_was_cancelled_goes_on_from_its_checkpoint(local, tmp_path):
    root = toy.without(local, tmp_path / "toy", *ONE_TRAINING, "logs/train")
    toy.edit(root, "tests/config.yaml", "epochs: 1\n", "epochs: 600\n")
    run = Run(root)
    run.until(lambda: list(root.glob("logs/train/**/*.csv")) and run.running("train"))  # an epoch is over
    toy.ask("scancel", f"--name={run.name()}")
    assert run.end() == 0, run.said()
    assert "CANCELLED" in {job.state for job in of_rule(run, "train")}
    assert any("goes on in epoch" in log.read_text() for log in root.glob("logs/train/**/*.log"))
    assert not (root / "results/checkpoints").exists()


def test_slurmctld_may_be_away_in_the_middle(local, tmp_path):
    root = toy.without(local, tmp_path / "toy", *ONE_TRAINING)
    run = Run(root)
    run.until(lambda: run.running("train"))
    toy.ask(str(toy.CLUSTER), "stop", "ctld")
    run.until(lambda: "Falling back to 'sacct'" in run.said())  # a look while it is away
    toy.ask(str(toy.CLUSTER), "start", "ctld")
    assert run.end() == 0, run.said()
    assert [(job.rule, job.state) for job in run.jobs()] == [("train", "COMPLETED")]
    assert results(root) == results(local)


def examined(root: Path) -> dict[str, dict[str, str]]:
    command = [str(warm_python.python()), "-m", "rrrn", "doctor", "--profile", str(Path(toy.PROFILE).parent), "--json"]
    done = subprocess.run(
        [*command, "--configfile", "tests/config.yaml"], cwd=root, env=ENVIRONMENT, capture_output=True, text=True
    )
    assert done.stdout, done.stderr
    return {finding["check"]: finding for finding in json.loads(done.stdout)["findings"]}


def test_the_doctor_knows_what_is_refused(tmp_path):
    root = toy.make(tmp_path / "toy")
    shutil.copy(HOME / "requirements.txt", root)
    toy.edit(root, toy.PROFILE, MEMORY, "mem_mb: 50000 * attempt  # 8 GB")
    found = examined(root)
    assert found["account"]["state"] == "ok" and "group shard" not in found
    assert found["rule train"]["state"] == "warning"  # 150000 MB, and a node has 128000
    assert "at attempt 3: Requested node configuration is not available" in found["rule train"]["text"]
    named = "slurm_partition: \"'{}'\"  # NAME: nodes with GPUs"
    toy.edit(root, toy.PROFILE, named.format("gpu"), named.format("cpu"))
    toy.edit(root, toy.PROFILE, "runtime: 60 * attempt", "runtime: 12000")
    found = examined(root)
    assert found["rule train"]["state"] == found["group shard"]["state"] == "error"
    assert "Requested time limit is invalid" in found["group shard"]["text"]
