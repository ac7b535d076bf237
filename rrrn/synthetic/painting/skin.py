"""The colour of skin, lips and the dark lines of a face, before light falls on it. Colours are red, green, blue."""

import math

import numpy as np

from rrrn.synthetic.painting import shape
from rrrn.synthetic.painting.canvas import Canvas
from rrrn.synthetic.painting.fields import fractal_noise, gaussian, gaussian_pair, smoothstep
from rrrn.synthetic.painting.identity import Identity

_SAMPLES = 33  # points along a lid


def albedo(canvas: Canvas, identity: Identity, rng: np.random.Generator) -> np.ndarray:
    """Return the reflectance of the skin with its blemishes, beard, lips and nostrils, float32 (H, W, 3)."""
    cells = [(size * canvas.density, size * canvas.density) for size in (0.22, 0.022)]
    mottles = identity.mottling * fractal_noise(rng, canvas.shape, cells[0], 4, 0.75)
    pores = 0.018 * fractal_noise(rng, canvas.shape, cells[1], 2, 0.8)
    colour = identity.skin_colour * (1 + mottles + pores)[..., None]
    colour *= 1 + _flush(canvas, identity)
    bags = 0.16 * identity.eye_bags * gaussian_pair(canvas.x, canvas.y, (0.47, 0.17), (0.17, 0.05))
    _darken(colour, bags, (0.8, 1.0, 0.9))
    _add_freckles(colour, canvas, identity, rng)
    for _ in range(identity.moles):
        centre = (rng.uniform(-0.8, 0.8), rng.uniform(0.25, 1.5))
        radius = rng.uniform(0.010, 0.02)
        _darken(colour, 0.55 * gaussian(canvas.x, canvas.y, centre, (radius, radius)))
    if identity.stubble:
        _darken(colour, identity.stubble * _beard(canvas, identity, rng), (0.9, 0.85, 0.8))
    colour = _with_lips(colour, canvas, identity, rng)
    nostril_y, width = identity.nose_length - 0.025, identity.nose_width
    nostrils = gaussian_pair(canvas.x, canvas.y, (width * 0.50, nostril_y), (width * 0.22, 0.020), 0.30)
    _darken(colour, 0.80 * np.clip(nostrils * 1.25, 0, 1), (0.9, 1.0, 1.0))
    return colour


def upper_lip(canvas: Canvas, identity: Identity) -> np.ndarray:
    """Return the coverage of the upper lip, which faces down and so lies in shade."""
    x = np.linspace(-1, 1, 41) * identity.mouth_width
    line, upper, _ = shape.mouth_lines(identity, x)
    return canvas.polygon(_outline(x, upper, line), 0.012)


def dark_lines(canvas: Canvas, identity: Identity, rng: np.random.Generator) -> np.ndarray:
    """Return the strength, 0 to 1, of creases, lashes and the line between the lips, float32 (H, W)."""
    dark = np.zeros(canvas.shape, np.float32)
    for side in (-1, 1):
        turn = np.linspace(-1.1, 1.5, 20)
        wing_x = identity.nose_width * (0.70 + 0.36 * np.cos(turn))
        wing = np.stack([side * wing_x, identity.nose_length - 0.09 + 0.085 * np.sin(turn)], 1)
        _cover(dark, 0.30 * canvas.polyline(wing, 0.014, 0.014))
        _draw_lids(dark, canvas, identity, side, rng)
    x = np.linspace(-1, 1, 41) * identity.mouth_width
    mouth = np.stack([x * 1.02, shape.mouth_lines(identity, x)[0]], 1)
    _cover(dark, 0.80 * canvas.polyline(mouth, 0.014, 0.007))
    for corner in (mouth[:2], mouth[-2:]):
        _cover(dark, 0.35 * canvas.polyline(corner, 0.03, 0.02))
    return dark


