"""Ten sunglasses, drawn from a table. Axis and half widths of the sheet are those of the face, see ``glasses.place``:
the eyes are at (-+0.38, 0.25), the temples at (-+0.83, 0.25).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rrrn.occlusion.canvas import Canvas, bump, curve, flipped
from rrrn.occlusion.placing import Template

_COLUMNS = 768
_HEIGHT = 0.6
_EYE = 0.25  # height of the eyes on the sheet

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Glasses:
    """One pair of sunglasses; lengths in half widths of the sheet, colours BGR.

    A lens is a superellipse (``power`` 2: an ellipse, more: squarer) about ``centre`` with the half axes ``half``,
    narrowed below by ``taper``, moved outwards below by ``lean``, and raised at its outer corner by ``lift``.
    ``top`` and ``bottom`` are colours and opacities of the lens at its ends.
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
    style: str = "full"


GLASSES = {
    "aviator": Glasses((0.415, 0.305), (0.330, 0.262), 2.35, (92, 160, 190), 0.016,
                       ((40, 50, 44), 0.97), ((70, 92, 84), 0.86), taper=0.26, lean=0.10, style="double"),
    "round": Glasses((0.39, 0.28), (0.255, 0.255), 2.0, (120, 124, 128), 0.018,
                     ((18, 26, 38), 0.97), ((30, 52, 84), 0.88)),
    "square": Glasses((0.42, 0.285), (0.310, 0.230), 4.5, (24, 22, 22), 0.058,
                      ((22, 24, 22), 0.98), ((44, 52, 46), 0.93), taper=0.10, lean=0.03, lift=0.02),
    "wrap": Glasses((0.415, 0.27), (0.410, 0.190), 3.0, (30, 28, 170), 0.022,
                    ((18, 16, 16), 0.99), ((44, 38, 34), 0.97), taper=0.18, lift=0.06, style="shield"),
    "cat-eye": Glasses((0.415, 0.30), (0.315, 0.220), 2.8, (52, 40, 120), 0.044,
                       ((30, 22, 40), 0.97), ((72, 54, 92), 0.85), taper=0.16, lean=0.05, lift=0.085),
    "large": Glasses((0.43, 0.30), (0.365, 0.285), 2.8, (38, 60, 92), 0.034,
                     ((22, 34, 52), 0.97), ((80, 116, 150), 0.80), taper=0.08),
    "mirrored": Glasses((0.415, 0.295), (0.325, 0.250), 3.0, (46, 44, 42), 0.020,
                        ((200, 130, 60), 0.99), ((120, 170, 230), 0.98), taper=0.20, lean=0.06, style="mirror"),
    "graduated": Glasses((0.405, 0.28), (0.300, 0.210), 3.4, (150, 150, 152), 0.016,
                         ((52, 44, 40), 0.97), ((172, 160, 152), 0.62), taper=0.08),
    "half-rim": Glasses((0.41, 0.29), (0.300, 0.225), 2.7, (30, 44, 66), 0.014,
                        ((26, 36, 30), 0.97), ((60, 84, 72), 0.86), taper=0.18, style="brow"),
    "goggles": Glasses((0.34, 0.30), (0.420, 0.245), 4.0, (40, 40, 42), 0.075,
                       ((60, 40, 110), 0.99), ((40, 120, 210), 0.98), taper=0.06, style="goggles"),
}  # fmt: skip
NAMES = tuple(GLASSES)


@lru_cache(maxsize=len(GLASSES))
def template(name: str) -> Template:
    """Return the drawing of one of ``NAMES`` with its anchors; the same bits every time."""
    canvas = Canvas(_COLUMNS, _HEIGHT)
    glasses = GLASSES[name]
    if glasses.style in ("shield", "goggles"):
        _one_piece(canvas, glasses)
    else:
        _two_lenses(canvas, glasses)
    rows, columns = canvas.x.shape
    seam, bottom, right = columns / 2 - 0.5, rows - 0.5, columns - 0.5
    return Template(canvas.image, seam, top=-0.5, bottom=bottom, left=-0.5, right=right)


def _lens(glasses: Glasses, grow: float = 0.0) -> np.ndarray:
    """The outline (n, 2) of the right lens, widened by ``grow``."""
    angle = np.linspace(0, 2 * np.pi, 240, endpoint=False)
    cos, sin = np.cos(angle), np.sin(angle)
    x = np.sign(cos) * np.abs(cos) ** (2 / glasses.power)
    y = np.sign(sin) * np.abs(sin) ** (2 / glasses.power)
    half = np.array(glasses.half) + grow
    across = x * (1 - glasses.taper * (y + 1) / 2) + glasses.lean * y * 0.5
    down = y * half[1] - glasses.lift * np.clip(x, -0.6, 1) * (1 - y) / 2
    return np.stack([glasses.centre[0] + across * half[0], glasses.centre[1] + down], axis=1)


