"""Ten sunglasses, drawn from a table. Axis and half widths of the sheet are those of the face, see ``glasses.place``:
the eyes are at (-+0.38, 0.25), the temples at (-+0.83, 0.25), ears at (-+0.88, 0.3).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rrrn.occlusion.drawings import shading
from rrrn.occlusion.drawings.canvas import Canvas, across, bump, curve, flipped, mirrored, step
from rrrn.occlusion.placing import Template

COLUMNS = 768
_LIMITS = {"shield": 0.35, "goggles": 0.35}  # least ratio of the halves: these curve around the face
_TOP, _BROW, _LOW, _BOTTOM = -0.10, 0.0, 0.6, 0.80  # of the sheet, and of the face's axis
_RADIUS = 0.95  # of a lens's sphere: base curve 6 on a face 14 cm wide
_WRAP = 0.10  # slope by which each lens turns outwards
_TILT = -0.015  # slope by which lenses look up
_EAR = 0.845  # where arms and bands pass behind the ears, or under the hair

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Glasses:
    """One pair of sunglasses; lengths in half widths of the sheet, colours BGR.

    A lens is a superellipse (``power`` 2: an ellipse, more: squarer) about ``centre`` with the half axes ``half``,
    narrowed below by ``taper``, moved outwards below by ``lean``, and raised at its outer corner by ``lift``.
    ``top`` and ``bottom`` are colours and opacities of the lens at its ends; ``mirror`` is the tint of a metal coat.
    ``rim`` is the frame's width about the lens; ``frame`` of ``metal``, of ``tortoise`` or of plain plastic.
    """

    centre: tuple[float, float]
    half: tuple[float, float]
    power: float
    frame: Colour
    rim: float
    top: tuple[Colour, float]
    bottom: tuple[Colour, float]
    taper: float = 0.0
    lean: float = 0.0
    lift: float = 0.0
    mirror: Colour | None = None
    material: str = "plastic"
    style: str = "full"


GLASSES = {
    "aviator": Glasses((0.425, 0.315), (0.345, 0.280), 2.4, (110, 190, 226), 0.024,
                       ((12, 18, 15), 0.98), ((30, 44, 38), 0.93), taper=0.24, lean=0.10, material="metal",
                       style="double"),
    "round": Glasses((0.42, 0.29), (0.315, 0.300), 2.05, (206, 208, 210), 0.024,
                     ((9, 14, 20), 0.98), ((20, 36, 58), 0.92), material="metal"),
    "square": Glasses((0.43, 0.29), (0.325, 0.235), 4.2, (24, 23, 24), 0.056,
                      ((9, 10, 9), 0.99), ((20, 24, 21), 0.96), taper=0.10, lean=0.03, lift=0.02),
    "wrap": Glasses((0.43, 0.28), (0.435, 0.245), 2.9, (34, 30, 150), 0.024,
                    ((14, 13, 13), 0.99), ((30, 27, 25), 0.97), taper=0.18, lift=0.05, style="shield"),
    "cat-eye": Glasses((0.425, 0.30), (0.325, 0.225), 2.8, (44, 30, 104), 0.046,
                       ((12, 10, 16), 0.98), ((40, 32, 52), 0.92), taper=0.16, lean=0.05, lift=0.085),
    "large": Glasses((0.435, 0.31), (0.375, 0.295), 2.8, (22, 52, 98), 0.050,
                     ((10, 16, 24), 0.98), ((52, 78, 106), 0.84), taper=0.08, material="tortoise"),
    "mirrored": Glasses((0.425, 0.30), (0.340, 0.262), 3.0, (60, 60, 62), 0.028,
                        ((24, 22, 20), 0.99), ((24, 22, 20), 0.98), taper=0.20, lean=0.06,
                        mirror=(250, 190, 120), material="metal"),
    "graduated": Glasses((0.42, 0.29), (0.325, 0.240), 3.2, (196, 198, 200), 0.024,
                         ((16, 14, 13), 0.98), ((130, 124, 118), 0.62), taper=0.08, material="metal"),
    "half-rim": Glasses((0.42, 0.30), (0.320, 0.245), 2.7, (26, 40, 62), 0.008,
                        ((11, 16, 13), 0.98), ((30, 44, 38), 0.93), taper=0.18, material="metal", style="brow"),
    "goggles": Glasses((0.36, 0.31), (0.445, 0.250), 4.0, (46, 46, 48), 0.070,
                       ((20, 14, 26), 0.99), ((20, 14, 26), 0.99), taper=0.06, mirror=(60, 120, 235),
                       style="goggles"),
}  # fmt: skip
NAMES = tuple(GLASSES)


@lru_cache(maxsize=len(GLASSES))
def template(name: str) -> Template:
    """Return the drawing of one of ``NAMES`` with its anchors; the same bits every time."""
    return draw(name, COLUMNS)


def draw(name: str, columns: int) -> Template:
    """Return the drawing of one of ``NAMES``, ``columns`` pixels wide."""
    canvas = Canvas(columns, _TOP, _BOTTOM)
    style = GLASSES[name].style
    _STYLES[style](canvas, GLASSES[name], name)
    seam, right = columns / 2 - 0.5, columns - 0.5
    top, bottom = (round((y - _TOP) * canvas.scale, 6) - 0.5 for y in (_BROW, _LOW))
    return Template(canvas.image, seam, top, bottom, -0.5, right, _LIMITS.get(style, Template.min_ratio))


# ------------------------------------------------------------------------------------------------- styles


def _full(canvas: Canvas, glasses: Glasses, name: str) -> None:
    """A frame about two lenses, with a bridge and arms."""
    _pair(canvas, glasses, name, [], 0.0)


def _double(canvas: Canvas, glasses: Glasses, name: str) -> None:
    """A wire frame with a second bar over the bridge."""
    bar = across(curve((0, 0.046), (0.12, 0.050), (0.255, 0.062)))
    _pair(canvas, glasses, name, [(bar, 0.012)], 0.0)


def _brow(canvas: Canvas, glasses: Glasses, name: str) -> None:
    """Lenses that hang from a bar of plastic; below, a nylon thread in their edge holds them."""
    _pair(canvas, glasses, name, [], 0.042)


def _pair(canvas: Canvas, glasses: Glasses, name: str, bars: list[tuple[np.ndarray, float]], brow: float) -> None:
    lens = _lens(glasses)
    inside = np.maximum(canvas.inside(lens), canvas.inside(flipped(lens)))
    outer, inner = lens[np.argmax(lens[:, 0] - 0.6 * np.abs(lens[:, 1] - _hinge(glasses)))], lens[:, 0].min()
    nose = glasses.centre[1] - 0.42 * glasses.half[1]
    half = 0.5 * glasses.rim
    bridge = across(curve((0, nose - 0.035), (0.6 * inner, nose - 0.022), (inner + 0.012, nose + 0.04)))
    bars = [(bridge, max(half, 0.012) * (1.15 if glasses.material != "metal" else 1.0)), *bars]
    _shadow(canvas, np.maximum(inside + glasses.rim, _rods(canvas, bars)))
    arm = curve((outer[0] - 0.01, _hinge(glasses)), (0.84, _hinge(glasses) - 0.002), (0.93, _hinge(glasses) + 0.012))
    _arms(canvas, glasses, name, arm, max(half, 0.013))
    if glasses.material == "metal":
        _nose_pads(canvas, inner, nose)
    _glass(canvas, glasses, inside)
    upper = step(glasses.centre[1] - 0.30 * glasses.half[1] - canvas.y, 0.02)
    reach = (half - np.abs(inside + 0.3 * half)) if not brow else 0.007 - np.abs(inside)
    frame = np.maximum(reach, _rods(canvas, bars))
    _frame(canvas, glasses.frame, glasses.material, name, frame, half)
    if brow:
        lid = np.minimum(brow - np.abs(inside + 0.004), 2 * (upper - 0.5) * 0.05)
        _frame(canvas, glasses.frame, "tortoise", name, lid, brow)
        _rivets(canvas, outer[0] - 0.035, _hinge(glasses) + 0.01)


def _shield(canvas: Canvas, glasses: Glasses, name: str) -> None:
    """One curved lens over both eyes with a notch for the nose, as for sports."""
    outline = _visor(glasses)
    inside = canvas.inside(outline)
    hinge = glasses.centre[1] - 0.09
    _shadow(canvas, inside + 0.01)
    _arms(canvas, glasses, name, curve((0.78, hinge), (0.86, hinge + 0.005), (0.94, hinge + 0.02)), 0.036)
    _glass(canvas, glasses, inside, one=True)
    browline = np.minimum(0.030 - np.abs(inside), (glasses.centre[1] - 0.02 - canvas.y))
    _frame(canvas, glasses.frame, glasses.material, name, np.maximum(browline, 0.010 - np.abs(inside)), 0.03)


def _goggles(canvas: Canvas, glasses: Glasses, name: str) -> None:
    """A visor in a thick soft frame, held by a woven band about the head."""
    outline = _visor(glasses)
    inside = canvas.inside(outline)
    middle = glasses.centre[1] - 0.02
    band = 0.105 - np.abs(canvas.y - middle) + 0.03 * np.abs(canvas.x) - 0.02
    side = np.minimum(band, np.abs(canvas.x) - 0.70)
    _shadow(canvas, inside + glasses.rim)
    cover = canvas.cover(side) * step(_EAR - np.abs(canvas.x), 0.010)
    ribs = np.sin(2 * np.pi * canvas.y / 0.014)
    cloth = shading.lit((0.0010 * ribs - 1.1 * canvas.x**2 - 0.05 * bump(band, 0.01)).astype(np.float32), canvas.scale)
    stripe = bump(canvas.y - middle, 0.028)[..., None]
    albedo = shading.decode((58, 56, 56)) * (1 - stripe) + shading.decode((60, 110, 210)) * stripe
    canvas.paint(cover, shading.encode(albedo * cloth.light[..., None]))
    body = inside + glasses.rim
    height = 0.10 * step(body, 0.05) + 0.04 * step(body - 0.055, 0.012) - 0.05 * step(inside - 0.004, 0.006)
    _plastic(canvas, canvas.cover(body), height - 0.30 * canvas.x**2, shading.decode(glasses.frame), 0.25)
    _glass(canvas, glasses, inside, one=True)


_STYLES: dict[str, Callable[[Canvas, Glasses, str], None]] = {
    "full": _full,
    "double": _double,
    "brow": _brow,
    "shield": _shield,
    "goggles": _goggles,
}


# ------------------------------------------------------------------------------------------------- outlines


def _lens(glasses: Glasses) -> np.ndarray:
    """The outline (n, 2) of the right lens."""
    angle = np.linspace(0, 2 * np.pi, 240, endpoint=False)
    cos, sin = np.cos(angle), np.sin(angle)
    x = np.sign(cos) * np.abs(cos) ** (2 / glasses.power)
    y = np.sign(sin) * np.abs(sin) ** (2 / glasses.power)
    sideways = x * (1 - glasses.taper * (y + 1) / 2) + glasses.lean * y * 0.5
    down = y * glasses.half[1] - glasses.lift * np.clip(x, -0.6, 1) * (1 - y) / 2
    return np.stack([glasses.centre[0] + sideways * glasses.half[0], glasses.centre[1] + down], axis=1)


def _visor(glasses: Glasses) -> np.ndarray:
    """The outline of one lens over both eyes."""
    lens = _lens(glasses)
    outer = lens[lens[:, 0] >= glasses.centre[0]]
    outer = outer[np.argsort(np.arctan2(*(outer - glasses.centre).T[::-1]))]
    top, bottom = outer[0, 1], outer[-1, 1]
    notch = ((0.22, bottom - 0.005), (0.12, bottom - 0.06), (0.06, bottom - 0.135), (0, bottom - 0.155))
    half = np.concatenate([curve((0, top + 0.015), (0.2, top + 0.008), tuple(outer[0])), outer,
                           curve(tuple(outer[-1]), *notch)])  # fmt: skip
    return mirrored(half)


def _hinge(glasses: Glasses) -> float:
    return glasses.centre[1] - 0.5 * glasses.half[1] - 0.6 * glasses.lift


def _rods(canvas: Canvas, bars: list[tuple[np.ndarray, float]]) -> np.ndarray:
    return np.max([half - canvas.away(line) for line, half in bars], axis=0)


# ------------------------------------------------------------------------------------------------- surfaces


def _shadow(canvas: Canvas, inside: np.ndarray) -> None:
    """The shadow on cheeks and brows, and the dark where the frame touches the nose."""
    canvas.shadow(canvas.cover(inside), 0.030, 0.030, 0.38)


def _glass(canvas: Canvas, glasses: Glasses, inside: np.ndarray, one: bool = False) -> None:
    """A tinted lens that reflects a street: the eyes are dimly seen where the tint is thin."""
    (above, dense), (below, thin) = glasses.top, glasses.bottom
    depth = np.clip((canvas.y - glasses.centre[1]) / glasses.half[1] * 0.5 + 0.5, 0, 1)
    t = (depth * depth * (3 - 2 * depth))[..., None]
    tint = shading.decode(above) * (1 - t) + shading.decode(below) * t
    side = np.tanh(canvas.x / 0.12)
    if one:
        right = 0.42 * canvas.x
    else:
        right = (canvas.x - np.sign(canvas.x) * glasses.centre[0]) / _RADIUS + _WRAP * side
    down = (canvas.y - glasses.centre[1]) / _RADIUS + _TILT
    bevel = np.exp(-np.maximum(inside, 0) / np.float32(0.006))
    right = right + 0.10 * bevel * np.sign(canvas.x - side * glasses.centre[0])
    if glasses.mirror:
        coat = shading.decode(glasses.mirror) * (1 - 0.35 * t) + np.float32(0.12) * t
        seen = shading.reflection(right, down, 0.035) * coat * np.float32(0.75)
    else:
        seen = shading.reflection(right, down, 0.05) * shading.fresnel(right, down, 0.065)[..., None]
    under_rim = 1 - 0.55 * np.exp(-np.maximum(inside, 0) / np.float32(0.020)) * (1 - 0.6 * depth)
    radiance = (tint + seen) * under_rim[..., None]
    canvas.paint(canvas.cover(inside), shading.encode(radiance), dense + (thin - dense) * t[..., 0])


def _frame(canvas: Canvas, colour: Colour, material: str, name: str, inside: np.ndarray, half: float) -> None:
    """Wire or plastic with a round profile, ``half`` wide to each side of its middle."""
    cover = canvas.cover(inside)
    deep = np.clip(inside / np.float32(half), 0, 1)
    round_profile = np.sqrt(np.clip(1 - (1 - deep) ** 2, 0, 1)) if material == "metal" else step(deep - 0.4, 0.4)
    height = half * (1.0 if material == "metal" else 0.9) * round_profile - 0.25 * canvas.x**2
    _surface(canvas, cover, height, colour, material, name)


def _surface(canvas: Canvas, cover: np.ndarray, height: np.ndarray, colour: Colour, material: str, name: str) -> None:
    if material == "metal":
        _metal(canvas, cover, height, colour)
    else:
        albedo = _tortoise(canvas, colour, name) if material == "tortoise" else shading.decode(colour)
        _plastic(canvas, cover, height, albedo, 0.06)


def _metal(canvas: Canvas, cover: np.ndarray, height: np.ndarray, colour: Colour) -> None:
    surface = shading.lit(canvas.soft(height.astype(np.float32), 0.003), canvas.scale, 0.02)
    mirror = shading.reflection(0.75 * surface.right, 0.75 * surface.down, 0.10)
    radiance = shading.decode(colour) * (0.75 * mirror + 0.16 * surface.light[..., None])
    canvas.paint(cover, shading.encode(radiance))


def _plastic(canvas: Canvas, cover: np.ndarray, height: np.ndarray, albedo: np.ndarray, roughness: float) -> None:
    surface = shading.lit(canvas.soft(height.astype(np.float32), 0.006), canvas.scale, 0.03)
    gloss = shading.fresnel(surface.right, surface.down, 0.045)[..., None]
    mirror = shading.reflection(surface.right, surface.down, roughness)
    canvas.paint(cover, shading.encode(albedo * surface.light[..., None] + gloss * mirror))


def _tortoise(canvas: Canvas, colour: Colour, name: str) -> np.ndarray:
    """Brown plastic with dark clouds."""
    clouds = canvas.noise((0.045, 0.03), name, "clouds") + 0.8 * canvas.noise((0.02, 0.014), name, "specks")
    share = step(clouds + 0.1, 1.8)[..., None]
    return shading.decode(colour) * (1 - share) + shading.decode((12, 17, 28)) * share


def _arms(canvas: Canvas, glasses: Glasses, name: str, arm: np.ndarray, half: float) -> None:
    """The arms as seen from the front: short, thinner towards the ears, in the shade of the frame."""
    away = np.minimum(canvas.away(arm), canvas.away(flipped(arm)))
    inside = half * (1.0 - 0.35 * step(np.abs(canvas.x) - 0.86, 0.06)) - away
    cover = canvas.cover(inside) * step(_EAR - np.abs(canvas.x), 0.010)
    canvas.shadow(cover, 0.012, 0.018, 0.35)
    height = half * np.sqrt(np.clip(1 - (1 - np.clip(inside / half, 0, 1)) ** 2, 0, 1)) - 0.9 * canvas.x**2
    _surface(canvas, cover, height, glasses.frame, glasses.material, name)


def _nose_pads(canvas: Canvas, inner: float, nose: float) -> None:
    """Clear pads that rest on the sides of the nose."""
    pad = curve((inner - 0.020, nose + 0.085), (inner - 0.012, nose + 0.150))
    inside = np.float32(0.014) - np.minimum(canvas.away(pad), canvas.away(flipped(pad)))
    height = 0.012 * np.sqrt(np.clip(inside / 0.014, 0, 1))
    surface = shading.lit(canvas.soft(height.astype(np.float32), 0.003), canvas.scale, 0.02)
    gloss = 0.10 * shading.reflection(surface.right, surface.down, 0.10)
    radiance = shading.decode((170, 186, 200)) * surface.light[..., None] + gloss
    canvas.paint(canvas.cover(inside), shading.encode(radiance), 0.45)


def _rivets(canvas: Canvas, x: float, y: float) -> None:
    """Small metal rivets at the ends of the brow bar."""
    inside = 0.008 - np.hypot((np.abs(canvas.x) - x) / 1.6, canvas.y - y)
    _metal(canvas, canvas.cover(inside), 0.006 * step(inside, 0.006), (206, 208, 210))
