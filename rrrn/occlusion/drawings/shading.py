"""Light on drawn surfaces: a height map is lit from above, and shiny parts reflect a street under a cloudy sky.

Radiance is linear: 1 is a white surface that faces the light. ``encode`` makes 8-bit sRGB of it (IEC 61966-2-1).
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from rrrn.experiment import seeds
from rrrn.occlusion import srgb

_LIGHT = np.array([-0.28, -0.60, 0.75], np.float32) / np.float32(np.sqrt(0.28**2 + 0.60**2 + 0.75**2))
_WRAP = 0.10  # light reaches this far beyond a right angle: the lamp is large
_KEY, _SKY, _BOUNCE = 0.80, 0.20, 0.06  # of the light on a surface: lamp, all of the upper half, all of the lower
_CAVITIES = ((0.006, 0.25), (0.02, 0.45), (0.06, 0.50), (0.18, 0.55))  # half widths, weight
_STEPS = 10
_MAP = 256  # side of a map of reflections


@dataclass(frozen=True)
class Lit:
    """A lit surface: ``light`` (H, W), and the normals' components to the right and downwards."""

    light: np.ndarray
    right: np.ndarray
    down: np.ndarray


def lit(height: np.ndarray, scale: float, reach: float = 0.06) -> Lit:
    """Light a height map (H, W), in half widths towards the viewer, with ``scale`` pixels a half width.

    Lambert's law with a wrapped lamp, light of the sky, cavities darkened, and shadows up to ``reach`` half widths.
    """
    pixels = height.astype(np.float32) * np.float32(scale)
    down, right = np.gradient(pixels)
    facing = 1 / np.sqrt(1 + right * right + down * down)
    right, down = -right * facing, -down * facing
    lamp = np.clip((right * _LIGHT[0] + down * _LIGHT[1] + facing * _LIGHT[2] + _WRAP) / (1 + _WRAP), 0, 1)
    open_sky = np.ones_like(pixels)
    for radius, weight in _CAVITIES:
        around = cv2.GaussianBlur(pixels, (0, 0), max(0.5, radius * scale))
        open_sky *= np.exp(-weight * np.maximum(around - pixels, 0) / (radius * scale))
    hidden = np.zeros_like(pixels)
    for far in np.linspace(reach / _STEPS, reach, _STEPS):
        move = np.array([[1, 0, -_LIGHT[0] * far * scale], [0, 1, -_LIGHT[1] * far * scale]], np.float32)
        blocker = cv2.warpAffine(pixels, move, pixels.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
        above = (blocker - pixels) / scale - far * _LIGHT[2]
        hidden = np.maximum(hidden, np.clip(above / (0.6 * far + 0.006), 0, 1))
    light = _KEY * lamp * (1 - 0.6 * cv2.GaussianBlur(hidden, (0, 0), max(0.5, 0.006 * scale)))
    light += open_sky * facing * (_SKY * (0.5 - 0.5 * down) + _BOUNCE * (0.5 + 0.5 * down) + 0.05)
    return Lit(light, right, down)


def decode(colour: tuple[float, ...]) -> np.ndarray:
    """Return 8-bit sRGB as linear, float32 (3,)."""
    value = np.asarray(colour, np.float32) / 255
    return srgb.light(value).astype(np.float32)


def encode(radiance: np.ndarray) -> np.ndarray:
    """Return linear radiance as sRGB in 0..255, with the soft shoulder of a camera above 0.7."""
    value = np.maximum(radiance, 0)
    over = np.maximum(value - 0.7, 0)
    value = np.minimum(value, 0.7) + 0.3 * (1 - np.exp(-over / 0.3))
    return 255 * srgb.level(value)


def reflection(right: np.ndarray, down: np.ndarray, roughness: float) -> np.ndarray:
    """Return the radiance, float32 (H, W, 3) BGR, that a mirror with these normals shows a distant viewer."""
    at = [np.clip((part + 1) * (_MAP / 2) - 0.5, 0, _MAP - 1).astype(np.float32) for part in (right, down)]
    return cv2.remap(_mirror_ball(roughness), at[0], at[1], cv2.INTER_LINEAR)


def fresnel(right: np.ndarray, down: np.ndarray, straight: float) -> np.ndarray:
    """Return the share (H, W) of light that is reflected towards the viewer (Schlick, 1994)."""
    facing = np.sqrt(np.clip(1 - right * right - down * down, 0, 1))
    return straight + (1 - straight) * (1 - facing) ** 5


@lru_cache(maxsize=8)
def _mirror_ball(roughness: float) -> np.ndarray:
    """What a mirror ball shows of the street, indexed by normal; blurred by ``roughness`` (deviation in radians)."""
    axis = (np.arange(_MAP, dtype=np.float32) + 0.5) / (_MAP / 2) - 1
    nx, ny = np.meshgrid(axis, axis)
    length = np.maximum(1, np.hypot(nx, ny) / 0.999)
    nx, ny = nx / length, ny / length
    nz = np.sqrt(1 - nx * nx - ny * ny)
    azimuth = np.arctan2(2 * nz * nx, 2 * nz * nz - 1)
    elevation = np.arcsin(np.clip(-2 * nz * ny, -1, 1))
    ball = _street(azimuth, elevation)
    blur = max(0.6, roughness * _MAP / 4)
    return cv2.GaussianBlur(ball, (0, 0), blur, borderType=cv2.BORDER_REPLICATE)


def _street(azimuth: np.ndarray, elevation: np.ndarray) -> np.ndarray:
    """Radiance of a street with trees and houses under a cloudy sky, BGR, for directions in radians."""
    skyline = _wave(azimuth, "roofs", 9, 0.10) + _wave(azimuth, "trees", 40, 0.025) + 0.13
    t = np.clip(elevation / 1.4, 0, 1)[..., None]
    sky = np.array([1.15, 1.05, 0.98], np.float32) * (1 - t) + np.array([0.62, 0.46, 0.36], np.float32) * t
    clouds = 0.5 + 0.5 * np.tanh(_wave(azimuth + 0.7 * elevation, "clouds", 7, 1.2) + 1.6 * np.sin(5 * elevation))
    sky = sky * (0.8 + 0.5 * clouds[..., None])
    t = np.clip(-elevation / 1.2, 0, 1)[..., None]
    ground = np.array([0.24, 0.25, 0.26], np.float32) * (1 - 0.6 * t)
    walls = (0.07 + 0.05 * np.clip(_wave(azimuth, "walls", 16, 1.0), -1, 1))[..., None] * np.float32(1)
    up = elevation - skyline
    seen = np.where(up[..., None] > 0, sky, np.where(elevation[..., None] > -0.05, walls, ground))
    body = (np.abs(azimuth) < 0.10 + 0.05 * (elevation < -0.1)) & (elevation < 0.05)  # who takes the photograph
    seen = np.where(body[..., None], 0.4 * seen, seen)
    sun = np.exp(-(((azimuth + 0.42) / 0.10) ** 2) - ((elevation - 0.44 - 0.1 * azimuth) / 0.075) ** 2)[..., None]
    return (seen + 8 * sun * np.array([0.92, 0.98, 1.0], np.float32)).astype(np.float32)


def _wave(angle: np.ndarray, name: str, tones: int, size: float) -> np.ndarray:
    """A wavy line over angles: sines up to ``tones`` waves a turn, seeded by its name."""
    rng = seeds.generator("art", "street", name)
    out = np.zeros_like(angle)
    for tone in range(1, tones + 1):
        out += rng.normal() * np.sin(tone * angle + rng.uniform(0, 2 * np.pi)) / np.sqrt(tone)
    return np.float32(size) * out / np.float32(np.sqrt(np.log(tones + 1) / 2 + 0.3))
