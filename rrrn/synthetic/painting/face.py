"""A subject's face, painted once; each frame of each clip is a warp of it."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from rrrn.experiment import seeds
from rrrn.synthetic.painting import eyes, hair, light, relief, shape, skin, wrinkles
from rrrn.synthetic.painting import identity as identities
from rrrn.synthetic.painting.canvas import Canvas
from rrrn.synthetic.painting.fields import gaussian, over
from rrrn.synthetic.painting.identity import Identity

_SUPERSAMPLING = 1.5  # texture pixels per image pixel, at full scale
_POINT_SPREAD = 0.60  # image pixels; a band-limited texture can be sampled bilinearly without flicker


@dataclass(frozen=True)
class Face:
    """A painted subject.

    ``skin`` is premultiplied blue, green, red, alpha, transparent at the eye openings and outside the head;
    ``eyeballs`` is blue, green, red; ``height`` is in IOD; ``openings`` is the eye openings' coverage; all are
    float32 on ``canvas``. ``wrinkles`` has the relative change of brightness of each action unit.
    ``image_density`` is the number of image pixels an IOD.
    """

    identity: Identity
    canvas: Canvas
    image_density: float
    skin: np.ndarray
    eyeballs: np.ndarray
    height: np.ndarray
    openings: np.ndarray
    wrinkles: dict[str, np.ndarray]

    @property
    def supersampling(self) -> float:
        """Return the number of texture pixels per image pixel."""
        return self.canvas.density / self.image_density


def paint(seed: int, subject: str, eye_distance: float, scale: float) -> Face:
    """Return the face of ``subject`` for images whose mean IOD is ``eye_distance`` times ``scale`` pixels.

    Up to scale 1 the texture does not depend on ``scale``: a smaller image shows the same face, not another.
    """
    identity = identities.draw(seed, subject)
    rng = seeds.generator(seed, "texture", subject)
    density = eye_distance * identity.size
    canvas = Canvas(density * _SUPERSAMPLING * max(scale, 1.0))
    height = relief.height(canvas, identity)
    colour, alpha = _head(canvas, identity, height, rng)
    openings = eyes.openings(canvas, identity)
    alpha = alpha * (1 - canvas.blur(openings, 0.004))
    if identity.glasses:
        frame = hair.spectacles(canvas, identity)
        colour = over(colour, 0.06, frame)
        alpha = np.maximum(alpha, frame)
    colour = np.clip(colour, 0, 1)
    colour /= 1 + 0.40 * np.maximum(colour - 0.75, 0)  # the shoulder of a camera's response
    layers = np.dstack([colour[..., ::-1] * alpha[..., None], alpha]).astype(np.float32)
    eyeballs = np.ascontiguousarray(eyes.eyeballs(canvas, identity, rng)[..., ::-1], np.float32)
    spread = _POINT_SPREAD * canvas.density / (density * scale)
    return Face(
        identity=identity,
        canvas=canvas,
        image_density=density * scale,
        skin=cv2.GaussianBlur(layers, (0, 0), spread),
        eyeballs=cv2.GaussianBlur(eyeballs, (0, 0), spread),
        height=height,
        openings=openings,
        wrinkles=wrinkles.wrinkles(canvas, identity),
    )


def _head(
    canvas: Canvas, identity: Identity, height: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return colour (H, W, 3), red, green, blue, and coverage (H, W) of the head with its hair and without glasses."""
    lit = light.shade(canvas, identity, height, rng)
    colour = _skin(canvas, identity, lit, rng)
    face = _silhouette(canvas, identity)
    ears, ear_colour = _ears(canvas, identity)
    colour = ear_colour * (ears * (1 - face))[..., None] + np.maximum(colour, 0) * face[..., None]
    hair_cover, hair_colour = hair.head_hair(canvas, identity, rng)
    if identity.hair_style == "shaved":
        colour *= 1 - 0.35 * (hair.scalp_shadow(canvas, identity, rng) * face)[..., None]
    shadow = np.clip(canvas.blur(hair_cover, 0.07) - hair_cover, 0, 1) * face
    colour = over(colour * (1 - 0.55 * shadow[..., None]), hair_colour, hair_cover)
    warmth = np.array([1 + identity.warmth, 1, 1 - identity.warmth], np.float32)
    return colour * (identity.exposure * warmth), np.maximum(np.maximum(ears, face), hair_cover)


def _skin(canvas: Canvas, identity: Identity, lit: light.Light, rng: np.random.Generator) -> np.ndarray:
    diffuse = lit.diffuse * (1 - 0.16 * skin.upper_lip(canvas, identity))
    colour = skin.albedo(canvas, identity, rng) * diffuse[..., None] + lit.specular[..., None]
    colour *= 1 - skin.dark_lines(canvas, identity, rng)[..., None] * np.array([0.928, 0.946, 0.949], np.float32)
    brow_colour = np.array(identity.hair_colour, np.float32) * 0.9 + 0.02
    return over(colour, brow_colour * (0.55 + 0.6 * diffuse)[..., None], hair.brows(canvas, identity, rng))


def _silhouette(canvas: Canvas, identity: Identity) -> np.ndarray:
    y = np.linspace(identity.crown_y, identity.chin_y, 160)
    width = shape.half_width(identity, y)
    return canvas.polygon(np.concatenate([np.stack([-width, y], 1), np.stack([width, y], 1)[::-1]]), 0.006)


def _ears(canvas: Canvas, identity: Identity) -> tuple[np.ndarray, np.ndarray]:
    cover = np.zeros(canvas.shape, np.float32)
    hollow = np.ones(canvas.shape, np.float32)
    turn = np.linspace(0, 2 * math.pi, 40)
    for side in (-1, 1):
        x = side * (identity.face_width + 0.045)
        outline = np.stack([x + side * 0.10 * np.cos(turn), 0.27 + 0.30 * np.sin(turn)], 1)
        cover = np.maximum(cover, canvas.polygon(outline, 0.01))
        hollow *= 1 - 0.35 * gaussian(canvas.x, canvas.y, (x, 0.22), (0.035, 0.13))
    brightness = 1.48 * identity.ambient * hollow * (1 + 0.25 * math.sin(identity.light_azimuth) * canvas.x)
    return cover, identity.skin_colour * np.array([1.0, 0.93, 0.92], np.float32) * brightness[..., None]
