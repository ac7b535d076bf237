"""Ten masks, drawn from a table. Axis and half widths of the sheet are those of the face, see ``mask.place``:
the nose bridge is at (0, 0), the chin at (0, 1.28), the jaw below the ears at (-+0.83, 0.3).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rrrn import seeds
from rrrn.occlusion.canvas import Canvas, bump, curve, flipped, mirrored
from rrrn.occlusion.placing import Template

_COLUMNS = 640
_HEIGHT = 1.28

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Mask:
    """One mask: its cut, its colours (BGR), the printed pattern and where valves sit on its right half."""

    cut: str
    colour: Colour
    trim: Colour
    strap: Colour
    pattern: str = "plain"
    valve: tuple[float, float] | None = None


MASKS = {
    "surgical-blue": Mask("pleated", (214, 182, 128), (238, 230, 214), (240, 238, 234)),
    "surgical-white": Mask("pleated", (234, 234, 230), (214, 214, 208), (240, 240, 238)),
    "surgical-black": Mask("pleated", (50, 46, 44), (28, 26, 26), (34, 32, 32)),
    "ffp2-white": Mask("folded", (238, 238, 236), (206, 206, 204), (242, 242, 240)),
    "ffp2-valve": Mask("folded", (196, 192, 186), (150, 146, 142), (90, 86, 84), valve=(0.36, 0.74)),
    "n95-cup": Mask("cup", (226, 232, 234), (196, 204, 206), (60, 190, 226)),
    "n95-cup-valve": Mask("cup", (176, 158, 118), (140, 124, 92), (44, 44, 44), valve=(0.0, 0.80)),
    "cloth-navy": Mask("cloth", (96, 56, 36), (70, 40, 26), (60, 36, 24)),
    "cloth-gingham": Mask("cloth", (66, 60, 176), (52, 46, 140), (228, 226, 222), "gingham"),
    "cloth-dots": Mask("cloth", (92, 128, 62), (70, 100, 46), (60, 84, 40), "dots"),
}
NAMES = tuple(MASKS)


@lru_cache(maxsize=len(MASKS))
def template(name: str) -> Template:
    """Return the drawing of one of ``NAMES`` with its anchors; the same bits every time."""
    canvas = Canvas(_COLUMNS, _HEIGHT)
    mask = MASKS[name]
    _CUTS[mask.cut](canvas, mask)
    if mask.valve:
        _valve(canvas, *mask.valve)
    _weave(canvas, name)
    rows, columns = canvas.x.shape
    seam, bottom, right = columns / 2 - 0.5, rows - 0.5, columns - 0.5
    return Template(canvas.image, seam, top=-0.5, bottom=bottom, left=-0.5, right=right)


def _pleated(canvas: Canvas, mask: Mask) -> None:
    """Rectangle of three pleats with a wire over the nose and loops about the ears."""
    _loops(canvas, mask.strap, (0.74, 0.31), (0.66, 0.78), 0.018)
    upper = curve((0, 0.045), (0.16, 0.075), (0.36, 0.17), (0.56, 0.245), (0.755, 0.28))
    lower = curve((0.675, 0.80), (0.56, 0.99), (0.40, 1.15), (0.20, 1.235), (0, 1.255))
    body = canvas.area(mirrored(np.concatenate([upper, lower])))
    canvas.paint(body, mask.colour)
    _roundness(canvas, body)
    for at in (0.44, 0.66, 0.88):
        fold = canvas.y - at - 0.10 * (1 - (canvas.x / 0.75) ** 2) + 0.05
        canvas.shade(body, 1 - 0.20 * bump(fold, 0.010) - 0.16 * bump(np.maximum(fold, 0), 0.05) * (fold > 0))
        canvas.shade(body, 1 + 0.09 * bump(fold + 0.028, 0.012))
    for border in (upper, lower):
        _border(canvas, mask, mirrored(border), 0.052)
    side = np.array([[0.755, 0.28], [0.675, 0.80]])
    for hem in (side, flipped(side)):
        canvas.paint(canvas.line(hem, 0.05), mask.trim, 0.75 * body)
    wire = curve((-0.30, 0.205), (-0.14, 0.135), (0, 0.112), (0.14, 0.135), (0.30, 0.205))
    _emboss(canvas, body, wire, 0.030)


def _folded(canvas: Canvas, mask: Mask) -> None:
    """Two panels that meet in a ridge down the middle, welded at the rim."""
    _loops(canvas, mask.strap, (0.72, 0.36), (0.70, 0.60), 0.022)
    upper = curve((0, 0.03), (0.10, 0.05), (0.24, 0.15), (0.48, 0.28), (0.745, 0.345))
    lower = curve((0.725, 0.62), (0.60, 0.90), (0.40, 1.12), (0.18, 1.24), (0, 1.265))
    right = np.concatenate([upper, lower])
    outline = mirrored(right)
    body = canvas.area(outline)
    canvas.paint(body, mask.colour)
    _roundness(canvas, body)
    canvas.shade(body, np.where(canvas.x > 0, 0.90, 1.0) + 0.08 * bump(canvas.x + 0.05, 0.05))
    canvas.shade(body, 1 - 0.30 * bump(canvas.x, 0.008))
    middle = np.array([0, 0.62])
    for inset in (0.955, 0.925):
        _emboss(canvas, body, (outline - middle) * inset + middle, 0.012, closed=True)
    for sign in (-1, 1):
        panel = curve((sign * 0.02, 0.34), (sign * 0.28, 0.46), (sign * 0.54, 0.50), (sign * 0.71, 0.46))
        _emboss(canvas, body, panel, 0.012)
    _border(canvas, mask, outline, 0.022)


def _cup(canvas: Canvas, mask: Mask) -> None:
    """A moulded shell with ribs and a metal clip, held by two bands about the head."""
    for sign in (-1, 1):
        bands = (curve((0.58, 0.46), (0.78, 0.30), (1.05, 0.02)), curve((0.58, 0.86), (0.78, 0.78), (1.05, 0.62)))
        for band in bands:
            shape = canvas.line(band * [sign, 1], 0.045)
            canvas.paint(shape, mask.strap)
            canvas.shade(canvas.soft(shape, 0.01), 1.0 - 0.15 * (np.abs(canvas.x) > 0.85))
    right = curve((0, 0.04), (0.14, 0.065), (0.30, 0.20), (0.50, 0.36), (0.645, 0.56), (0.655, 0.78),
                  (0.56, 1.00), (0.36, 1.18), (0.16, 1.25), (0, 1.262))  # fmt: skip
    outline = mirrored(right)
    body = canvas.area(outline)
    canvas.paint(body, mask.colour)
    radius = np.hypot(canvas.x / 0.66, (canvas.y - 0.68) / 0.64)
    canvas.shade(body, 1.06 - 0.40 * np.clip(radius, 0, 1.1) ** 3)
    canvas.shade(body, 1 + 0.10 * bump(np.hypot(canvas.x + 0.16, canvas.y - 0.46), 0.16))
    for ring in (0.50, 0.68):
        canvas.shade(body, 1 - 0.13 * bump(radius - ring, 0.014) + 0.09 * bump(radius - ring + 0.04, 0.016))
    _border(canvas, mask, outline, 0.05)
    clip = curve((-0.19, 0.205), (-0.09, 0.135), (0, 0.118), (0.09, 0.135), (0.19, 0.205))
    metal = canvas.line(clip, 0.052)
    canvas.paint(metal, (168, 166, 164))
    canvas.shade(metal, 1 + 0.30 * bump(canvas.x + 0.04, 0.05))


def _cloth(canvas: Canvas, mask: Mask) -> None:
    """Two sewn panels with a curved seam, stitched rims and soft creases."""
    _loops(canvas, mask.strap, (0.76, 0.36), (0.70, 0.68), 0.026)
    upper = curve((0, 0.06), (0.12, 0.075), (0.30, 0.17), (0.54, 0.25), (0.785, 0.30))
    lower = curve((0.735, 0.70), (0.62, 0.90), (0.44, 1.08), (0.22, 1.24), (0, 1.27))
    outline = mirrored(np.concatenate([upper, lower]))
    body = canvas.area(outline)
    canvas.paint(body, mask.colour)
    _PATTERNS[mask.pattern](canvas, body)
    _roundness(canvas, body)
    for sign in (-1, 1):
        for start, end in (((0.10, 0.62), (0.70, 0.42)), ((0.10, 0.76), (0.68, 0.66)), ((0.12, 0.98), (0.60, 0.84))):
            crease = curve((start[0] * sign, start[1]), ((start[0] + end[0]) / 2 * sign, start[1] - 0.07),
                           (end[0] * sign, end[1]))  # fmt: skip
            canvas.shade(canvas.soft(canvas.line(crease, 0.02), 0.020) * body, 0.72)
    canvas.shade(body, 1 - 0.35 * bump(canvas.x, 0.007) + 0.12 * bump(canvas.x + 0.03, 0.02))
    middle = np.array([0, 0.66])
    stitches = (outline - middle) * 0.945 + middle
    thread = canvas.line(stitches, 0.009, closed=True) * (np.sin(110 * (canvas.x + 0.7 * canvas.y)) > -0.2)
    canvas.paint(thread * body, tuple(min(255, value + 60) for value in mask.colour), 0.8)
    _border(canvas, mask, outline, 0.018)


_CUTS: dict[str, Callable[[Canvas, Mask], None]] = {
    "pleated": _pleated,
    "folded": _folded,
    "cup": _cup,
    "cloth": _cloth,
}


def _plain(canvas: Canvas, body: np.ndarray) -> None:
    """Leave the cloth in its own colour."""


def _gingham(canvas: Canvas, body: np.ndarray) -> None:
    for field in (canvas.x, canvas.y):
        canvas.paint(body, (236, 236, 238), 0.62 * (np.sin(field * 2 * np.pi / 0.13 + 0.8) > 0))


def _dots(canvas: Canvas, body: np.ndarray) -> None:
    pitch = 0.15
    row = np.floor(canvas.y / pitch)
    x = np.mod(canvas.x + (row % 2) * pitch / 2, pitch) - pitch / 2
    y = canvas.y - (row + 0.5) * pitch
    canvas.paint(body * np.clip((0.036 - np.hypot(x, y)) * canvas.scale, 0, 1), (226, 240, 236))


_PATTERNS: dict[str, Callable[[Canvas, np.ndarray], None]] = {"plain": _plain, "gingham": _gingham, "dots": _dots}


def _loops(
    canvas: Canvas, colour: Colour, upper: tuple[float, float], lower: tuple[float, float], width: float
) -> None:
    """Bands from the mask's corners to behind the ears."""
    for band in (curve(upper, (0.86, 0.17), (0.97, 0.02)), curve(lower, (0.80, 0.52), (0.90, 0.34), (0.98, 0.22))):
        for side in (band, flipped(band)):
            shape = canvas.line(side, width)
            canvas.paint(shape, colour)
            canvas.shade(shape, 0.92 - 0.15 * (np.abs(canvas.x) > 0.88))


