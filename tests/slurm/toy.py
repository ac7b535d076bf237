"""The toy on a SLURM that runs here: two subjects, two conditions, two methods; what was asked of SLURM for it."""

import csv
import io
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from scaffold import CONFIG, ENVIRONMENT, HANGS, HOME, copy, with_machine_code

CLUSTER = HOME / "tests/slurm/cluster.sh"
PROFILE = "workflow/profiles/slurm/profile.yaml"
SUBJECTS = ("syncasme2-sub01", "synsamm-006")
TARGET = ["--", "results/table_iv.csv"]
# what suits a shared cluster, shortened: few jobs at once, a first look when most have just ended, files seen at once
HERE = ["--jobs", "4", "--slurm-init-seconds-before-status-checks", "8", "--latency-wait", "5"]


@dataclass(frozen=True)
class Job:
    """One SLURM job, as sacct tells it: rule or group, partition, MB, minutes, GPUs and CPUs asked for, and its end."""

    rule: str
    partition: str
    memory: int
    minutes: int
    gpus: int
    cpus: int
    state: str


def runs() -> bool:
    """Return whether cluster.sh has started its cluster, and it answers."""
    if Path("/etc/slurm/slurm.conf").resolve() != Path("/var/lib/rrrn-slurm/slurm.conf"):
        return False
    return subprocess.run(["scontrol", "ping"], capture_output=True, timeout=HANGS).returncode == 0


def need_cluster() -> None:
    """Skip tests where no test cluster runs; under make test-slurm, which starts one, let them fail."""
    if runs():
        return
    if os.environ.get("RRRN_SLURM") == "required":
        pytest.fail("no test cluster runs, and RRRN_SLURM=required", pytrace=False)
    pytest.skip("no test cluster runs here; make test-slurm starts one (Debian or Ubuntu, root)")


def make(root: Path) -> Path:
    """Make a copy of what a user has, with the profile edited as the first lines of it say."""
    with_machine_code(copy(root, "lbp_sip", "rrrn"))
    rows = (root / "tests/clips.csv").read_text().splitlines(keepends=True)
    kept = [row for row in rows[1:] if row.split(",")[1] in SUBJECTS]
    (root / "tests/clips.csv").write_text("".join([rows[0], *kept]))
    edit(root, "tests/config.yaml", "[none, mask, random-20]", "[none, mask]")
    edit(root, "tests/config.yaml", "matched", "clean")
    edit(root, PROFILE, "# slurm_account: \"'my_account'\"", "slurm_account: \"'lab'\"")
    edit(root, PROFILE, "# slurm_partition: \"'cpu'\"", "slurm_partition: \"'cpu'\"")
    text = (root / PROFILE).read_text()
    named = "slurm_partition: \"'gpu'\"  # NAME"  # of train, and of what else may have a GPU
    assert text.count(f"# {named}") == text.count(named) > 1
    (root / PROFILE).write_text(text.replace(f"# {named}", named))
    return root


def edit(root: Path, path: str, old: str, new: str) -> None:
    text = (root / path).read_text()
    assert text.count(old) == 1, f"{path} holds {old!r} {text.count(old)} times"
    (root / path).write_text(text.replace(old, new))


def without(done: Path, root: Path, *patterns: str) -> Path:
    """Make a copy of a finished run that lacks what the patterns match."""
    shutil.copytree(done, root)
    for pattern in patterns:
        found = list(root.glob(pattern))
        assert found, pattern
        for path in found:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return root


class Run:
    """A run of the workflow by the shipped profile, from its start on."""

    def __init__(self, root: Path) -> None:
        self.output = root / "output.txt"
        profile = ["--profile", str(Path(PROFILE).parent)]
        with self.output.open("w") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "snakemake", *profile, *HERE, *CONFIG, *TARGET],
                cwd=root,
                env=ENVIRONMENT,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def end(self) -> int:
        """Wait for it; return its exit status."""
        return self.process.wait(HANGS)

    def said(self) -> str:
        return self.output.read_text()

    def until(self, look: Callable[[], Any]) -> Any:
        """Look until there is something to see, however long that takes, or until the run ends without it."""
        while not (seen := look()):
            assert self.process.poll() is None, self.said()
            time.sleep(0.2)
        return seen

    def name(self) -> str:
        """Return the name that all SLURM jobs of this run have; empty before it is told."""
        found = re.search(r"^SLURM run ID: (\S+)$", self.said(), re.M)
        return found[1] if found else ""

    def running(self, rule: str) -> str:
        """Return the number of a SLURM job of a rule that runs the rule's own step; empty if there is none."""
        name = self.name()
        told = ask("squeue", "--noheader", "--states=RUNNING", "--format=%i %k", f"--name={name}") if name else ""
        found = [line.split()[0] for line in told.splitlines() if f"rule_{rule}" in line]
        steps = ask("squeue", "--noheader", "--steps", "--format=%i").split() if found else []
        return next((number for number in found if f"{number}.0" in steps), "")

    def jobs(self) -> list[Job]:
        """Return the SLURM jobs of this run in the order of their submission."""
        fields = "Comment,Partition,ReqTRES,TimelimitRaw,State"
        told = ask("sacct", "--allocations", "--parsable2", "--units=M", f"--format={fields}", f"--name={self.name()}")
        return [_job(row) for row in csv.DictReader(io.StringIO(told), delimiter="|")]


def ask(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=HANGS).stdout


def _job(row: dict[str, str]) -> Job:
    asked = dict(entry.split("=") for entry in row["ReqTRES"].split(","))
    return Job(
        rule=row["Comment"].removeprefix("rule_").partition("_wildcards_")[0],
        partition=row["Partition"],
        memory=int(float(asked["mem"].removesuffix("M"))),
        minutes=int(row["TimelimitRaw"]),
        gpus=int(asked.get("gres/gpu", 0)),
        cpus=int(asked["cpu"]),
        state=row["State"].split()[0],
    )
