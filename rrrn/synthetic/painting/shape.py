"""The outlines of a face: contour, lids, brows, mouth, and its 68 landmarks. Coordinates as in ``identity``."""

import numpy as np
from scipy.interpolate import PchipInterpolator

from rrrn.synthetic.painting.identity import Identity


def half_width(identity: Identity, y: np.ndarray) -> np.ndarray:
    """Return the half width of the face's silhouette at height ``y``, 0 above the crown and below the chin."""
    crown, chin = identity.crown_y, identity.chin_y
    knots = [crown, crown + 0.05, crown + 0.20, -0.85, -0.45, 0.1, 0.62, 1.12, 1.48, chin - 0.10, chin]
    widths = np.array(
        [
            0,
            0.34,
            0.68,
            identity.temple_width * 0.97,
            identity.temple_width + 0.07,
            identity.face_width,
            identity.face_width * 0.975,
            identity.jaw_width,
            identity.jaw_width * 0.50 + identity.chin_width * 0.52,
            identity.chin_width * 0.72,
            0,
        ]
    )
    # Squared widths are interpolated and smoothed: a spline through the widths themselves gives kinked jaws.
    heights = np.linspace(crown, chin, 240)
    squared = PchipInterpolator(knots, widths**2)(heights)
    kernel = np.exp(-0.5 * (np.arange(-12, 13) / 6.0) ** 2)
    padded = np.pad(squared, 12, mode="reflect", reflect_type="odd")  # an odd extension keeps both ends at zero
    smooth = np.sqrt(np.maximum(np.convolve(padded, kernel / kernel.sum(), "valid"), 0))
    return np.interp(y, heights, smooth, left=0.0, right=0.0).astype(np.float32)


def eyelids(identity: Identity, distance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the heights of upper and lower lid at a ``distance`` from the midline (either eye)."""
    t = np.clip((distance - 0.5) / identity.eye_width, -1, 1)  # -1 at the inner corner, 1 at the outer
    bow = 1 - t * t
    middle = identity.eye_tilt * t + 0.012
    skewed = np.clip(t + (0.12 * identity.eye_skew - 0.10) * bow, -1, 1)
    upper = middle - identity.upper_lid * (1 - np.abs(skewed) ** 2.2) ** 0.8
    lower = middle + identity.lower_lid * (1 - np.abs(t - 0.12 * bow) ** 2.4) ** 0.9
    return upper, lower


def brow_line(identity: Identity, distance: np.ndarray) -> np.ndarray:
    """Return the height of the brow's centre line at a ``distance`` from the midline (either brow)."""
    u = np.clip((distance - identity.brow_inner) / (identity.brow_outer - identity.brow_inner), 0, 1)
    arch = identity.brow_arch * np.sin(np.pi * (u * 0.92 + 0.08) ** 1.35)
    return identity.brow_y + 0.02 - arch + identity.brow_tilt * u + 0.075 * u**3


def mouth_lines(identity: Identity, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the heights at ``x`` of the line between the lips, of the upper lip's edge and of the lower lip's."""
    u = np.clip(x / identity.mouth_width, -1, 1)
    line = identity.mouth_y + identity.mouth_curve * (1 - 2 * u * u) + 0.012 * np.cos(1.5 * np.pi * u) * (1 - u * u)
    bow = np.exp(-(((np.abs(u) - 0.22) / 0.14) ** 2)) - 0.6 * np.exp(-((u / 0.10) ** 2))
    upper = line - identity.upper_lip * (1 - np.abs(u) ** 1.7) - identity.cupids_bow * bow
    lower = line + identity.lower_lip * (1 - np.abs(u) ** 2.2) + 0.003
    return line, np.minimum(upper, line - 0.004), lower


def landmarks(identity: Identity) -> np.ndarray:
    """Return the 68 landmarks of the neutral face in iBUG order, float64 (68, 2)."""
    points = np.zeros((68, 2))
    points[0:17] = _jaw(identity)
    points[17:27] = _brows(identity)
    points[27:36] = _nose(identity)
    points[36:48] = _eyes(identity)
    points[48:68] = _mouth(identity)
    return points


def _mirrored(points: np.ndarray) -> np.ndarray:
    return points * [-1, 1]


def _jaw(identity: Identity) -> np.ndarray:
    drop = np.array([0.0, 0.28, 0.56, 0.84, 1.10, 1.34, 1.56, 1.74])  # on a face whose chin is at 1.86
    y = 0.02 + drop * (identity.chin_y - 0.02) / 1.84
    left = np.stack([-half_width(identity, y), y], 1)
    return np.concatenate([left, [[0, identity.chin_y]], _mirrored(left[::-1])])


def _brows(identity: Identity) -> np.ndarray:
    distance = np.linspace(identity.brow_outer + 0.03, identity.brow_inner - 0.01, 5)
    y = brow_line(identity, distance) - identity.brow_thickness * 0.35
    left = np.stack([-distance, y], 1)
    return np.concatenate([left, _mirrored(left[::-1])])


def _nose(identity: Identity) -> np.ndarray:
    ridge = np.stack([np.zeros(4), np.linspace(-0.02, identity.nose_length - 0.17, 4)], 1)
    x = np.array([-1, -0.5, 0, 0.5, 1]) * identity.nose_width * 0.98
    y = identity.nose_length + np.array([-0.055, -0.015, 0.012, -0.015, -0.055])
    return np.concatenate([ridge, np.stack([x, y], 1)])


def _eyes(identity: Identity) -> np.ndarray:
    distance = 0.5 + identity.eye_width * np.array([1, 0.40, -0.40, -1, -0.40, 0.40])
    upper, lower = eyelids(identity, distance)
    left = np.stack([-distance, np.concatenate([upper[:4], lower[4:]])], 1)
    return np.concatenate([left, _mirrored(left[[3, 2, 1, 0, 5, 4]])])


def _mouth(identity: Identity) -> np.ndarray:
    x = np.array([-1, -0.62, -0.24, 0, 0.24, 0.62, 1]) * identity.mouth_width
    line, upper, lower = mouth_lines(identity, x)
    top = np.stack([x, np.concatenate([line[:1], upper[1:6], line[6:]])], 1)
    bottom = np.stack([x, lower], 1)[5:0:-1]
    inner_x = np.array([-0.88, -0.28, 0, 0.28, 0.88]) * identity.mouth_width
    between = np.stack([inner_x, mouth_lines(identity, inner_x)[0]], 1)
    return np.concatenate([top, bottom, between - [0, 0.006], between[3:0:-1] + [0, 0.010]])
