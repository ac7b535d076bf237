"""The soft shadow of an occluder on the skin below it."""

import math

import cv2
import numpy as np

from rrrn.occlusion import compositing
from rrrn.occlusion.compositing import Layer

_OFFSET = 0.015  # of the face's height, towards the chin
_SOFTNESS = 0.012  # of the face's height, standard deviation
_LEAST = 1 / 512  # weaker shade is none: less than half a grey level


def shaded(layer: Layer, strength: float, down: np.ndarray, face_height: float, height: int, width: int) -> Layer:
    """Return the layer with a contact shadow in its ``shade``; colour and alpha are those of the layer.

    ``strength`` 0 to 1 is the light that the full shadow takes. It is the occluder's alpha, displaced along the unit
    vector ``down`` (2,) towards the chin and blurred, both in proportion to ``face_height`` in pixels. ``height`` and
    ``width`` are the frame's.
    """
    if strength == 0 or layer.alpha.size == 0:
        return layer
    sigma, offset = _SOFTNESS * face_height, _OFFSET * face_height * np.asarray(down, np.float64)
    radius = max(1, math.ceil(3 * sigma))
    x, y, image = compositing.grown(layer, radius + math.ceil(np.abs(offset).max()), height, width)
    colour, alpha = compositing.apart(image)
    shift = np.array([[1, 0, offset[0]], [0, 1, offset[1]]])
    moved = cv2.warpAffine(alpha, shift, alpha.shape[::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    soft = cv2.GaussianBlur(moved, (2 * radius + 1, 2 * radius + 1), sigma, borderType=cv2.BORDER_REPLICATE)
    dark = np.float32(strength) * np.clip(soft, 0, 1)
    return Layer(x, y, colour, alpha, np.where(dark < _LEAST, np.float32(1), 1 - dark))
