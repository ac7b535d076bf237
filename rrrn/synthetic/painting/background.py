"""The still part of a clip's images: wall, hair behind the neck, neck and shirt."""

import cv2
import numpy as np

from rrrn.synthetic.painting.fields import fractal_noise, smoothstep
from rrrn.synthetic.painting.identity import Identity


def paint(
    identity: Identity,
    size: tuple[int, int],
    centre: tuple[float, float],
    image_density: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the image without the head, blue, green, red, float32 (H, W, 3), 1 is white.

    ``size`` is (width, height) in pixels; ``centre`` is the pixel position of the point between the eyes, about
    which the neck and the shoulders are drawn: they belong to the head's place in this clip.
    """
    width, height = size
    image = _wall(identity, size, rng)
    x = ((np.arange(width, dtype=np.float32) - centre[0]) / image_density)[None, :, None]
    y = ((np.arange(height, dtype=np.float32) - centre[1]) / image_density)[:, None, None]

    def put(outline: list[list[float]], colour: np.ndarray, blur: float) -> None:
        points = np.round((np.array(outline) * image_density + centre) * 16).astype(np.int32)
        mask = np.zeros((height, width), np.uint8)
        cv2.fillPoly(mask, [points], 255, cv2.LINE_AA, 4)
        cover = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), blur * image_density)[..., None]
        image[:] = image * (1 - cover) + colour * cover

    if identity.hair_style == "long":
        k = identity.face_width / 1.16
        right = [[1.10 * k, -0.6], [1.16 * k, 1.5], [1.12 * k, 2.2], [0.95 * k, 2.6]]
        put(_symmetric(right), _bgr(identity.hair_colour) * 0.7 + 0.01, 0.018)
    neck_width = identity.jaw_width * 0.80
    shadow = 0.42 + 0.30 * smoothstep(identity.chin_y - 0.1, identity.chin_y + 0.45, y)
    neck = _bgr(identity.skin_colour) * identity.exposure * shadow * (1 - 0.25 * (x / neck_width) ** 2)
    put(_symmetric([[neck_width, 1.0], [neck_width * 1.05, 2.2], [neck_width * 1.5, 2.6]]), neck, 0.011)
    shirt = _bgr(identity.shirt_colour) * (0.85 + 0.1 * np.cos(9 * x))
    collar = [[0.0, 2.62], [neck_width * 1.1, 2.25], [2.3, 2.55], [3.2, 3.2], [3.2, 4.0]]
    put(_symmetric(collar), shirt, 0.011)
    return np.clip(image, 0, 1).astype(np.float32)


def _wall(identity: Identity, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    width, height = size
    rows = np.linspace(1.05, 0.9, height, dtype=np.float32)[:, None]
    columns = np.linspace(-0.5, 0.5, width, dtype=np.float32)[None]
    light = rows * (1 + 0.12 * columns * np.sign(identity.light_azimuth)) * identity.backdrop
    lattice = (height // 8, width // 8)
    stains = fractal_noise(rng, lattice, (lattice[0] / 5, lattice[0] / 5), 2)
    stains = cv2.resize(stains, (width, height))
    return light[..., None] * np.array([1.02, 1.0, 0.98], np.float32) + 0.006 * stains[..., None]


def _bgr(colour: tuple[float, float, float] | np.ndarray) -> np.ndarray:
    return np.array(colour, np.float32)[::-1]


def _symmetric(right: list[list[float]]) -> list[list[float]]:
    """Return a closed outline from its right half, given from its upper to its lower end."""
    return right + [[-x, y] for x, y in reversed(right)]
