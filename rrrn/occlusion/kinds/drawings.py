"""The pictures of a kind of occluder, built in or the user's own."""

from functools import partial
from pathlib import Path

from rrrn.experiment import outside
from rrrn.experiment.conditions import KINDS
from rrrn.occlusion.kinds import own_art
from rrrn.occlusion.scene import Art


def of(kind: str, wanted: str) -> Art:
    """Return the pictures of a kind: those of its module, which are ``built_in``, or of the folder ``wanted``.

    Nothing is drawn or decoded before one is asked for. Raises InputError, naming file and row, for a folder that
    cannot be used.
    """
    if wanted == "built_in":
        module = outside.load(KINDS[kind].module)
        return {name: partial(module.template, name) for name in module.NAMES}
    return {name: partial(own_art.template, row) for name, row in own_art.read(Path(wanted)).items()}
