"""Ten masks, drawn from a table. Axis and half widths of the sheet are those of the face, see ``mask.place``:
the nose bridge is at (0, 0), the chin at (0, 1.28), the jaw below the ears at (-+0.83, 0.3), ears at (-+0.88, 0.1).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rrrn.occlusion import fitting
from rrrn.occlusion.drawings import mask_form, shading
from rrrn.occlusion.drawings.canvas import Canvas, across, bump, curve, flipped, mirrored, step
from rrrn.occlusion.placing import Straps, Template

COLUMNS = 640
_LIMITS = {"cup": 0.35}  # least ratio of the halves: a shell bulges, and looks wrong on a turned face sooner
_TOP, _CHIN, _BOTTOM = -0.16, 1.28, 1.42
_EDGE = ((-0.12, 0.30, 0.52, 0.71, 0.90, 1.07), (0.85, 0.833, 0.817, 0.785, 0.69, 0.52))  # y and x of a mean jaw
_SHADOW = (0.022, 0.012, 0.42)  # of the cloth on its straps: spread, drop, opacity

Colour = tuple[int, int, int]
Knots = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Mask:
    """One mask: its cut, its colours (BGR), the printed pattern, what holds it and where a valve sits."""

    cut: str
    colour: Colour
    trim: Colour
    strap: Colour
    hold: str = "loops"
    pattern: str = "plain"
    valve: tuple[float, float] | None = None


MASKS = {
    "surgical-blue": Mask("pleated", (226, 188, 128), (234, 214, 178), (236, 236, 232)),
    "surgical-white": Mask("pleated", (234, 236, 234), (226, 228, 226), (236, 238, 236), "flat_loops"),
    "surgical-black": Mask("pleated", (44, 42, 42), (34, 32, 32), (36, 34, 34)),
    "ffp2-white": Mask("folded", (238, 240, 240), (232, 234, 234), (240, 240, 238), "flat_loops"),
    "ffp2-valve": Mask("folded", (196, 190, 184), (184, 178, 172), (84, 80, 78), "bands", valve=(0.34, 0.74)),
    "n95-cup": Mask("cup", (226, 234, 238), (214, 222, 226), (72, 190, 224), "bands"),
    "n95-cup-valve": Mask("cup", (186, 170, 134), (172, 156, 120), (44, 44, 46), "bands", valve=(0.0, 0.82)),
    "cloth-navy": Mask("cloth", (92, 56, 40), (82, 48, 34), (70, 44, 32)),
    "cloth-gingham": Mask("cloth", (232, 234, 236), (226, 228, 230), (230, 230, 228), "ties", pattern="gingham"),
    "cloth-dots": Mask("cloth", (86, 120, 58), (80, 112, 52), (64, 90, 44), "flat_loops", pattern="dots"),
}
NAMES = tuple(MASKS)


@lru_cache(maxsize=len(MASKS))
def template(name: str) -> Template:
    """Return the drawing of one of ``NAMES`` with its anchors; the same bits every time."""
    return draw(name, COLUMNS)


def draw(name: str, columns: int) -> Template:
    """Return the drawing of one of ``NAMES``, ``columns`` pixels wide."""
    canvas, straps = (Canvas(columns, _TOP, _BOTTOM) for _ in range(2))
    mask = MASKS[name]
    _CUTS[mask.cut](canvas, mask, name)
    if mask.valve:
        _valve(canvas, *mask.valve)
    _HOLDS[mask.hold](straps, mask)
    straps.shadow(canvas.alpha, *_SHADOW)
    seam, right = columns / 2 - 0.5, columns - 0.5
    top, bottom = (round((y - _TOP) * canvas.scale, 6) - 0.5 for y in (0, _CHIN))
    held = Straps(straps.image, canvas.image, _edge(canvas.y[:, 0]) * canvas.scale)
    image = fitting.under(held.body, held.image)
    return Template(image, seam, top, bottom, -0.5, right, _LIMITS.get(mask.cut, Template.min_ratio), held)


# ------------------------------------------------------------------------------------------------- cuts


def _pleated(canvas: Canvas, mask: Mask, name: str) -> None:
    """Rectangle of three pleats with a wire over the nose."""
    upper = curve((0, 0.035), (0.10, 0.055), (0.22, 0.115), (0.40, 0.19), (0.58, 0.245), (0.765, 0.29))
    lower = curve((0.705, 0.84), (0.60, 1.03), (0.44, 1.19), (0.22, 1.285), (0, 1.31))
    inside = canvas.inside(mirrored(np.concatenate([upper, lower])))
    height = mask_form.draped(canvas) + mask_form.rim(inside, 0.09, 0.012)
    wobble = 0.010 * canvas.soft(canvas.noise((0.25, 0.6), name, "pleats"), 0.04)
    middle = np.clip(1 - (canvas.x / 0.74) ** 2, 0, 1)
    for at, bow, deep in ((0.425, 0.02, 0.016), (0.555, 0.13, 0.020), (0.675, 0.25, 0.020)):
        fold = canvas.y - at - bow * middle - wobble
        deep = deep * (0.5 + 0.5 * middle) * (1 + 0.25 * canvas.soft(canvas.noise((0.3, 2), name, str(at)), 0.05))
        height += deep * np.exp(np.minimum(fold, 0) / 0.075) * (1 - step(fold, 0.008))
        height -= 0.003 * bump(fold - 0.012, 0.010)
    for tug in (((0.72, 0.34), (0.45, 0.33), (0.20, 0.36)), ((0.70, 0.42), (0.50, 0.47), (0.30, 0.50)),
                ((0.68, 0.74), (0.52, 0.86), (0.36, 1.00)), ((0.69, 0.66), (0.55, 0.70), (0.38, 0.75))):  # fmt: skip
        height += _both(canvas, tug, 0.019, 0.022, name)
    height += mask_form.dents(canvas, name, 0.010)
    top, bottom = canvas.away(across(upper)), canvas.away(across(lower[::-1]))
    height += 0.006 * (1 - step(np.minimum(top, bottom) - 0.062, 0.004))
    side = np.minimum(*(canvas.away(end) for end in _sides(np.array([upper[-1], lower[0]]))))
    height += 0.008 * (1 - step(side - 0.045, 0.005))
    weld = mask_form.stitches(canvas, np.minimum(top, bottom) - 0.052, canvas.x, 0.020, 0.0035)
    weld += mask_form.stitches(canvas, side - 0.030, canvas.y, 0.030, 0.004)
    height -= 0.0014 * weld
    wire = canvas.away(curve((-0.27, 0.205), (-0.13, 0.135), (0, 0.105), (0.13, 0.135), (0.27, 0.205)))
    height += 0.012 * step(0.016 - wire, 0.008)
    nap = canvas.noise(0.007, name, "nap")
    height += 0.0005 * nap - 0.0020 * mask_form.bonds(canvas, 0.045)
    hem = 1 - step(np.minimum(side - 0.045, np.minimum(top, bottom) - 0.062), 0.003)
    _cloth_body(canvas, inside, height, _mix(mask.colour, mask.trim, 0.75 * hem), name, 0.035)


def _folded(canvas: Canvas, mask: Mask, name: str) -> None:
    """Two panels that meet in a ridge down the middle, welded at the rim."""
    upper = curve((0, 0.02), (0.09, 0.045), (0.20, 0.13), (0.42, 0.25), (0.62, 0.315), (0.775, 0.345))
    lower = curve((0.755, 0.64), (0.67, 0.88), (0.50, 1.11), (0.26, 1.28), (0, 1.33))
    outline = mirrored(np.concatenate([upper, lower]))
    inside = canvas.inside(outline)
    keel = mask_form.profile(canvas, (-0.2, 0.0, 0.2, 0.42, 0.7, 1.0, 1.2, 1.33, 1.5),
                     (0.1, 0.14, 0.33, 0.50, 0.50, 0.40, 0.24, 0.02, -0.3))  # fmt: skip
    panel = np.clip(1 - np.sqrt(canvas.x**2 + 0.02**2) / 0.80, 0, 1) ** 1.25
    height = canvas.soft((mask_form.head(canvas) + keel * panel).astype(np.float32), 0.006)
    height += mask_form.rim(inside, 0.06, 0.014)
    height -= 0.012 * bump(canvas.x, 0.006)
    for dent in (((0.06, 0.42), (0.30, 0.47), (0.66, 0.44)), ((0.12, 0.26), (0.30, 0.33), (0.56, 0.40)),
                 ((0.70, 0.52), (0.50, 0.62), (0.24, 0.66)), ((0.66, 0.70), (0.46, 0.88), (0.22, 0.98))):  # fmt: skip
        height += _both(canvas, dent, 0.022, 0.028, name)
    height += mask_form.dents(canvas, name, 0.008)
    for inset in (0.028, 0.050):
        height -= 0.0035 * mask_form.stitches(canvas, inside - inset, canvas.x + canvas.y, 0.016, 0.0035)
    height -= 0.003 * mask_form.stitches(canvas, np.abs(canvas.x) - 0.022, canvas.y, 0.016, 0.0035)
    height += 0.006 * step(inside - 0.058, 0.006)
    wire = canvas.away(curve((-0.24, 0.235), (-0.12, 0.15), (0, 0.115), (0.12, 0.15), (0.24, 0.235)))
    height += 0.009 * step(0.020 - wire, 0.010)
    nap = canvas.noise(0.007, name, "nap")
    height += 0.0005 * nap - 0.0025 * mask_form.bonds(canvas, 0.045)
    rim = step(0.058 - inside, 0.003)
    _cloth_body(canvas, inside, height, _mix(mask.colour, mask.trim, rim), name, 0.030)


def _cup(canvas: Canvas, mask: Mask, name: str) -> None:
    """A moulded shell with ribs, a soft rim and a metal clip."""
    right = curve((0, 0.03), (0.12, 0.05), (0.28, 0.18), (0.50, 0.33), (0.685, 0.54), (0.71, 0.80),
                  (0.61, 1.04), (0.40, 1.23), (0.18, 1.305), (0, 1.32))  # fmt: skip
    inside = canvas.inside(mirrored(right))
    radius = np.hypot(canvas.x / 0.73, (canvas.y - 0.66) / 0.67)
    height = 0.62 * np.clip(1 - np.clip(radius, 0, 1) ** 2.6, 0, 1) + 0.10 * bump(canvas.x, 0.13) * bump(
        canvas.y - 0.22, 0.16
    )
    height = canvas.soft(height.astype(np.float32), 0.012)
    for ring in (0.42, 0.60, 0.76):
        wavy = radius - ring - 0.02 * np.cos(2 * np.arctan2(canvas.x, canvas.y - 0.66))
        height += 0.014 * step(-wavy, 0.018) - 0.007 * bump(wavy - 0.018, 0.012)
    height += mask_form.rim(inside, 0.03, 0.010)
    height += 0.020 * bump(inside - 0.030, 0.014) - 0.010 * bump(inside - 0.060, 0.006)
    height += 0.5 * mask_form.dents(canvas, name, 0.006)
    fibres = canvas.noise((0.014, 0.006), name, "fibres") + canvas.noise((0.006, 0.014), name, "more")
    height += 0.00028 * fibres - 0.0040 * mask_form.bonds(canvas, 0.050)
    flange = step(0.058 - inside, 0.003)
    _cloth_body(canvas, inside, height, _mix(mask.colour, mask.trim, flange), name, 0.05)
    _clip(canvas, height)


def _cloth(canvas: Canvas, mask: Mask, name: str) -> None:
    """Two sewn panels with a curved seam, stitched rims and soft creases."""
    upper = curve((0, 0.045), (0.10, 0.065), (0.24, 0.14), (0.46, 0.235), (0.64, 0.28), (0.80, 0.31))
    lower = curve((0.765, 0.72), (0.68, 0.93), (0.52, 1.11), (0.28, 1.27), (0, 1.33))
    inside = canvas.inside(mirrored(np.concatenate([upper, lower])))
    height = mask_form.draped(canvas) + mask_form.rim(inside, 0.07, 0.018)
    height += 0.05 * np.exp(-np.abs(canvas.x) / 0.06) * bump(canvas.y - 0.60, 0.35)
    height -= 0.014 * bump(canvas.x, 0.006)
    for fold, deep, wide in (
        (((0.08, 0.50), (0.36, 0.46), (0.74, 0.42)), 0.020, 0.024), (((0.06, 0.62), (0.40, 0.60), (0.72, 0.56)), 0.024,
        0.030), (((0.10, 0.80), (0.40, 0.74), (0.70, 0.66)), 0.018, 0.026), (((0.12, 1.02), (0.36, 0.94), (0.60, 0.80)),
        0.016, 0.026), (((0.16, 0.30), (0.34, 0.34), (0.62, 0.37)), 0.014, 0.018), (((0.05, 0.92), (0.2, 0.9),
        (0.34, 0.84)), 0.014, 0.018),
    ):  # fmt: skip
        height += _both(canvas, fold, deep, wide, name)
    height += mask_form.dents(canvas, name, 0.012)
    height += 0.010 * step(0.050 - inside, 0.006)
    seam = inside - 0.040
    thread = mask_form.stitches(canvas, seam, canvas.x + 0.8 * canvas.y, 0.024, 0.0045)
    height -= 0.006 * bump(seam, 0.008)
    weave = np.sin(2 * np.pi * canvas.x / 0.013) * np.sin(2 * np.pi * canvas.y / 0.013)
    slubs = canvas.noise((0.05, 0.007), name, "weft") + canvas.noise((0.007, 0.05), name, "warp")
    colour = _PATTERNS[mask.pattern](canvas, mask)
    colour = _mix(colour, tuple(min(255, 1.25 * value + 12) for value in mask.trim), 0.7 * thread)
    height += 0.0006 * weave + 0.0006 * slubs + 0.003 * thread
    _cloth_body(canvas, inside, height, colour * (1 + 0.035 * slubs[..., None]), name, 0.02)


_CUTS: dict[str, Callable[[Canvas, Mask, str], None]] = {
    "pleated": _pleated,
    "folded": _folded,
    "cup": _cup,
    "cloth": _cloth,
}


def _both(canvas: Canvas, line: Knots, depth: float, width: float, name: str) -> np.ndarray:
    """A crease on the right and its like on the left, each a little off the line and of its own depth."""
    out = np.zeros_like(canvas.x)
    for side in (-1, 1):
        rng = mask_form.generator(name, side, *line)
        (a, b, c) = [(side * (x + rng.normal(0, 0.014)), y + rng.normal(0, 0.014)) for x, y in line]
        out += mask_form.crease(canvas, (a, b, c), depth * rng.uniform(0.5, 1.3), width * rng.uniform(0.8, 1.2))
    return out


def _sides(right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return right, flipped(right)


def _mix(colour: Colour | np.ndarray, other: tuple[float, ...], share: np.ndarray) -> np.ndarray:
    """Linear albedo (H, W, 3) between two sRGB colours; the first may be linear already."""
    base = colour if isinstance(colour, np.ndarray) else shading.decode(colour)
    return base * (1 - share[..., None]) + shading.decode(other) * share[..., None]


def _cloth_body(
    canvas: Canvas, inside: np.ndarray, height: np.ndarray, albedo: np.ndarray, name: str, sheen: float
) -> None:
    """Lay a lit surface over the sheet."""
    cover = canvas.cover(inside)
    surface = shading.lit(height, canvas.scale)
    blotches = (
        1 + 0.020 * canvas.soft(canvas.noise(0.05, name, "blotches"), 0.01) + 0.014 * canvas.noise(0.008, name, "grain")
    )
    edge = 1 - 0.35 * np.exp(-np.maximum(inside, 0) / np.float32(0.008))  # light is lost between rim and skin
    radiance = albedo * (surface.light * blotches * edge)[..., None]
    gloss = shading.fresnel(surface.right, surface.down, 0.04) * sheen * 8
    radiance += gloss[..., None] * shading.reflection(surface.right, surface.down, 0.5)
    canvas.paint(cover, shading.encode(radiance))


# ------------------------------------------------------------------------------------------------- patterns


def _plain(canvas: Canvas, mask: Mask) -> np.ndarray:
    """Leave the cloth in its own colour."""
    return np.broadcast_to(shading.decode(mask.colour), (*canvas.x.shape, 3))


def _on_panel(canvas: Canvas) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates on the cloth: they follow its way around the head, and each panel is cut at its own slant."""
    around = 0.97 * np.arcsin(np.clip(canvas.x / 0.97, -1, 1)) * 1.06
    side = np.sign(canvas.x)
    slant = 0.14
    down = canvas.y + 0.05 * bump(canvas.x, 0.2) * bump(canvas.y - 0.4, 0.2)
    return around + side * slant * (down - 0.6), down - side * slant * around + 0.03 * (side > 0)


