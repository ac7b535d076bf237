"""Laying an occluder over a frame; pixels that it neither touches nor shades keep their bits."""

from dataclasses import dataclass
from functools import cache, cached_property

import cv2
import numpy as np

from rrrn.occlusion import srgb

_LEAST_ALPHA = 0.5 / 255  # below, the stored 8-bit alpha says "not covered", and so must the frame
_LEAST_LIGHT = 1e-5  # less light from the frame, white though it be, is no grey level in a black occluder
_FINE = 65535  # steps of the tables of linear light: an error of 0.03 grey levels at most


@dataclass(frozen=True)
class Layer:
    """An occluder in crop pixels: a rectangle with its corner at pixel (x, y), wholly inside the frame.

    ``colour`` is float32 (h, w, 3), BGR in 0..255, premultiplied by ``alpha``, float32 (h, w) in 0..1. Where alpha
    would be stored as 0, both become 0.

    Two planes act on the frame and are no part of the occluder: ``shade``, float32 (h, w) in 0..1, multiplies the
    frame below it, and ``grain``, float32 (h, w, C) in grey levels with C as the frame's, is added to the result where
    alpha is not 0.
    """

    x: int
    y: int
    colour: np.ndarray
    alpha: np.ndarray
    shade: np.ndarray | None = None
    grain: np.ndarray | None = None

    def __post_init__(self) -> None:
        covered = self.alpha >= _LEAST_ALPHA
        object.__setattr__(self, "alpha", np.clip(self.alpha, 0, 1, dtype=np.float32) * covered)
        for name in ("colour", "grain"):
            plane = getattr(self, name)
            if plane is not None:
                object.__setattr__(self, name, _where(covered, plane))

    def recoloured(self, colour: np.ndarray) -> "Layer":
        """Return the layer with another ``colour``, which is 0 where this one is."""
        return self._with(colour=colour)

    def grained(self, grain: np.ndarray) -> "Layer":
        """Return the layer with another ``grain``."""
        return self._with(grain=_where(self.alpha > 0, grain))

    def _with(self, **planes: np.ndarray) -> "Layer":
        """Return a copy with some planes replaced, which are 0 where alpha is: that need not be looked at again."""
        made = object.__new__(Layer)
        for name in ("x", "y", "colour", "alpha", "shade", "grain"):
            object.__setattr__(made, name, planes.get(name, getattr(self, name)))
        return made

    @cached_property
    def gray(self) -> np.ndarray:
        """The colour's luma, float32 (h, w), premultiplied as well."""
        return cv2.cvtColor(self.colour, cv2.COLOR_BGR2GRAY)

    @cached_property
    def passing(self) -> np.ndarray:
        """The part of the frame that comes through, float32 (h, w) in 0..1."""
        return 1 - self.alpha if self.shade is None else (1 - self.alpha) * self.shade


def _where(covered: np.ndarray, plane: np.ndarray) -> np.ndarray:
    """Return a plane (h, w, C) with 0 where it is not ``covered``, bool (h, w)."""
    if covered.size == 0:
        return plane
    return cv2.copyTo(plane, covered.view(np.uint8)).reshape(plane.shape)


def nothing() -> Layer:
    """Return a layer that covers no pixel."""
    return Layer(0, 0, np.zeros((0, 0, 3), np.float32), np.zeros((0, 0), np.float32))


def composite(
    frame: np.ndarray, layer: Layer, linear_light: bool = False, mixed: np.ndarray | None = None
) -> np.ndarray:
    """Return ``frame``, uint8 (H, W, C) with C 1 or 3, under ``layer``: premultiplied "over" (Porter and Duff, 1984).

    Computed in float32 and rounded half up; with ``linear_light`` the grey levels are taken as sRGB (IEC 61966-2-1)
    and it is light that is mixed and shaded, else the grey levels. Pixels that have alpha 0 and no shade are
    bit-identical to the frame's. ``mixed`` is what ``mix`` gave for this frame and layer, if it is known.
    """
    out = frame.copy()
    if layer.alpha.size == 0:
        return out
    under = covered(out, layer)
    over = mix(under, layer, linear_light) if mixed is None else mixed
    under[...] = rounded(over if layer.grain is None else over + layer.grain)
    return out


def covered(frame: np.ndarray, layer: Layer) -> np.ndarray:
    """Return the part of a frame (H, W, C) that a layer lies on, as a view."""
    height, width = layer.alpha.shape
    return frame[layer.y : layer.y + height, layer.x : layer.x + width]