def _valve(canvas: Canvas, x: float, y: float) -> None:
    distance = np.hypot(canvas.x - x, canvas.y - y)
    canvas.shade(bump(np.maximum(distance - 0.15, 0), 0.03), 0.72)
    for radius, colour in ((0.150, (206, 206, 206)), (0.118, (176, 176, 176))):
        disc = np.clip((radius - distance) * canvas.scale, 0, 1)
        canvas.paint(disc, colour)
        canvas.shade(disc, 1.10 - 0.9 * (canvas.y - y + 0.5 * (canvas.x - x)))
    slots = (np.sin((canvas.y - y) * 2 * np.pi / 0.05) > 0.2) & (np.abs(canvas.x - x) > 0.018)
    canvas.paint(np.clip((0.095 - distance) * canvas.scale, 0, 1) * slots, (70, 70, 72))


def _roundness(canvas: Canvas, body: np.ndarray) -> None:
    """Light from above on a face: dark towards the ears and below the chin, bright along the nose."""
    canvas.shade(body, 1.05 - 0.42 * np.abs(canvas.x / 0.8) ** 2.4 - 0.20 * np.clip(canvas.y - 0.75, 0, 1))
    canvas.shade(body, 1 + 0.08 * bump(canvas.x + 0.02, 0.07) * bump(canvas.y - 0.30, 0.16))
    canvas.shade(body, 1 - 0.10 * bump(canvas.y - 0.60, 0.06) * bump(canvas.x, 0.28))


def _border(canvas: Canvas, mask: Mask, line: np.ndarray, width: float) -> None:
    visible = canvas.alpha > 0.5
    canvas.paint(canvas.line(line, width) * visible, mask.trim, 0.8)
    canvas.shade(visible * canvas.soft(canvas.line(line, 0.004), 0.006), 0.6)


def _emboss(canvas: Canvas, body: np.ndarray, line: np.ndarray, width: float, closed: bool = False) -> None:
    """Press a line into the cloth: dark below, bright above."""
    for side, factor in ((1, 0.86), (-1, 1.07)):
        edge = canvas.line(line + np.array([0, side * width / 2]), width, closed)
        canvas.shade(canvas.soft(edge, width / 2) * body, factor)


def _weave(canvas: Canvas, name: str) -> None:
    """The unevenness of cloth, always the same for one mask."""
    grain = seeds.generator("weave", name).standard_normal(canvas.x.shape).astype(np.float32)
    canvas.shade(np.ones_like(grain), 1 + 0.06 * canvas.soft(grain, 0.004) + 0.5 * canvas.soft(grain, 0.04))
