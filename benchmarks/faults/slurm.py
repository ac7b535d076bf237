"""SLURM itself: jobs that it ends, and daemons that die. Needs the cluster of tests/slurm/cluster.sh."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.faults.kills import killed
from benchmarks.faults.toy import HANGS, Outcome, Toy, expect, until
from rrrn.provenance.sources import HOME

CLUSTER = HOME / "tests/slurm/cluster.sh"
PLACE = Path("/var/lib/rrrn-slurm")
PROFILE = "workflow/profiles/slurm/profile.yaml"
# the profile as its first lines say, and shortened: few jobs, early looks, files seen at once
NAMES = {
    "# slurm_account: \"'my_account'\"": "slurm_account: \"'lab'\"",
    "# slurm_partition: \"'cpu'\"": "slurm_partition: \"'cpu'\"",
    "# slurm_partition: \"'gpu'\"": "slurm_partition: \"'gpu'\"",
}
TRAININGS = {"mem_mb": "mem_mb: 12000 * attempt", "runtime": "runtime: 480 * attempt"}
SHORTENED = ("--jobs", "4", "--slurm-init-seconds-before-status-checks", "8", "--latency-wait", "5")
# three jobs
LOST = ("results/predictions/*/mask", "results/scores/*/*/mask.csv", "results/table*")
TRAINING = ("results/predictions/rrrn/mask/synsamm-007-0.csv", "results/scores/*/rrrn/mask.csv", "results/table*")
NOTICED = "Snakemake sees it and submits the job again"


def drills(local: Toy, moments: int, rng: np.random.Generator) -> dict[str, Callable[[], Outcome]]:
    """Return the drills of this family by name; jobs are cancelled ``moments`` // 4 times."""
    expect(runs(), "no test cluster runs here: tests/slurm/cluster.sh up")
    toy = on_slurm(local)
    return {
        "scancel": lambda: cancelled(toy, max(1, moments // 4), rng),
        "time": lambda: over_time(on_slurm(local, runtime="1 * attempt")),
        "memory": lambda: over_memory(on_slurm(local, mem_mb="600 * attempt")),
        "slurmctld": lambda: controller(toy),
        "slurmd": lambda: node(toy),
        "SIGINT": lambda: killed(toy, signal.SIGINT, moments, rng, LOST),
        "SIGTERM": lambda: killed(toy, signal.SIGTERM, moments, rng, LOST),
        "SIGKILL": lambda: killed(toy, signal.SIGKILL, moments, rng, LOST),
    }


def runs() -> bool:
    """Return whether cluster.sh has started its cluster."""
    return Path("/etc/slurm/slurm.conf").resolve() == PLACE / "slurm.conf"


def on_slurm(toy: Toy, **edits: str) -> Toy:
    """Return the toy as a user of the cluster runs it, who asks for less for the trainings if ``edits`` say so."""
    text = (HOME / PROFILE).read_text(encoding="utf-8")
    for old, new in (NAMES | {TRAININGS[name]: f"{name}: {value}" for name, value in edits.items()}).items():
        expect(text.count(old) == 1, f"{PROFILE} no longer holds {old}")
        text = text.replace(old, new)
    folder = toy.root.parent / "-".join(("profile", *edits))
    folder.mkdir(exist_ok=True)
    (folder / "profile.yaml").write_text(text, encoding="utf-8")
    return replace(toy, options=("--profile", str(folder), *SHORTENED), under=", under SLURM")


def cancelled(toy: Toy, times: int, rng: np.random.Generator) -> Outcome:
    """Cancel a random job at a random moment of its life."""
    for _ in range(times):
        toy.restore(*LOST)
        process = toy.start()
        until(lambda: len(jobs(toy)) >= 2, process)
        time.sleep(float(rng.uniform(0, 8)))
        found = jobs(toy)
        if found:
            ask("scancel", found[int(rng.integers(len(found)))])
        done = toy.finish(process)
        expect(done.returncode == 0, f"the run does not succeed: {done.stdout}")
        toy.check_whole()
    return Outcome("`scancel` of a random job", times, NOTICED, "nothing", "identical")


def over_time(toy: Toy) -> Outcome:
    """Let a job run over a limit of one minute: its training is stopped and never goes on."""
    toy.restore(*TRAINING)
    process = toy.start()
    os.kill(training(toy, process), signal.SIGSTOP)
    done = toy.finish(process)
    expect(done.returncode == 0 and "TIMEOUT" in done.stdout, f"no time limit, or no success: {done.stdout}")
    toy.check_whole()
    return Outcome("a job over its time", 1, f"{NOTICED}, with twice the time", "nothing", "identical")


def over_memory(toy: Toy) -> Outcome:
    """Let a job use more memory than it asked for."""
    toy.restore(*TRAINING)
    done = toy.run()
    failed = re.search(r"SLURM status is: '(FAILED|OUT_OF_MEMORY)'", done.stdout)
    expect(done.returncode == 0 and failed is not None, f"no memory limit, or no success: {done.stdout}")
    toy.check_whole()
    return Outcome("a job over its memory", 1, f"{NOTICED}, with twice the memory", "nothing", "identical")


def controller(toy: Toy) -> Outcome:
    """Restart slurmctld while jobs run; it is away for longer than from one look to the next."""
    toy.restore(*LOST)
    process = toy.start()
    training(toy, process)
    ask(str(CLUSTER), "stop", "ctld")
    time.sleep(20)
    ask(str(CLUSTER), "start", "ctld")
    done = toy.finish(process)
    expect(done.returncode == 0, f"the run does not succeed: {done.stdout}")
    toy.check_whole()
    return Outcome("slurmctld away for 20 s", 1, "jobs run on, Snakemake looks again", "nothing", "identical")


def node(toy: Toy) -> Outcome:
    """Kill slurmd under a job; it comes back when the run has ended."""
    toy.restore(*TRAINING)
    process = toy.start()
    training(toy, process)
    os.kill(int((PLACE / "slurmd-g1.pid").read_text()), signal.SIGKILL)
    try:
        done = toy.finish(process)
    finally:
        subprocess.run(["slurmd", "-N", "g1", "-f", str(PLACE / "slurm.conf")], check=True)
    expect(done.returncode == 0, f"the run does not succeed: {done.stdout}")
    toy.check_whole()
    return Outcome("slurmd killed under a job", 1, "the job goes on, and its end is seen", "nothing", "identical")


def jobs(toy: Toy) -> list[str]:
    """Return the jobs of the toy that wait or run."""
    lines = ask("squeue", "-h", "-o", "%A %Z").splitlines()
    return [line.split()[0] for line in lines if line.endswith(f" {toy.root}")]


def training(toy: Toy, process: subprocess.Popen[str]) -> int:
    """Wait for a process of the toy that trains; return its number."""
    until(lambda: bool(_trainings(toy)), process)
    return next(iter(_trainings(toy)), 0)


def _trainings(toy: Toy) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if b"rrrn.stages.train" in words and (folder / "cwd").readlink() == toy.root:
                found.append(int(folder.name))
        except OSError:  # it has ended
            continue
    return found


def ask(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=HANGS).stdout
