"""What an occluder hides, as numbers: the visible share of each region, and the action units that it covers."""

from functools import cache

import numpy as np

from rrrn.face import region_boxes
from rrrn.occlusion.compositing import Layer

COVERED = 0.5  # share of an action unit's area from which on it counts as covered
_RADIUS = 0.16  # of the discs below, in distances between the eyes

# Where the skin of an action unit moves (Ekman, Friesen and Hager, FACS manual, 2002), as discs about landmarks; two
# landmarks stand for the point between them.
_AREAS: dict[int, tuple[tuple[int, ...], ...]] = {
    1: ((20,), (21,), (22,), (23,)),
    2: ((17,), (18,), (25,), (26,)),
    4: ((19,), (20,), (21,), (22,), (23,), (24,), (27,), (21, 22)),
    5: ((37,), (38,), (43,), (44,)),
    6: ((40,), (41,), (46,), (47,), (41, 48), (46, 54)),
    7: ((37,), (38,), (40,), (41,), (43,), (44,), (46,), (47,)),
    9: ((27,), (28,), (29,), (31,), (35,), (31, 39), (35, 42)),
    10: ((31,), (33,), (35,), (49,), (50,), (51,), (52,), (53,)),
    11: ((31,), (35,), (31, 48), (35, 54)),
    12: ((48,), (54,), (31, 48), (35, 54), (4, 48), (12, 54)),
    13: ((48,), (54,), (31, 48), (35, 54)),
    14: ((48,), (54,), (4, 48), (12, 54)),
    15: ((48,), (54,), (6, 48), (10, 54)),
    16: ((56,), (57,), (58,), (8, 57)),
    17: ((7,), (8,), (9,), (8, 57)),
    18: ((50,), (51,), (52,), (56,), (57,), (58,)),
    20: ((48,), (54,), (4, 48), (12, 54), (57,)),
    23: ((50,), (51,), (52,), (56,), (57,), (58,)),
    24: ((48,), (51,), (54,), (57,)),
    25: ((50,), (51,), (52,), (56,), (57,), (58,)),
    26: ((7,), (8,), (9,), (56,), (57,), (58,)),
    27: ((7,), (8,), (9,), (50,), (52,), (56,), (57,), (58,)),
    28: ((50,), (51,), (52,), (56,), (57,), (58,)),
}
UNITS = tuple(_AREAS)


def visible_shares(layer: Layer, box: tuple[int, int, int, int]) -> np.ndarray:
    """Return the share of each of the six regions (``region_boxes``) that the layer leaves open, float32 (6,).

    ``box`` is the face box (x0, y0, x1, y1) in crop pixels, right and lower ends excluded. Regions are its exact
    fractions, without the rounding of the network's maps.
    """
    x0, y0, x1, y1 = box
    covered = np.zeros((y1 - y0, x1 - x0))
    _add(covered, layer, x0, y0)
    shares = []
    for left, top, right, bottom in region_boxes.FRACTIONS:
        weight = np.outer(_coverage(y1 - y0, top, bottom), _coverage(x1 - x0, left, right))
        shares.append(1 - float((covered * weight).sum() / weight.sum()))
    return np.array(shares, np.float32)


def unit_shares(layer: Layer, points: np.ndarray) -> np.ndarray:
    """Return the share of each action unit's area, of ``UNITS``, that the layer covers, float32 (len(UNITS),).

    ``points`` (68, 2) are landmarks in crop pixels, finite. What lies outside of the frame counts as open.
    """
    radius = _RADIUS * float(np.hypot(*(points[42:48].mean(axis=0) - points[36:42].mean(axis=0))))
    low = np.floor(points.min(axis=0) - radius - 1).astype(int)
    high = np.ceil(points.max(axis=0) + radius + 2).astype(int)
    covered = np.zeros((high[1] - low[1], high[0] - low[0]), np.float32)
    _add(covered, layer, int(low[0]), int(low[1]))
    y, x = np.ogrid[low[1] : high[1], low[0] : high[0]]
    discs = {group: _disc(x, y, points[list(group)].mean(axis=0), radius) for group in _groups()}
    shares = []
    for groups in _AREAS.values():
        area = np.maximum.reduce([discs[group] for group in groups])
        shares.append(float((covered * area).sum() / area.sum()))
    return np.array(shares, np.float32)


@cache
def _groups() -> tuple[tuple[int, ...], ...]:
    return tuple(sorted({group for groups in _AREAS.values() for group in groups}))


def _disc(x: np.ndarray, y: np.ndarray, centre: np.ndarray, radius: float) -> np.ndarray:
    """Return a disc with soft edges on the pixels x (1, W) and y (H, 1), of which only those about it are computed."""
    columns = np.flatnonzero(abs(x[0] - centre[0]) < radius + 1)
    rows = np.flatnonzero(abs(y[:, 0] - centre[1]) < radius + 1)
    disc = np.zeros((y.shape[0], x.shape[1]))
    away = np.hypot(x[:, columns] - centre[0], y[rows] - centre[1])
    disc[np.ix_(rows, columns)] = np.clip(radius + 0.5 - away, 0, 1)
    return disc


def _coverage(size: int, start: float, end: float) -> np.ndarray:
    """The part of each of ``size`` pixels between two shares of their row."""
    pixels = np.arange(size)
    return np.clip(np.minimum(pixels + 1, end * size) - np.maximum(pixels, start * size), 0, 1)


def _add(target: np.ndarray, layer: Layer, x: int, y: int) -> None:
    """Write the layer's alpha into an array whose first pixel is (x, y) of the frame."""
    rows, columns = layer.alpha.shape
    left, top = max(layer.x, x), max(layer.y, y)
    right = min(layer.x + columns, x + target.shape[1])
    bottom = min(layer.y + rows, y + target.shape[0])
    if left < right and top < bottom:
        inside = layer.alpha[top - layer.y : bottom - layer.y, left - layer.x : right - layer.x]
        target[top - y : bottom - y, left - x : right - x] = inside
