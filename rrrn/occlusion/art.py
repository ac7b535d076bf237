"""The pictures of a kind of occluder, built in or the user's own, and which of them a clip wears."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType

from rrrn.occlusion import own_art
from rrrn.occlusion.choice import choose
from rrrn.occlusion.placing import Template
from rrrn.occlusion.scene import Scene
from rrrn.stage import InputError


def templates(built_in: ModuleType, wanted: str) -> dict[str, Callable[[], Template]]:
    """Return what draws each picture, by name: those of the module ``built_in``, or of the folder ``wanted``.

    Raises InputError, naming file and row, for a folder that cannot be used.
    """
    if wanted == "built_in":
        return {name: partial(built_in.template, name) for name in built_in.NAMES}
    return {name: partial(own_art.template, art) for name, art in own_art.read(Path(wanted)).items()}


def name(scene: Scene, kind: str, names: Sequence[str], seed: int) -> str:
    """Return the picture that a clip wears: the one that is asked for, or the one that is drawn for it."""
    if scene.occluder is None:
        return choose(names, seed, scene.subject, kind, scene.rank)
    if scene.occluder not in names:
        raise InputError(f"there is no {kind} {scene.occluder!r}; there are {', '.join(names)}")
    return scene.occluder
