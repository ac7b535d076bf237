"""Eyebrows, the hair of the head, and spectacles. Colours are red, green, blue."""

import math
from dataclasses import dataclass

import numpy as np

from rrrn.synthetic.painting import shape
from rrrn.synthetic.painting.canvas import Canvas
from rrrn.synthetic.painting.fields import fractal_noise, gaussian, smoothstep
from rrrn.synthetic.painting.identity import Identity

_BROW_HAIRS = 420  # on each side


@dataclass(frozen=True)
class _Cut:
    outer_y: float  # where the outline ends beside the head, outside ...
    inner_y: float  # ... and inside
    parting_x: float
    inner_share: float  # inner outline's distance from the midline, in half widths of the face


_CUTS = {
    "short": _Cut(0.10, 0.05, 0.0, 0.985),
    "parted": _Cut(0.35, 0.30, 0.25, 0.985),
    "long": _Cut(2.34, 2.30, -0.2, 0.96),
    "fringe": _Cut(0.12, 0.05, 0.0, 0.985),
}


def brows(canvas: Canvas, identity: Identity, rng: np.random.Generator) -> np.ndarray:
    """Return the coverage, 0 to 1, of both eyebrows, float32 (H, W)."""
    lines, strengths = [], []
    for side in (-1, 1):
        for _ in range(_BROW_HAIRS):
            lines.append(_brow_hair(identity, rng) * [side, 1])
            strengths.append((120 + 100 * rng.random()) / 255)
    hairs = canvas.blur(canvas.strokes(lines, np.array(strengths), 0.010), 0.006)
    return np.clip((0.75 * hairs + 0.5 * canvas.blur(hairs, 0.02)) * identity.brow_density * 1.35, 0, 0.93)


def head_hair(canvas: Canvas, identity: Identity, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return coverage (H, W) and colour (H, W, 3) of the hair of the head."""
    if identity.hair_style == "shaved":
        return np.zeros(canvas.shape, np.float32), np.zeros((1, 1, 3), np.float32)
    outline, top = _outline(identity, rng)
    cover = canvas.polygon(outline, 0.012)
    frays = 0.18 * fractal_noise(rng, canvas.shape, (0.06 * canvas.density, 0.012 * canvas.density), 2)
    cover = np.clip(cover + 4 * frays * cover * (1 - cover), 0, 1)
    streaks = fractal_noise(rng, canvas.shape, (0.35 * canvas.density, 0.022 * canvas.density), 3, 0.8)
    shine = gaussian(canvas.x, canvas.y, (0.5 * identity.light_azimuth, top + 0.35), (0.5, 0.16))
    tone = np.clip(0.72 + 0.22 * streaks + 0.5 * shine, 0.25, 2.0)
    return cover, np.array(identity.hair_colour, np.float32) * tone[..., None] + 0.012


def scalp_shadow(canvas: Canvas, identity: Identity, rng: np.random.Generator) -> np.ndarray:
    """Return the strength, 0 to 1, of the shadow of a shaved head's stubble."""
    raggedness = 0.011 * fractal_noise(rng, canvas.shape, (0.22 * canvas.density, 0.22 * canvas.density), 4, 0.75)
    return smoothstep(identity.hairline_y + 0.12, identity.hairline_y - 0.12, canvas.y + raggedness)


def spectacles(canvas: Canvas, identity: Identity) -> np.ndarray:
    """Return the coverage, 0 to 1, of the frame of a pair of glasses."""
    turn = np.linspace(0, 2 * math.pi, 60)
    rim_x = 0.36 * np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** 0.7
    rim_y = 0.25 * np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** 0.75
    frame = canvas.polyline(np.array([[-0.17, 0.0], [0, -0.03], [0.17, 0.0]]), 0.022, 0.006)
    for side in (-1, 1):
        rim = np.stack([side * 0.53 + rim_x, 0.05 + rim_y], 1)
        temple = np.array([[side * 0.88, -0.02], [side * identity.face_width, -0.06]])
        for line in (rim, temple):
            frame = np.maximum(frame, canvas.polyline(line, 0.022, 0.005))
    return 0.85 * frame


def _brow_hair(identity: Identity, rng: np.random.Generator) -> np.ndarray:
    u = rng.random() ** 0.9  # from the inner to the outer end
    distance = identity.brow_inner + u * (identity.brow_outer - identity.brow_inner)
    onset = min(u / 0.12, 1.0)
    taper = 0.75 + 0.25 * onset * onset * (3 - 2 * onset)
    spread = identity.brow_thickness * (1.15 - 0.85 * u**1.6) * taper
    offset = rng.uniform(-1, 1) * spread
    root = np.array([distance, float(shape.brow_line(identity, np.array(distance))) + offset])
    angle = -1.15 + 1.25 * u**0.6 + rng.normal(0, 0.15) + (0.55 * (1 - u) if offset < 0 else 0.0)
    length = rng.uniform(0.05, 0.09)
    return np.stack([root, root + length * np.array([math.cos(angle), 0.6 * math.sin(angle)])])


def _outline(identity: Identity, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Return the closed outline of the hair and the height of its top."""
    cut = _CUTS[identity.hair_style]
    width = max(identity.face_width, identity.temple_width + 0.05) * (1.03 + (identity.hair_volume - 1) * 0.8)
    top = identity.crown_y - 0.72 * (identity.hair_volume - 1)
    turn = np.linspace(0, math.pi, 120)
    dome = np.stack([-width * np.cos(turn), -0.25 - (-0.25 - top) * np.sin(turn) ** 0.85], 1)

    u = np.linspace(1, -1, 61)
    hairline = identity.hairline_y + (0.05 + identity.widows_peak) * np.abs(u - cut.parting_x) ** 1.5
    hairline += 0.72 * np.clip((np.abs(u) - 0.52) / 0.48, 0, 1) ** 2.2 + rng.normal(0, 0.006, u.size)
    if identity.hair_style == "fringe":  # which stays above the brows: they must be seen to move
        hairline = np.maximum(hairline, identity.brow_y - 0.25 + 0.10 * u**2 + rng.normal(0, 0.012, u.size))
    brow_width, cheek_width = shape.half_width(identity, np.array([-0.5, min(cut.inner_y, 0.6)]))
    inner = np.stack([u * brow_width * 0.97, hairline], 1)
    side = np.array([[cheek_width * cut.inner_share, cut.inner_y]])
    ends = np.array([[width, cut.outer_y]])
    return np.concatenate([ends * [-1, 1], dome, ends, side, inner, side * [-1, 1]]), top
