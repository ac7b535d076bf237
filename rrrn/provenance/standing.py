"""Whether what lies there now is what a table was made of: its predictions, code, clip table and libraries.

Asked of the JSON beside the table and of what files say of themselves; nothing is read whole, and no frame is looked
at. So it can be told of results that were copied to a machine without the frames, and in a second. ``rrrn verify`` asks
more: of every file on the way to the table.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rrrn.data import clips, identity
from rrrn.data.clips import Clip
from rrrn.data.identity import Identity
from rrrn.experiment import registry
from rrrn.provenance.frames_seen import Seen
from rrrn.provenance.recipes import Recipe, Recipes
from rrrn.running import libraries
from rrrn.running.stage import InputError

_PREDICTIONS = "results/predictions/"
_CROSSED = "results/crossed/"  # predictions too, of which the matrix is made with nothing between


class _Unread(Seen):
    """Frames that nobody looks at: the names of files, their code and their rows of the clip table do not need them."""

    def __init__(self) -> None:
        super().__init__(Path())

    def fingerprint(self, stretches: object) -> str:
        return ""


def recipes(told: Mapping[str, Any]) -> tuple[Recipes, list[Clip]]:
    """Return the recipes of the configuration that a table was made with, and the clip table as it is now.

    ``told`` is what lies beside the table; recipes' digests are not those of files, as frames have no part in them. The
    working directory is that of the run. Raises InputError if the clip table is gone, or the configuration is of a
    version whose settings this one does not know.
    """
    settings = told["configuration"]
    try:
        registry.use(settings)
        table = clips.read(settings["clips"])
        return Recipes(settings, table, _Unread()), table
    except KeyError as error:
        raise InputError(f"the file beside it says nothing of {error}") from None


def differences(about: Path, told: Mapping[str, Any]) -> dict[str, str]:
    """Return in sentences what is no longer as when a table was made, by what it is; nothing if all of it is.

    The keys are of ``predictions``, ``missing`` (some of these), ``code``, ``clips`` and ``versions``. ``about`` is the
    file beside the table, ``told`` what it says. Raises InputError where that cannot be told.
    """
    if not told.get("of"):
        raise InputError(
            f"{about}: has no digests of what the table was made of; it was made by hand or by an old rrrn"
        )
    try:
        recipe = recipes(told)[0].of(str(about))
        now = recipe.of
    except KeyError as error:
        raise InputError(f"{about}: says nothing of {error}") from None
    found = _predictions(recipe, told["of"].get("predictions", ""))
    if now["code"] != told["of"]["code"]:
        found["code"] = "The code has changed since: the same configuration may make other numbers now."
    if now["clips"] != told["of"]["clips"]:
        found["clips"] = "The clip table has changed since, and is not the one that this table is of."
    if changed := libraries.changed(Identity.parse(told["made"]).libraries, recipe.libraries):
        named = ", ".join(f"{name} {before} and not {here}" for name, before, here in changed)
        found["versions"] = f"It was made with other libraries than are installed now: {named}."
    return found


def _predictions(recipe: Recipe, told: str) -> dict[str, str]:
    """Return in a sentence that the predictions on disk are others than those of a table, and that some are missing."""
    checksums: dict[str, str] = {}
    now, unlike = [], []
    missing: dict[str, None] = {}
    for scored in recipe.inputs:
        if not scored.inputs or not all(one.path.startswith(_PREDICTIONS) for one in scored.inputs):
            continue
        gone = [one.path for one in scored.inputs if not os.path.exists(one.path)]  # noqa: PTH110  # fast
        missing |= dict.fromkeys(gone)
        if gone:
            continue
        combined = identity.combined([_checksum(one.path, checksums) for one in scored.inputs])
        now.append(Identity(scored.path, inputs=combined))
        if _inputs(Path(scored.path)) not in (combined, ""):
            unlike.append(scored.path)
    of_now = identity.predictions(now)
    if crossed := [one.path for one in recipe.inputs if one.path.startswith(_CROSSED)]:
        missing |= dict.fromkeys(path for path in crossed if not os.path.exists(path))  # noqa: PTH110
        of_now = "" if missing or not told else identity.combined([_checksum(path, checksums) for path in crossed])
    named = f": those of {unlike[0]}{_more(unlike)}" if unlike else ""
    said = {}
    if unlike or (not missing and of_now and of_now != told):
        said["predictions"] = (
            f"The predictions on disk no longer fit this table{named}. It shows those that were there when it was "
            "made, before another run replaced them; run again to have the table of these."
        )
    if missing:
        listed = list(missing)
        said["missing"] = f"Predictions are missing, {listed[0]}{_more(listed)}: whether the others fit is not known."
    return said


def _checksum(path: str, known: dict[str, str]) -> str:
    if path not in known:
        known[path] = identity.read(Path(path))[1]
    return known[path]


def _inputs(path: Path) -> str:
    """Return the checksums that a file says its inputs had; nothing if it is not there."""
    return identity.read(path)[0].inputs if path.exists() else ""


def _more(listed: Sequence[str]) -> str:
    return f" and {len(listed) - 1} more" if len(listed) > 1 else ""
