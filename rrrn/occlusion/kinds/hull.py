"""The convex hull of landmarks, and how much of it a rectangle covers: exact, for many frames at once."""

import cv2
import numpy as np

from rrrn.running.stage import InputError


def outlines(points: np.ndarray) -> np.ndarray:
    """Return the convex hulls of landmarks (T, 68, 2) as polygons (T, n, 2); those of fewer corners repeat the last.

    Raises InputError, naming the frame counted from 0, for a hull without an area.
    """
    corners = [one[cv2.convexHull(one.astype(np.float32), returnPoints=False)[:, 0]] for one in points]
    most = max(map(len, corners))
    polygons = np.stack([np.pad(one, ((0, most - len(one)), (0, 0)), mode="edge") for one in corners])
    flat = np.flatnonzero(~(areas(polygons) > 0))
    if len(flat):
        raise InputError(
            f"frame {flat[0]} of the clip, counted from 0: its landmarks span no area; check the landmarks or take the "
            "clip out"
        )
    return polygons


def areas(polygons: np.ndarray) -> np.ndarray:
    """Return the areas (T) of polygons (T, n, 2)."""
    local = polygons - polygons[:, :1]
    x, y = np.moveaxis(local, -1, 0)
    return np.abs((x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1)) / 2


def covered(polygons: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return the share (T) of each polygon (T, n, 2) that the rectangle from ``low`` to ``high``, (2,), covers."""
    pressed = polygons
    for axis in (0, 1):
        pressed = _pressed(pressed, axis, low[axis], high[axis])
    return areas(pressed) / areas(polygons)


def _pressed(polygons: np.ndarray, axis: int, low: float, high: float) -> np.ndarray:
    """What lies outside of a strip is pressed onto its border, where it has no area; edges get corners there."""
    run = np.roll(polygons, -1, axis=1) - polygons
    along = run[..., axis, None]
    crossings = (np.array([low, high]) - polygons[..., axis, None]) / np.where(along == 0, 1, along)
    stops = np.sort(np.clip(crossings, 0, 1), axis=-1)
    stops = np.pad(stops, ((0, 0), (0, 0), (1, 0)))
    corners = polygons[:, :, None] + stops[..., None] * run[:, :, None]
    corners = corners.reshape(len(polygons), -1, 2)
    corners[..., axis] = np.clip(corners[..., axis], low, high)
    return corners
