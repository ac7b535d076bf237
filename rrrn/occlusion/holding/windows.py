"""Small windows of skin followed through a clip, far finer than landmarks.

Inverse compositional Lucas-Kanade (Baker and Matthews 2004) with an affine map a window, which shears it as a part of a
head that turns, and gain and offset for the light.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from rrrn.occlusion.holding import similarity

_WEIGHT = 1.5  # standard deviations of a window's Gaussian weight in half of its side
_STEPS = 10
_CLOSE = 0.01  # pixels; when no window moves farther, a step is the last
_EXPLAINED = 0.75  # of a window's variance that the template must explain, or the window is not seen
_LEAST_GAIN = 0.3  # of the template's contrast; a flat cover is explained by none, a negative by less
_MOST_OUTSIDE = 0.05  # of a window's weight; beyond the image's edge there is nothing to compare
_MOST_SHEAR = 0.5  # of a window's map; with more, the window is lost
_WORST_CONDITION = 1e6
_IDENTITY = np.eye(3)
_GAIN = 6  # which column of a step it is


@dataclass(frozen=True)
class Followed:
    """How far windows have moved, (T, N, 2) in the shape's coordinates, and where they were found, bool (T, N)."""

    offsets: np.ndarray
    seen: np.ndarray


@dataclass(frozen=True)
class _Lattice:
    """The pixels of a window: x, y and 1 about its middle, (3, P), and their weights (P,), which sum to 1."""

    local: np.ndarray
    weights: np.ndarray
    side: int


@dataclass(frozen=True)
class _Template:
    """What windows look like, (N, P), the step that each pixel's difference asks for, (N, 8, P), what steps change,
    (N, P, 8), and whether they are within the image and their texture tells a step, bool (N,)."""

    values: np.ndarray
    step: np.ndarray
    descent: np.ndarray
    told: np.ndarray


def follow(
    images: Sequence[np.ndarray],
    poses: np.ndarray,
    spots: np.ndarray,
    centre: np.ndarray,
    radius: float,
    farthest: float,
) -> Followed:
    """Follow windows about ``spots`` (N, 2) of the shape through images, float32 (H, W), that lie under ``poses``.

    Poses (T, 4) and their ``centre`` are as in ``similarity``. ``radius`` is half a window's side in pixels; one that
    moved by more than ``farthest`` pixels is lost. Windows are followed from the image of the middlemost pose, where
    they lie at their spots, to both ends of the clip; one that is lost is sought where it was seen last.
    """
    lattice = _lattice(radius)
    count = len(poses), len(spots)
    maps, seen = np.empty((*count, 3, 3)), np.empty(count, bool)
    middle = int(np.argmin(np.abs(poses - np.median(poses, axis=0))[:, 2:].sum(1)))
    start = np.broadcast_to(_IDENTITY, (len(spots), 3, 3))
    template = _template(*_sample(images[middle], poses[middle], start, spots, centre, lattice), lattice)
    for order in (range(middle, len(poses)), range(middle - 1, -1, -1)):
        last = start
        for t in order:
            maps[t], active = last, template.told
            for _ in range(_STEPS):
                values, whole = _sample(images[t], poses[t], maps[t], spots, centre, lattice)
                difference = values - template.values
                change = np.where(active[:, None], (template.step @ difference[..., None])[..., 0], 0)
                moved = maps[t] @ np.linalg.inv(_matrices(change))
                off = np.abs(moved - _IDENTITY)
                active = active & (off[:, :2, 2].max(1) < farthest) & (off[:, :2, :2].max((1, 2)) < _MOST_SHEAR)
                maps[t] = np.where(active[:, None, None], moved, last)
                if np.abs(change[:, :2]).max() < _CLOSE:
                    break
            rest = difference - (template.descent @ change[..., None])[..., 0]
            alike = _power(rest, lattice) <= (1 - _EXPLAINED) * _power(values, lattice)
            seen[t] = active & whole & alike & (1 + change[:, _GAIN] >= _LEAST_GAIN)
            last = np.where(seen[t][:, None, None], maps[t], last)
    return Followed(maps[..., :2, 2], seen)


def _lattice(radius: float) -> _Lattice:
    reach = int(np.ceil(radius))
    axis = np.arange(-reach, reach + 1.0)
    x, y = (one.ravel() for one in np.meshgrid(axis, axis))
    weights = np.exp(-(x**2 + y**2) / 2 * (_WEIGHT / radius) ** 2)
    return _Lattice(np.stack([x, y, np.ones(len(x))]), weights / weights.sum(), len(axis))


def _sample(
    image: np.ndarray, pose: np.ndarray, maps: np.ndarray, spots: np.ndarray, centre: np.ndarray, lattice: _Lattice
) -> tuple[np.ndarray, np.ndarray]:
    """Return the windows (N, P) of an image as they lie under their maps (N, 3, 3), and whether they are within it."""
    points = (maps[:, :2] @ lattice.local).transpose(0, 2, 1) + spots[:, None]
    x, y = similarity.place(pose[None], points.reshape(-1, 2), centre)[0].T
    values = ndimage.map_coordinates(image, [y, x], order=3, prefilter=False, mode="nearest", output=np.float64)
    outside = (x < 0) | (y < 0) | (x > image.shape[1] - 1) | (y > image.shape[0] - 1)
    return values.reshape(len(maps), -1), outside.reshape(len(maps), -1) @ lattice.weights <= _MOST_OUTSIDE


def _template(values: np.ndarray, whole: np.ndarray, lattice: _Lattice) -> _Template:
    """Columns of a step: shift x and y, the four of the affine map, gain and offset."""
    image = values.reshape(len(values), lattice.side, lattice.side)
    down, right = (slope.reshape(values.shape) for slope in np.gradient(image, axis=(1, 2)))
    x, y, one = lattice.local
    columns = [right, down, right * x, right * y, down * x, down * y, values - values.mean(1, keepdims=True)]
    descent = np.stack([*columns, np.broadcast_to(one, values.shape)], 1)
    weighted = descent * lattice.weights
    information = weighted @ descent.transpose(0, 2, 1)
    scale = np.sqrt(np.einsum("nkk->nk", information))
    told = whole & (scale > 0).all(1)
    scale[~told], information[~told] = 1, np.eye(8)
    told &= np.linalg.cond(information / scale[:, :, None] / scale[:, None]) < _WORST_CONDITION
    information[~told] = np.eye(8)
    step = np.linalg.solve(information, weighted)
    return _Template(values, step, descent.transpose(0, 2, 1), told)


def _matrices(change: np.ndarray) -> np.ndarray:
    """Return the maps (N, 3, 3) of steps (N, 8)."""
    maps = np.tile(_IDENTITY, (len(change), 1, 1))
    maps[:, :2, 2] = change[:, :2]
    maps[:, :2, :2] += change[:, 2:6].reshape(-1, 2, 2)
    return maps


def _power(values: np.ndarray, lattice: _Lattice) -> np.ndarray:
    """Return the weighted variance (N,) of windows (N, P)."""
    return ((values - (values @ lattice.weights)[:, None]) ** 2) @ lattice.weights
