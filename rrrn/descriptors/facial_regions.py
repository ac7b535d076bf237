"""Thirty-six regions of a face, as polygons between its 68 landmarks.

MDMO (Liu et al., IEEE T-AC 2016) has 36 regions, which its authors chose partly by action units, on 66 landmarks. The
regions here are our own choice of as many, and not theirs: of the 68 landmarks of iBUG 300-W the inner corners of the
mouth (60, 64) are not used. Together they are mirror images: what is left of the face's middle has its like on
the right.
"""

import numpy as np
from numpy.typing import NDArray

from rrrn.running.stage import InputError

LANDMARKS = 68
# A vertex is a landmark, the middle of two, or "NN^", a landmark of a brow lifted onto the forehead.
_Vertex = int | tuple[int, int] | str
REGIONS: dict[str, tuple[_Vertex, ...]] = {
    "forehead_outer_a": ("17^", "19^", 19, 18, 17),
    "forehead_inner_a": ("19^", "21^", 21, 20, 19),
    "forehead_middle": ("21^", "22^", 22, 21),
    "forehead_inner_b": ("22^", "24^", 24, 23, 22),
    "forehead_outer_b": ("24^", "26^", 26, 25, 24),
    "lid_outer_a": (17, 18, 19, 37, 36),
    "lid_inner_a": (19, 20, 21, 39, 38, 37),
    "glabella_a": (21, (21, 22), 27, 39),
    "glabella_b": ((21, 22), 22, 42, 27),
    "lid_inner_b": (22, 23, 24, 44, 43, 42),
    "lid_outer_b": (24, 25, 26, 45, 44),
    "temple_a": (0, 17, 36),
    "temple_b": (26, 16, 45),
    "eye_a": (36, 37, 38, 39, 40, 41),
    "eye_b": (42, 43, 44, 45, 46, 47),
    "cheekbone_a": (0, 36, (36, 48), 2, 1),
    "below_eye_a": (36, 41, 40, 39, (39, 31), (36, 48)),
    "nose_side_a": (39, 27, 28, 29, 30, 31, (39, 31)),
    "nose_side_b": (27, 42, (42, 35), 35, 30, 29, 28),
    "below_eye_b": (42, 47, 46, 45, (45, 54), (42, 35)),
    "cheekbone_b": (45, 16, 15, 14, (45, 54)),
    "cheek_a": (2, (36, 48), 48, 4, 3),
    "fold_a": ((36, 48), (39, 31), 31, 50, 49, 48),
    "nose_tip": (30, 35, 34, 33, 32, 31),
    "fold_b": ((42, 35), (45, 54), 54, 53, 52, 35),
    "cheek_b": ((45, 54), 14, 13, 12, 54),
    "philtrum_a": (31, 32, 33, 51, 50),
    "philtrum_b": (33, 34, 35, 52, 51),
    "upper_lip_a": (48, 49, 50, 51, 62, 61),
    "upper_lip_b": (51, 52, 53, 54, 63, 62),
    "lower_lip_a": (48, 67, 66, 57, 58, 59),
    "lower_lip_b": (66, 65, 54, 55, 56, 57),
    "jaw_a": (4, 48, 59, 6, 5),
    "chin_a": (6, 59, 58, 57, 8, 7),
    "chin_b": (57, 56, 55, 10, 9, 8),
    "jaw_b": (54, 12, 11, 10, 55),
}


def polygons(landmarks: NDArray[np.floating], lift: float) -> dict[str, NDArray[np.float64]]:
    """Return the vertices (N, 2), x and y, of each region of a face with ``landmarks`` (68, 2).

    Brows are lifted along the nose's bridge, from landmark 30 to 27, by ``lift`` times its length. Raises InputError
    for another shape or values that are not finite.
    """
    points = np.asarray(landmarks, np.float64)
    if points.shape != (LANDMARKS, 2) or not np.isfinite(points).all():
        raise InputError(f"landmarks of shape {tuple(points.shape)}: give {LANDMARKS} finite pairs x, y")
    lifted = points + lift * (points[27] - points[30])

    def place(vertex: _Vertex) -> NDArray[np.float64]:
        if isinstance(vertex, str):
            return lifted[int(vertex.removesuffix("^"))]
        if isinstance(vertex, tuple):
            return (points[vertex[0]] + points[vertex[1]]) / 2
        return points[vertex]

    return {name: np.array([place(vertex) for vertex in vertices]) for name, vertices in REGIONS.items()}


def inside(polygon: NDArray[np.float64], height: int, width: int) -> NDArray[np.bool_]:
    """Return which pixels (H, W), whose centres are at integers, lie in a polygon (N, 2) by the even-odd rule."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    found = np.zeros((height, width), np.bool_)
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if y0 != y1:
            found ^= ((y0 > y) != (y1 > y)) & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return found
