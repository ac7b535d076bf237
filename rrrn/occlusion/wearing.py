"""One clip wears one occluder: held by its anchors, drawn for each frame, dressed in the clip's light."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rrrn.experiment import conditions, outside
from rrrn.occlusion import compositing
from rrrn.occlusion.compositing import Layer
from rrrn.occlusion.holding import smoothing
from rrrn.occlusion.holding.anchors import Anchors
from rrrn.occlusion.look import dress as looks
from rrrn.occlusion.scene import Art, Occluder, Scene, setting
from rrrn.running import typed
from rrrn.running.stage import InputError

_TURN = 5  # frames that the turn of a head is the median of: two wrong ones are an error of the detector, three a turn


@dataclass(frozen=True)
class Wearer:
    """Whose occluder it is: subject, clip, and the clip's rank among its subject's clips, by name.

    The draw of an occluder and of all that is random in it belongs to these names.
    """

    subject: str
    clip: str
    rank: int


@dataclass(frozen=True)
class Worn:
    """An occluder on every frame of a clip.

    ``frames`` uint8 (T, H, W, C) with ``numbers`` (T); ``anchors`` are where it is held; ``look`` is None for
    occluders that stay as drawn.
    """

    frames: np.ndarray
    numbers: np.ndarray
    anchors: Anchors
    occluder: Occluder
    look: looks.Look | None

    @property
    def facts(self) -> dict[str, Any]:
        """Return how the occluder was anchored and drawn."""
        return {**self.anchors.facts, **self.occluder.facts}

    def layers(self) -> Iterator[Layer]:
        """Yield the layer of each frame. It is drawn anew only where the landmarks move.

        Raises InputError, naming the frame, where landmarks give it no place.
        """
        points, layer = self.anchors.points, compositing.nothing()
        for index in range(len(points)):
            if index == 0 or not np.array_equal(points[index], points[index - 1]):
                layer = _draw(self.occluder, points[index], int(self.numbers[index]))
            yield layer if self.look is None else self.look.dress(layer, index)

    def layer(self, index: int) -> Layer:
        """Return the layer of one frame."""
        layer = _draw(self.occluder, self.anchors.points[index], int(self.numbers[index]))
        return layer if self.look is None else self.look.dress(layer, index)

    def composite(self, index: int, layer: Layer) -> np.ndarray:
        """Return a frame under its layer, uint8 (H, W, C)."""
        if self.look is not None:
            return self.look.composite(index, layer)
        return compositing.composite(self.frames[index], layer)


def wear(
    frames: np.ndarray,
    numbers: np.ndarray,
    landmarks: np.ndarray,
    anchors: Anchors,
    wearer: Wearer,
    condition: str,
    settings: Mapping[str, Any],
    art: Art | None = None,
    name: str | None = None,
) -> Worn:
    """Return the occluder of a condition on a clip.

    ``frames`` uint8 (T, H, W, C) with C 1 or 3 (BGR), ``numbers`` (T) their frame numbers; ``landmarks``
    (T, 68, 2) as detected, in pixels of the frames, and ``anchors`` that were made of them. ``settings`` are the
    section ``occlude``; ``art`` the pictures of the condition's kind, if it has any, of which ``name`` asks for one.
    Raises InputError for settings and landmarks that cannot be used, and, naming the frame, for a head turned too far
    for the occluder at any time, whatever shape the anchors show; and for an occluder that covers nothing of the face
    in the first frame.
    """
    worn = put_on(frames, numbers, anchors, wearer, condition, settings, art, name)
    for points, number in zip(smoothing.median(landmarks, _TURN), numbers, strict=True):
        try:
            worn.occluder.admit(points)
        except InputError as error:
            raise InputError(f"frame {number}: {error}") from None
    return worn


def put_on(
    frames: np.ndarray,
    numbers: np.ndarray,
    anchors: Anchors,
    wearer: Wearer,
    condition: str,
    settings: Mapping[str, Any],
    art: Art | None = None,
    name: str | None = None,
) -> Worn:
    """Return the same without a look at the landmarks as detected."""
    kind, level = conditions.parse(condition)
    # The kind is imported by name: a drawing then concerns the conditions of its own kind alone.
    module = outside.load(conditions.KINDS[kind].module)
    who, points = (wearer.subject, wearer.clip, wearer.rank), anchors.points
    scene = Scene(*who, level, frames[0], points, anchors.mode, name, art or {})
    occluder = module.prepare(scene, settings)
    look = None
    if kind != conditions.CLEAR:
        first = _draw(occluder, anchors.points[0], int(numbers[0]))
        if not _covers(first, anchors.points[0]):
            raise InputError(
                f"frame {numbers[0]}: the occluder {occluder.name} covers nothing of the face: it lies outside of the "
                "image, or its picture is transparent there; check the landmarks, and picture and anchors if they are "
                "your own, or take the clip out"
            )
    if occluder.dressed:
        names = (setting(settings, "seed"), wearer.subject, wearer.clip, kind)
        look = looks.measure(
            frames, anchors.points, first, typed.section(looks.Settings, settings, "occlude.look"), names
        )
    return Worn(frames, numbers, anchors, occluder, look)


def _covers(layer: Layer, points: np.ndarray) -> bool:
    """Whether a layer covers something of the landmarks' bounding box."""
    low, high = np.floor(points.min(axis=0)).astype(int), np.ceil(points.max(axis=0)).astype(int) + 1
    return compositing.area_share(layer, (*low.tolist(), *high.tolist())) > 0


def _draw(occluder: Occluder, points: np.ndarray, number: int) -> Layer:
    try:
        return occluder.draw(points)
    except InputError as error:
        raise InputError(f"frame {number}: {error}") from None
