"""Where a clip shows skin: what the light and the noise of a clip are measured on."""

import cv2
import numpy as np

from rrrn.running.stage import InputError

_NOT_SKIN = (slice(17, 22), slice(22, 27), slice(36, 42), slice(42, 48), slice(48, 60))  # brows, eyes, mouth
_MARGIN = 0.02  # of the face's height, kept from outlines: landmarks are not exact and heads move
_RING = 0.12  # of the face's height


def height(points: np.ndarray) -> float:
    """Return the distance from brows to chin, in pixels, of landmarks (68, 2).

    Raises InputError if a landmark is not finite, or brows and chin coincide.
    """
    if not np.isfinite(points).all():
        raise InputError("landmarks are not finite numbers; run the faces stage again or take the clip out")
    brows_to_chin = float(np.hypot(*(points[8] - points[17:27].mean(axis=0))))
    if brows_to_chin == 0:
        raise InputError("brows and chin coincide; check the landmarks or take the clip out")
    return brows_to_chin


def skin(points: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Return where skin is, bool (rows, columns): the hull of landmarks (68, 2) without brows, eyes and mouth."""
    corners = np.clip(np.round(points), -30000, 30000).astype(np.int32)
    out = np.zeros((rows, columns), np.uint8)
    cv2.fillConvexPoly(out, cv2.convexHull(corners), 1)
    others = np.zeros_like(out)
    for part in _NOT_SKIN:
        cv2.fillConvexPoly(others, cv2.convexHull(corners[part]), 1)
    margin = _margin(points)
    out = cv2.erode(out, _disc(margin), borderType=cv2.BORDER_CONSTANT, borderValue=1)
    return (out > 0) & (cv2.dilate(others, _disc(margin)) == 0)


def visible(skin: np.ndarray, covered: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the part of ``skin`` that is clear of what is ``covered``, both bool (H, W); all of it if none is."""
    clear = skin & (cv2.dilate(covered.astype(np.uint8), _disc(_margin(points))) == 0)
    return clear if clear.any() else skin


def ring(visible: np.ndarray, covered: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the part of the ``visible`` skin that lies next to what is ``covered``; all of it if none does."""
    reach = max(2, round(_RING * height(points)))
    near = visible & (cv2.dilate(covered.astype(np.uint8), _disc(reach)) > 0)
    return near if near.any() else visible


def _margin(points: np.ndarray) -> int:
    return max(1, round(_MARGIN * height(points)))


def _disc(radius: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
