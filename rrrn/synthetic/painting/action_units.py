"""Action units as displacements of the skin, and the objective classes as sets of action units.

Classes after Davison, Merghani and Yap, "Objective classes for micro-facial expression recognition" (2018), of whose
action unit sets these are a part; the weights within a class are ours.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from rrrn.synthetic.painting import shape
from rrrn.synthetic.painting.fields import gaussian, smoothstep
from rrrn.synthetic.painting.identity import Identity

PEAK = 0.016  # IOD by which the most mobile point moves at intensity 1
_MIDLINE = 0.12  # IOD over which one side of the face gives way to the other


class Kernel(NamedTuple):
    """A Gaussian of displacement on each side: where, which way, how wide, and at which lid or lip it stops."""

    anchor: str
    lateral: float  # positive: away from the midline
    down: float
    sigma_x: float  # IOD
    sigma_y: float
    gate: str = ""


KERNELS: dict[str, tuple[Kernel, ...]] = {
    "1": (  # inner brow raiser
        Kernel("brow_inner", -0.10, -1.0, 0.17, 0.13),
        Kernel("brow_middle", 0.0, -0.35, 0.16, 0.12),
        Kernel("forehead_inner", 0.0, -0.45, 0.22, 0.18),
    ),
    "2": (  # outer brow raiser
        Kernel("brow_outer", 0.05, -1.0, 0.20, 0.13),
        Kernel("brow_middle", 0.0, -0.45, 0.16, 0.12),
        Kernel("forehead_outer", 0.0, -0.40, 0.24, 0.18),
    ),
    "4": (  # brow lowerer
        Kernel("brow_inner", -0.55, 0.90, 0.16, 0.13),
        Kernel("brow_middle", -0.25, 0.55, 0.18, 0.12),
        Kernel("glabella", -0.15, 0.45, 0.10, 0.14),
        Kernel("forehead_inner", -0.12, 0.30, 0.22, 0.18),
    ),
    "5": (  # upper lid raiser
        Kernel("upper_lid", 0.0, -1.0, 0.17, 0.065, "above_eye"),
    ),
    "6": (  # cheek raiser
        Kernel("infraorbital", -0.10, -0.70, 0.26, 0.16, "below_eye"),
        Kernel("cheek", 0.0, -0.60, 0.26, 0.20),
        Kernel("outer_canthus", -0.35, 0.0, 0.12, 0.12),
        Kernel("lower_lid", 0.0, -0.45, 0.18, 0.06, "below_eye"),
    ),
    "7": (  # lid tightener
        Kernel("lower_lid", -0.10, -0.75, 0.19, 0.07, "below_eye"),
        Kernel("upper_lid", 0.0, 0.35, 0.17, 0.06, "above_eye"),
    ),
    "9": (  # nose wrinkler
        Kernel("ala", -0.05, -0.95, 0.11, 0.13),
        Kernel("nose_side", -0.05, -0.80, 0.12, 0.16),
        Kernel("upper_lip", 0.0, -0.45, 0.20, 0.10, "above_mouth"),
        Kernel("brow_inner", -0.20, 0.45, 0.14, 0.11),
    ),
    "10": (  # upper lip raiser
        Kernel("upper_lip", 0.05, -1.0, 0.20, 0.10, "above_mouth"),
        Kernel("ala", 0.25, -0.60, 0.12, 0.12),
        Kernel("cheek", -0.05, -0.30, 0.20, 0.18),
    ),
    "12": (  # lip corner puller
        Kernel("mouth_corner", 0.80, -0.65, 0.15, 0.12),
        Kernel("beside_corner", 0.60, -0.50, 0.18, 0.16),
        Kernel("lower_cheek", 0.20, -0.45, 0.22, 0.20),
    ),
    "15": (  # lip corner depressor
        Kernel("mouth_corner", 0.15, 0.90, 0.14, 0.11),
        Kernel("below_corner", 0.05, 0.60, 0.16, 0.16),
    ),
    "17": (  # chin raiser
        Kernel("chin", 0.0, -1.0, 0.20, 0.17),
        Kernel("lower_lip", 0.0, -0.70, 0.22, 0.09, "below_mouth"),
        Kernel("upper_lip", 0.0, -0.18, 0.20, 0.07, "above_mouth"),
    ),
    "23": (  # lip tightener
        Kernel("mouth_corner", -0.50, 0.0, 0.14, 0.10),
        Kernel("lower_lip", 0.0, -0.35, 0.24, 0.07, "below_mouth"),
        Kernel("upper_lip", 0.0, 0.35, 0.24, 0.06, "above_mouth"),
    ),
    "25": (  # lips part
        Kernel("lower_lip", 0.0, 0.85, 0.24, 0.12, "below_mouth"),
        Kernel("upper_lip", 0.0, -0.30, 0.22, 0.08, "above_mouth"),
        Kernel("chin", 0.0, 0.35, 0.24, 0.20),
    ),
    "26": (  # jaw drop
        Kernel("jaw", 0.0, 0.9, 0.40, 0.30, "below_mouth"),
        Kernel("lower_lip", 0.0, 0.7, 0.30, 0.14, "below_mouth"),
    ),
}
UNILATERAL = frozenset({"2", "9", "10", "12", "15"})  # units that people also show on one side only

CLASSES: dict[str, tuple[tuple[tuple[str, ...], float], ...]] = {
    "I": ((("12",), 0.35), (("6", "12"), 0.35), (("6",), 0.10), (("6", "7", "12"), 0.10), (("7", "12"), 0.10)),
    "II": ((("1", "2"), 0.40), (("5",), 0.15), (("25",), 0.15), (("1", "2", "25"), 0.20), (("25", "26"), 0.10)),
    "III": ((("4",), 0.50), (("4", "7"), 0.35), (("4", "5"), 0.05), (("23",), 0.10)),
    "IV": (
        (("9",), 0.15),
        (("10",), 0.20),
        (("4", "9"), 0.25),
        (("4", "7", "9"), 0.15),
        (("4", "7", "10"), 0.15),
        (("7", "10"), 0.10),
    ),
    "V": ((("1",), 0.30), (("15",), 0.25), (("15", "17"), 0.25), (("1", "4"), 0.10), (("6", "15"), 0.10)),
}


def displacement(
    identity: Identity, au: str, x: np.ndarray, y: np.ndarray, sides: tuple[float, float] = (1.0, 1.0)
) -> tuple[np.ndarray, np.ndarray]:
    """Return how far the skin at (x, y) moves at intensity 1, in IOD, right and down, float32 like ``x``.

    ``sides`` is the strength on the image's left and right. With both at 1 the largest displacement is ``PEAK``.
    """
    dx, dy = _raw_displacement(identity, au, x, y, sides)
    scale = PEAK / _raw_peak(identity, au)
    return dx * scale, dy * scale


def eye_gate(identity: Identity, y: np.ndarray, above: bool) -> np.ndarray:
    """Return 1 on the skin above (or below) the lid opening and 0 across it, so that one lid moves alone."""
    middle = (identity.lower_lid - identity.upper_lid) / 2
    return smoothstep(middle + 0.05, middle - 0.01, y) if above else smoothstep(middle - 0.03, middle + 0.03, y)


def anchors(identity: Identity) -> dict[str, tuple[float, float]]:
    """Return the points of a face that kernels are centred on: distance from the midline and height."""

    def on_brow(distance: float) -> tuple[float, float]:
        return distance, float(shape.brow_line(identity, np.array(distance)))

    brow, mouth, width, chin = identity.brow_y, identity.mouth_y, identity.mouth_width, identity.chin_y
    return {
        "brow_inner": on_brow(identity.brow_inner + 0.05),
        "brow_middle": on_brow(0.48),
        "brow_outer": on_brow(identity.brow_outer - 0.12),
        "forehead_inner": (0.24, brow - 0.26),
        "forehead_outer": (0.66, brow - 0.24),
        "glabella": (0.06, brow + 0.04),
        "upper_lid": (0.50, 0.01 - identity.upper_lid),
        "lower_lid": (0.50, 0.015 + identity.lower_lid),
        "outer_canthus": (0.55 + identity.eye_width, 0.02),
        "infraorbital": (0.55, 0.30),
        "cheek": (0.60, 0.50),
        "lower_cheek": (0.60, 0.82),
        "ala": (identity.nose_width, identity.nose_length - 0.09),
        "nose_side": (0.13, 0.30),
        "upper_lip": (width * 0.42, mouth - identity.upper_lip),
        "lower_lip": (width * 0.30, mouth + identity.lower_lip),
        "mouth_corner": (width, mouth),
        "beside_corner": (width + 0.16, mouth - 0.14),
        "below_corner": (width + 0.02, mouth + 0.20),
        "chin": (0.10, chin - 0.26),
        "jaw": (0.25, chin - 0.12),
    }


def _raw_displacement(
    identity: Identity, au: str, x: np.ndarray, y: np.ndarray, sides: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    dx, dy = np.zeros_like(x), np.zeros_like(x)
    places = anchors(identity)
    for kernel in KERNELS[au]:
        gate = _gate(identity, kernel.gate, x, y)
        for side, strength in zip((-1, 1), sides, strict=True):
            # Mirroring x instead of the anchor keeps the two sides bit for bit alike.
            weight = gaussian(side * x, y, places[kernel.anchor], (kernel.sigma_x, kernel.sigma_y))
            weight *= gate * smoothstep(-_MIDLINE, _MIDLINE, side * x) * strength
            dx += weight * (kernel.lateral * side)
            dy += weight * kernel.down
    return dx, dy


@lru_cache(maxsize=256)
def _raw_peak(identity: Identity, au: str) -> float:
    """Return the largest displacement of the kernel sum: overlapping kernels add up to more than one of them."""
    x, y = np.meshgrid(np.arange(-1.2, 1.2, 0.02, dtype=np.float32), np.arange(-1.3, 2.3, 0.02, dtype=np.float32))
    return float(np.hypot(*_raw_displacement(identity, au, x, y, (1.0, 1.0))).max())


def _gate(identity: Identity, name: str, x: np.ndarray, y: np.ndarray) -> np.ndarray | float:
    if not name:
        return 1.0
    side, _, feature = name.partition("_")
    if feature == "eye":
        return eye_gate(identity, y, side == "above")
    line = shape.mouth_lines(identity, x)[0]
    half_width = 0.015 if side == "below" else -0.015
    beside = smoothstep(identity.mouth_width * 0.85, identity.mouth_width * 1.25, np.abs(x))
    return np.maximum(smoothstep(line - half_width, line + half_width, y), beside)
