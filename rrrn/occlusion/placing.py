"""From a drawing to crop pixels: the drawing's axis is laid on the face's, each half scaled on its own."""

from dataclasses import dataclass

import cv2
import numpy as np

from rrrn.occlusion import compositing
from rrrn.running.stage import InputError

_LEAST_SIDE = 1.0  # pixels; a half narrower than this is a face in profile, or landmarks that failed
_MOST_SAMPLES = 16  # along each side of a pixel
_STRIP = 8  # rows that are drawn at once: their samples stay in the processor's cache


@dataclass(frozen=True)
class Straps:
    """What holds an occluder, and the occluder without it: ``image`` and ``body`` as in ``Template``.

    ``edge`` (H,) is how far from the seam, in each row, the edge of the face lies at which the straps end.
    """

    image: np.ndarray
    body: np.ndarray
    edge: np.ndarray


@dataclass(frozen=True)
class Template:
    """A drawing with its anchors.

    ``image`` is float32 (H, W, 4): BGR in 0..255 premultiplied by alpha in 0..1. Anchors are in its pixels: the
    vertical axis ``seam``, the rows ``top`` and ``bottom`` that lie on the ends of the face's axis, and the columns
    ``left`` and ``right`` that lie at the half widths. It suits no face turned so far that the narrower half is less
    than ``min_ratio`` of the wider: a flat drawing does not show an occluder from the side. ``straps`` are those of
    the image, if they can be fitted to a face.
    """

    image: np.ndarray
    seam: float
    top: float
    bottom: float
    left: float
    right: float
    min_ratio: float = 0.25
    straps: Straps | None = None


@dataclass(frozen=True)
class Placement:
    """Where a template lies, in crop pixels: upper end of the axis, unit vector along it, height and half widths.

    ``left`` and ``right`` are as seen in the image of an upright face.
    """

    top: np.ndarray
    down: np.ndarray
    height: float
    left: float
    right: float


def on_axis(start: np.ndarray, end: np.ndarray, left: np.ndarray, right: np.ndarray, width: float) -> Placement:
    """Place along the axis from ``start`` to ``end``, with half widths ``width`` times the side points' distances.

    All points are (2,) in pixels. The axis is as long as the points are apart and tilts with them.
    Raises InputError if a point is not finite, or if a half has no width: a face in profile or landmarks that failed.
    """
    if not np.isfinite([start, end, left, right]).all():
        raise InputError("landmarks are not finite numbers; run the faces stage again or take the clip out")
    height = float(np.hypot(*(end - start)))
    if height < _LEAST_SIDE:
        raise InputError("landmarks of the occluder's axis coincide; check the landmarks or take the clip out")
    down = (end - start) / height
    across = np.array([down[1], -down[0]])
    halves = -width * float((left - start) @ across), width * float((right - start) @ across)
    if min(halves) < _LEAST_SIDE:
        raise InputError(
            f"the occluder's halves would be {halves[0]:.1f} and {halves[1]:.1f} pixels wide: a face in profile, or "
            "landmarks that failed; check the landmarks or take the clip out"
        )
    return Placement(start, down, height, *halves)


def admit(template: Template, placement: Placement) -> None:
    """Raise InputError for a face that is turned further than the template's ``min_ratio`` allows."""
    ratio = min(placement.left, placement.right) / max(placement.left, placement.right)
    if ratio < template.min_ratio:
        raise InputError(
            f"the occluder's narrower half would be {ratio:.2f} of the wider one, less than its limit of "
            f"{template.min_ratio:g}: a face near profile, or landmarks that failed; check the landmarks or take the "
            "clip out"
        )


def onto(template: Template, placement: Placement, points: np.ndarray) -> np.ndarray:
    """Return where points (N, 2) of the frame lie on the template, in its pixels."""
    per_left, per_right, per_down = _scales(template, placement)
    across = np.array([placement.down[1], -placement.down[0]])
    off_axis, along = (points - placement.top) @ across, (points - placement.top) @ placement.down
    columns = template.seam + off_axis * np.where(off_axis < 0, per_left, per_right)
    return np.stack([columns, template.top + along * per_down], 1)


def layer(template: Template, placement: Placement, height: int, width: int) -> compositing.Layer:
    """Draw a template on a frame of the given size; what reaches over the frame's edge is cut off.

    One warp: every pixel is the mean of n x n bilinear samples, with n so large that no sample steps over a pixel of
    the template. Raises InputError if the face is turned further than the template's ``min_ratio`` allows.
    """
    admit(template, placement)
    across = np.array([placement.down[1], -placement.down[0]])
    per_left, per_right, per_down = _scales(template, placement)

    rows, columns = template.image.shape[:2]
    sides = np.array([-(template.seam + 1) / per_left, (columns - template.seam) / per_right])
    ends = np.array([-(template.top + 1), rows - template.top]) / per_down
    corners = placement.top + sides[:, None, None] * across + ends[None, :, None] * placement.down
    x0, y0 = np.clip(np.floor(corners.min(axis=(0, 1))), 0, [width, height]).astype(int)
    x1, y1 = np.clip(np.ceil(corners.max(axis=(0, 1))) + 1, 0, [width, height]).astype(int)
    if x0 >= x1 or y0 >= y1:
        return compositing.nothing()

    n = min(_MOST_SAMPLES, max(2, int(np.ceil(max(per_left, per_right, per_down)))))
    x = (x0 - 0.5 + (np.arange((x1 - x0) * n) + 0.5) / n - placement.top[0]).astype(np.float32)
    y = (y0 - 0.5 + (np.arange((y1 - y0) * n) + 0.5) / n - placement.top[1]).astype(np.float32)[:, None]
    image = np.empty((y1 - y0, x1 - x0, 4), np.float32)
    for first in range(0, len(image), _STRIP):
        own = y[first * n : (first + _STRIP) * n]
        off_axis = x * np.float32(across[0]) + own * np.float32(across[1])
        along = x * np.float32(placement.down[0]) + own * np.float32(placement.down[1])
        off_axis *= np.where(off_axis < 0, np.float32(per_left), np.float32(per_right))
        off_axis += np.float32(template.seam)
        along *= np.float32(per_down)
        along += np.float32(template.top)
        samples = cv2.remap(template.image, off_axis, along, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        size = image.shape[1], len(own) // n
        image[first : first + _STRIP] = cv2.resize(samples, size, interpolation=cv2.INTER_AREA)
    return compositing.Layer(int(x0), int(y0), *compositing.apart(image))


def _scales(template: Template, placement: Placement) -> tuple[float, float, float]:
    """Return the template's pixels in one of the frame: on its left, on its right, and down."""
    return (
        (template.seam - template.left) / placement.left,
        (template.right - template.seam) / placement.right,
        (template.bottom - template.top) / placement.height,
    )
