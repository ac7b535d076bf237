"""An occluder on frames that show more than a face: it is worn by what is cut out about the face, and laid back."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rrrn.experiment import conditions
from rrrn.occlusion import wearing
from rrrn.occlusion.compositing import Layer
from rrrn.occlusion.holding import anchoring
from rrrn.occlusion.holding.anchors import Anchors
from rrrn.occlusion.scene import Art
from rrrn.occlusion.wearing import Wearer, Worn
from rrrn.running import typed

_AROUND = 0.6  # of the landmarks' extent: what is cut out on each side, room for straps and temples


@dataclass(frozen=True)
class Framed:
    """Frames, uint8 (T, H, W, C), and the occluder that is ``worn`` by rows and columns ``window`` of them."""

    frames: np.ndarray
    window: tuple[slice, slice]
    worn: Worn

    def composite(self, index: int, layer: Layer) -> np.ndarray:
        """Return a whole frame, uint8 (H, W, C), under a layer of ``worn``."""
        whole = self.frames[index].copy()
        whole[self.window] = self.worn.composite(index, layer)
        return whole

    def placed(self, layer: Layer) -> Layer:
        """Return a layer of ``worn`` in pixels of the whole frame."""
        rows, columns = self.window
        return replace(layer, x=layer.x + columns.start, y=layer.y + rows.start)


def wear(
    frames: np.ndarray,
    numbers: np.ndarray,
    landmarks: np.ndarray,
    clip: str,
    condition: str,
    settings: Mapping[str, Mapping[str, Any]],
    art: Art,
    occluder: str | None = None,
) -> Framed:
    """Return the occluder of a condition on a clip of one subject, both named ``clip``.

    ``frames``, ``numbers``, ``landmarks``, ``condition``, ``art`` and ``occluder`` are those of ``wearing.wear``;
    ``settings`` are the sections ``anchor`` and ``occlude``. Raises InputError as ``anchoring.anchored`` and
    ``wearing.wear`` do.
    """
    window = about(landmarks, *frames.shape[1:3])
    cut = np.ascontiguousarray(frames[(slice(None), *window)])
    points = landmarks - [window[1].start, window[0].start]
    if conditions.kind_of(condition).name == conditions.CLEAR:
        held = Anchors(points)
    else:
        held = anchoring.anchored(cut, points, typed.of(anchoring.Settings, settings["anchor"], "anchor"))
    wearer, told = Wearer(clip, clip, 0), settings["occlude"]
    return Framed(frames, window, wearing.wear(cut, numbers, points, held, wearer, condition, told, art, occluder))


def about(landmarks: np.ndarray, height: int, width: int) -> tuple[slice, slice]:
    """Return rows and columns of frames that hold a face with landmarks (T, 68, 2), and what it wears, in all."""
    low, high = landmarks.min(axis=(0, 1)), landmarks.max(axis=(0, 1))
    room = _AROUND * (high - low)
    x0, y0 = np.clip(np.floor(low - room), 0, [width - 1, height - 1]).astype(int).tolist()
    x1, y1 = np.clip(np.ceil(high + room), [x0 + 1, y0 + 1], [width, height]).astype(int).tolist()
    return slice(y0, y1), slice(x0, x1)
