"""Similarities of the plane (shift, turn, scale) as poses of a shape.

A pose is a row (log of the scale, angle in radians clockwise in the image, shift x, shift y in pixels): a point x of
the shape lies in the frame at centre + scale * turn(x - centre) + shift. About the centroid of the points that a pose
is fitted to, errors of the four do not depend on each other.
"""

import numpy as np


def place(poses: np.ndarray, points: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Return points (N, 2) of the shape as they lie under each pose (T, 4): float64 (T, N, 2)."""
    moved = _factor(poses)[:, None] * _complex(points - centre)
    return np.stack([moved.real, moved.imag], -1) + centre + poses[:, None, 2:]


def lift(poses: np.ndarray, points: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Return points (T, N, 2) of the frames back in the shape's coordinates: the inverse of ``place``."""
    back = _complex(points - centre - poses[:, None, 2:]) / _factor(poses)[:, None]
    return np.stack([back.real, back.imag], -1) + centre


def compose(outer: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """Return the poses (T, 4) that apply ``inner`` first and ``outer`` to what it gives."""
    shift = _factor(outer) * _complex(inner[:, 2:]) + _complex(outer[:, 2:])
    return np.column_stack([outer[:, :2] + inner[:, :2], shift.real, shift.imag])


def invert(poses: np.ndarray) -> np.ndarray:
    """Return the poses (T, 4) that undo ``poses``."""
    shift = -_complex(poses[:, 2:]) / _factor(poses)
    return np.column_stack([-poses[:, :2], shift.real, shift.imag])


def fit(shape: np.ndarray, points: np.ndarray, weights: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Return the poses (T, 4) under which ``shape`` (N, 2) comes closest to ``points`` (T, N, 2).

    Least squares with ``weights`` (T, N), in closed form. The scale is zero, its logarithm -inf, where the points of a
    frame coincide.
    """
    weights = weights / weights.sum(1, keepdims=True)
    origin, target = _complex(shape - centre), _complex(points - centre)
    middle, goal = weights @ origin, (weights * target).sum(1)
    spread = origin - middle[:, None]
    factor = (weights * spread.conj() * (target - goal[:, None])).sum(1) / (weights * np.abs(spread) ** 2).sum(1)
    shift = goal - factor * middle
    with np.errstate(divide="ignore"):
        return np.column_stack([np.log(np.abs(factor)), np.angle(factor), shift.real, shift.imag])


def _complex(points: np.ndarray) -> np.ndarray:
    return points[..., 0] + 1j * points[..., 1]


def _factor(poses: np.ndarray) -> np.ndarray:
    return np.exp(poses[:, 0] + 1j * poses[:, 1])
