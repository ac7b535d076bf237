"""A mean face for tests of the occluders: 68 landmarks in eye distances about the middle between the eyes."""

import numpy as np

_RIGHT_JAW = [
    (0.36, 1.73),
    (0.64, 1.56),
    (0.85, 1.34),
    (0.97, 1.1),
    (1.01, 0.85),
    (1.03, 0.57),
    (1.05, 0.3),
    (1.05, 0.02),
]
_RIGHT_BROW = [(0.15, -0.29), (0.33, -0.34), (0.51, -0.36), (0.68, -0.32), (0.86, -0.22)]
_NOSE = [(0, -0.02), (0, 0.18), (0, 0.39), (0, 0.59), (-0.23, 0.7), (-0.12, 0.74), (0, 0.77), (0.12, 0.74), (0.23, 0.7)]
_LEFT_EYE = [(-0.73, 0.0), (-0.59, -0.08), (-0.41, -0.06), (-0.27, 0.03), (-0.41, 0.07), (-0.59, 0.07)]
_RIGHT_EYE = [(0.27, 0.03), (0.41, -0.06), (0.59, -0.08), (0.73, 0.0), (0.59, 0.07), (0.41, 0.07)]
_LIPS = [(-0.43, 1.09), (-0.26, 1.05), (-0.1, 1.01), (0, 1.05), (0.1, 1.01), (0.26, 1.05), (0.43, 1.09), (0.26, 1.18),
         (0.1, 1.23), (0, 1.25), (-0.1, 1.23), (-0.26, 1.18), (-0.37, 1.08), (-0.12, 1.1), (0, 1.11), (0.12, 1.1),
         (0.37, 1.08), (0.12, 1.12), (0, 1.13), (-0.12, 1.12)]  # fmt: skip


def _left(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(-x, y) for x, y in points[::-1]]


MEAN = np.array(
    [
        *_left(_RIGHT_JAW),
        (0, 1.83),
        *_RIGHT_JAW,
        *_left(_RIGHT_BROW),
        *_RIGHT_BROW,
        *_NOSE,
        *_LEFT_EYE,
        *_RIGHT_EYE,
        *_LIPS,
    ]
)


def face(centre: tuple[float, float], eyes: float, degrees: float = 0.0) -> np.ndarray:
    """Landmarks (68, 2) of a face turned clockwise in the image, ``eyes`` pixels between its eyes."""
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return MEAN @ turn * eyes + centre
