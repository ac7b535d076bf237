"""Files that were made from something else than is asked for now, and that Snakemake would take for current.

Snakemake compares with records of its own. Where these are lost (results copied without ``.snakemake``,
``--cleanup-metadata``) or say what is not so (``--touch``), it makes nothing again; the files themselves know better.

Read by the Snakefile, hence nothing heavy.
"""

import json
import shlex
from argparse import Namespace
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Sequence
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

from rrrn.data import identity
from rrrn.data.identity import Identity
from rrrn.provenance.recipes import Recipe
from rrrn.running.stage import InputError

_NOTHING_MADE = ("forceall", "unlock", "report", "lint", "delete_all_output", "delete_temp_output", "list_rules")
_LONGEST = 254  # of a name; Snakemake makes folders of the rest


def check(recipes: Iterable[Recipe], told: Sequence[str], watched: bool) -> None:
    """Raise InputError that names such files, one or a few of them, or a damaged one, and the remedy.

    ``told`` are the arguments that name the configuration, for the remedy. ``watched`` is whether Snakemake makes files
    again whose parameters changed; where it looks at times alone, no record of it helps.
    """
    found = [recipe.path for recipe in recipes if _is_stale(recipe, watched)]
    if found:
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        remedy = shlex.join(["rrrn", "verify", "--remove", *told])
        raise InputError(
            f"{', '.join(found[:3])}{more}: made with other settings, code, clips or libraries than are "
            f"asked for now, and Snakemake does not see it; delete what does not fit by: {remedy}"
        )


def told(arguments: Sequence[str]) -> Namespace:
    """Return Snakemake's command line as itself reads it, profiles included; nothing of one that it cannot read.

    While it reads the Snakefile it does not say.
    """
    from snakemake.cli import parse_args

    try:
        with redirect_stderr(StringIO()):
            return parse_args(list(arguments))[1]
    except SystemExit:
        return Namespace()


def matters(command: Namespace) -> bool:
    """Return whether Snakemake is to make files, and not all of them anew."""
    return not any(getattr(command, name, None) for name in _NOTHING_MADE)


def watched(command: Namespace) -> bool:
    """Return whether Snakemake makes files again whose parameters changed."""
    triggers = {str(trigger).lower() for trigger in getattr(command, "rerun_triggers", None) or ("params",)}
    return "params" in triggers


def _is_stale(recipe: Recipe, watched: bool) -> bool:
    path = Path(recipe.path)
    if not path.exists():
        return False
    params = _recorded(recipe.path) if watched else None
    told = {repr(recipe.digest), repr(recipe.libraries)}
    current = params is not None and told.issubset(params)  # by Snakemake's record
    try:
        found, _ = identity.read(path)
    except InputError:
        if current:  # it did say so once, hence it is damaged
            raise
        found = Identity()
    if found.fits(recipe.identity):
        return False
    return params is None or current  # with another one, Snakemake sees the change itself


def _recorded(path: str) -> list[str] | None:
    """Return the parameters that Snakemake has recorded for an output; None without a record."""
    name = urlsafe_b64encode(path.encode()).decode()
    parts = [name[start : start + _LONGEST] for start in range(0, len(name), _LONGEST)]
    record = Path(".snakemake/metadata").joinpath(*(f"@{part}" for part in parts[:-1]), parts[-1])
    try:
        params: list[str] = json.loads(record.read_text(encoding="utf-8"))["params"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return params
