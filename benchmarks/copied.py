"""A copy of the project in a scratch folder, which a benchmark may change."""

import shutil
from pathlib import Path

from rrrn.provenance.sources import HOME

_PARTS = ("Snakefile", "config.yaml", "envs", "workflow", "rrrn", "data/paper")


def copy(folder: Path, *more: str) -> None:
    """Copy the workflow and its code into a folder, and ``more`` files or folders of the project."""
    for name in (*_PARTS, *more):
        source, target = HOME / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