def _two_lenses(canvas: Canvas, glasses: Glasses) -> None:
    hinge = glasses.centre[1] - 0.55 * glasses.half[1] - 0.6 * glasses.lift
    outer = _lens(glasses)[:, 0].max()
    _temples(canvas, glasses, curve((outer - 0.02, hinge), (0.86, hinge - 0.01), (1.02, hinge + 0.02)), 0.045)
    inner = _lens(glasses)[:, 0].min()
    nose = glasses.centre[1] - 0.50 * glasses.half[1]
    bridge = curve((-inner - 0.02, nose + 0.03), (0, nose - 0.02), (inner + 0.02, nose + 0.03))
    _rod(canvas, glasses.frame, bridge, max(glasses.rim, 0.022))
    if glasses.style == "double":
        _rod(canvas, glasses.frame, np.array([[-0.34, 0.085], [0.34, 0.085]]), 0.020)
    for side in (_lens(glasses), flipped(_lens(glasses))):
        _glass(canvas, glasses, canvas.area(side), mirror=glasses.style == "mirror")
        _rod(canvas, glasses.frame, side, glasses.rim, closed=True)
    if glasses.style == "brow":
        upper = _lens(glasses, 0.012)
        upper = upper[upper[:, 1] < glasses.centre[1] - 0.25 * glasses.half[1]]
        upper = upper[np.argsort(upper[:, 0])]
        for side in (upper, flipped(upper)):
            _rod(canvas, glasses.frame, side, 0.062)


def _one_piece(canvas: Canvas, glasses: Glasses) -> None:
    """One lens over both eyes with a notch for the nose: a sports shield, or goggles with a band about the head."""
    lens = _lens(glasses)
    outer = lens[lens[:, 0] >= glasses.centre[0]]
    outer = outer[np.argsort(np.arctan2(*(outer - glasses.centre).T[::-1]))]
    top, bottom = outer[0, 1], outer[-1, 1]
    notch = ((0.20, bottom - 0.01), (0.11, bottom - 0.06), (0.06, bottom - 0.11), (0, bottom - 0.125))
    half = np.concatenate([curve((0, top + 0.015), tuple(outer[0])), outer, curve(tuple(outer[-1]), *notch)])
    outline = np.concatenate([half, flipped(half)[::-1]])
    if glasses.style == "goggles":
        _temples(canvas, glasses, np.array([[0.72, glasses.centre[1]], [1.05, glasses.centre[1] - 0.02]]), 0.20)
    else:
        hinge = glasses.centre[1] - 0.09
        _temples(canvas, glasses, curve((0.76, hinge), (0.9, hinge), (1.02, hinge + 0.03)), 0.07)
    _glass(canvas, glasses, canvas.area(outline), mirror=glasses.style == "goggles")
    _rod(canvas, glasses.frame, outline, glasses.rim, closed=True)


def _glass(canvas: Canvas, glasses: Glasses, lens: np.ndarray, mirror: bool) -> None:
    (above, dense), (below, thin) = glasses.top, glasses.bottom
    depth = np.clip((canvas.y - glasses.centre[1]) / glasses.half[1] * 0.5 + 0.5, 0, 1)
    t = depth * depth * (3 - 2 * depth)
    colour = np.array(above) * (1 - t[..., None]) + np.array(below) * t[..., None]
    canvas.paint(lens, colour, dense + (thin - dense) * t)
    centre = np.sign(canvas.x) * glasses.centre[0]
    slanted = (canvas.x - centre) + 0.55 * (canvas.y - glasses.centre[1])
    glint = bump(slanted + 0.10, 0.045) + 0.6 * bump(slanted - 0.02, 0.018)
    canvas.paint(lens * glint * (1 - 0.7 * depth), (250, 248, 246), 0.40 if mirror else 0.16)
    if mirror:
        horizon = glasses.centre[1] + 0.03 + 0.25 * (canvas.x - centre) ** 2
        canvas.shade(lens, 1 - 0.40 * bump(canvas.y - horizon, 0.03))
    canvas.shade(lens, 1 - 0.25 * bump(depth, 0.10))


def _temples(canvas: Canvas, glasses: Glasses, arm: np.ndarray, width: float) -> None:
    for side in (arm, flipped(arm)):
        _rod(canvas, glasses.frame, side, width if glasses.rim > 0.02 else width / 2)


def _rod(canvas: Canvas, colour: Colour, line: np.ndarray, width: float, closed: bool = False) -> None:
    """A line of metal or plastic with light along its upper edge."""
    shape = canvas.line(line, width, closed)
    canvas.paint(shape, colour)
    canvas.paint(
        canvas.soft(canvas.line(line - [0, width / 4], width / 4, closed), width / 8) * shape, (245,) * 3, 0.28
    )
