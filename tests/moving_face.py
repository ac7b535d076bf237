"""A drawn face that moves as told, with its true landmarks: for tests of what follows a head."""

from functools import cache

import numpy as np
from scipy import ndimage
from scipy.interpolate import RBFInterpolator

from rrrn.data.clips import Clip
from rrrn.synthetic.databases import layouts
from rrrn.synthetic.painting import face
from rrrn.synthetic.painting.clip import SyntheticClip
from rrrn.synthetic.painting.presets import PRESETS

SIDE = 300
_NOSE = [0.02, 0.13, 0.27, 0.38, 0.06, 0.14, 0.18, 0.14, 0.06]
_EYE = [-0.25, -0.13, -0.13, -0.13, -0.15, -0.15]
_JAW = [-0.85, -0.8, -0.75, -0.6, -0.45, -0.3, -0.15, -0.02, 0.0]
# Towards the camera, in distances of the pupils: ends of the face's oval, brows, nose, eyes, lips.
DEPTH = np.array(
    [*_JAW, *_JAW[-2::-1], *[-0.2, -0.1, -0.02, 0.02, 0.03], *[0.03, 0.02, -0.02, -0.1, -0.2], *_NOSE]
    + [*_EYE, *[_EYE[k] for k in (3, 2, 1, 0, 5, 4)], *[0.05, 0.1, 0.15, 0.17, 0.15, 0.1, 0.05], *[0.1] * 5, *[0.1] * 8]
)


@cache
def still(subject: str = "syncasme2-sub01") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a gray face, float64 (SIDE, SIDE), its landmarks (68, 2), and its depth in pixels, as the face is."""
    layout = layouts.LAYOUTS["casme2"]
    clip = Clip("syncasme2", subject, "EP01", 1, 2, 3, "I", "", "rendered")
    drawn = SyntheticClip(face.paint(1, subject, layout.eye_distance, 1.0), clip, layout, PRESETS["still"], 1)
    image, points = drawn.render(1, noise=False).astype(float) @ [0.114, 0.587, 0.299], drawn.landmarks(1)
    x, y = np.rint(points[30]).astype(int) - [SIDE // 2, SIDE // 2 + 10]
    points = points - [x, y]
    steps = np.arange(0, SIDE, 10.0)
    coarse = np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2)
    height = RBFInterpolator(points, DEPTH * layout.eye_distance, smoothing=30)(coarse).reshape(len(steps), -1)
    rows, columns = np.mgrid[:SIDE, :SIDE] / 10
    depth = ndimage.map_coordinates(height, [rows, columns], order=3, mode="nearest")
    return image[y : y + SIDE, x : x + SIDE], points, depth


def moving(
    count: int, *, shift=0.0, roll=0.0, growth=0.0, yaw=0.0, skin=None, subject="syncasme2-sub01", light=0.005, seed=0
) -> tuple[np.ndarray, np.ndarray]:
    """Return frames uint8 (T, SIDE, SIDE, 1) and the true landmarks (T, 68, 2) of a head that moves.

    ``shift`` (T, 2) in pixels, ``roll`` and ``yaw`` (T,) in radians, ``growth`` (T,) the logarithm of the size; all
    about the bridge of the nose. ``skin(points, t)`` is the displacement (..., 2) of an expression at points of the
    resting face. The camera adds noise of 2 grey levels, the lamp flickers by the share ``light``.
    """
    image, rest, depth = still(subject)
    shift = np.broadcast_to(shift, (count, 2))
    roll, growth, yaw = (np.broadcast_to(course, count) for course in (roll, growth, yaw))
    rng = np.random.default_rng(seed)
    coefficients = ndimage.spline_filter(image)
    pixels = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), -1).astype(float)
    pivot = rest[27]

    def out_of_plane(points, t):
        moved = np.zeros_like(points) if skin is None else skin(points, t)
        if yaw[t]:
            at = ndimage.map_coordinates(depth, [points[..., 1], points[..., 0]], order=1, mode="nearest")
            moved[..., 0] += (np.cos(yaw[t]) - 1) * (points[..., 0] - pivot[0]) + np.sin(yaw[t]) * at
        return moved

    frames, landmarks = np.empty((count, SIDE, SIDE, 1), np.uint8), np.empty((count, 68, 2))
    for t in range(count):
        turn = np.exp(growth[t]) * np.array([[np.cos(roll[t]), np.sin(roll[t])], [-np.sin(roll[t]), np.cos(roll[t])]])
        landmarks[t] = (rest + out_of_plane(rest, t) - pivot) @ turn + pivot + shift[t]
        target = (pixels - pivot - shift[t]) @ np.linalg.inv(turn) + pivot
        source = target
        if skin is not None or yaw[t]:
            for _ in range(4):
                source = target - out_of_plane(source, t)
        seen = ndimage.map_coordinates(coefficients, [source[..., 1], source[..., 0]], prefilter=False, mode="nearest")
        seen = seen * (1 + light * np.sin(2.1 * t)) + rng.normal(0, 2, seen.shape)
        frames[t, ..., 0] = np.rint(np.clip(seen, 0, 255))
    return frames, landmarks


def noise(count: int, correlation: float, seed: int = 0, sd: float = 0.5) -> np.ndarray:
    """Return what a detector adds to landmarks, (T, 68, 2): normal, autoregressive of first order in time."""
    rng = np.random.default_rng(seed)
    error = rng.standard_normal((count, 68, 2))
    for t in range(1, count):
        error[t] = correlation * error[t - 1] + np.sqrt(1 - correlation**2) * error[t]
    return sd * error
