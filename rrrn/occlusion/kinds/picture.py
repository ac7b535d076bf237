"""Occluders that are pictures: which of a kind's a clip wears, and how it lies on the face."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

import numpy as np

from rrrn.occlusion import fitting, placing
from rrrn.occlusion.compositing import Layer
from rrrn.occlusion.kinds.choice import choose
from rrrn.occlusion.placing import Placement, Template
from rrrn.occlusion.scene import Occluder, Scene, setting
from rrrn.running.stage import InputError


class Place(Protocol):
    """Where a picture lies on landmarks (68, 2), ``width`` as wide, pasted ``as_released`` or tilted with the face."""

    def __call__(self, points: np.ndarray, width: float, as_released: bool = False) -> Placement: ...


def prepare(kind: str, place: Place, scene: Scene, settings: Mapping[str, Any]) -> Occluder:
    """Return the clip's occluder of a kind of pictures; settings: ``seed``, and ``kind`` with ``width``."""
    chosen = name(scene, kind, tuple(scene.art), setting(settings, "seed"))
    width, released = float(setting(settings, kind, "width")), scene.anchor == "author_compat"
    rows, columns = scene.frame.shape[:2]
    drawing = scene.art[chosen]()
    template = fitting.fitted(drawing, _jaws(drawing, partial(place, width=width, as_released=released), scene.track))

    def draw(points: np.ndarray) -> Layer:
        return placing.layer(template, place(points, width, released), rows, columns)

    def admit(points: np.ndarray) -> None:
        placing.admit(template, place(points, width))

    return Occluder(chosen, draw, dressed=True, admit=admit)


def _jaws(template: Template, place: Callable[[np.ndarray], Placement], track: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the jaw (17, 2) on the template, of each frame in which it has a place."""
    for points in track:
        with suppress(InputError):
            yield placing.onto(template, place(points), points[:17])


def name(scene: Scene, kind: str, names: Sequence[str], seed: int) -> str:
    """Return the picture that a clip wears: the one that is asked for, or the one that is drawn for it."""
    if scene.occluder is None:
        return choose(names, seed, scene.subject, kind, scene.rank)
    if scene.occluder not in names:
        raise InputError(f"there is no {kind} {scene.occluder!r}; there are {', '.join(names)}")
    return scene.occluder
