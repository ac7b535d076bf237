"""Laying an occluder over a frame; pixels that it does not touch keep their bits."""

from dataclasses import dataclass, field

import cv2
import numpy as np

_LEAST_ALPHA = 0.5 / 255  # below, the stored 8-bit alpha says "not covered", and so must the frame


@dataclass(frozen=True)
class Layer:
    """An occluder in crop pixels: a rectangle with its corner at pixel (x, y), wholly inside the frame.

    ``colour`` is float32 (h, w, 3), BGR in 0..255, premultiplied by ``alpha``, float32 (h, w) in 0..1. Where alpha
    would be stored as 0, both become 0.
    """

    x: int
    y: int
    colour: np.ndarray
    alpha: np.ndarray
    _gray: np.ndarray = field(init=False, repr=False, compare=False)
    _passing: np.ndarray = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        covered = self.alpha >= _LEAST_ALPHA
        alpha = np.where(covered, np.clip(self.alpha, 0, 1), 0).astype(np.float32)
        colour = np.where(covered[..., None], self.colour, 0).astype(np.float32)
        gray = cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY) if alpha.size else alpha
        for name, value in (("alpha", alpha), ("colour", colour), ("_gray", gray), ("_passing", 1 - alpha)):
            object.__setattr__(self, name, value)


def nothing() -> Layer:
    """Return a layer that covers no pixel."""
    return Layer(0, 0, np.zeros((0, 0, 3), np.float32), np.zeros((0, 0), np.float32))


def composite(frame: np.ndarray, layer: Layer) -> np.ndarray:
    """Return ``frame``, uint8 (H, W, C) with C 1 or 3, under ``layer``: premultiplied "over" (Porter and Duff, 1984).

    Computed in float32 and rounded half up. Pixels with alpha 0 are bit-identical to the frame's.
    """
    out = frame.copy()
    if layer.alpha.size == 0:
        return out
    height, width = layer.alpha.shape
    under = out[layer.y : layer.y + height, layer.x : layer.x + width]
    colour = layer.colour if frame.shape[2] == 3 else layer._gray[..., None]
    over = under * layer._passing[..., None]
    over += colour
    over += 0.5
    under[...] = np.clip(over, 0, 255, out=over)  # the cast to uint8 rounds down
    return out


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