def _gingham(canvas: Canvas, mask: Mask) -> np.ndarray:
    """White cloth woven with bands of red threads, which show through each other."""
    white, red = shading.decode(mask.colour), shading.decode((52, 44, 168))
    share = np.zeros_like(canvas.x)
    for field in _on_panel(canvas):
        share += 0.5 * step(np.sin(field * 2 * np.pi / 0.115 + 0.8), 0.12)
    return white * (1 - share[..., None]) + red * share[..., None]


def _dots(canvas: Canvas, mask: Mask) -> np.ndarray:
    pitch = 0.125
    around, down = _on_panel(canvas)
    row = np.floor(down / pitch)
    x = np.mod(around + (row % 2) * pitch / 2, pitch) - pitch / 2
    y = down - (row + 0.5) * pitch
    return _mix(_plain(canvas, mask), (206, 226, 224), canvas.cover(0.027 - np.hypot(x, y)))


_PATTERNS: dict[str, Callable[[Canvas, Mask], np.ndarray]] = {"plain": _plain, "gingham": _gingham, "dots": _dots}


# ------------------------------------------------------------------------------------------------- straps, parts


def _loops(canvas: Canvas, mask: Mask) -> None:
    """Round elastic from the mask's corners to behind the ears."""
    for line in (curve((0.70, 0.33), (0.78, 0.20), (0.825, 0.08), (0.87, -0.06)),
                 curve((0.62, 0.85), (0.735, 0.66), (0.79, 0.46), (0.87, 0.20))):  # fmt: skip
        _strap(canvas, mask, line, 0.012)


