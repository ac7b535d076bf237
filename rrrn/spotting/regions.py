"""The parts of a face whose motion tells an expression, by landmarks, and the parts that tell the head's.

Brows, sides of the nose, mouth: the regions of He (Research on micro-expression spotting method based on optical flow
features, ACM Multimedia 2021) and of Zhao et al. (Rethinking optical flow methods for micro-expression spotting, ACM
Multimedia 2022), and besides these cheeks and chin, which action units 6, 17 and 26 move. The eyes are left out:
lids that blink and eyes that turn move more than any micro-expression.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from rrrn.occlusion.holding import registration

# A disc about a landmark, or about the point between several.
WATCHED: dict[str, tuple[int, ...]] = {
    "left brow, outer": (18,),
    "left brow, inner": (20, 21),
    "right brow, inner": (22, 23),
    "right brow, outer": (25,),
    "nose, left": (31, 39),
    "nose, right": (35, 42),
    "left cheek": (41, 48),
    "right cheek": (46, 54),
    "left corner of the mouth": (48,),
    "right corner of the mouth": (54,),
    "upper lip": (50, 51, 52),
    "lower lip": (56, 57, 58),
    "chin": (8, 57),
}
# What an expression does with both sides of a face: the mean of motions, right and down, each with its sign. Brows rise
# and fall and draw together, corners of the mouth rise and fall and part. What a head that turns, or skin that trembles
# on one side, does otherwise, cancels out.
SIGNALS: dict[str, tuple[tuple[str, tuple[int, int]], ...]] = {
    "inner brows, down": (("left brow, inner", (0, 1)), ("right brow, inner", (0, 1))),
    "outer brows, down": (("left brow, outer", (0, 1)), ("right brow, outer", (0, 1))),
    "inner brows, together": (("left brow, inner", (1, 0)), ("right brow, inner", (-1, 0))),
    "sides of the nose, down": (("nose, left", (0, 1)), ("nose, right", (0, 1))),
    "cheeks, down": (("left cheek", (0, 1)), ("right cheek", (0, 1))),
    "corners of the mouth, down": (("left corner of the mouth", (0, 1)), ("right corner of the mouth", (0, 1))),
    "corners of the mouth, apart": (("left corner of the mouth", (-1, 0)), ("right corner of the mouth", (1, 0))),
    "upper lip, down": (("upper lip", (0, 1)),),
    "lower lip, down": (("lower lip", (0, 1)),),
    "chin, down": (("chin", (0, 1)),),
}
_RADIUS = 0.17  # of a disc, in distances between the eyes
_AROUND = 0.10  # of an eye, in the same, that is left out with it


class Masks(NamedTuple):
    """Where to look in an image: bool (R, H, W) for the regions of WATCHED, (H, W) for rigid skin."""

    watched: NDArray[np.bool_]
    rigid: NDArray[np.bool_]


def signals(motion: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return SIGNALS (T, S) of the motion (T, R, 2) of the regions of WATCHED."""
    place = {name: number for number, name in enumerate(WATCHED)}
    return np.stack(
        [
            np.mean([motion[:, place[name]] @ np.array(way) for name, way in parts], axis=0)
            for parts in SIGNALS.values()
        ],
        axis=1,
    )


def eye_distance(points: NDArray[np.float64]) -> float:
    """Return the distance in pixels between the middles of the eyes of landmarks (68, 2)."""
    return float(np.hypot(*(points[42:48].mean(axis=0) - points[36:42].mean(axis=0))))


def masks(points: NDArray[np.float64], shape: tuple[int, int]) -> Masks:
    """Return the masks of a face with landmarks (68, 2) in an image of ``shape`` (H, W)."""
    unit = eye_distance(points)
    y, x = np.ogrid[: shape[0], : shape[1]]
    eyes = _filled([points[36:42], points[42:48]], shape)
    wide = cv2.dilate(eyes.astype(np.uint8), _disc(_AROUND * unit)) > 0
    discs = []
    for around in WATCHED.values():
        centre = points[list(around)].mean(axis=0)
        inside = np.hypot(x - centre[0], y - centre[1]) <= _RADIUS * unit
        discs.append(inside & ~wide)
    rigid = _filled(registration.rigid_skin(points), shape) & ~wide
    return Masks(np.stack(discs), rigid)


def _filled(polygons: list[NDArray[np.float64]], shape: tuple[int, int]) -> NDArray[np.bool_]:
    drawn = np.zeros(shape, np.uint8)
    for polygon in polygons:
        cv2.fillPoly(drawn, [np.rint(polygon).astype(np.int32)], 1)
    return drawn > 0


def _disc(radius: float) -> NDArray[np.uint8]:
    size = 2 * max(1, round(radius)) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)).astype(np.uint8)
