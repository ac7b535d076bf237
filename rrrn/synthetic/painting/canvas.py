"""The plane on which a face is painted: its extent, its pixels, and brushes for outlines given in face coordinates."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

LEFT, RIGHT, TOP, BOTTOM = -1.85, 1.85, -1.85, 2.45  # in IOD: a head with its hair, and room to move
_SHIFT = 4  # OpenCV draws at 1/16 of a pixel


@dataclass(frozen=True)
class Canvas:
    """A texture of ``density`` pixels per IOD. Widths and sigmas of its brushes are in IOD."""

    density: float

    @property
    def shape(self) -> tuple[int, int]:
        """Return (height, width) in pixels."""
        return int((BOTTOM - TOP) * self.density), int((RIGHT - LEFT) * self.density)

    @cached_property
    def x(self) -> np.ndarray:
        """Return the x of each pixel's centre, float32 (H, W)."""
        column = (np.arange(self.shape[1], dtype=np.float32) + 0.5) / self.density + LEFT
        return np.broadcast_to(column, self.shape)

    @cached_property
    def y(self) -> np.ndarray:
        """Return the y of each pixel's centre, float32 (H, W)."""
        row = (np.arange(self.shape[0], dtype=np.float32) + 0.5) / self.density + TOP
        return np.broadcast_to(row[:, None], self.shape)

    def to_pixels(self, points: np.ndarray) -> np.ndarray:
        """Return pixel coordinates, centres at integers, of points (..., 2) in face coordinates."""
        return (np.asarray(points) - [LEFT, TOP]) * self.density - 0.5

    def polygon(self, points: np.ndarray, blur: float = 0.0) -> np.ndarray:
        """Return the coverage, 0 to 1, of a filled outline."""
        mask = np.zeros(self.shape, np.uint8)
        cv2.fillPoly(mask, [self._fixed_point(points)], 255, cv2.LINE_AA, _SHIFT)
        return self._coverage(mask, blur)

    def polyline(self, points: np.ndarray, width: float, blur: float = 0.0) -> np.ndarray:
        """Return the coverage, 0 to 1, of a line drawn through ``points``."""
        mask = np.zeros(self.shape, np.uint8)
        thickness = max(1, round(width * self.density))
        cv2.polylines(mask, [self._fixed_point(points)], False, 255, thickness, cv2.LINE_AA, _SHIFT)
        return self._coverage(mask, blur)

    def strokes(self, lines: list[np.ndarray], strengths: np.ndarray, width: float) -> np.ndarray:
        """Return the coverage of many lines, a later one over an earlier, each of its strength from 0 to 1."""
        mask = np.zeros(self.shape, np.uint8)
        thickness = max(1, int(width * self.density))
        for line, strength in zip(lines, strengths, strict=True):
            colour = int(255 * strength)
            cv2.polylines(mask, [self._fixed_point(line)], False, colour, thickness, cv2.LINE_AA, _SHIFT)
        return self._coverage(mask, 0.0)

    def blur(self, field: np.ndarray, sigma: float) -> np.ndarray:
        """Return the field smoothed by a Gaussian."""
        pixels = sigma * self.density
        if pixels <= 8:
            return cv2.GaussianBlur(field, (0, 0), pixels)
        factor = int(pixels / 4)  # a wide kernel costs much and loses nothing on a smaller copy
        height, width = self.shape
        small = cv2.resize(field, (width // factor, height // factor), interpolation=cv2.INTER_AREA)
        small = cv2.GaussianBlur(small, (0, 0), pixels / factor)
        return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)

    def _fixed_point(self, points: np.ndarray) -> np.ndarray:
        return np.round(self.to_pixels(points) * 2**_SHIFT).astype(np.int32)

    def _coverage(self, mask: np.ndarray, blur: float) -> np.ndarray:
        coverage = mask.astype(np.float32) / 255
        return cv2.GaussianBlur(coverage, (0, 0), blur * self.density) if blur else coverage