def _flat_loops(canvas: Canvas, mask: Mask) -> None:
    """Flat elastic from the mask's corners to behind the ears."""
    for line in (curve((0.70, 0.38), (0.775, 0.22), (0.82, 0.09), (0.87, -0.06)),
                 curve((0.64, 0.82), (0.74, 0.62), (0.785, 0.44), (0.87, 0.19))):  # fmt: skip
        _strap(canvas, mask, line, 0.020)


def _bands(canvas: Canvas, mask: Mask) -> None:
    """Two bands about the head, over and under the ears."""
    for line in (curve((0.55, 0.42), (0.69, 0.22), (0.79, 0.06), (0.89, -0.10)),
                 curve((0.58, 0.90), (0.68, 0.81), (0.76, 0.73), (0.84, 0.65))):  # fmt: skip
        _strap(canvas, mask, line, 0.022)


def _ties(canvas: Canvas, mask: Mask) -> None:
    """Narrow tapes that are tied behind the head."""
    for line in (curve((0.72, 0.36), (0.78, 0.23), (0.82, 0.10), (0.88, -0.08)),
                 curve((0.70, 0.76), (0.75, 0.69), (0.79, 0.62), (0.84, 0.54))):  # fmt: skip
        _strap(canvas, mask, line, 0.019)


