"""A transparent sheet to draw occluders on: shapes given by curves, so that any resolution can be had.

Coordinates: x from -1 to 1, y downwards, both in half widths of the sheet.
"""

import cv2
import numpy as np

from rrrn.experiment import seeds

_SHIFT = 6  # fractional bits of polygon corners
_FINE = 2  # samples per pixel, each way, of distances


class Canvas:
    """A sheet of ``columns`` pixels across, from ``top`` down to ``bottom``.

    ``x`` and ``y`` are the coordinates of its pixels, float32 (H, W); ``scale`` is pixels a half width. Distances,
    lengths and radii are in half widths.
    """

    def __init__(self, columns: int, top: float, bottom: float) -> None:
        self.scale = columns / 2
        self.top = top
        rows = round((bottom - top) * self.scale)
        self._planes = np.zeros((4, rows, columns), np.float32)  # premultiplied BGR, alpha
        y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
        self.x, self.y = (x + 0.5) / self.scale - 1, (y + 0.5) / self.scale + top

    def inside(self, outline: np.ndarray) -> np.ndarray:
        """Return how far each pixel is inside an outline (n, 2), float32 (H, W); negative outside."""
        shape = self._samples(_FINE)
        cv2.fillPoly(shape, [self._pixels(outline, _FINE)], 255, cv2.LINE_8, _SHIFT)
        within, without = (distances(part) for part in (shape, ~shape))
        return self._means(np.where(shape > 0, within - 0.5, 0.5 - without), _FINE)

    def away(self, line: np.ndarray, fine: int = _FINE) -> np.ndarray:
        """Return how far each pixel is from an open line (n, 2), float32 (H, W).

        ``fine`` is the number of samples per pixel, each way; 1 does for what is wide and soft.
        """
        shape = ~self._samples(fine)
        cv2.polylines(shape, [self._pixels(line, fine)], False, 0, 1, cv2.LINE_8, _SHIFT)
        return self._means(distances(shape), fine)

    def cover(self, distance: np.ndarray) -> np.ndarray:
        """Return the coverage, 0..1, of pixels whose centres are ``distance`` inside a shape."""
        return np.clip(0.5 + distance * self.scale, 0, 1).astype(np.float32)

    def soft(self, field: np.ndarray, radius: float) -> np.ndarray:
        """Return a field blurred by a Gaussian with the given standard deviation."""
        return cv2.GaussianBlur(field, (0, 0), radius * self.scale)

    def below(self, field: np.ndarray, right: float, down: float) -> np.ndarray:
        """Return a field moved to the right and down."""
        move = np.array([[1, 0, right * self.scale], [0, 1, down * self.scale]], np.float32)
        return cv2.warpAffine(field, move, field.shape[::-1], borderMode=cv2.BORDER_CONSTANT)

    def noise(self, pitch: float | tuple[float, float], *names: str) -> np.ndarray:
        """Return noise, float32 (H, W), mean 0 and deviation 1 on a lattice of the given pitch (across, down).

        It belongs to ``names`` and is the same at every resolution, but for what a coarse sheet cannot show.
        """
        across, down = pitch if isinstance(pitch, tuple) else (pitch, pitch)
        rows, columns = self.x.shape
        size = max(2, round(rows / self.scale / down)), max(2, round(2 / across))
        lattice = seeds.generator("art", *names).standard_normal(size).astype(np.float32)
        if size[0] > rows or size[1] > columns:
            return cv2.resize(lattice, (columns, rows), interpolation=cv2.INTER_AREA)
        return cv2.resize(lattice, (columns, rows), interpolation=cv2.INTER_CUBIC)

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

    def shadow(self, cover: np.ndarray, spread: float, drop: float, opacity: float) -> None:
        """Darken what is drawn already under a shape: its coverage, dropped and blurred. Skin has its own shadow."""
        self.paint(self.soft(self.below(cover, drop / 3, drop), spread) * self.alpha, (8, 9, 14), opacity)

    def _samples(self, fine: int) -> np.ndarray:
        rows, columns = self.x.shape
        return np.zeros((rows * fine, columns * fine), np.uint8)

    def _means(self, distance: np.ndarray, fine: int) -> np.ndarray:
        rows, columns = self.x.shape
        means = cv2.resize(distance.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA)
        return means / np.float32(self.scale * fine)

    def _pixels(self, points: np.ndarray, fine: int) -> np.ndarray:
        pixels = (np.asarray(points, np.float64) - [-1, self.top]) * self.scale * fine - 0.5
        return np.round(pixels * 2**_SHIFT).astype(np.int32)


def distances(shape: np.ndarray) -> np.ndarray:
    """Return the distance, float32 (H, W), of each pixel that is not 0 in a uint8 image to the nearest that is."""
    # OpenCV rounds by where in memory the result lies; 64 bytes apart, it is always the same.
    memory = np.empty(shape.size * 4 + 64, np.uint8)
    start = -memory.ctypes.data % 64
    result = memory[start : start + shape.size * 4].view(np.float32).reshape(shape.shape)
    cv2.distanceTransform(shape, cv2.DIST_L2, cv2.DIST_MASK_PRECISE, result)
    return result


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


def across(right: np.ndarray) -> np.ndarray:
    """Return the open line (2n, 2) from left to right of which the right half is given, from the axis outwards."""
    return np.concatenate([flipped(right)[::-1], right])


def flipped(points: np.ndarray) -> np.ndarray:
    """Return points (n, 2) mirrored at the axis."""
    return points * [-1, 1]


def bump(distance: np.ndarray, width: float) -> np.ndarray:
    """Return a bell of the given standard deviation over a field of distances."""
    return np.exp(-0.5 * (distance / np.float32(width)) ** 2)


def step(distance: np.ndarray, width: float) -> np.ndarray:
    """Return a smooth step from 0 to 1 at distance 0, about ``width`` wide to each side."""
    t = np.clip(distance / np.float32(2 * width) + np.float32(0.5), 0, 1)
    return t * t * (3 - 2 * t)
