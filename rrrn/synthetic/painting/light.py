"""How a subject's lamp shades the relief of the face."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from rrrn.synthetic.painting import relief
from rrrn.synthetic.painting.canvas import Canvas
from rrrn.synthetic.painting.fields import fractal_noise, gaussian, smoothstep
from rrrn.synthetic.painting.identity import Identity


@dataclass(frozen=True)
class Light:
    """What falls on each pixel, float32 (H, W): ``diffuse`` multiplies the albedo, ``specular`` is added."""

    diffuse: np.ndarray
    specular: np.ndarray


def shade(canvas: Canvas, identity: Identity, height: np.ndarray, rng: np.random.Generator) -> Light:
    """Return a wrapped Lambert key light, a fill light, ambient light, occlusion by cavities and soft cast shadows."""
    nx, ny, nz = _normals(canvas, height, rng)

    def lambert(azimuth: float, elevation: float, wrap: float = 0.25) -> np.ndarray:
        lx, ly, lz = _direction(azimuth, elevation)
        return np.maximum((nx * lx + ny * ly + nz * lz + wrap) / (1 + wrap), 0)

    azimuth, elevation = identity.light_azimuth, identity.light_elevation
    key = lambert(azimuth, elevation)
    fill = lambert(math.copysign(0.9, -azimuth), 0.15)
    cavity = np.clip(height - canvas.blur(height, 0.12), -0.12, 0.08)
    occlusion = 1 + 1.9 * np.minimum(cavity, 0) + 0.7 * np.maximum(cavity, 0)
    diffuse = (identity.ambient * (0.55 + 0.45 * nz) + 0.55 * key + 0.12 * fill) * occlusion
    diffuse *= _cast_shadows(canvas, identity)

    lx, ly, lz = _direction(azimuth, elevation)
    half = np.array([lx, ly, lz + 1])  # Blinn's half vector; the viewer is on the z axis
    hx, hy, hz = (float(part) for part in half / np.linalg.norm(half))
    specular = identity.gloss * np.maximum(nx * hx + ny * hy + nz * hz, 0) ** 22 * smoothstep(0.0, 0.35, nz)
    return Light(diffuse, specular)


def _normals(canvas: Canvas, height: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    slope_x = np.clip(cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3, scale=canvas.density / 8), -4, 4)
    slope_y = np.clip(cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3, scale=canvas.density / 8), -4, 4)
    cell = 0.035 * canvas.density
    bumps = 0.035 * fractal_noise(rng, canvas.shape, (cell, cell), 3, 0.8)
    slope_x += bumps
    slope_y += np.roll(bumps, 17, 1)  # skin is as rough along y as along x, and in other places
    nz = 1 / np.sqrt(1 + slope_x**2 + slope_y**2)
    return -slope_x * nz, -slope_y * nz, nz


def _direction(azimuth: float, elevation: float) -> tuple[float, float, float]:
    return (
        math.sin(azimuth) * math.cos(elevation),
        -math.sin(elevation),
        math.cos(azimuth) * math.cos(elevation),
    )


def _cast_shadows(canvas: Canvas, identity: Identity) -> np.ndarray:
    x, y = canvas.x, canvas.y
    under_nose = gaussian(
        x,
        y,
        (-identity.light_azimuth * 0.12, identity.nose_length + 0.055),
        (identity.nose_width * 0.85, 0.050),
    )
    under_lip = gaussian(x, y, (0, identity.mouth_y + identity.lower_lip + 0.055), (0.20, 0.035))
    # A darker nose shadow becomes a black bar, to which the landmark fit moves the upper lip.
    return (1 - 0.17 * under_nose) * (1 - 0.10 * relief.sockets(canvas)) * (1 - 0.16 * under_lip)
