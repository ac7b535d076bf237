"""The height of a face above the plane of its contour."""

import numpy as np

from rrrn.synthetic.painting import shape
from rrrn.synthetic.painting.canvas import Canvas
from rrrn.synthetic.painting.fields import gaussian, gaussian_pair, smoothstep
from rrrn.synthetic.painting.identity import Identity


def height(canvas: Canvas, identity: Identity) -> np.ndarray:
    """Return the relief towards the camera in IOD, float32 (H, W): a superellipsoid with the features added."""
    relief = _skull(canvas, identity)
    relief += _eye_region(canvas, identity)
    relief += _nose(canvas, identity)
    relief += identity.cheek_height * gaussian_pair(canvas.x, canvas.y, (0.63, 0.42), (0.26, 0.22))
    for side in (-1, 1):
        relief -= 0.018 * canvas.polyline(nasolabial_fold(identity, side), 0.02, 0.030)
    relief += _mouth(canvas, identity)
    relief += identity.chin_boss * gaussian(canvas.x, canvas.y, (0, identity.chin_y - 0.24), (0.22, 0.16))
    return canvas.blur(relief.astype(np.float32), 0.010)


def sockets(canvas: Canvas) -> np.ndarray:
    """Return the depth profile of both eye sockets, 1 at their deepest."""
    return gaussian_pair(canvas.x, canvas.y, (0.48, -0.03), (0.26, 0.15))


def nasolabial_fold(identity: Identity, side: int) -> np.ndarray:
    """Return four points of the fold from the nose's wing past the corner of the mouth; side -1 is image left."""
    x = [
        identity.nose_width + 0.04,
        identity.nose_width + 0.14,
        identity.mouth_width * 0.86 + 0.07,
        identity.mouth_width + 0.10,
    ]
    y = [identity.nose_length - 0.10, identity.nose_length + 0.06, identity.mouth_y - 0.13, identity.mouth_y + 0.05]
    return np.stack([side * np.array(x), y], 1)


def _skull(canvas: Canvas, identity: Identity) -> np.ndarray:
    width = np.maximum(shape.half_width(identity, canvas.y[:, :1]), 1e-3)
    middle = (identity.crown_y + identity.chin_y) / 2
    half_height = (identity.chin_y - identity.crown_y) / 2
    u = np.clip(np.abs(canvas.x) / width, 0, 1)
    v = np.clip((canvas.y - middle) / half_height, -1, 1)
    return np.sqrt(1 - u**2.3) * (1 - np.abs(v) ** 2.6) ** 0.4


def _eye_region(canvas: Canvas, identity: Identity) -> np.ndarray:
    x, y = canvas.x, canvas.y
    distance = np.abs(x)
    eyeballs = 0.085 * gaussian_pair(x, y, (0.5, 0.0), (0.19, 0.115))
    corners = 0.07 * gaussian_pair(x, y, (0.22, -0.04), (0.10, 0.13))
    ridge = np.exp(-0.5 * ((y - shape.brow_line(identity, distance)) / 0.085) ** 2)
    ridge *= smoothstep(1.0, 0.75, distance) * smoothstep(0.02, 0.2, distance)
    return eyeballs - corners - identity.eye_socket * sockets(canvas) + identity.brow_ridge * ridge


def _nose(canvas: Canvas, identity: Identity) -> np.ndarray:
    x, y = canvas.x, canvas.y
    length, width = identity.nose_length, identity.nose_width
    t = np.clip(y / (length - 0.12), 0, 1)
    ridge_height = identity.nose_bridge + (identity.nose_height - identity.nose_bridge) * t**1.2
    ridge = ridge_height * np.exp(-0.5 * (x / (identity.nose_ridge_width + 0.05 * t)) ** 2)
    ridge *= smoothstep(-0.28, 0.02, y) * (1 - smoothstep(length - 0.15, length + 0.04, y))
    tip = identity.nose_tip * gaussian(x, y, (0, length - 0.15), (0.125, 0.115))
    wings = 0.13 * gaussian_pair(x, y, (width * 0.74, length - 0.10), (0.070, 0.075))
    grooves = 0.07 * gaussian_pair(x, y, (width * 1.12, length - 0.07), (0.030, 0.07))
    base = 0.045 * gaussian(x, y, (0, length + 0.045), (width * 0.8, 0.035))
    return ridge + tip + wings - grooves - base


def _mouth(canvas: Canvas, identity: Identity) -> np.ndarray:
    x, y = canvas.x, canvas.y
    distance = np.abs(x)
    width, upper_lip, lower_lip = identity.mouth_width, identity.upper_lip, identity.lower_lip
    line = shape.mouth_lines(identity, x)[0]
    inside = smoothstep(width * 1.05, width * 0.80, distance)
    upper = 0.055 * inside * np.exp(-0.5 * ((y - (line - upper_lip * 0.55)) / (upper_lip * 0.6 + 0.01)) ** 2)
    lower = 0.075 * inside * np.exp(-0.5 * ((y - (line + lower_lip * 0.55)) / (lower_lip * 0.55 + 0.01)) ** 2)
    slit = 0.06 * smoothstep(width * 1.08, width * 0.9, distance) * np.exp(-0.5 * ((y - line) / 0.016) ** 2)
    philtrum = 0.020 * gaussian(x, y, (0, (identity.nose_length + identity.mouth_y) / 2 - 0.02), (0.035, 0.09))
    groove = 0.05 * gaussian(x, y, (0, identity.mouth_y + lower_lip + 0.12), (0.24, 0.05))
    corners = 0.03 * gaussian_pair(x, y, (width + 0.05, identity.mouth_y + 0.01), (0.05, 0.06))
    return upper + lower - slit - philtrum - groove - corners
