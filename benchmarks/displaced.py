"""Pairs of images with a known displacement between them, like a face at onset and at apex."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from rrrn.experiment import seeds
from rrrn.synthetic.painting import face as faces
from rrrn.synthetic.painting.canvas import LEFT, TOP

OVERSAMPLING = 2
_FACE = 2.0  # eye distances across an image
_CENTRE = 0.35  # eye distances below the eyes
_MARGIN = 16  # image pixels around what is displaced
_POINT_SPREAD = 0.7  # pixels of the source: what an optical system leaves can be interpolated
_NOISE = 1.0  # grey levels, of each frame on its own
_GAIN = 0.003  # relative, between the frames
_KINDS = ("bumps", "bumps and shift", "bumps", "affine")


class Pair(NamedTuple):
    """Two images, uint8 (H, W), and the displacement, float32 (2, H, W) in pixels: after(x + d(x)) = before(x)."""

    before: NDArray[np.uint8]
    after: NDArray[np.uint8]
    displacement: NDArray[np.float32]


def painted_face(subject: str, side: int, seed: int = 1) -> NDArray[np.float32]:
    """Return a synthetic face, gray 0 to 255, OVERSAMPLING times as fine as images of ``side`` pixels and larger."""
    face = faces.paint(seed, subject, OVERSAMPLING * side / _FACE / 1.5, 1.0)
    colour = face.skin[..., :3] + (1 - face.skin[..., 3:]) * face.eyeballs
    gray = cv2.cvtColor((colour * 255).clip(0, 255), cv2.COLOR_BGR2GRAY)
    length = OVERSAMPLING * (side + 2 * _MARGIN)
    reach = _FACE / 2 * (side + 2 * _MARGIN) / side
    zoom = 2 * reach * face.canvas.density / length
    corner = (-reach - LEFT) * face.canvas.density, (_CENTRE - reach - TOP) * face.canvas.density
    window = np.array([[zoom, 0, corner[0]], [0, zoom, corner[1]]])
    return cv2.warpAffine(gray, window, (length, length), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


def photograph(image: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    """Return the middle square of a gray image, enlarged as ``painted_face`` is."""
    length = min(image.shape)
    top, left = ((full - length) // 2 for full in image.shape)
    square = image[top : top + length, left : left + length].astype(np.float32)
    size = OVERSAMPLING * (side + 2 * _MARGIN)
    return cv2.resize(square, (size, size), interpolation=cv2.INTER_LANCZOS4)


def field(side: int, largest: float, kind: str, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a smooth displacement, (2, side, side), of at most ``largest`` pixels before a shift is added."""
    y, x = np.mgrid[:side, :side].astype(np.float64)
    displacement = np.zeros((2, side, side))
    if kind == "affine":
        turn, stretch = rng.uniform(-1, 1, 2)
        dx, dy = x / side - 0.5, y / side - 0.5
        displacement = np.stack([stretch * dx - turn * dy, turn * dx + stretch * dy])
        displacement += rng.uniform(-0.3, 0.3, (2, 1, 1))
    else:
        for _ in range(rng.integers(2, 6)):  # as if so many muscles pulled
            centre, angle, strength = rng.uniform(0.2, 0.8, 2) * side, rng.uniform(0, 2 * np.pi), rng.uniform(0.4, 1)
            width = rng.uniform(0.05, 0.14) * side
            height = width * rng.uniform(0.6, 1.4)
            bump = strength * np.exp(-(((x - centre[0]) / width) ** 2 + ((y - centre[1]) / height) ** 2) / 2)
            displacement += np.array([np.cos(angle), np.sin(angle)])[:, None, None] * bump
    displacement *= largest / np.hypot(*displacement).max()
    if kind == "bumps and shift":
        angle = rng.uniform(0, 2 * np.pi)
        displacement += 0.25 * largest * np.array([np.cos(angle), np.sin(angle)])[:, None, None]
    return displacement


def pair(source: NDArray[np.float32], displacement: NDArray[np.float64], rng: np.random.Generator) -> Pair:
    """Film ``source`` (see ``painted_face``) before and after a displacement (2, side, side), with noise."""
    side = displacement.shape[1]
    smooth = cv2.GaussianBlur(source, (0, 0), _POINT_SPREAD)
    y, x = np.mgrid[:side, :side].astype(np.float64)

    def film(at_x: NDArray[np.float64], at_y: NDArray[np.float64]) -> NDArray[np.float64]:
        columns, rows = (((at + _MARGIN + 0.5) * OVERSAMPLING - 0.5).astype(np.float32) for at in (at_x, at_y))
        return cv2.remap(smooth, columns, rows, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE).astype(np.float64)

    after = film(x, y) * (1 + rng.normal(0, _GAIN)) + rng.normal(0, _NOISE, (side, side))
    before = film(x + displacement[0], y + displacement[1]) + rng.normal(0, _NOISE, (side, side))
    quantised = [np.rint(image).clip(0, 255).astype(np.uint8) for image in (before, after)]
    return Pair(*quantised, displacement.astype(np.float32))


def pairs(
    sources: Sequence[NDArray[np.float32]], side: int, magnitudes: Sequence[float], count: int, seed: int
) -> dict[float, list[Pair]]:
    """Return ``count`` pairs for each largest displacement, sources and kinds of displacement taken in turn."""
    result: dict[float, list[Pair]] = {}
    for largest in magnitudes:
        result[largest] = []
        for k in range(count):
            rng = seeds.generator(seed, "displaced", largest, k)
            displacement = field(side, largest, _KINDS[k % len(_KINDS)], rng)
            result[largest].append(pair(sources[k % len(sources)], displacement, rng))
    return result


def end_point_error(flow: NDArray[np.float32], displacement: NDArray[np.float32], border: int = 8) -> float:
    """Return the mean distance between two fields (2, H, W), in pixels, ``border`` pixels from the edges on."""
    inner = (slice(border, -border), slice(border, -border))
    return float(np.hypot(*(flow - displacement))[inner].mean())
