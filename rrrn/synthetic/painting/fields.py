"""Smooth functions and noise of which faces and their motion are made."""

import math

import cv2
import numpy as np


def smoothstep(start: float | np.ndarray, end: float | np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the cubic step from 0 at ``start`` to 1 at ``end``; a falling one where ``end`` < ``start``."""
    t = np.clip((x - start) / (end - start), 0, 1)
    return t * t * (3 - 2 * t)


def gaussian(
    x: np.ndarray, y: np.ndarray, centre: tuple[float, float], sigma: tuple[float, float], angle: float = 0.0
) -> np.ndarray:
    """Return a Gaussian of height 1 whose axes are turned by ``angle`` radians."""
    dx, dy = x - centre[0], y - centre[1]
    if angle:
        cosine, sine = math.cos(angle), math.sin(angle)
        dx, dy = cosine * dx + sine * dy, cosine * dy - sine * dx
    return np.exp(-0.5 * ((dx / sigma[0]) ** 2 + (dy / sigma[1]) ** 2))


def gaussian_pair(
    x: np.ndarray, y: np.ndarray, centre: tuple[float, float], sigma: tuple[float, float], angle: float = 0.0
) -> np.ndarray:
    """Return a Gaussian and its mirror image in the midline x = 0, added."""
    return gaussian(x, y, centre, sigma, angle) + gaussian(-x, y, centre, sigma, angle)


def over(below: np.ndarray, above: np.ndarray | float, cover: np.ndarray) -> np.ndarray:
    """Return the colours ``below`` (H, W, 3) where ``above`` lies over them with a coverage (H, W) from 0 to 1."""
    return below * (1 - cover[..., None]) + above * cover[..., None]


def fractal_noise(
    rng: np.random.Generator, shape: tuple[int, int], cell: tuple[float, float], octaves: int, gain: float = 0.5
) -> np.ndarray:
    """Return float32 value noise of standard deviation 1.

    ``cell`` is the height and width in pixels of the coarsest lattice cell; each octave halves it and has ``gain``
    times the amplitude of the one before.
    """
    height, width = shape
    cell_height, cell_width = cell
    noise = np.zeros(shape, np.float32)
    amplitude = 1.0
    for _ in range(octaves):
        lattice = (max(3, int(height / cell_height) + 3), max(3, int(width / cell_width) + 3))
        values = rng.standard_normal(lattice, dtype=np.float32)
        noise += amplitude * cv2.resize(values, (width, height), interpolation=cv2.INTER_CUBIC)
        amplitude *= gain
        cell_height, cell_width = max(1.0, cell_height / 2), max(1.0, cell_width / 2)
    return noise / max(float(noise.std()), 1e-6)