def _darken(colour: np.ndarray, amount: np.ndarray, channels: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> None:
    colour *= 1 - amount[..., None] * np.array(channels, np.float32)


def _cover(dark: np.ndarray, line: np.ndarray) -> None:
    np.maximum(dark, line, out=dark)


def _outline(x: np.ndarray, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    return np.concatenate([np.stack([x, upper], 1), np.stack([x, lower], 1)[::-1]])


def _flush(canvas: Canvas, identity: Identity) -> np.ndarray:
    x, y = canvas.x, canvas.y
    red = 0.6 * gaussian_pair(x, y, (0.66, 0.55), (0.26, 0.24))
    red += 0.6 * gaussian(x, y, (0, identity.nose_length - 0.12), (0.16, 0.14))
    red += 0.3 * gaussian(x, y, (0, identity.chin_y - 0.2), (0.2, 0.15))
    red = np.clip(red * identity.redness, 0, 1)
    return red[..., None] * np.array([-0.01, -0.12, -0.11], np.float32)


def _add_freckles(colour: np.ndarray, canvas: Canvas, identity: Identity, rng: np.random.Generator) -> None:
    for _ in range(int(90 * identity.freckles)):
        centre = (rng.normal(0, 0.5), rng.normal(0.42, 0.18))
        radius = rng.uniform(0.006, 0.014)
        column, row = (int(value) for value in canvas.to_pixels(np.array(centre)))
        reach = int(4 * radius * canvas.density) + 1
        near = np.s_[max(row - reach, 0) : row + reach, max(column - reach, 0) : column + reach]
        _darken(colour[near], 0.22 * gaussian(canvas.x[near], canvas.y[near], centre, (radius, radius)))


def _beard(canvas: Canvas, identity: Identity, rng: np.random.Generator) -> np.ndarray:
    x, y = canvas.x, canvas.y
    distance = np.abs(x)
    chin = smoothstep(0.72, 1.0, y + 0.25 * distance) * smoothstep(identity.chin_y + 0.2, identity.chin_y - 0.05, y)
    chin *= smoothstep(0.30, 0.62, distance + np.maximum(0, y - 1.05))
    moustache = gaussian(x, y, (0, (identity.nose_length + identity.mouth_y) / 2 + 0.01), (0.26, 0.06))
    grain = fractal_noise(rng, canvas.shape, (0.014 * canvas.density, 0.010 * canvas.density), 1)
    return np.maximum(chin, moustache) * (0.55 + 0.35 * np.clip(grain, -1, 1.5))


def _with_lips(colour: np.ndarray, canvas: Canvas, identity: Identity, rng: np.random.Generator) -> np.ndarray:
    x = np.linspace(-1, 1, 41) * identity.mouth_width
    _, upper, lower = shape.mouth_lines(identity, x)
    cover = 0.85 * canvas.polygon(_outline(x, upper, lower), 0.012)[..., None]
    red = identity.lip_redness
    lip = identity.skin_colour * np.array([1.0, 0.70, 0.70]) * (1 - 0.15 * red) + np.array([0.06, -0.03, -0.02]) * red
    wrinkles = fractal_noise(rng, canvas.shape, (0.12 * canvas.density, 0.018 * canvas.density), 2)
    return colour * (1 - cover) + lip.astype(np.float32) * (1 + 0.045 * wrinkles[..., None]) * cover


def _draw_lids(dark: np.ndarray, canvas: Canvas, identity: Identity, side: int, rng: np.random.Generator) -> None:
    t = np.linspace(-1, 1, _SAMPLES)  # from the inner to the outer corner
    distance = 0.5 + t * identity.eye_width
    x = side * distance
    upper, lower = shape.eyelids(identity, distance)
    lashes = identity.lashes

    lash_line = _outline(x, upper - (0.012 + 0.016 * lashes * (t * 0.5 + 0.5)), upper + 0.008)
    _cover(dark, 0.88 * canvas.polygon(lash_line, 0.006))
    corner = np.array([x[-1], upper[-1]])
    _cover(dark, 0.5 * canvas.polyline(np.stack([corner, corner + [side * 0.035, -0.012]]), 0.014, 0.006))
    if lashes > 0.6:
        for j in range(4, _SAMPLES):
            angle = t[j] * 0.55 + rng.normal(0, 0.1)
            length = (0.030 + 0.030 * lashes) * (0.7 + 0.3 * t[j]) * rng.uniform(0.7, 1.1)
            root = np.array([x[j], upper[j]])
            tip = root + length * np.array([side * math.sin(angle), -0.35 * math.cos(angle)])
            _cover(dark, 0.35 * lashes * canvas.polyline(np.stack([root, tip]), 0.007, 0.003))
    _cover(dark, 0.30 * canvas.polyline(np.stack([x, lower + 0.006], 1)[8:], 0.012, 0.008))
    crease = np.stack([x, upper - 0.055 - 0.035 * (1 - t**2)], 1)[2:]
    _cover(dark, 0.42 * identity.lid_crease * canvas.polyline(crease, 0.014, 0.010))
    fold = np.stack([x, lower + 0.075 + 0.02 * (1 - t**2)], 1)[3:30]
    _cover(dark, 0.16 * identity.eye_bags * canvas.polyline(fold, 0.02, 0.016))
