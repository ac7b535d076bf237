"""Noisy pairs of images with a known displacement, made with NumPy and OpenCV alone."""

import cv2
import numpy as np
from numpy.typing import NDArray

from rrrn.experiment import seeds

DISTINCT = 15  # pairs, three of each magnitude; timed batches repeat them
MAGNITUDES = (0.3, 0.5, 1.0, 2.0, 3.0)  # largest displacement of a pair, pixels

Images = NDArray[np.uint8]


def displaced_pairs(side: int, seed: int) -> tuple[Images, Images, NDArray[np.float32]]:
    """Return DISTINCT noisy pairs (N, H, W) and their displacements (N, 2, H, W): after(x + d(x)) = before(x)."""
    pairs = [
        _displaced(side, MAGNITUDES[k % len(MAGNITUDES)], seeds.generator(seed, "pair", k)) for k in range(DISTINCT)
    ]
    before, after, displacement = (np.stack(part) for part in zip(*pairs, strict=True))
    return before, after, displacement


def _displaced(side: int, largest: float, rng: np.random.Generator) -> tuple[Images, Images, NDArray[np.float32]]:
    length = 2 * (side + 32)
    noise = rng.normal(size=(length, length))
    texture = sum(cv2.GaussianBlur(noise, (0, 0), sigma) * sigma for sigma in (2, 4, 8, 16, 32))
    texture = cv2.normalize(texture, None, 20, 235, cv2.NORM_MINMAX).astype(np.float32)
    y, x = np.mgrid[:side, :side].astype(np.float32)
    displacement = np.zeros((2, side, side), np.float32)
    for _ in range(4):
        centre, direction, width = rng.uniform(0.2, 0.8, 2) * side, rng.normal(size=2), rng.uniform(0.06, 0.14) * side
        bump = np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * width**2))
        displacement += direction[:, None, None].astype(np.float32) * bump
    displacement *= largest / np.hypot(*displacement).max()
    frames = []
    for at_x, at_y in ((x + displacement[0], y + displacement[1]), (x, y)):
        frame = cv2.remap(texture, 2 * (at_x + 16), 2 * (at_y + 16), cv2.INTER_LANCZOS4)
        frames.append(np.rint(frame + rng.normal(0, 1, frame.shape)).clip(0, 255).astype(np.uint8))
    return frames[0], frames[1], displacement