_HOLDS: dict[str, Callable[[Canvas, Mask], None]] = {
    "loops": _loops,
    "flat_loops": _flat_loops,
    "bands": _bands,
    "ties": _ties,
}


def _edge(y: np.ndarray) -> np.ndarray:
    """How far the edge of a mean face is from the axis."""
    return np.interp(y, *_EDGE)


def _strap(canvas: Canvas, mask: Mask, line: np.ndarray, half: float) -> None:
    """Elastic along a line, on both sides, as far as the edge of the face, where it passes out of sight."""
    away = np.minimum(*(canvas.away(side) for side in _sides(line)))
    within = (_edge(canvas.y) - np.abs(canvas.x)).astype(np.float32)
    cover = canvas.cover(half - away) * step(within - 0.008, 0.008)
    canvas.shadow(cover, 0.012, 0.014, 0.40)
    ribs = np.sin(2 * np.pi * (np.abs(canvas.x) - canvas.y) / 0.018)
    height = np.sqrt(np.maximum(half**2 - away**2, 0)) * (1.0 if half < 0.015 else 0.35)
    height += 0.0012 * ribs * (away < half) - 0.2 * np.abs(canvas.x)
    surface = shading.lit(height, canvas.scale, 0.02)
    albedo = shading.decode(mask.strap) * 0.92
    canvas.paint(cover, shading.encode(albedo * surface.light[..., None]))


