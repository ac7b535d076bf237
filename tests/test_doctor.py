"""What the doctor says of made-up machines: every branch that finds a fault, and a healthy one."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

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
    requests,
    slurm,
    storage,
    vision,
    weights,
)
from rrrn.doctor.asking import Answer
from rrrn.experiment import defaults
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
        ({"cache": "/tmp/rrrn-0/tvl1-1"}, "warning numba: machine code goes to /tmp/rrrn-0"),
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


SINFO = "cpu*|2-00:00:00|64000|32|(null)\ngpu|8:00:00|128000|16|gpu:a100:4\ngpu|8:00:00|256000|16|(null)\n"
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
SLURM = cluster.understand(ANSWERS)
PROFILE = {
    "executor": "slurm",
    "retries": 2,
    "slurm-status-command": "squeue",
    "slurm-status-attempts": 60,
    "slurm-init-seconds-before-status-checks": 40,
    "slurm-no-requeue": True,
    "default-resources": {"slurm_account": "'physics'"},
    "set-resources": {"train": {"slurm_partition": "'gpu'"}},
}
RULES = {"train": {"mem_mb": "12000 * attempt", "runtime": 240}, "occlude": {"mem_mb": 2000, "runtime": 20}}


GPU_RULES = {"train": "train.device: cpu"}


def judged(facts=SLURM, rules=RULES, **changes):
    told = PROFILE | {key.replace("_", "-"): value for key, value in changes.items()}
    told["set-resources"] = {rule: asked | told["set-resources"].get(rule, {}) for rule, asked in rules.items()}
    told = profile.understood(told)
    return said(slurm.check(facts, told, requests.requests(told, list(rules), GPU_RULES)))


def test_slurm_is_understood():
    assert SLURM.accounts == ("physics",) and SLURM.config["MinJobAge"] == "300 sec"
    assert cluster.default(SLURM.partitions) == "cpu"
    gpu = SLURM.partitions["gpu"]
    assert (gpu.minutes, gpu.memory, cluster.has_gpu(gpu)) == (480, 256000, True)
    assert not cluster.has_gpu(SLURM.partitions["cpu"])


@pytest.mark.parametrize(
    ("text", "expected"), [("30:00", 30), ("1:30:00", 90), ("2-00:00:00", 2880), ("infinite", None), ("n/a", None)]
)
def test_times_of_slurm(text, expected):
    assert cluster.minutes(text) == expected


def test_a_healthy_slurm():
    told = profile.understood(PROFILE)
    assert states(slurm.check(SLURM, told, requests.requests(told, list(RULES), GPU_RULES))) == ["ok"] * 4


OLD = {"mem_mb": 2000, "runtime": 20}


@pytest.mark.parametrize(
    ("facts", "changes", "expected"),
    [
        (replace(SLURM, missing=("squeue", "sbatch")), {}, "skipped SLURM: no SLURM here; local runs only"),
        (replace(SLURM, missing=("sbatch",)), {}, "error SLURM: sbatch is missing"),
        (replace(SLURM, silent="no answer within 8 s"), {}, "squeue does not answer: no answer within 8 s"),
        (replace(SLURM, accounts=("chemistry",)), {}, "error account: physics is not yours; yours are chemistry"),
        (replace(SLURM, accounts=None), {}, "skipped account: sacctmgr names none; the profile names physics"),
        (SLURM, {"default_resources": {"slurm_partition": "'fast'"}}, "rule occlude: partition fast does not exist"),
        (SLURM, {"set_resources": {}}, "rule train: asks for a GPU; partition cpu has none (gres: none)"),
        (SLURM, {"rules": {"a": OLD | {"mem_mb": 64001}}}, "asks for 64001 MB; the largest node of partition cpu"),
        (SLURM, {"rules": {"a": OLD | {"mem_mb": "40000 * attempt"}}}, "warning rule a: asks for 80000 MB at attempt"),
        (SLURM, {"rules": {"a": OLD | {"mem_mb": "attempt * 30000"}}}, "rule a: asks for 90000 MB at attempt 3"),
        (SLURM, {"rules": {"train": OLD | {"runtime": "200*attempt"}}}, "asks for 600 minutes at attempt 3; partition"),
        (SLURM, {"rules": {"a": OLD | {"runtime": "2 ** attempt"}}}, "skipped rule a: not judged: runtime: 2"),
        (SLURM, {"rules": {"a": {"mem": "9GB"}}}, "skipped rule a: not judged: mem: 9GB"),
        (SLURM, {"set_threads": {"occlude": 33}}, "error rule occlude: asks for 33 processors; the largest node of"),
        (SLURM, {"set_threads": ["occlude=33"]}, "error rule occlude: asks for 33 processors; the largest node of"),
        (SLURM, {"default_resources": ["slurm_partition='fast'"]}, "rule occlude: partition fast does not exist"),
        (SLURM, {"default_resources": {"slurm_partition": "'cpu,fast,x'"}}, "partition fast, x does not exist"),
        (replace(SLURM, partitions={}), {}, "error partitions: sinfo names no partition"),
        (SLURM, {"rules": {"train": OLD | {"runtime": 481}}}, "asks for 481 minutes; partition gpu ends jobs"),
        (replace(SLURM, config={**SLURM.config, "MinJobAge": "100 sec"}), {}, "SLURM forgets jobs after 100 s"),
        (replace(SLURM, config={**SLURM.config, "MinJobAge": "239 sec"}), {}, "after 239 s (MinJobAge); below 240 s"),
        (SLURM, {"slurm_init_seconds_before_status_checks": 101}, "after 300 s (MinJobAge); below 303 s"),
        (SLURM, {"slurm_status_command": "sacct"}, "by which a cancelled job seems to run"),
        (
            replace(SLURM, config={"AccountingStorageType": "accounting_storage/none"}),
            {"slurm_status_command": "sacct"},
            "error polling: the profile asks sacct, and this SLURM keeps no accounts",
        ),
        (replace(SLURM, config={}), {}, "warning polling: this SLURM keeps no accounts"),
        (SLURM, {"slurm_status_attempts": 5}, "warning polling: few attempts"),
        (SLURM, {"executor": "local"}, "warning profile: its executor is not slurm"),
        (SLURM, {"slurm_array_jobs": "all"}, "error profile: by job arrays"),
        (SLURM, {"retries": 0}, "warning profile: nothing is tried again"),
        (SLURM, {"slurm_no_requeue": False}, "warning profile: after a node failure"),
        (replace(SLURM, config={**SLURM.config, "EnforcePartLimits": "NO"}), {}, "warning limits"),
    ],
)  # fmt: skip
def test_slurm(facts, changes, expected):
    assert expected in judged(facts, **changes)


def test_slurm_without_a_default_partition():
    text = judged(replace(SLURM, partitions={"gpu": SLURM.partitions["gpu"]}))
    assert "error rule occlude: no partition is named, and SLURM has no default one" in text


def test_rules_with_the_same_trouble_are_one_finding():
    other = {"fast": replace(SLURM.partitions["cpu"], name="fast", default=False)}
    text = judged(replace(SLURM, partitions=other))
    assert "rules train" not in text and text.count("does not exist") == 1  # train names one, occlude none
    both = judged(replace(SLURM, partitions=other), set_resources={})
    assert "error 2 rules: no partition is named, and SLURM has no default one: train, occlude" in both


def test_slurm_that_fails_is_understood():
    answers = ANSWERS | {"squeue": Answer(1, "", "slurm_load_jobs error: Unable to contact slurm controller\n")}
    assert cluster.understand(answers).silent == "slurm_load_jobs error: Unable to contact slurm controller"
    assert cluster.understand(ANSWERS | {"accounts": Answer(1)}).accounts is None


def test_the_shipped_profile_and_rules_are_understood():
    rules = requests.submitted(HOME / "workflow/rules")
    assert {"train", "flow", "faces", "describe"} <= set(rules) and "score" not in rules
    told = profile.read(HOME / "workflow/profiles/slurm")
    wanted = requests.requests(told, rules, GPU_RULES)
    assert all(len(request.memory) == len(request.minutes) == 3 and not request.unknown for request in wanted)
    (shard,) = (request for request in wanted if request.job == "group shard")
    assert shard.rules == ("occlude", "flow") and shard.minutes == (90, 180, 270) and shard.memory[0] == 2000
    assert {request.job: request.threads for request in wanted}["rule train"] == 2
    found = slurm.check(SLURM, told, wanted)
    assert [one.check for one in found if one.state == "error"] == ["rule train"]  # its partition is yours to name


def grouped(facts=SLURM, **own):
    told = profile.understood({**PROFILE, "groups": {"occlude": "shard", "flow": "shard"}, "set-resources": own})
    gpu_rules = {"flow": "flow.engine: numba"} if "gpu" in own.get("flow", {}).get("slurm_partition", "") else {}
    return said(slurm.partitions(facts, requests.requests(told, ["occlude", "flow"], gpu_rules)))


def test_a_group_is_one_job():
    short = replace(SLURM, partitions={"cpu": replace(SLURM.partitions["cpu"], minutes=80.0)})
    asked = {"occlude": {"runtime": 30}, "flow": {"runtime": 60}}
    assert "ok partitions" in grouped(**asked)
    assert "error group shard: asks for 90 minutes; partition cpu ends jobs after 80" in grouped(short, **asked)
    on_gpu = {"slurm_partition": "'gpu'"}
    text = grouped(occlude={"slurm_partition": "'cpu'"}, flow=on_gpu)
    assert "error group shard: is one job, and its rules differ in slurm_partition: cpu (occlude), gpu (flow)" in text
    assert "ok partitions: gpu" in grouped(occlude=on_gpu, flow=on_gpu)


@pytest.mark.parametrize(
    ("enforced", "expected"), [("ANY", "ok partitions: cpu,gpu"), ("ALL", "partition cpu has none")]
)
def test_of_several_partitions_one_must_do_or_all(enforced, expected):
    facts = replace(SLURM, config={**SLURM.config, "EnforcePartLimits": enforced})
    assert expected in judged(facts, set_resources={"train": {"slurm_partition": "'cpu,gpu'"}})


def test_a_profile_that_is_none(tmp_path):
    with pytest.raises(InputError, match="cannot be read as a profile"):
        profile.read(tmp_path)
    (tmp_path / "config.yaml").write_text("just text")
    with pytest.raises(InputError, match="is no profile"):
        profile.read(tmp_path)
    (tmp_path / "config.yaml").write_text("a: 1\nb: [1, 2\nc: 3\n")
    with pytest.raises(InputError, match=r"config.yaml: cannot be read as a profile \(line 3, column 2: .*\)") as told:
        profile.read(tmp_path)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "default-resources: [mem_mb]",
            "default-resources has 'mem_mb'; it must be a mapping, or a list of NAME=VALUE",
        ),
        ("default-resources: 7", "default-resources has 7"),
        ("set-resources: ['train=7']", "set-resources has 'train=7'; in a list it must be RULE:NAME=VALUE"),
        ("set-resources: {train: }", "set-resources: train is None; it must be a mapping"),
        ("set-threads: {train: two}", "set-threads: train is 'two'; it must be a whole number"),
        ("slurm-status-attempts: many", "slurm-status-attempts is 'many'; it must be a whole number"),
        ("slurm-init-seconds-before-status-checks: [4]", r"slurm-init-seconds-before-status-checks is \[4\]"),
        ("retries: true", "retries is True; it must be a whole number"),
    ],
)
def test_mistakes_in_a_profile_are_named(tmp_path, text, expected):
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(InputError, match=f"config.yaml: {expected}"):
        profile.read(tmp_path)


def test_lists_and_mappings_of_a_profile_are_the_same():
    listed = """
