"""What makes an occluder belong in a clip: its light, its sharpness, its noise, and the occluder's shadow.

All is measured once per clip, on clean frames, and applied frame by frame. Every part has a switch.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

import cv2
import numpy as np

from rrrn.experiment import seeds
from rrrn.occlusion import compositing, srgb
from rrrn.occlusion.compositing import Layer
from rrrn.occlusion.look import light, noise, shadow, sharpness, skin
from rrrn.occlusion.look.noise import Noise

_SLOPES = (srgb.slope(np.arange(256) / 255) / 255).astype(np.float32)  # light per grey level
_SOME = 8  # frames, spread over the clip, that tone and sharpness are measured on


@dataclass(frozen=True)
class Settings:
    """The section ``occlude.look``."""

    linear_light: bool
    feather: Literal["matched", "none"] | float
    shadow: float
    photometric: float
    flicker: bool
    noise: bool


@dataclass(frozen=True)
class Look:
    """The look of one clip; see ``measure``.

    ``frames`` are the clip's, uint8 (T, H, W, C). ``tone`` (3,) are gains BGR of the clip and ``drift`` (T,) those of
    its frames; ``spread`` is the target of edges in pixels, 0 for edges as drawn; ``shadow`` a strength with the unit
    vector ``down`` and ``face_height`` in pixels; ``noise`` None for none, else with ``seed_names``.
    """

    frames: np.ndarray
    linear_light: bool
    tone: np.ndarray
    drift: np.ndarray
    spread: float
    shadow: float
    down: np.ndarray
    face_height: float
    noise: Noise | None
    seed_names: tuple[object, ...]
    _last: list[Layer] = field(default_factory=list, init=False, repr=False, compare=False)
    _mixed: list[Any] = field(default_factory=list, init=False, repr=False, compare=False)

    def dress(self, layer: Layer, index: int) -> Layer:
        """Return an occluder's layer as the camera would see it in frame ``index`` of the clip.

        Its alpha is the occluder's own, softened at the edges; shadow and noise are in planes apart. A layer that
        covers nothing comes back as it is.
        """
        if not layer.alpha.any():
            return layer
        base = self._in_this_clip(layer)
        gain = np.float32(self.drift[index])
        if gain != 1:
            base = base.recoloured(base.colour * gain)
        return self._grained(base, index)

    def composite(self, index: int, layer: Layer) -> np.ndarray:
        """Return frame ``index`` under a layer, uint8 (H, W, C)."""
        known = self._mixed and self._mixed[0] is layer and self._mixed[1] == index
        return compositing.composite(self.frames[index], layer, self.linear_light, self._mixed[2] if known else None)

    def _in_this_clip(self, layer: Layer) -> Layer:
        """Return what is the same in all frames; kept, as occluders lie still in many clips."""
        if not (self._last and self._last[0] is layer):
            height, width = self.frames.shape[1:3]
            rows, columns = layer.alpha.shape
            gains = np.tile(self.tone.astype(np.float32), columns)  # of a row at once, which is faster than a pixel
            colour = (layer.colour.reshape(rows, -1) * gains).reshape(layer.colour.shape)
            if self.frames.shape[3] == 1:
                colour = cv2.cvtColor(cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
            soft = sharpness.feathered(layer.recoloured(colour), self.spread, height, width)
            self._last[:] = layer, shadow.shaded(soft, self.shadow, self.down, self.face_height, height, width)
        return self._last[1]

    def _grained(self, layer: Layer, index: int) -> Layer:
        """Add as much noise as brings the composite, in which the frame's own shines through, to the clip's."""
        if self.noise is None:
            return layer
        under = compositing.covered(self.frames[index], layer)
        mixed = compositing.mix(under, layer, self.linear_light)
        over = compositing.rounded(mixed)
        variances = self.noise.variances()
        passing = cv2.merge([layer.passing] * under.shape[2]).reshape(under.shape)
        if self.linear_light:
            slopes = np.repeat(_SLOPES[:, None], under.shape[2], axis=1)
            passing *= _look_up(slopes, under)
            passing /= _look_up(slopes, over)
        strength = _look_up(variances, over) - np.square(passing, out=passing) * _look_up(variances, under)
        np.sqrt(np.maximum(strength, 0, out=strength), out=strength)
        rng = seeds.generator(*self.seed_names, "grain", index)
        dressed = layer.grained(strength * self.noise.draw(rng, *layer.alpha.shape))
        self._mixed[:] = dressed, index, mixed  # it is composited next
        return dressed


def _look_up(table: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Return what a table, float32 (256, C), says of each grey level of an image uint8 (h, w, C)."""
    found = cv2.LUT(np.ascontiguousarray(image), table.reshape(1, 256, -1))
    return found.reshape(image.shape)


def measure(
    frames: np.ndarray,
    points: np.ndarray,
    cover: Layer,
    settings: Settings,
    seed_names: tuple[object, ...],
) -> Look:
    """Measure the look of a clip.

    frames: the clean frames, uint8 (T, H, W, C), C 1 or 3 (BGR); points: float64 (T, 68, 2), anchored landmarks in
    crop pixels; cover: the occluder's layer in the first frame, as drawn. ``seed_names`` are what the draws of noise
    belong to, besides the frame's index.

    Raises InputError for landmarks that failed.
    """
    usual = np.median(points, axis=0)
    face_height = skin.height(usual)
    rows, columns = frames.shape[1:3]
    covered = compositing.alpha_map(cover, rows, columns) > 0
    face = skin.skin(usual, rows, columns)
    clear = skin.visible(face, covered, usual)
    some = frames[np.unique(np.linspace(0, len(frames) - 1, _SOME).round().astype(int))]

    if settings.feather == "matched":
        spread = sharpness.spread([compositing.to_gray(frame) for frame in some], _box(usual, rows, columns))
    else:
        spread = 0.0 if settings.feather == "none" else float(settings.feather)
    down = (usual[8] - usual[27]) / max(float(np.hypot(*(usual[8] - usual[27]))), 1e-9)
    return Look(
        frames,
        settings.linear_light,
        light.tone(some, skin.ring(clear, covered, usual), cover, float(settings.photometric)),
        light.drift(frames, clear) if settings.flicker else np.ones(len(frames)),
        spread,
        float(settings.shadow),
        down,
        face_height,
        noise.measure(frames, face) if settings.noise else None,
        tuple(seed_names),
    )


def _box(points: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Where the bounding box of landmarks (68, 2) is, bool (rows, columns)."""
    x, y = np.arange(columns), np.arange(rows)[:, None]
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return (x >= left) & (x <= right) & (y >= top) & (y <= bottom)
