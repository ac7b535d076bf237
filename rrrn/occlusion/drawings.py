"""The pictures of a kind of occluder, built in or the user's own."""

import importlib
from functools import partial
from pathlib import Path

from rrrn.occlusion import own_art
from rrrn.occlusion.scene import Art


def of(kind: str, wanted: str) -> Art:
    """Return the pictures of a kind: those of the module ``rrrn.occlusion.KIND_art``, or of the folder ``wanted``.

    Nothing is drawn or decoded before one is asked for. Raises InputError, naming file and row, for a folder that
    cannot be used.
    """
    if wanted == "built_in":
        module = importlib.import_module(f"rrrn.occlusion.{kind}_art")
        return {name: partial(module.template, name) for name in module.NAMES}
    return {name: partial(own_art.template, row) for name, row in own_art.read(Path(wanted)).items()}
