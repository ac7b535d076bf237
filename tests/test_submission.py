"""Jobs go to SLURM with their names as they are, or not at all; nothing of a name runs. SLURM is played by a script."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from rrrn import clips, submission
from rrrn.clips import Clip
from rrrn.stage import InputError

HOME = Path(__file__).resolve().parents[1]
PARTS = ["Snakefile", "config.yaml", "rrrn", "workflow", "data/paper", "envs"]
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
QUICK = ["--slurm-init-seconds-before-status-checks", "1", "--max-status-checks-per-second", "9", "--latency-wait", "2"]

# sbatch runs the job at once, srun runs its step, squeue finds all jobs completed.
SLURM = """#!/bin/sh
name=${0##*/}
case $name in
    sbatch)
        echo "$*" >>"$CALLS"
        sh -s >>"$CALLS.said" 2>&1 || exit
        echo 7 ;;
    srun)
        exec sh -s ;;
    squeue)
        echo '7|COMPLETED' ;;
    scontrol)
        echo 'MinJobAge = 300 sec' ;;
esac
"""
RENDER = """
import sys
from pathlib import Path

Path(sys.argv[1]).mkdir()
"""


def submitted(root: Path, folder: Path, subject: str, *files: str) -> tuple[subprocess.CompletedProcess[str], str]:
    """Run the rule render of a copy by the shipped profile in a folder; return what came of it and sbatch's calls."""
    for part in PARTS:
        (root / part).parent.mkdir(parents=True, exist_ok=True)
        if (HOME / part).is_dir():
            shutil.copytree(HOME / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(HOME / part, root / part)
    (root / "rrrn/render.py").write_text(RENDER)
    slurm = root / "slurm"
    slurm.mkdir()
    for name in ("sbatch", "srun", "squeue", "sacct", "sacctmgr", "scontrol", "sinfo", "scancel"):
        (slurm / name).write_text(SLURM)
        (slurm / name).chmod(0o755)
    folder.mkdir(parents=True)
    (folder / "data").mkdir()
    rows = [Clip("d", name, "c", 1, 3, 4, "I", f"data/synthetic/{name}/c", "synthetic") for name in (subject, "other")]
    clips.write(rows, folder / "clips.csv")
    for name in files:
        (folder / name).write_text(yaml.safe_dump({"methods": ["lbp_top"]}))
    # by a name that goes to a cluster, wherever this checkout lies
    environment = root.parent / "environment"
    environment.symlink_to(Path(sys.executable).parents[1])
    python = environment / "bin" / Path(sys.executable).name
    done = subprocess.run(
        [str(python), "-m", "snakemake", "--profile", str(root / "workflow/profiles/slurm"), *QUICK]
        + ["--retries", "0", "--snakefile", str(root / "Snakefile"), "--directory", str(folder)]
        + ["--configfile", str(root / "config.yaml"), *(str(folder / name) for name in files)]
        + ["--config", "clips=clips.csv", "--", f"data/synthetic/{subject}"],
        cwd=root,
        env=ENVIRONMENT | {"PATH": f"{slurm}:{os.environ['PATH']}", "CALLS": str(root / "calls")},
        capture_output=True,
        text=True,
        timeout=600,
    )
    calls = root / "calls"
    return done, calls.read_text() if calls.exists() else ""


def ran(root: Path) -> list[Path]:
    """What names have run."""
    return [path for path in root.rglob("PWNED*")]


def test_names_that_a_shell_would_read_are_refused_before_anything_is_submitted(tmp_path):
    root, folder = tmp_path / "it's here", tmp_path / "work $(touch PWNED_WD)"
    subject = "s $(touch PWNED_SUBJ) `touch PWNED_BT`"
    done, calls = submitted(root, folder, subject, "over $(touch PWNED_CFG).yaml")
    assert not ran(tmp_path)
    assert done.returncode == 1 and not calls
    said = done.stdout + done.stderr
    assert f"subject {subject!r} holds $ `" in said and "rename it, or run without a cluster" in said
    assert f"working directory {str(folder)!r} holds $" in said
    assert f"configuration file {str(folder / 'over $(touch PWNED_CFG).yaml')!r} holds $" in said
    assert f"Snakefile {str(root / 'Snakefile')!r} holds '" in said
    assert "Traceback" not in said


def test_other_names_reach_the_stage_as_they_are(tmp_path):
    """Through sbatch, the Snakemake of the job, srun and the Snakemake of the step."""
    folder, subject = tmp_path / "work; touch PWNED & (a) #é", "s; touch PWNED | <é> *?~ [a] = b:c"
    done, calls = submitted(tmp_path / "copy & touch PWNED", folder, subject, "over; touch PWNED.yaml")
    said = tmp_path / "copy & touch PWNED/calls.said"
    assert done.returncode == 0, done.stdout + done.stderr + (said.read_text() if said.exists() else "")
    assert not ran(tmp_path)
    assert (folder / "data/synthetic" / subject).is_dir()
    assert calls.count("\n") == 1 and "--wrap" not in calls


@pytest.mark.parametrize("character", ["'", '"', "$", "`", "\\", "!", "%", "\n", "\u2028"])
def test_each_character_that_would_not_arrive_is_refused(character):
    with pytest.raises(InputError, match=r"^subject .* holds"):
        submission.check([("database", "a b;&|"), ("subject", f"a{character}b")])


def test_names_that_arrive_are_not_refused():
    submission.check([("subject", "a; b & (c) | *?~#[x] = é 漢 😀"), ("database", "-to-")])


def test_texts_are_found_at_any_depth():
    value = {"a": ["b", {"c": 1}], "d": {"e": "f"}, "g": None}
    assert sorted(submission.texts(value)) == list("abcdefg")
