"""The openings between the lids, and the eyeballs that are seen through them."""

import math

import numpy as np

from rrrn.synthetic.painting import shape
from rrrn.synthetic.painting.canvas import LEFT, TOP, Canvas
from rrrn.synthetic.painting.fields import over, smoothstep
from rrrn.synthetic.painting.identity import Identity

_IRIS_RADIUS = 0.098
_INSIDE_MOUTH = (0.105, 0.05, 0.05)


def openings(canvas: Canvas, identity: Identity) -> np.ndarray:
    """Return the coverage, 0 to 1, of both openings, float32 (H, W)."""
    distance = 0.5 + np.linspace(-1, 1, 33) * identity.eye_width
    upper, lower = shape.eyelids(identity, distance)
    right = np.concatenate([np.stack([distance, upper], 1), np.stack([distance, lower], 1)[::-1]])
    return np.maximum(canvas.polygon(right), canvas.polygon(right * [-1, 1]))


def eyeballs(canvas: Canvas, identity: Identity, rng: np.random.Generator) -> np.ndarray:
    """Return what lies behind the skin, red, green, blue, float32 (H, W, 3)."""
    layer = np.broadcast_to(np.array(_INSIDE_MOUTH, np.float32), (*canvas.shape, 3)).copy()
    for side in (-1, 1):
        left, right = (int((0.5 * side + reach - LEFT) * canvas.density) for reach in (-0.4, 0.4))
        top, bottom = (int((reach - TOP) * canvas.density) for reach in (-0.35, 0.35))
        near = np.s_[top:bottom, left:right]
        layer[near] = _eyeball(canvas.x[near] - 0.5 * side, canvas.y[near], side, identity, rng)
    return np.clip(layer, 0, 1)


def _eyeball(x: np.ndarray, y: np.ndarray, side: int, identity: Identity, rng: np.random.Generator) -> np.ndarray:
    white = np.array([0.80, 0.77, 0.74], np.float32) * (1 - 0.55 * smoothstep(0.08, 0.24, np.abs(x)))[..., None]
    pinkness = np.array([0.0, 0.12, 0.12], np.float32)
    white *= 1 - pinkness * smoothstep(0.12, 0.22, -x * side)[..., None]  # towards the tear duct

    radius = np.hypot(x - 0.004 * side, y + 0.012)
    turn = np.arctan2(y + 0.012, x)
    fibres = np.interp(turn, np.linspace(-math.pi, math.pi, 97), rng.standard_normal(97)).astype(np.float32)
    brightness = 1 + 0.22 * fibres + 0.5 * smoothstep(0.3, 0.9, radius / _IRIS_RADIUS)
    brightness *= 1 - 0.6 * smoothstep(0.80, 1.0, radius / _IRIS_RADIUS)
    iris = np.array(identity.iris_colour, np.float32) * brightness[..., None]
    iris = over(iris, 0.015, smoothstep(0.044, 0.036, radius))  # the pupil

    eye = over(white, iris, smoothstep(_IRIS_RADIUS + 0.006, _IRIS_RADIUS - 0.006, radius))
    eye *= (1 - 0.50 * smoothstep(0.02, -0.10, y))[..., None]  # the upper lid's shadow
    highlight_x = 0.1 * math.sin(identity.light_azimuth) + 0.02
    highlight = smoothstep(0.024, 0.010, np.hypot(x - highlight_x, y + 0.045))
    return over(eye, 0.92, 0.85 * highlight) * (identity.exposure * 0.9)
