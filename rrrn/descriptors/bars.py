"""The numbers of a descriptor as a picture: a field of bars for each block, a colour for each plane."""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from rrrn.data import pictures
from rrrn.descriptors.estimators.base import Place

_COLOURS = ((180, 110, 40), (60, 150, 60), (60, 60, 200))  # BGR
_LEAST_WIDTH, _LEAST_HEIGHT = 560, 480  # of all fields together, pixels
_GAP, _HEAD, _FRAME = 6, 54, (225, 225, 225)


def draw(vector: NDArray[np.floating], layout: Sequence[Place], title: str) -> NDArray[np.uint8]:
    """Return a picture, uint8 (H, W, 3) BGR, of a vector (d,) of numbers from 0; ``layout`` says where each stands.

    The fields lie as the blocks of a square grid do. All bars have one scale, up to the largest number.
    """
    blocks = list(dict.fromkeys(place.block for place in layout))
    planes = list(dict.fromkeys(place.plane for place in layout))
    bins, side = len(layout) // len(blocks), math.isqrt(len(blocks))
    bar = max(1, math.ceil(_LEAST_WIDTH / side / bins))
    width, height = bar * bins, max(24, _LEAST_HEIGHT // side)
    picture = np.full((_HEAD + side * (height + _GAP) + _GAP, side * (width + _GAP) + _GAP, 3), 255, np.uint8)
    full = float(vector.max()) or 1.0
    for index, (place, value) in enumerate(zip(layout, vector, strict=True)):
        row, column = divmod(index // bins, side)
        x = _GAP + column * (width + _GAP) + index % bins * bar
        base = _HEAD + (row + 1) * (height + _GAP)
        colour = _COLOURS[planes.index(place.plane) % len(_COLOURS)]
        picture[base - round(float(value) / full * height) : base, x : x + bar] = colour
        if index % bins == 0:
            cv2.rectangle(picture, (x - 1, base - height - 1), (x + width, base), _FRAME)
    pictures.write(picture, title, (_GAP, 22))
    end = pictures.write(picture, f"bars from 0 to {full:.3g}", (_GAP, 42))
    for name, colour in zip(planes, _COLOURS, strict=False):
        end = pictures.write(picture, name, (end + 14, 42), ink=colour)
    return picture
