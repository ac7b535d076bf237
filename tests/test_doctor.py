"""What the doctor says of made-up machines: every branch that finds a fault, and a healthy one."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from rrrn import cli
from rrrn.doctor import (
    accelerator,
    asking,
    cluster,
    command,
    finding,
    packages,
    profile,
    report,
    slurm,
    storage,
    vision,
    weights,
)
from rrrn.doctor.asking import Answer
from rrrn.experiment import defaults
from rrrn.running import submission
from rrrn.running.stage import InputError

HOME = Path(__file__).resolve().parents[1]


def states(findings):
    return [found.state for found in findings]


def said(findings):
    for found in findings:
        assert bool(found.remedy) == (found.state in ("warning", "error"))
    return " | ".join(f"{found.state} {found.check}: {found.text} -> {found.remedy}" for found in findings)


VERSIONS = packages.Facts(
    (3, 11, 7),
    {"numpy": "2.4.6", "dlib-bin": "20.0.1", "opencv-contrib-python-headless": "5.0.0.93"},
    {"numpy": "2.4.6", "dlib-bin": "20.0.1", "opencv-contrib-python-headless": "5.0.0.93", "setuptools": "80.1"},
)


@pytest.mark.parametrize(
    ("python", "lost", "added", "expected"),
    [
        ((3, 11, 7), (), {}, "ok"),
        ((3, 10, 1), (), {}, "error Python: 3.10.1 is too old"),
        ((3, 14, 0), (), {}, "warning Python"),
        ((3, 12, 0), ("numpy",), {}, "error libraries: missing: numpy"),
        ((3, 12, 0), (), {"numpy": "2.3.9"}, "warning libraries: older than tested: numpy 2.3.9 (tested: 2.4.6)"),
        ((3, 12, 0), (), {"numpy": "2.10.0"}, "ok"),
        ((3, 12, 0), ("dlib-bin",), {"dlib": "20.0.2"}, "ok"),  # built from source
        ((3, 12, 0), (), {"setuptools": "82.0"}, "warning setuptools: setuptools 82.0"),
        ((3, 12, 0), ("setuptools",), {}, "warning setuptools: setuptools is missing"),
        ((3, 12, 0), (), {"opencv-python": "4.9"}, "error OpenCV: 2 packages overwrite each other"),
    ],
)
def test_versions(python, lost, added, expected):
    kept = {name: version for name, version in VERSIONS.installed.items() if name not in lost}
    text = said(packages.check(replace(VERSIONS, python=python, installed=kept | added)))
    assert expected in text
    assert (expected == "ok") == ("error" not in text and "warning" not in text)


TORCH = {"torch": "2.12.1", "cuda": "12.8", "devices": ["H100"], "tensor": "", "triton": "", "addresses": {}}
GPU = accelerator.Facts(TORCH, "12.9", True, "auto", "auto")
NONE = replace(GPU, torch=TORCH | {"devices": []}, driver=None, kernel_module=False)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (GPU, "ok GPU: 1 x H100, CUDA 12.8"),
        (GPU, "ok Triton"),
        (
            replace(GPU, torch=TORCH | {"tensor": "out of memory"}),
            "error GPU: H100: no tensor can be made (out of memory)",
        ),
        (replace(GPU, torch=TORCH | {"triton": "ImportError: x"}), "warning Triton: cannot be imported"),
        (NONE, "skipped GPU: none here"),
        (replace(NONE, device="cuda"), "error GPU: none here, and train.device is cuda"),
        (replace(NONE, device="cuda", engine="cuda"), "train.device is cuda and flow.engine is cuda"),
        (replace(NONE, driver="12.9", torch=NONE.torch | {"cuda": None}), "this PyTorch is built without CUDA"),
        (replace(NONE, driver="11.4"), "its driver knows CUDA 11.4, PyTorch is built for 12.8"),
        (replace(NONE, driver="12.4"), "there is a driver, but PyTorch sees no GPU"),
        (replace(NONE, kernel_module=True), "there is a driver, but PyTorch sees no GPU"),
        (replace(GPU, torch={"failed": "ended by signal 4"}), "error PyTorch: cannot be used: ended by signal 4"),
        (replace(GPU, torch={"late": "no answer within 8 s"}), "warning PyTorch: not known: no answer within 8 s"),
    ],
)
def test_gpu(facts, expected):
    assert expected in said(accelerator.check(facts))


def test_a_folder_of_the_path_that_may_not_be_read_holds_no_driver(monkeypatch, tmp_path):
    """The system then says "Permission denied" of a program that is nowhere."""

    def refused(command, seconds=asking.SECONDS):
        return Answer(None, complaint="[Errno 13] Permission denied: 'nvidia-smi'")

    monkeypatch.setattr(asking, "ask", refused)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert accelerator.collect(TORCH, "auto", "auto").driver is None
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    assert accelerator.collect(TORCH, "auto", "auto").driver == ""
    monkeypatch.setattr(asking, "ask", lambda command: Answer(0, "Driver Version: 1 CUDA Version: 12.9 |"))
    assert accelerator.collect(TORCH, "auto", "auto").driver == "12.9"


SIGHT = {
    "opencv": "",
    "contrib": True,
    "dlib": "",
    "model": "",
    "model_bytes": vision.MODEL_BYTES,
    "numba": "",
    "cache": "/home/me/.cache/rrrn/tvl1-1",
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"opencv": "libGL.so.1"}, "error OpenCV: cannot be imported: libGL.so.1"),
        ({"contrib": False}, "error OpenCV: is there without its contrib modules"),
        ({"dlib": "No module named 'dlib'"}, "error dlib: cannot be imported"),
        ({"model": "Unable to open"}, "error dlib: Unable to open"),
        ({"model_bytes": 12}, "error dlib: the landmark model has 12 bytes"),
        ({"numba": "llvmlite"}, "error numba: cannot be imported"),
        (
            {"cache": "/tmp/rrrn-0/tvl1-1"},
            "warning numba: machine code goes to /tmp/rrrn-0, as no cache can be written; each node compiles",
        ),
        (
            {"cache": "/tmp/home/.cache/rrrn/tvl1-1"},
            "warning numba: machine code goes to /tmp/home/.cache/rrrn, below /tmp, which may be emptied; each node",
        ),
        ({"failed": "ended by signal 4"}, "error vision: loading OpenCV, dlib and numba failed: ended by signal 4"),
        ({"late": "no answer"}, "warning vision: not known"),
    ],
)
def test_vision(monkeypatch, changes, expected):
    monkeypatch.setattr(vision.tempfile, "gettempdir", lambda: "/tmp")
    assert states(vision.check(SIGHT)) == ["ok"] * 3
    found = vision.check(SIGHT | changes)
    assert expected in said(found) and states(found).count("ok") == len(found) - 1


ADDRESS = "https://download.pytorch.org/models/resnet18-f37072fd.pth"
FILE = weights.File("data/weights/resnet18.pth", ("resnet18", "rrrn"), "f37072fd", "f37072fd" + "0" * 56)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "ok weights resnet18, rrrn: data/weights/resnet18.pth, sha256 as wanted"),
        ({"wanted": ""}, "no sha256 to compare with"),
        ({"digest": "00" * 32}, "error weights resnet18, rrrn: data/weights/resnet18.pth has sha256 000000000000…"),
        ({"digest": "", "path": "mine.pth"}, "error weights resnet18, rrrn: mine.pth is not there"),
        ({"digest": ""}, "warning weights resnet18, rrrn: data/weights/resnet18.pth is not fetched yet"),
        ({"digest": "", "address": ADDRESS, "reached": True}, "warning weights resnet18, rrrn"),
        ({"digest": "", "address": ADDRESS}, f"resnet18.pth is not there, and {ADDRESS} does not answer"),
    ],
)  # fmt: skip
def test_weights(changes, expected):
    assert expected in said(weights.check([replace(FILE, **changes)]))


def test_weights_are_those_of_the_configuration(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mine = tmp_path / "mine.pth"
    mine.write_bytes(b"weights")
    config = defaults.whole([HOME / "config/paper.yaml"])
    assert list(weights.fetched(config)) == ["vgg16", "resnet18"]
    config["networks"]["vgg16"]["pretrained"] = {"path": str(mine), "sha256": "AB" * 32}
    vgg16, resnet18 = weights.collect(config, {})
    assert vgg16.wanted == "ab" * 32 and vgg16.digest != vgg16.wanted and len(vgg16.digest) == 64
    assert resnet18.networks == ("resnet18", "rrrn") and resnet18.digest == "" and not resnet18.reached
    config["methods"] = ["crops", "rrrn-no-rr"]
    (resnet18,) = weights.collect(config, {})
    assert resnet18.networks == ("crops", "rrrn-no-rr") and resnet18.path == "data/weights/resnet18.pth"


DISK = storage.Facts("/x", "nfs4", "", "", "", "", 0, 1, 0.0, 100e9, 10**6)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "ok room: 100.0 GB are free, what is not made yet takes 70.0 GB"),
        ({"written": "Permission denied"}, "error results: /x cannot be written: Permission denied"),
        ({"unlocked": "short read"}, "error HDF5: a file cannot be read back on nfs4: short read"),
        ({"locked": "unable to lock file"}, "warning HDF5: nfs4 has no file locks"),
        ({"renamed": "busy"}, "error renaming: a file cannot take the place of another: busy"),
        ({"lost": 3}, "error renaming: 3 times in 50 a reader found no file"),
        ({"skew": 2.0}, "warning clock: times of files are 2.0 s ahead of this machine's clock"),
        ({"skew": -60.0}, "error clock: times of files are 60.0 s behind"),
        ({"granularity": 10**9}, "warning clock: times of files are whole seconds (nfs4)"),
        ({"free_bytes": 80e9}, "warning room: 80.0 GB are free"),
        ({"free_bytes": 69e9}, "error room: 69.0 GB are free"),
        ({"free_files": 99}, "error room: 99 more files fit, what is not made yet has 1000"),
        ({"free_files": -1}, "ok room"),
    ],
)
def test_storage(changes, expected):
    assert expected in said(storage.check(replace(DISK, **changes), (70e9, 1000)))


def test_room_without_a_plan():
    assert "skipped room: 100 GB are free" in said(storage.check(DISK, None))


def test_room_when_all_is_made():
    assert "ok room" in said(storage.check(replace(DISK, free_bytes=0.0, free_files=0), (0.0, 0)))


def test_a_folder_is_tried_and_left_as_it_was(tmp_path):
    facts = storage.collect(tmp_path / "results/not/yet")
    assert (facts.folder, facts.written, facts.unlocked, facts.renamed, facts.lost) == (str(tmp_path), "", "", "", 0)
    assert abs(facts.skew) < 1 and facts.free_bytes > 0 and facts.granularity <= 10**9
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("kept", "coarse"), [(123_456_789, 1), (123_456_700, 100), (123_456_000, 1000), (0, 10**9)])
def test_granularity(kept, coarse):
    assert storage._coarse(kept) == coarse


SINFO = "cpu*|2-00:00:00, 32 CPUs, 64000 MB, gres (null)\ngpu|8:00:00, 16 CPUs, 128000 MB, gres gpu:a100:4\n"
CONFIG = """\
MinJobAge               = 300 sec
AccountingStorageType   = accounting_storage/slurmdbd
EnforcePartLimits       = ALL
"""
ANSWERS = {
    "squeue": Answer(0),
    "sinfo": Answer(0, SINFO),
    "config": Answer(0, CONFIG),
    "accounts": Answer(0, "physics\nphysics\n"),
}
SETTINGS = {
    "executor": "slurm",
    "retries": 2,
    "array_jobs": None,
    "no_requeue": True,
    "status_command": "squeue",
    "status_attempts": 60,
    "init_seconds_before_status_checks": 40,
}
TRAIN = [["-p", "gpu", "-t", "480", "--mem", str(memory), "--gpus=1"] for memory in (12000, 24000, 36000)]
SMALL = [["-t", "30", "--mem", "2000"]] * 3
JOBS = [
    {"name": "rule train", "rules": ["train"], "account": "physics", "options": TRAIN},
    {"name": "rule faces", "rules": ["faces"], "account": "", "options": SMALL},
    {"name": "group shard", "rules": ["occlude", "flow"], "account": "", "options": SMALL},
]
TAKEN = Answer(0, "", "sbatch: Job 3 to start at 2026-11-29T18:20:17 using 1 processors on nodes c1 in partition cpu\n")
SLURM = replace(
    cluster.understand(ANSWERS),
    workflow={"settings": SETTINGS, "jobs": JOBS, "problem": ""},
    answers={tuple(options): TAKEN for options in [*TRAIN, *SMALL]},
)


def refused(options, *complaint):
    """SLURM, if sbatch refuses these options."""
    return replace(SLURM, answers={**SLURM.answers, tuple(options): Answer(1, "", "\n".join(complaint) + "\n")})


def told(**changes):
    """SLURM, if Snakemake tells this of the workflow."""
    return replace(SLURM, workflow={**SLURM.workflow, **changes})


def one(**changes):
    return told(jobs=[JOBS[0], {"name": "group shard", "rules": ["occlude", "flow"], **changes}])


def watched(**changes):
    return told(settings=SETTINGS | changes)


def configured(**changes):
    return replace(SLURM, config={**SLURM.config, **changes})


def test_slurm_is_understood():
    assert SLURM.accounts == ("physics",) and SLURM.config["MinJobAge"] == "300 sec"
    assert SLURM.partitions["cpu"] == "2-00:00:00, 32 CPUs, 64000 MB, gres none"
    assert cluster.partitions("a|1\na|2\n") == {"a": "1 and 2"}


def test_a_healthy_slurm():
    found = slurm.check(SLURM)
    assert states(found) == ["ok"] * 4
    assert "ok jobs: sbatch takes all at every attempt: rule train, rule faces, group shard" in said(found)


@pytest.mark.parametrize("facts", [replace(SLURM, missing=("sbatch",)), replace(SLURM, silent="no answer within 8 s")])
def test_a_slurm_that_nobody_asked_for_may_be_out_of_order(facts):
    assert states(slurm.check(facts)) == ["error"] and states(slurm.check(facts, wanted=False)) == ["warning"]


NODES = "allocation failure: Requested node configuration is not available"
TIME = "allocation failure: Requested time limit is invalid (missing or exceeds some limit)"
NONE_NAMED = "allocation failure: No partition specified or system default partition"


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (replace(SLURM, missing=("squeue", "sbatch")), "skipped SLURM: no SLURM here; local runs only"),
        (replace(SLURM, missing=("sbatch",)), "error SLURM: sbatch is missing"),
        (replace(SLURM, silent="no answer within 8 s"), "squeue does not answer: no answer within 8 s"),
        (replace(SLURM, accounts=("chemistry",)), "error account: physics is not yours; yours are chemistry"),
        (replace(SLURM, accounts=("Physics",)), "ok account: physics"),
        (replace(SLURM, accounts=None), "skipped account: sacctmgr names none; the profile names physics"),
        (replace(SLURM, partitions={}), "error partitions: sinfo names no partition"),
        (
            refused(TRAIN[0], NODES),
            "error rule train: sbatch refuses -p gpu -t 480 --mem 12000 --gpus=1: Requested node configuration is not "
            "available -> another slurm_partition in the profile, or less mem_mb or threads, or no GPU (train.device: "
            "cpu, flow.engine: numba); gpu has 8:00:00, 16 CPUs, 128000 MB, gres gpu:a100:4",
        ),
        (
            refused(TRAIN[1], NODES),
            "warning rule train: sbatch refuses -p gpu -t 480 --mem 24000 --gpus=1 at attempt 2",
        ),
        (refused(TRAIN[2], NODES), "gres gpu:a100:4; or accept that attempt 3 is refused"),
        (refused(TRAIN[0], TIME), "exceeds some limit) -> another slurm_partition in the profile, or less runtime"),
        (
            refused(TRAIN[0], "sbatch: error: invalid partition specified: gpu", "allocation failure: Invalid name"),
            "invalid partition specified: gpu; Invalid name -> set slurm_partition in the profile to one of cpu, gpu",
        ),
        (refused(TRAIN[0], "allocation failure: Invalid account"), "Invalid account -> correct slurm_account in the"),
        (refused(SMALL[0], NONE_NAMED), "error 2 rules: sbatch refuses -t 30 --mem 2000: No partition specified or"),
        (refused(SMALL[0], NONE_NAMED), "in the profile to one of cpu, gpu"),
        (refused(SMALL[0], NODES), "or less mem_mb or threads; cpu has 2-00:00:00, 32 CPUs, 64000 MB, gres none; gpu"),
        (refused(SMALL[0]), "--mem 2000: exit status 1: faces, group shard ->"),
        (
            replace(SLURM, answers=dict.fromkeys(SLURM.answers, Answer(None, complaint="no answer within 8 s"))),
            "skipped 3 rules: not judged: sbatch: no answer within 8 s: train, faces",
        ),
        (one(unknown="input.size_mb"), "skipped group shard: not judged: input.size_mb"),
        (one(problem="of two minds"), "error group shard: Snakemake cannot submit it: of two minds -> correct what is"),
        (one(problem="of two minds"), "said for occlude and flow under set-resources"),
        (replace(SLURM, workflow={"late": "no answer within 60 s"}), "warning profile: not known: no answer within 60"),
        (
            replace(SLURM, workflow={"failed": "probe_workflow.py: error: argument -T: no"}),
            "error profile: Snakemake does not take it: argument -T: no",
        ),
        (
            told(jobs=[], problem="a.csv: is not there"),
            "error workflow: Snakemake cannot read it, so SLURM is asked for",
        ),
        (configured(MinJobAge="100 sec"), "SLURM forgets jobs after 100 s"),
        (configured(MinJobAge="239 sec"), "after 239 s (MinJobAge); below 240 s"),
        (watched(init_seconds_before_status_checks=101), "after 300 s (MinJobAge); below 303 s"),
        (watched(status_command="sacct"), "by which a cancelled job seems to run"),
        (
            replace(watched(status_command="sacct"), config={"AccountingStorageType": "accounting_storage/none"}),
            "error polling: the profile asks sacct, and this SLURM keeps no accounts",
        ),
        (replace(SLURM, config={}), "warning polling: this SLURM keeps no accounts"),
        (watched(status_attempts=5), "warning polling: few attempts"),
        (watched(executor="local"), "warning profile: its executor is not slurm"),
        (watched(array_jobs="all"), "error profile: by job arrays"),
        (watched(retries=0), "warning profile: nothing is tried again"),
        (watched(no_requeue=False), "warning profile: after a node failure"),
        (configured(EnforcePartLimits="NO"), "warning limits"),
    ],
)
def test_slurm(facts, expected):
    assert expected in said(slurm.check(facts))


def test_slurm_that_fails_is_understood():
    answers = ANSWERS | {"squeue": Answer(1, "", "slurm_load_jobs error: Unable to contact slurm controller\n")}
    assert cluster.understand(answers).silent == "slurm_load_jobs error: Unable to contact slurm controller"
    assert cluster.understand(ANSWERS | {"accounts": Answer(1)}).accounts is None


def test_sbatch_is_asked_once_for_what_jobs_ask_alike(monkeypatch):
    commands = []
    monkeypatch.setattr(cluster, "ask", lambda command: commands.append(command) or TAKEN)
    facts = cluster.submit(cluster.understand(ANSWERS), SLURM.workflow)
    assert facts == SLURM
    assert sorted(commands) == sorted(("sbatch", "--test-only", *asked, "--wrap=true") for asked in [*TRAIN, SMALL[0]])


def probed(folder, **edits):
    """What Snakemake says of the shipped profile with each key of ``edits`` replaced by its value."""
    text = (HOME / "workflow/profiles/slurm/profile.yaml").read_text()
    for old, new in edits.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (folder / "profile.yaml").write_text(text)
    return asking.probe(
        "probe_workflow", *map(str, [HOME / "Snakefile", folder / "profile.yaml", HOME / "config.yaml"])
    )


submits = pytest.mark.skipif(
    bool(submission.objectionable(str(HOME))),
    reason="Snakemake's commands of a cluster's jobs do not survive this folder",
)


def by_name(found):
    assert found["problem"] == ""
    return {job["name"]: job for job in found["jobs"]}


@submits
@pytest.mark.usefixtures("forks")
def test_what_snakemake_makes_of_the_shipped_profile(tmp_path, monkeypatch):
    monkeypatch.chdir(HOME)
    found = probed(tmp_path)
    assert found["settings"] == SETTINGS
    jobs = by_name(found)
    rules = "render", "faces", "anchor", "art", "pack", "describe", "svm", "cross_svm", "visible", "strips"
    small = {f"rule {rule}" for rule in (*rules, "poison_svm")}
    assert set(jobs) == {"rule train", "rule cross", "rule poison", "group shard", *small}
    assert {tuple(jobs[name]["options"][2]) for name in small} == {
        ("-t", "90", "--mem", "6000", "--no-requeue", "--ntasks=1", "--cpus-per-task=1")
    }
    assert jobs["group shard"]["rules"] == ["occlude", "flow"]
    assert [options[:4] for options in jobs["group shard"]["options"]] == [
        ["-t", str(90 * attempt), "--mem", str(2000 * attempt)] for attempt in (1, 2, 3)
    ]
    assert jobs["rule train"]["options"][0] == [
        *("-t", "480", "--mem", "12000", "--no-requeue", "--cpus-per-task=2", "--gpus=1")
    ]


@submits
@pytest.mark.usefixtures("forks")
def test_what_snakemake_makes_of_another_profile(tmp_path, monkeypatch):
    monkeypatch.chdir(HOME)
    named = "  slurm_partition: \"'cpu,fast'\"\n  slurm_account: \"'lab, other'\"\n"
    shared = "set-resources:\n  occlude: {slurm_partition: \"'cpu'\"}\n  art: {runtime: input.size_mb}\n"
    edits = {
        "default-resources:\n": f"default-resources:\n{named}",
        "set-resources:\n": shared,
        "mem_mb: 12000 * attempt  # 8 GB": "mem_mb: 2 ** attempt + 70\n    gpu: 0\n    gres: \"'gpu:1'\"  # 8 GB",
        "mem_mb: 2000 * attempt": "mem: 9GB",
        "runtime: 30 * attempt": "runtime: 30",
        "retries: 2": "retries: 1",
    }
    jobs = by_name(probed(tmp_path, **edits))
    assert jobs["rule pack"]["account"] == "lab"
    options = jobs["rule pack"]["options"]
    assert options[0] == options[1] and options[0][:8] == ["-A", "lab", "-p", "cpu,fast", "-t", "30", "--mem", "9000"]
    train = jobs["rule train"]["options"]
    assert (
        [asked[7] for asked in train] == ["72", "74"] and train[0][-1] == "--gres=gpu:1" and "--gpus=1" not in train[0]
    )
    assert "slurm_partition" in jobs["group shard"]["problem"] and "cpu,fast" in jobs["group shard"]["problem"]
    assert "input.size_mb" in jobs["rule art"]["unknown"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("retries: 2", "retries: many", "--retries/--restart-times/-T: invalid int value: 'many'"),
        ("slurm-status-attempts: 60", "slurm-status-attempts: x", "--slurm-status-attempts: invalid int value: 'x'"),
        ("set-resources:\n", "set-resources:\n  art:\n", "Invalid set-resources format in profile"),
        ("keep-going: true", "no-such-option: true", "unrecognized arguments: --no-such-option"),
    ],
)
@pytest.mark.usefixtures("forks")
def test_mistakes_in_a_profile_are_named(tmp_path, old, new, expected):
    assert expected in probed(tmp_path, **{old: new})["failed"]


@pytest.mark.usefixtures("forks")
def test_a_workflow_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text("clips: nowhere.csv")
    asked = [HOME / "Snakefile", HOME / "workflow/profiles/slurm", HOME / "config.yaml", tmp_path / "mine.yaml"]
    found = asking.probe("probe_workflow", *map(str, asked))
    assert "nowhere.csv" in found["problem"] and found["settings"] == SETTINGS
    assert [path.name for path in tmp_path.iterdir()] == ["mine.yaml"]


def test_a_profile_that_is_none(tmp_path):
    with pytest.raises(InputError, match="cannot be read as a profile"):
        profile.file(tmp_path)
    (tmp_path / "config.yaml").write_text("just text")
    with pytest.raises(InputError, match="is no profile"):
        profile.file(tmp_path)
    (tmp_path / "config.yaml").write_text("a: 1\nb: [1, 2\nc: 3\n")
    with pytest.raises(InputError, match=r"config.yaml: cannot be read as a profile \(line 3, column 2: .*\)") as told:
        profile.file(tmp_path)
    assert "\n" not in str(told.value)


def test_programs_that_hang_crash_or_lack_are_answers():
    assert (
        asking.ask([sys.executable, "-c", "import time; time.sleep(3600)"], 0.2).complaint == "no answer within 0.2 s"
    )
    assert asking.ask(["/nowhere/squeue"]).status is None
    assert asking.ask([sys.executable, "-c", "print(1)"]) == Answer(0, "1\n")
    assert "failed" in asking.probe("nowhere")
    assert "late" in asking.probe("probe_torch", seconds=0.01)


FINDINGS = [finding.ok("a", "well"), finding.warning("long name", "hm", "mend it"), finding.error("b", "bad", "do")]


def test_the_report_is_aligned_and_remedies_are_beneath():
    assert report.lines(FINDINGS).splitlines() == [
        "ok       a          well",
        "WARNING  long name  hm",
        "                      -> mend it",
        "ERROR    b          bad",
        "                      -> do",
        "",
        "1 error, 1 warning",
    ]
    assert report.healthy(FINDINGS[:2]) and not report.healthy(FINDINGS)


@pytest.mark.parametrize(("findings", "status"), [(FINDINGS[:2], 0), (FINDINGS, 1)])
def test_the_command_ends_with_1_for_an_error(monkeypatch, capsys, findings, status):
    monkeypatch.setattr(command, "examine", lambda files, profile: findings)
    try:
        cli.main(["doctor", "--json"])
        found = 0
    except SystemExit as end:
        found = end.code
    told = json.loads(capsys.readouterr().out)
    assert found == status and told["healthy"] == (status == 0) and len(told["findings"]) == len(findings)


def test_this_machine_is_examined(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text("clips: nowhere.csv")
    found = {one.check: one for one in command.examine([tmp_path / "mine.yaml"], HOME / "workflow/profiles/slurm")}
    assert {"Python", "libraries", "cache", "HDF5", "renaming", "clock", "room", "SLURM", "clip table"} <= set(found)
    assert found["clip table"].state == "error" and "nowhere.csv" in found["clip table"].text
    assert not [path for path in tmp_path.iterdir() if path.name != "mine.yaml"]


def test_a_contradiction_is_of_the_configuration(tmp_path, monkeypatch):
    monkeypatch.chdir(HOME)
    settings = defaults.whole([])
    settings["flow"] |= {"engine": "opencv", "warm_start": True}
    none, (found,) = command._needed(settings)
    assert none is None and found.check == "configuration" and "rrrn import" not in found.remedy
    assert found.text.startswith("flow.warm_start needs flow.engine numba or auto")


def test_art_and_descriptors_are_looked_at(monkeypatch):
    monkeypatch.chdir(HOME)
    settings = defaults.whole([])
    settings["occlude"]["mask"]["art"] = "nowhere"
    assert "configuration: occlude.mask.art: nowhere: there is no such folder" in said(command._needed(settings)[1])
    settings = defaults.whole([])
    settings["describe"]["tim_frames"] = 1
    assert "configuration: describe.tim_frames is 1" in said(command._needed(settings)[1])


def test_checkpoints_of_trainings_that_run_at_a_time_need_room(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    settings = defaults.whole([]) | {"clips": str(HOME / "data/clips.csv")}
    monkeypatch.setattr(command.os, "cpu_count", lambda: 3)
    found = []
    for count, program in ((1, None), (2, None), (0, "/bin/sbatch"), (0, None)):
        monkeypatch.setattr(command.cards, "count", lambda count=count: count)
        monkeypatch.setattr(command.shutil, "which", lambda name, program=program: program)
        (volume, _), none = command._needed(settings)
        assert not none
        found.append(volume)
    one, two, submitted, three = found
    assert submitted == one and two - one == pytest.approx(three - two) and two - one > 1e7  # VGG16's


def test_a_configuration_that_is_no_yaml_is_one_line(tmp_path):
    (tmp_path / "mine.yaml").write_text("flow: {engine: numba\nclips: a.csv\n")
    with pytest.raises(InputError, match=r"mine.yaml: cannot be read as a configuration \(line 2, column 6: ") as told:
        defaults.whole([tmp_path / "mine.yaml"])
    assert "\n" not in str(told.value)


def test_rules_that_take_a_gpu_know_every_engine_on_one():
    from rrrn.flow import engines

    assert accelerator.ON_GPU == engines._ON_GPU
