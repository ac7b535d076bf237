"""SLURM as a script plays it: a job that is submitted runs at once. Under the real executor plugin and the profile."""

import os
import subprocess
from pathlib import Path

import warm_python
from scaffold import ENVIRONMENT, HANGS, knowing

QUICK = ["--slurm-init-seconds-before-status-checks", "1", "--max-status-checks-per-second", "9", "--latency-wait", "2"]

# sbatch runs a job at once, after $MEANWHILE; srun runs its step; squeue finds that it ended as it did.
SLURM = r"""#!/bin/sh
name=${0##*/}
case $name in
    sbatch)
        echo "$*" >>"$CALLS"
        sh -c "$MEANWHILE"
        log=$(expr "$*" : ".*--output \(.*\)%j.log ")7.log
        if sh -s >"$log" 2>&1; then echo COMPLETED; else echo FAILED; fi >"$CALLS.state"
        cat "$log" >>"$CALLS.said"
        echo 7 ;;
    srun)
        exec sh -s ;;
    squeue)
        echo "7|$(cat "$CALLS.state")" ;;
    scontrol)
        echo 'MinJobAge = 300 sec' ;;
esac
"""


def run(root: Path, folder: Path, *arguments: str, meanwhile: str = "") -> subprocess.CompletedProcess[str]:
    """Run a copy's workflow in a folder by its own profile; ``meanwhile`` is done between a submission and the job."""
    slurm = root / "slurm"
    slurm.mkdir(exist_ok=True)
    for name in ("sbatch", "srun", "squeue", "sacct", "sacctmgr", "scontrol", "sinfo", "scancel"):
        (slurm / name).write_text(SLURM)
        (slurm / name).chmod(0o755)
    words = ["--profile", str(root / "workflow/profiles/slurm"), *QUICK, "--retries", "0"]
    words += ["--snakefile", str(root / "Snakefile"), "--directory", str(knowing(folder))]
    return subprocess.run(
        [str(warm_python.python()), "-m", "snakemake", *words, *arguments],
        cwd=root,
        env=ENVIRONMENT
        | {"PATH": f"{slurm}:{os.environ['PATH']}", "CALLS": str(root / "calls"), "MEANWHILE": meanwhile},
        capture_output=True,
        text=True,
        timeout=HANGS,
    )


def calls(root: Path) -> str:
    """What sbatch was called with, one line per submission."""
    path = root / "calls"
    return path.read_text() if path.exists() else ""


def said(root: Path) -> str:
    """What all jobs printed."""
    path = root / "calls.said"
    return path.read_text() if path.exists() else ""
