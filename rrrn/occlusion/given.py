"""What a caller gives to occlude a clip in memory, checked: frames, landmarks, a face box, whole numbers."""

from collections.abc import Iterable
from numbers import Integral
from typing import SupportsIndex

import numpy as np
from numpy.typing import ArrayLike

from rrrn.occlusion import gray
from rrrn.running.stage import InputError

MOST_DOUBLINGS = 3  # of a frame before a face is searched, as of faces.upsample in the schema
_LANDMARKS = 68
_IN_COLOUR = (3, 4)  # channels
_LEAST_SPAN = 8  # pixels across a face's landmarks; smaller ones are mostly shares of the image, from 0 to 1
_FARTHEST = 10  # sizes of the frame that a point may lie outside of it


def clip(frames: np.ndarray) -> np.ndarray:
    """Return frames as occluders take them, uint8 (T, H, W, C), C 1 or 3; a gray clip in three channels gets one.

    Raises InputError for what is no uint8 (T, H, W, 3), (T, H, W, 1) or (T, H, W), and for none at all.
    """
    if not isinstance(frames, np.ndarray):
        raise InputError(f"frames are of type {type(frames).__name__}; give one array, by np.stack if they are several")
    if frames.dtype != np.uint8:
        raise InputError(
            f"frames are {frames.dtype}; give uint8, grey levels from 0 to 255: of numbers from 0 to 1, "
            "np.rint(frames * 255).astype(np.uint8)"
        )
    if frames.ndim == 2 or (frames.ndim == 3 and frames.shape[2] in _IN_COLOUR):
        raise InputError(f"frames are {frames.shape}, which is one image; a clip of one frame is frames[None]")
    if frames.ndim not in (3, 4) or (frames.ndim == 4 and frames.shape[3] not in (1, 3)):
        raise InputError(f"frames are {frames.shape}; give (T, H, W, 3) in BGR, or gray (T, H, W)")
    if frames.size == 0:
        raise InputError(f"frames are {frames.shape}, which is empty; give one frame at least")
    whole = np.ascontiguousarray(frames if frames.ndim == 4 else frames[..., None])
    return np.stack(gray.in_one_channel(whole)) if all(map(gray.is_gray, whole)) else whole


def points(landmarks: ArrayLike, images: np.ndarray) -> np.ndarray:
    """Return landmarks of images (T, H, W, C) as float64 (T, 68, 2); raises InputError, naming the frame, for none."""
    count, height, width = images.shape[:3]
    try:
        found = np.asarray(landmarks, np.float64)
    except (TypeError, ValueError):
        raise InputError("landmarks are no array of numbers") from None
    if found.shape != (count, _LANDMARKS, 2):
        raise InputError(f"landmarks are {found.shape}; of {count} frames they must be {(count, _LANDMARKS, 2)}")
    for index, one in enumerate(found):
        if not np.isfinite(one).all():
            raise InputError(f"the landmarks of frame {index} are not finite; interpolate them, or take the frame out")
        if np.ptp(one, axis=0).min() < _LEAST_SPAN or np.abs(one).max() > _FARTHEST * max(height, width):
            (x0, y0), (x1, y1) = one.min(axis=0), one.max(axis=0)
            raise InputError(
                f"the landmarks of frame {index} reach from ({x0:.6g}, {y0:.6g}) to ({x1:.6g}, {y1:.6g}), which is no "
                f"face on {width} x {height} pixels; give x and y in pixels"
            )
    return found


def box(edges: Iterable[SupportsIndex], images: np.ndarray) -> tuple[int, int, int, int]:
    """Return a face box (x0, y0, x1, y1) in whole pixels of images (T, H, W, C); raises InputError for what is none."""
    try:
        x0, y0, x1, y1 = (edge.__index__() for edge in edges)
    except (AttributeError, TypeError, ValueError):
        raise InputError(f"face is {edges!r}; give a box (x0, y0, x1, y1) in whole pixels") from None
    if x1 <= x0 or y1 <= y0 or max(map(abs, (x0, y0, x1, y1))) > _FARTHEST * max(images.shape[1:3]):
        raise InputError(f"face is {(x0, y0, x1, y1)}, which is no box on the frames; give (x0, y0, x1, y1) in pixels")
    return x0, y0, x1, y1


def number(value: object, name: str, least: int | None = None, most: int | None = None) -> int:
    """Return a whole number; raises InputError, naming it, for what is none, or below ``least`` or above ``most``."""
    found = int(value) if isinstance(value, Integral) and not isinstance(value, bool) else None
    if found is None or (least is not None and found < least) or (most is not None and found > most):
        limits = "" if least is None else f", {least} or more" if most is None else f" from {least} to {most}"
        raise InputError(f"{name} is {value!r}; give a whole number{limits}")
    return found
