"""Backward maps: which point of a texture each pixel of an image shows."""

import cv2
import numpy as np

from rrrn.synthetic.painting.canvas import Canvas

Map = tuple[np.ndarray, np.ndarray]  # texture x and y in texture pixels, float32 (H, W) each
Pixels = tuple[slice, slice]  # rows and columns of an image

_FLOW_STEPS = 6  # each shrinks the error by the map's deviation from a translation, a few per cent


def to_texture(canvas: Canvas, x: np.ndarray, y: np.ndarray) -> Map:
    """Return the map to ``canvas`` of an image whose pixels show the face coordinates (x, y)."""
    points = canvas.to_pixels(np.stack([x, y], -1)).astype(np.float32)
    return np.ascontiguousarray(points[..., 0]), np.ascontiguousarray(points[..., 1])


def sample(back: Map, points: np.ndarray) -> np.ndarray:
    """Return the texture points, float32 (n, 2), that an image shows at ``points`` (n, 2), between pixels too."""
    x, y = (points[None, :, axis].astype(np.float32) for axis in (0, 1))
    return np.stack([plane[0] for plane in _sampled(back, x, y)], 1)


def follow(start: Map, end: Map, supersampling: float, pixels: Pixels = (slice(None), slice(None))) -> np.ndarray:
    """Return f, float32 (2, H, W) in image pixels, with end(p + f) = start(p): the flow from one map to another.

    ``supersampling`` is the number of texture pixels per image pixel; ``pixels`` says at which p the flow is wanted.
    """
    height, width = start[0].shape
    grid = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    x, y = (plane[pixels] for plane in grid)
    wanted = [plane[pixels] for plane in start]
    flow = np.zeros((2, *x.shape), np.float32)
    for _ in range(_FLOW_STEPS):
        shown = _sampled(end, x + flow[0], y + flow[1])
        for component, there, here in zip(flow, shown, wanted, strict=True):
            component += (here - there) / np.float32(supersampling)
    return flow


def _sampled(back: Map, x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    return [cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for plane in back]
