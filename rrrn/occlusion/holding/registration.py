"""Registration of a clip's frames on rigid skin, far finer than landmarks: inverse compositional Lucas-Kanade.

Baker and Matthews, "Lucas-Kanade 20 years on: a unifying framework" (2004), with a similarity for warp, and gain and
offset for the light.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from scipy import ndimage

from rrrn.occlusion import compositing
from rrrn.occlusion.holding import similarity

_BLUR = 1.0  # pixels, so that sampling between pixels changes the noise little
# As many blurred values share one independent value of noise (the blur, and the cubic B-spline they are sampled by).
_SHARED = 4 * np.pi * (_BLUR**2 + 1 / 3)
_STEPS = 12
_CLOSE = 0.003  # pixels; a shorter step is the last
_TUKEY = 4.685  # standard deviations; 95 % as efficient as least squares in normal noise
_MAD = 1.4826  # standard deviations of a normal distribution in a median absolute deviation
_LEAST_NOISE = 0.1  # grey levels
_LEAST_SHARE = 0.5  # of a frame's variance that the template must explain, and of the patch that must be in the image
_FARTHEST = 0.1  # of the RMS distance of rigid landmarks from their centroid: an alignment that moved farther is lost
_WORST_CONDITION = 1e8
_STILL_SHARE = 0.25  # of the patch is taken to be rigid: its left-over motion is noise
_NEIGHBOURHOOD = 3.0  # pixels over which variances of left-over motion are averaged
_STRICTNESS = 4.0  # weight of a pixel: 1 / (1 + strictness * variance in excess of noise / noise)


@dataclass(frozen=True)
class Registered:
    """Poses (T, 4) by registration, the variances (T, 4) of their columns, and done, bool (T,): whether it succeeded.

    Where it did not, poses are the initial ones.
    """

    poses: np.ndarray
    variance: np.ndarray
    done: np.ndarray


@dataclass(frozen=True)
class _Grid:
    """The pixels ``mask`` of a lattice (H, W), in the shape's coordinates points (N, 2).

    Frames are compared at those that are ``inside`` (N,); the others are their neighbours, for gradients.
    """

    mask: np.ndarray
    points: np.ndarray
    inside: np.ndarray
    centre: np.ndarray
    units: np.ndarray


@dataclass(frozen=True)
class _Template:
    """What frames should look like on the points inside, float64 (N,), with its change (N, 6) by each column of a
    pose, gain and offset, and weights (N,)."""

    values: np.ndarray
    descent: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True)
class _Aligned:
    pose: np.ndarray  # (4,)
    variance: np.ndarray  # (4,)
    left_over: np.ndarray  # (N,), squared difference from the template
    done: bool


@dataclass(frozen=True)
class _Step:
    change: np.ndarray  # (6,)
    rest: np.ndarray  # (N,), of the difference
    information: np.ndarray  # (6, 6), of the normal equations


def rigid_skin(shape: np.ndarray) -> list[np.ndarray]:
    """Return polygons (K, 2) on a shape (68, 2) whose skin expressions move least, eyes left out.

    The nose with its bridge, and to either side the strip between the outer corner of the eye and the ear. The strips
    are narrow but far apart, which is what tells turn and scale.
    """
    across, up = shape[45] - shape[36], shape[27] - shape[30]
    inner = shape[42] - shape[39]
    nose = [shape[39] + 0.1 * inner, shape[42] - 0.1 * inner, shape[35] + 0.08 * across, shape[33] - 0.12 * up]
    nose += [shape[31] - 0.08 * across]
    bridge = [shape[39] + 0.1 * inner, shape[39] + 0.15 * inner + 0.35 * up]
    bridge += [shape[42] - 0.15 * inner + 0.35 * up, shape[42] - 0.1 * inner]
    polygons = [nose, bridge]
    for corner, ear, cheek, inwards in ((36, 0, 2, across), (45, 16, 14, -across)):
        between = 0.45 * shape[corner] + 0.55 * shape[cheek]
        edge = [shape[ear] + 0.05 * inwards, shape[cheek] + 0.05 * inwards]
        polygons.append([shape[corner] - 0.03 * inwards, *edge, between])
    return [np.array(polygon) for polygon in polygons]


def register(
    images: Sequence[np.ndarray],
    poses: np.ndarray,
    polygons: Sequence[np.ndarray],
    centre: np.ndarray,
    units: np.ndarray,
) -> Registered:
    """Register ``blurred`` frames within ``polygons`` of the shape, starting from ``poses`` (T, 4).

    ``centre`` and ``units`` are those of ``rigid.Motion``. Frames are aligned with that of the middlemost pose first;
    then with the mean of what was aligned, where pixels that still move count less: there the skin is not rigid.
    A frame alone counts as failed.
    """
    grid = _grid(polygons, centre, units)
    middle = int(np.argmin((np.abs(poses - np.median(poses, axis=0)) * units).sum(1)))
    template = _template(_sample(images[middle], poses[middle], grid)[0], np.ones(int(grid.inside.sum())), grid)
    aligned = [_align(image, pose, template, grid) for image, pose in zip(images, poses, strict=True)]
    found = [t for t, one in enumerate(aligned) if one.done]
    if len(found) < 2:  # the template's own frame, which tells nothing
        aligned = [_failed(pose, template) for pose in poses]
    else:
        values = np.mean([_sample(images[t], aligned[t].pose, grid)[0] for t in found], axis=0)
        weights = _rigidity(np.mean([aligned[t].left_over for t in found], axis=0), grid)
        template = _template(values, weights, grid)
        aligned = [_align(image, one.pose, template, grid) for image, one in zip(images, aligned, strict=True)]
    done = np.array([one.done for one in aligned])
    return Registered(
        np.where(done[:, None], [one.pose for one in aligned], poses),
        np.where(done[:, None], [one.variance for one in aligned], np.inf),
        done,
    )


def _grid(polygons: Sequence[np.ndarray], centre: np.ndarray, units: np.ndarray) -> _Grid:
    spots = np.concatenate(polygons)
    origin = np.floor(spots.min(0)).astype(int) - 2
    width, height = np.ceil(spots.max(0)).astype(int) + 3 - origin
    inside = np.zeros((height, width), np.uint8)
    for polygon in polygons:
        cv2.fillPoly(inside, [np.rint(polygon - origin).astype(np.int32)], 1)
    mask = cv2.dilate(inside, np.ones((3, 3), np.uint8)) > 0
    rows, columns = np.nonzero(mask)
    points = np.stack([columns, rows], 1) + origin.astype(np.float64)
    return _Grid(mask, points, inside[mask] > 0, centre, units)


def blurred(frame: np.ndarray) -> np.ndarray:
    """Return a frame uint8 (H, W, C) as registration wants it: gray float32 (H, W), blurred against its noise."""
    return cv2.GaussianBlur(compositing.to_gray(frame).astype(np.float32), (0, 0), _BLUR)


def _sample(image: np.ndarray, pose: np.ndarray, grid: _Grid) -> tuple[np.ndarray, np.ndarray]:
    """Return the image at the points of the grid under a pose, and whether they are within it; both (N,)."""
    x, y = similarity.place(pose[None], grid.points, grid.centre)[0].T
    values = ndimage.map_coordinates(image, [y, x], order=3, prefilter=False, mode="nearest", output=np.float64)
    return values, (x >= 0) & (y >= 0) & (x <= image.shape[1] - 1) & (y <= image.shape[0] - 1)


def _template(values: np.ndarray, weights: np.ndarray, grid: _Grid) -> _Template:
    lattice = np.zeros(grid.mask.shape)
    lattice[grid.mask] = values
    down, right = (slope[grid.mask][grid.inside] for slope in np.gradient(lattice))
    x, y = (grid.points[grid.inside] - grid.centre).T
    values = values[grid.inside]
    descent = np.stack(
        [x * right + y * down, x * down - y * right, right, down, values - values.mean(), np.ones(len(x))], 1
    )
    return _Template(values, descent, weights)


def _align(image: np.ndarray, start: np.ndarray, template: _Template, grid: _Grid) -> _Aligned:
    """Align one image with the template by Gauss-Newton steps, robust (Tukey) against pixels that changed."""
    failed = _failed(start, template)
    pose = start
    for _ in range(_STEPS):
        values, visible = (given[grid.inside] for given in _sample(image, pose, grid))
        weights = template.weights * visible
        if weights.sum() < _LEAST_SHARE * template.weights.sum():
            return failed
        difference = values - template.values
        plain = _solve(template.descent, difference, weights)
        if plain is None:
            return failed
        noise = max(_MAD * float(np.median(np.abs(plain.rest[weights > 0]))), _LEAST_NOISE)
        weights = weights * np.maximum(0, 1 - (plain.rest / (_TUKEY * noise)) ** 2) ** 2
        robust = _solve(template.descent, difference, weights)
        if robust is None:
            return failed
        step = robust.change[None, :4]
        pose = similarity.compose(pose[None], similarity.invert(step))[0]
        if np.linalg.norm((pose - start) * grid.units) > _FARTHEST * grid.units[0]:
            return failed
        if np.linalg.norm(step * grid.units) < _CLOSE:
            break
    else:
        return failed
    left_over = robust.rest**2
    noise_power = max(float(np.average(left_over, weights=weights)), _LEAST_NOISE**2)
    power = float(np.average((values - np.average(values, weights=weights)) ** 2, weights=weights))
    if noise_power > _LEAST_SHARE * power:
        return failed
    return _Aligned(pose, _SHARED * noise_power * np.diag(np.linalg.inv(robust.information))[:4], left_over, True)


def _failed(pose: np.ndarray, template: _Template) -> _Aligned:
    return _Aligned(pose, np.full(4, np.inf), np.zeros(len(template.values)), False)


def _solve(descent: np.ndarray, difference: np.ndarray, weights: np.ndarray) -> _Step | None:
    """Return the step of weighted least squares, or None where the texture does not tell all six unknowns."""
    weighted = descent.T * weights
    information = weighted @ descent
    scale = np.sqrt(np.diag(information))
    if not (scale > 0).all() or np.linalg.cond(information / np.outer(scale, scale)) > _WORST_CONDITION:
        return None
    change = np.linalg.solve(information, weighted @ difference)
    return _Step(change, difference - descent @ change, information)


def _rigidity(left_over: np.ndarray, grid: _Grid) -> np.ndarray:
    """Return weights (N,) from the squared differences (N,) which alignment left over, the mean over the clip."""
    lattice = np.zeros((2, *grid.mask.shape))
    rows, columns = (index[grid.inside] for index in np.nonzero(grid.mask))
    lattice[:, rows, columns] = left_over, np.ones(len(left_over))
    total, count = (cv2.GaussianBlur(plane, (0, 0), _NEIGHBOURHOOD)[rows, columns] for plane in lattice)
    power = total / count
    noise = max(float(np.quantile(power, _STILL_SHARE)), _LEAST_NOISE**2)
    return 1 / (1 + _STRICTNESS * np.maximum(0, power / noise - 1))
