"""A copy of the project with the toy's clip table and configuration, and the real workflow in it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]
PARTS = ["Snakefile", "config.yaml", "rrrn", "workflow", "data/paper", "envs", "tests/config.yaml", "tests/clips.csv"]
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
CONFIG = ["--configfile", "tests/config.yaml"]


def copy(root: Path) -> Path:
    """A copy of what a user has, with the toy's clip table and configuration and two of the six methods."""
    for part in PARTS:
        (root / part).parent.mkdir(parents=True, exist_ok=True)
        if (HOME / part).is_dir():
            shutil.copytree(HOME / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(HOME / part, root / part)
    with (root / "tests/config.yaml").open("a") as file:
        file.write("methods: [lbp_top, rrrn]\n")
    return root


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "snakemake", "--scheduler", "greedy", *arguments]


def snakemake(root: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), cwd=root, env=ENVIRONMENT | variables, capture_output=True, text=True)


def planned(root: Path) -> dict[str, int]:
    """How many jobs of each rule a run would start."""
    done = snakemake(root, "--dry-run", "--quiet", "rules", *CONFIG, "--", "all")
    assert done.returncode == 0, done.stderr
    table = re.findall(r"^(\w+) +(\d+)$", done.stdout + done.stderr, re.M)
    return {rule: int(count) for rule, count in table if rule not in ("all", "total")}


def results(root: Path) -> dict[str, bytes]:
    """All predictions and tables, by path."""
    paths = [*root.glob("results/predictions/**/*.csv"), *root.glob("results/*.csv")]
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}
