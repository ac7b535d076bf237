"""How sharp the edges of a clip are, and an occluder with edges as sharp."""

import math
from collections.abc import Sequence

import cv2
import numpy as np

from rrrn.occlusion import compositing
from rrrn.occlusion.compositing import Layer

RANGE = (0.3, 1.5)  # pixels; the lower end is a sharp edge averaged over pixels, the upper a soft one
_DRAWN = 0.3  # spread, in pixels, of the edges of an occluder as drawn: averaged over pixels
_AGAIN = 1.0  # pixels by which a frame is blurred once more; more would mix neighbouring edges of eyes and brows
_STEEP = 0.5  # of the 95th percentile of gradients
_FEWEST = 12
_LEAST_STEP = 4.0  # grey levels per pixel; flatter slopes are shading and noise
_MOST_TILT = 3.0  # a gradient across so many times that along an upright edge: 18 degrees
_DIFFERENCE, _AVERAGE = np.array([-1, 1, 0], np.float32), np.array([0.25, 0.5, 0.25], np.float32)


def spread(images: Sequence[np.ndarray], region: np.ndarray) -> float:
    """Return the standard deviation, in pixels, of the Gaussian that blurs the images' edges, clipped to ``RANGE``.

    images uint8 (H, W); ``region`` bool (H, W), where to look. The images are blurred once more; the sharper an edge
    was, the more of its gradient goes (Zhuo and Sim, Pattern Recognition 44, 2011), here for differences of
    neighbouring pixels instead of derivatives. It is the median over the steepest edges; without edges the lower end
    of ``RANGE``.
    """
    found = [_edges(image, region) for image in images]
    steps, sigmas = (np.concatenate(part) for part in zip(*found, strict=True))
    if len(steps) < _FEWEST:
        return RANGE[0]
    # A share of the steepest edges, not a number of them: among equal edges that would pick those raised by noise.
    return float(np.median(sigmas[steps >= _STEEP * np.percentile(steps, 95)]))


def feathered(layer: Layer, sigma: float, height: int, width: int) -> Layer:
    """Return a layer whose edges have the spread ``sigma`` in pixels, in a frame of the given size.

    Premultiplied colour and alpha are blurred together, so that no colour from outside creeps in. Where the frame's
    edge cuts the occluder, it goes on beyond.
    """
    if sigma <= _DRAWN or layer.alpha.size == 0:
        return layer
    added = math.sqrt(sigma**2 - _DRAWN**2)
    radius = math.ceil(3 * added)
    x, y, image = compositing.grown(layer, radius, height, width)
    image = cv2.GaussianBlur(image, (2 * radius + 1, 2 * radius + 1), added, borderType=cv2.BORDER_REPLICATE)
    return Layer(x, y, *compositing.apart(image))


def _edges(image: np.ndarray, region: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradient of each upright and each level edge when blurred once more, and its spread before that."""
    sharp = image.astype(np.float32)
    soft = cv2.GaussianBlur(sharp, (9, 9), _AGAIN)
    upright = _upright_edges(sharp, soft, region)
    level = _upright_edges(*(np.ascontiguousarray(plane.T) for plane in (sharp, soft, region)))
    return np.concatenate([upright[0], level[0]]), np.concatenate([upright[1], level[1]])


def _upright_edges(sharp: np.ndarray, soft: np.ndarray, region: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if min(sharp.shape) < 5:
        return np.zeros(0), np.zeros(0)
    before, after = _across(sharp), _across(soft)
    down = np.abs(cv2.sepFilter2D(soft, cv2.CV_32F, _AVERAGE, _DIFFERENCE))
    # Edges are picked where the soft gradient peaks: picked on the sharp one, they would be those that noise steepened.
    peak = (after > _LEAST_STEP) & (after >= _MOST_TILT * down) & region
    peak[:, 1:-1] &= (after[:, 1:-1] >= after[:, :-2]) & (after[:, 1:-1] > after[:, 2:])
    peak[:, [0, 1, -2, -1]] = False
    rows, columns = np.nonzero(peak)
    step, place = _summit(after, rows, columns)
    return step, _spread_of(before[rows, columns] / step, np.abs(place))


def _across(image: np.ndarray) -> np.ndarray:
    """Return the size of the difference of each pixel and the one left of it, averaged over three rows."""
    return np.abs(cv2.sepFilter2D(image, cv2.CV_32F, _DIFFERENCE, _AVERAGE))


def _summit(gradient: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return height and place, relative to ``columns``, of the summit of a bell curve through three pixels."""
    before, at, after = (np.log(np.maximum(gradient[rows, columns + shift], 1e-3)) for shift in (-1, 0, 1))
    slope, bend = (after - before) / 2, np.minimum((before + after - 2 * at) / 2, -1e-3)
    return np.exp(at - slope**2 / (4 * bend)), -slope / (2 * bend)


def _spread_of(ratio: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Return the spreads of edges whose summits are ``place`` pixels off; ``ratio`` is the gradient there, before the
    second blur, to that at the summit, after it.
    """
    sigmas = np.linspace(*RANGE, 121)
    out = np.empty(len(ratio))
    nearest = np.minimum(np.rint(place * 10), 5)
    for tenth in range(6):
        expected = _difference(sigmas, tenth / 10) / _difference(np.hypot(sigmas, _AGAIN), 0.0)
        of_place = nearest == tenth
        out[of_place] = np.interp(-ratio[of_place], -expected, sigmas)  # the ratio falls as the spread grows
    return out


def _difference(sigmas: np.ndarray, place: float) -> np.ndarray:
    """Return the difference of two neighbouring pixels on a blurred step of height 1 ``place`` off their middle."""
    ends = ((place + side) / (sigmas * math.sqrt(2)) for side in (0.5, -0.5))
    after, before = (np.array([math.erf(end) for end in part]) for part in ends)
    return (after - before) / 2