def _clip(canvas: Canvas, height: np.ndarray) -> None:
    """A strip of soft metal pressed over the nose."""
    away = canvas.away(curve((-0.21, 0.225), (-0.11, 0.145), (0, 0.118), (0.11, 0.145), (0.21, 0.225)))
    inside = np.float32(0.027) - away
    cover = canvas.cover(inside)
    canvas.shadow(cover, 0.006, 0.004, 0.5)
    bent = canvas.soft(height, 0.02) + 0.016 * canvas.soft(np.sqrt(np.clip(inside / np.float32(0.027), 0, 1)), 0.005)
    surface = shading.lit(bent, canvas.scale, 0.02)
    metal = shading.reflection(surface.right, surface.down, 0.12) * np.float32(0.45)
    canvas.paint(cover, shading.encode(metal * surface.light[..., None] + 0.06))


def _valve(canvas: Canvas, x: float, y: float) -> None:
    """A round plastic lid with slots over a membrane."""
    distance = np.hypot(canvas.x - x, canvas.y - y)
    cover = canvas.cover(0.150 - distance)
    canvas.shadow(cover, 0.020, 0.022, 0.6)
    height = 0.030 * step(0.146 - distance, 0.008) + 0.028 * step(0.118 - distance, 0.014)
    height += 0.05 * np.sqrt(np.clip(1 - (distance / 0.2) ** 2, 0, 1)) - 0.006 * bump(distance - 0.096, 0.005)
    slot = step(np.cos((canvas.y - y) * 2 * np.pi / 0.046) - 0.2, 0.3) * step(np.abs(canvas.x - x) - 0.014, 0.004)
    slot *= step(0.086 - distance, 0.006)
    height -= 0.030 * slot
    surface = shading.lit(height.astype(np.float32), canvas.scale, 0.04)
    albedo = _mix((214, 216, 216), (96, 98, 100), slot)
    radiance = albedo * (surface.light * (1 - 0.75 * slot))[..., None]
    gloss = shading.fresnel(surface.right, surface.down, 0.05) * (1 - slot)
    radiance += gloss[..., None] * shading.reflection(surface.right, surface.down, 0.12)
    canvas.paint(cover, shading.encode(radiance))
