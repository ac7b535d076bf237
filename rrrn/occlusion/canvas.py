"""A transparent sheet to draw occluders on: shapes given by curves, so that any resolution can be had.

Coordinates: x from -1 to 1, y downwards from 0, both in half widths of the sheet.
"""

import cv2
import numpy as np

_SHIFT = 6  # fractional bits of polygon corners


class Canvas:
    """A sheet of ``columns`` pixels across and ``height`` half widths down.

    ``x`` and ``y`` are the coordinates of its pixels, float32 (H, W).
    """

    def __init__(self, columns: int, height: float) -> None:
        self.scale = columns / 2
        rows = round(height * self.scale)
        self._planes = np.zeros((4, rows, columns), np.float32)  # premultiplied BGR, alpha
        y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
        self.x, self.y = (x + 0.5) / self.scale - 1, (y + 0.5) / self.scale

    def area(self, outline: np.ndarray) -> np.ndarray:
        """Return the coverage, float32 (H, W) in 0..1, of the inside of an outline (n, 2)."""
        cover = np.zeros(self.x.shape, np.uint8)
        cv2.fillPoly(cover, [self._pixels(outline)], 255, cv2.LINE_AA, _SHIFT)
        return cover.astype(np.float32) / 255

    def line(self, points: np.ndarray, width: float, closed: bool = False) -> np.ndarray:
        """Return the coverage of a line of the given width through points (n, 2)."""
        cover = np.zeros(self.x.shape, np.uint8)
        thickness = max(1, round(width * self.scale))
        cv2.polylines(cover, [self._pixels(points)], closed, 255, thickness, cv2.LINE_AA, _SHIFT)
        return cover.astype(np.float32) / 255

    def soft(self, cover: np.ndarray, radius: float) -> np.ndarray:
        """Return a coverage blurred by a Gaussian with the given standard deviation."""
        return cv2.GaussianBlur(cover, (0, 0), radius * self.scale)

    @property
    def image(self) -> np.ndarray:
        """The sheet, float32 (H, W, 4): BGR in 0..255 premultiplied by alpha in 0..1."""
        return np.ascontiguousarray(self._planes.transpose(1, 2, 0))

    @property
    def alpha(self) -> np.ndarray:
        """The opacity of the sheet, float32 (H, W)."""
        return self._planes[3].copy()

    def paint(self, cover: np.ndarray, colour: tuple[float, ...] | np.ndarray, opacity: float | np.ndarray = 1) -> None:
        """Lay a colour, BGR as (3,) or (H, W, 3), over the sheet where ``cover`` says."""
        part = _bounds(cover)
        alpha = np.asarray(cover * opacity, np.float32)[part]
        paint = np.broadcast_to(np.asarray(colour, np.float32), (*cover.shape, 3))[part]
        for plane, value in zip(self._planes, (*np.moveaxis(paint, 2, 0), 1), strict=True):
            plane[part] += alpha * (value - plane[part])

    def shade(self, cover: np.ndarray, factor: float | np.ndarray) -> None:
        """Multiply the colour by ``factor`` where ``cover`` says; transparency stays."""
        part = _bounds(cover)
        change = (1 + cover * (np.asarray(factor, np.float32) - 1))[part]
        white = 255 * self._planes[3][part]
        for plane in self._planes[:3]:
            plane[part] = np.clip(plane[part] * change, 0, white)

    def _pixels(self, points: np.ndarray) -> np.ndarray:
        pixels = (np.asarray(points, np.float64) + np.array([1, 0])) * self.scale - 0.5
        return np.round(pixels * 2**_SHIFT).astype(np.int32)


def _bounds(cover: np.ndarray) -> tuple[slice, slice]:
    """The smallest rectangle that holds all that is covered."""
    x, y, width, height = cv2.boundingRect((cover > 0).astype(np.uint8))
    return slice(y, y + height), slice(x, x + width)


def curve(*knots: tuple[float, float], closed: bool = False) -> np.ndarray:
    """Return a smooth line (n, 2) through the knots: a Catmull-Rom spline."""
    inner = np.array(knots, np.float64)
    if closed:
        points = np.concatenate([inner[-1:], inner, inner[:2]])
    else:
        points = np.concatenate([2 * inner[:1] - inner[1:2], inner, 2 * inner[-1:] - inner[-2:-1]])
    t = np.linspace(0, 1, 24, endpoint=False)[:, None]
    pieces = []
    for a, b, c, d in zip(points, points[1:], points[2:], points[3:], strict=False):
        pieces.append(b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a))))
    return np.concatenate(pieces if closed else [*pieces, inner[-1:]])


def mirrored(right: np.ndarray) -> np.ndarray:
    """Return the closed outline (2n, 2) of a symmetric shape from its right half, given from top to bottom."""
    return np.concatenate([right, flipped(right)[::-1]])


def flipped(points: np.ndarray) -> np.ndarray:
    """Return points (n, 2) mirrored at the axis."""
    return points * [-1, 1]


def bump(distance: np.ndarray, width: float) -> np.ndarray:
    """Return a bell of the given standard deviation over a field of distances."""
    return np.exp(-0.5 * (distance / width) ** 2)