default-resources: [mem_mb=2000*attempt, "slurm_partition='cpu'"]
set-resources: ["train:runtime=480", train:mem_mb=9]
set-threads: [train=2]
groups: [flow=shard]
retries: "2"
"""
    mapped = """
default-resources: {mem_mb: 2000*attempt, slurm_partition: "'cpu'"}
set-resources: {train: {runtime: "480", mem_mb: "9"}}
set-threads: {train: 2}
groups: {flow: shard}
retries: 2
"""
    understood = [profile.understood(yaml.safe_load(text)) for text in (listed, mapped)]
    assert understood[0] == understood[1]


@pytest.mark.parametrize(
    ("asked", "memory"),
    [
        ("700 * attempt", (700, 1400)),
        ("attempt*700", (700, 1400)),
        ("700", (700, 700)),
        ("2 ** attempt", ()),
        ("70 * attempt + 1", ()),
    ],
)
def test_expressions_of_a_profile(asked, memory):
    told = yaml.safe_load(f"{{default-resources: {{slurm_partition: cpu, mem_mb: {asked}, runtime: 30}}, retries: 1}}")
    (request,) = requests.requests(profile.understood(told), ["render"], {})
    assert (request.partition, request.memory, request.minutes) == ("cpu", memory, (30, 30))
    assert request.unknown == (() if memory else (f"mem_mb: {asked}",))


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


def test_a_configuration_that_is_no_yaml_is_one_line(tmp_path):
    (tmp_path / "mine.yaml").write_text("flow: {engine: numba\nclips: a.csv\n")
    with pytest.raises(InputError, match=r"mine.yaml: cannot be read as a configuration \(line 2, column 6: ") as told:
        defaults.whole([tmp_path / "mine.yaml"])
    assert "\n" not in str(told.value)


def test_rules_that_take_a_gpu_know_every_engine_on_one():
    from rrrn.tvl1 import engines

    assert accelerator.ON_GPU == engines._ON_GPU