def mix(under: np.ndarray, layer: Layer, linear_light: bool) -> np.ndarray:
    """Return pixels, uint8 (h, w, C), under a layer of their size: float32, without its grain and not rounded."""
    channels = under.shape[2]
    colour = layer.colour if channels == 3 else layer.gray[..., None]
    over = cv2.multiply(under, cv2.merge([layer.passing] * channels), dtype=cv2.CV_32F).reshape(under.shape)
    over += colour
    if linear_light:
        # elsewhere both ways agree
        between = np.flatnonzero((layer.passing > _LEAST_LIGHT) & (layer.passing < 1))
        pixels = (under.reshape(-1, channels), layer.passing.reshape(-1), colour.reshape(-1, channels))
        over.reshape(-1, channels)[between] = _mix_light(
            *(plane[between] for plane in (*pixels, layer.alpha.reshape(-1)))
        )
    return over


def rounded(over: np.ndarray) -> np.ndarray:
    """Return grey levels, float32, as uint8, rounded half up."""
    levels = over + np.float32(0.5)
    return np.clip(levels, 0, 255, out=levels).astype(np.uint8)  # the cast rounds down


def to_gray(frame: np.ndarray) -> np.ndarray:
    """Return a frame (H, W, C), C 1 or 3 (BGR), as uint8 (H, W): ITU-R BT.601 luma; one channel stays as it is."""
    return frame[..., 0] if frame.shape[2] == 1 else cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)


def alpha_map(layer: Layer, height: int, width: int) -> np.ndarray:
    """Return the layer's alpha on the whole frame, uint8 (height, width), 255 = covered."""
    out = np.zeros((height, width), np.uint8)
    rows, columns = layer.alpha.shape
    out[layer.y : layer.y + rows, layer.x : layer.x + columns] = np.floor(layer.alpha * 255 + 0.5)
    return out


def area_share(layer: Layer, box: tuple[int, int, int, int]) -> float:
    """Return the share of ``box`` = (x0, y0, x1, y1), right and lower ends excluded, that the layer covers."""
    x0, y0, x1, y1 = box
    inside = layer.alpha[max(y0 - layer.y, 0) : max(y1 - layer.y, 0), max(x0 - layer.x, 0) : max(x1 - layer.x, 0)]
    return float(inside.sum(dtype=np.float64)) / ((x1 - x0) * (y1 - y0))


def apart(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return colour and alpha of an image float32 (h, w, 4)."""
    return cv2.cvtColor(image, cv2.COLOR_BGRA2BGR), cv2.extractChannel(image, 3)


def grown(layer: Layer, margin: int, height: int, width: int) -> tuple[int, int, np.ndarray]:
    """Return the layer in a rectangle wider by ``margin`` pixels on each side, as far as the frame reaches.

    The result is the corner (x, y) and colour with alpha, float32 (h, w, 4); what was added is transparent.
    """
    rows, columns = layer.alpha.shape
    left, above = min(margin, layer.x), min(margin, layer.y)
    right, below = min(margin, width - layer.x - columns), min(margin, height - layer.y - rows)
    image = cv2.merge([layer.colour, layer.alpha])
    image = cv2.copyMakeBorder(image, above, below, left, right, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0))
    return layer.x - left, layer.y - above, image


def _mix_light(under: np.ndarray, passing: np.ndarray, colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Return the grey levels, float32 (n, C), of n pixels that are mixed of frame and occluder in linear light."""
    to_light, to_level = _tables()
    straight = colour / np.maximum(alpha, _LEAST_ALPHA)[:, None]
    light = to_light[_index(straight / 255)]
    light *= alpha[:, None]
    light += to_light[under.astype(np.intp) * (_FINE // 255)] * passing[:, None]
    return to_level[_index(light)]


def _index(share: np.ndarray) -> np.ndarray:
    return (np.clip(share, 0, 1) * _FINE + 0.5).astype(np.intp)


@cache
def _tables() -> tuple[np.ndarray, np.ndarray]:
    """Tables in steps of 1 / _FINE: from a grey level (1 is 255) to light in 0..1, and from light to grey level."""
    share = np.arange(_FINE + 1) / _FINE
    return srgb.light(share).astype(np.float32), (srgb.level(share) * 255).astype(np.float32)
