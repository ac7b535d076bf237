"""What a run was started for, kept where the jobs of a cluster find it.

A job on a cluster reads configuration, clip table and code anew, hours after the run has started, and would follow what
they say by then. So the run writes down the recipe of every file as it starts, and what its files are named after, and
a job that finds another recipe, or a name gone, stops.

Read by the Snakefile in every job, hence the standard library only.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rrrn.provenance import sources
from rrrn.provenance.recipes import Recipe
from rrrn.running.stage import InputError

VARIABLE = "RRRN_PROMISED"  # of the environment: the file that the run wrote
_KEPT = 60 * 24 * 3600.0  # seconds since a run was last started for the same; a run takes less
_REMEDY = "since this run started; run again when they stay as they are"
Names = Mapping[str, Iterable[str]]


def write(recipes: Iterable[Recipe], names: Names) -> None:
    """Write down the recipes of a run and all ``names`` in paths, by kind, and tell the jobs where."""
    told = {
        "names": {kind: sorted(values) for kind, values in names.items()},
        "recipes": {recipe.path: recipe.digest for recipe in recipes},
    }
    text = json.dumps(told)
    folder = sources.STATE / "promised"
    path = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"
    sources.keep(path, text)
    try:
        os.utime(path)  # is in use
        for old in folder.glob("*.json"):
            if time.time() - old.stat().st_mtime > _KEPT:
                old.unlink(missing_ok=True)
    except OSError:  # a place that cannot be written has no jobs either
        return
    os.environ[VARIABLE] = str(path.resolve())


def check(recipe: Recipe) -> None:
    """Raise InputError, in a job, if what it is to make is no longer what the run was started for."""
    started = _read("recipes")
    if started is not None and started.get(recipe.path) != recipe.digest:
        raise InputError(f"{recipe.path}: configuration, clip table or code were edited {_REMEDY}")


def check_names(names: Names) -> None:
    """Raise InputError, in a job, if a name is gone that the run was started with: the job's files may have it.

    A library has its version in its name: a node with another one, or an upgrade during the run, would mix them.
    """
    for kind, values in (_read("names") or {}).items():
        if gone := set(values).difference(names[kind]):
            raise InputError(
                f"{kind} {min(gone)}: configuration, clip table or what is installed were changed {_REMEDY}"
            )


def _read(part: str) -> dict[str, Any] | None:
    """Return a part of what the run wrote down; None in a job that was submitted by hand."""
    name = os.environ.get(VARIABLE)
    if name is None:
        return None
    try:
        started: dict[str, Any] = json.loads(Path(name).read_text(encoding="utf-8"))[part]
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"{name}: is gone or damaged, which says what this run was started for; run again") from None
    return started
