"""The shape of a worn mask: heights towards the viewer, in half widths of the sheet (see ``mask_art``)."""

import numpy as np

from rrrn.experiment import seeds
from rrrn.occlusion.drawings.canvas import Canvas, bump, curve, step

Point = tuple[float, float]

# down the middle: height of the ridge over the head, and its half width; nose bridge, tip, lips, chin, below
_DOWN = (-0.2, 0.0, 0.18, 0.34, 0.44, 0.60, 0.80, 1.00, 1.14, 1.24, 1.34, 1.5)
_RIDGE = (0.12, 0.15, 0.28, 0.43, 0.44, 0.37, 0.33, 0.32, 0.26, 0.13, -0.10, -0.5)
_BREADTH = (0.07, 0.08, 0.11, 0.15, 0.19, 0.26, 0.32, 0.36, 0.40, 0.45, 0.5, 0.5)


def draped(canvas: Canvas) -> np.ndarray:
    """Return the height of cloth over nose, lips and chin of a round head."""
    ridge, breadth = (profile(canvas, _DOWN, values) for values in (_RIDGE, _BREADTH))
    return (head(canvas) + ridge * np.exp(-0.5 * (np.abs(canvas.x) / breadth) ** 1.8)).astype(np.float32)


def profile(canvas: Canvas, at: tuple[float, ...], values: tuple[float, ...]) -> np.ndarray:
    """Return a smooth function of y, (H, 1), near ``values`` at the heights ``at``."""
    fine = np.linspace(at[0], at[-1], 512)
    bell = np.exp(-0.5 * np.linspace(-3, 3, 61) ** 2)
    smooth = np.convolve(np.pad(np.interp(fine, at, values), 30, mode="edge"), bell / bell.sum(), mode="valid")
    return np.interp(canvas.y[:, :1], fine, smooth)


def head(canvas: Canvas) -> np.ndarray:
    """Return the height of the head without the nose: a cylinder that narrows below the mouth."""
    half = 1.0 - 0.10 * np.clip(canvas.y - 0.4, 0, 1)
    return 0.72 * np.sqrt(np.clip(1 - (canvas.x / half) ** 2, 0.03, 1)) - 0.35 * np.clip(canvas.y - 1.0, 0, 1) ** 2


def rim(inside: np.ndarray, curl: float, thickness: float) -> np.ndarray:
    """Return the height that cloth loses towards its rim: it lies against the skin, with a bevelled edge."""
    within = np.maximum(inside, 0)
    return -curl * np.exp(-within / np.float32(0.06)) - thickness * (1 - step(inside - 0.006, 0.006))


def crease(canvas: Canvas, line: tuple[Point, Point, Point], depth: float, width: float) -> np.ndarray:
    """Return the height of a fold that runs along a curve and fades at its ends; a negative ``depth`` is a groove."""
    start, _, end = (np.array(point) for point in line)
    away = canvas.soft(canvas.away(curve(*line), fine=1), 0.004)
    along = ((canvas.x - start[0]) * (end[0] - start[0]) + (canvas.y - start[1]) * (end[1] - start[1])) / float(
        (end - start) @ (end - start)
    )
    fade = np.sin(np.pi * np.clip(along, 0, 1)) ** 0.8
    return depth * fade * (bump(away, width) - 0.45 * bump(away, 2.2 * width))


def dents(canvas: Canvas, name: str, depth: float) -> np.ndarray:
    """Return the unevenness of cloth that has been worn: soft dents and short crinkles."""
    wide = canvas.soft(canvas.noise((0.22, 0.16), name, "dents"), 0.03)
    narrow = canvas.soft(canvas.noise((0.09, 0.05), name, "crinkles"), 0.012)
    patchy = step(canvas.noise(0.3, name, "where"), 1.0)
    return (depth * (wide + 0.22 * narrow * patchy)).astype(np.float32)


def bonds(canvas: Canvas, pitch: float) -> np.ndarray:
    """Return 0..1 where rollers pressed the fibres of non-woven cloth together: points on a diamond lattice.

    They follow the cloth's way around the head. They hold the optical flow, which takes a lamp's flicker on smooth
    white cloth for motion.
    """
    around = 0.97 * np.arcsin(np.clip(canvas.x / 0.97, -1, 1))
    waves = (np.cos(np.pi / pitch * (around + side * canvas.y)) for side in (-1, 1))
    return np.prod([wave**2 for wave in waves], axis=0, dtype=np.float32)


def stitches(canvas: Canvas, line_away: np.ndarray, along: np.ndarray, pitch: float, width: float) -> np.ndarray:
    """Return 0..1 where thread, or the dots of a weld, lie along a line: ``along`` counts lengths on it."""
    beat = 0.5 + 0.5 * np.cos(2 * np.pi * along / pitch)
    return bump(line_away, width) * step(beat - 0.4, 0.3)


def generator(*parts: object) -> np.random.Generator:
    """Return the random generator of a part of a drawing, always the same."""
    return seeds.generator("art", *parts)
