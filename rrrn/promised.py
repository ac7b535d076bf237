"""What a run was started for, kept where the jobs of a cluster find it.

A job on a cluster reads configuration, clip table and code anew, hours after the run has started, and would follow what
they say by then. So the run writes down the recipe of every file as it starts, and a job that finds another one stops.

Read by the Snakefile in every job, hence the standard library only.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path

from rrrn import provenance
from rrrn.recipes import Recipe
from rrrn.stage import InputError

VARIABLE = "RRRN_PROMISED"  # of the environment: the file that the run wrote
_KEPT = 60 * 24 * 3600.0  # seconds since a run was last started for the same; a run takes less


def write(recipes: Iterable[Recipe]) -> None:
    """Write down the recipes of a run, and name the file to the jobs that it will submit."""
    text = json.dumps({recipe.path: recipe.digest for recipe in recipes})
    folder = provenance.STATE / "promised"
    path = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"
    provenance.keep(path, text)
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
    name = os.environ.get(VARIABLE)
    if name is None:  # submitted by hand
        return
    try:
        started: dict[str, str] = json.loads(Path(name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError(f"{name}: is gone or damaged, which says what this run was started for; run again") from None
    if started.get(recipe.path) != recipe.digest:
        raise InputError(
            f"{recipe.path}: configuration, clip table or code were edited since this run started; run again when they "
            "stay as they are"
        )
