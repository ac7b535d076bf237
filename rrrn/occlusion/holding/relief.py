"""How a head that turns to the side, or nods, moves its landmarks against the skin that was registered.

The factorisation of Tomasi and Kanade ("Shape and motion from image streams under orthography", 1992) for a shape of
which two coordinates are known: seen from afar, a rigid head under any turn maps each of its points, which lies at
(x, y) in the shape and by d nearer to the camera, to A (x, y) + b + d e, where A, b and e belong to the frame.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from rrrn.occlusion.holding import rigid, similarity, smoothing, windows
from rrrn.occlusion.holding.registration import Registered
from rrrn.occlusion.holding.windows import Followed

_RADIUS = 0.05  # of the distance of the eyes' outer corners: half the side of a window; skin in larger ones is not flat
_LEAST_RADIUS = 5.0  # pixels
_FARTHEST = 0.25  # of the same, that a window may move
_UNCERTAIN = 0.12  # of the same: sd of a landmark's depth about that of a mean face
_FEWEST = 6  # windows that a frame must show: it has four unknowns a coordinate
_LEAST_FRAMES = 8
_INDEPENDENT = 4  # windows of 13 that err on their own; neighbours lie on one slope of the face
_GROSS = 4.0  # times the windows' typical error, beyond which one counts less in a frame
_FINEST = 0.02  # pixels; errors of windows are taken to be no less
_ROUNDS = 30
_BEYOND_NOISE = 6.0  # variances of noise that a turn must exceed to be one: noise of few frames varies
_SIDES = 2  # of the face's edge, whose landmarks err independently; those of one side need not
_ODDS = -np.log(10)  # of a turn, before the edge is asked: where it tells nothing, none is believed
_DOUBTFUL = 0.05  # a turn less sure than that is none
_STILL = 1e-3  # pixels; less is no motion, as of frames that are copies of each other
_LEAST_SIGMA = 2.0  # frames over which a turn is smoothed to be told from noise


@dataclass(frozen=True)
class Parallax:
    """Where landmarks lie against registered skin: poses (T, 4) as in ``similarity``, from that to the shape.

    variance: squared pixels, by errors of windows. told: bool (T,), false where a head turns and too few windows were
    seen; poses lie between their neighbours' there. surely: 0 to 1, how surely the head turns; poses are drawn towards
    rest by it.
    """

    poses: np.ndarray
    variance: float
    told: np.ndarray
    surely: float


@dataclass(frozen=True)
class Relief:
    """How a clip's rigid landmarks move: offsets (T, N, 2) in pixels.

    error: RMS pixels, of a typical window. told: bool (T,), whether enough windows were seen; elsewhere offsets mean
    nothing. surely: 0 to 1, how surely this is a head that turns.
    """

    offsets: np.ndarray
    error: float
    told: np.ndarray
    surely: float


def measure(
    images: Sequence[np.ndarray], landmarks: np.ndarray, motion: rigid.Motion, registered: Registered, sigma: float
) -> Parallax | None:
    """Return the parallax of a clip's frames, or None where too little can be followed.

    images: float32 (H, W), those that were registered; landmarks: (T, 68, 2). Frames whose registration failed tell
    nothing.
    """
    shape, unit = motion.shape[rigid.INDICES], float(np.linalg.norm(motion.shape[45] - motion.shape[36]))
    frames = np.flatnonzero(registered.done)
    if len(frames) < _LEAST_FRAMES:
        return None
    poses = registered.poses[frames]
    followed = windows.follow(
        [images[int(t)] for t in frames],
        poses,
        shape[: rigid.INNER],
        motion.centre,
        max(_RADIUS * unit, _LEAST_RADIUS),
        _FARTHEST * unit,
    )
    lifted = similarity.lift(poses, landmarks[frames][:, rigid.INDICES], motion.centre) - shape
    found = of_windows(followed, lifted, (shape - motion.centre) / unit, sigma)
    if found is None:
        return None
    moved = shape + found.surely * found.offsets
    links = similarity.fit(shape, moved, np.tile(rigid.WEIGHTS, (len(frames), 1)), motion.centre)[found.told]
    every, told = np.arange(len(landmarks)), np.full(len(landmarks), found.surely == 0)
    told[frames] |= found.told
    poses = np.stack([np.interp(every, frames[found.told], column) for column in links.T], 1)
    return Parallax(poses, (found.surely * found.error) ** 2 / _INDEPENDENT, told, found.surely)


def of_windows(followed: Followed, lifted: np.ndarray, spots: np.ndarray, sigma: float) -> Relief | None:
    """Return how the rigid landmarks move, or None where fewer than 8 frames tell it.

    The first landmarks have windows, whose offsets are ``followed``. The others, at the face's edge, which hides in a
    turn, have their noisy offsets ``lifted`` (T, N, 2) only, which are asked for their depths and nothing else.
    ``spots`` (N, 2) are the landmarks in eye distances.
    """
    count = followed.seen.shape[1]
    told = followed.seen.sum(1) >= _FEWEST
    if told.sum() < _LEAST_FRAMES:
        return None
    flat = np.column_stack([spots, np.ones(len(spots))])
    depths = rigid.DEPTHS.copy()
    rest = np.zeros((count, 2))
    weights = seen = (followed.seen & told[:, None]).astype(float)
    for _ in range(_ROUNDS):
        known = np.column_stack([flat[:count], depths[:count]])
        normal = np.einsum("tn,nj,nk->tjk", weights, known, known) + _FINEST**2 * np.eye(4)
        course = np.linalg.solve(normal, np.einsum("tn,nj,tnc->tjc", weights, known, followed.offsets - rest))
        base, nearing = np.einsum("nk,tkc->tnc", flat, course[:, :3]), course[:, 3]
        beyond = followed.offsets - base[:, :count]
        depths[:count], rest = _depths(beyond, nearing, weights, rigid.DEPTHS[:count], _FINEST**2)
        error = np.linalg.norm(beyond - rest - depths[:count, None] * nearing[:, None], axis=-1)
        own = np.sqrt((seen * error**2).sum(0) / np.maximum(seen.sum(0), 1))
        typical = max(float(np.median(own)), _FINEST)
        weights = seen / (1 + (own / typical) ** 2) / np.maximum(1, error / (_GROSS * typical))

    edge = lifted[:, count:] - base[:, count:]
    even = np.repeat(told[:, None], edge.shape[1], 1).astype(float)
    plain, level = _depths(edge, nearing, even, rigid.DEPTHS[count:], 0.0)
    noise = (edge - level - plain[:, None] * nearing[:, None])[told]
    power = float(noise.var()) * smoothing.inflation(noise.reshape(len(noise), -1))
    depths[count:], _ = _depths(edge, nearing, even, rigid.DEPTHS[count:], power)
    surely = _surely(nearing[told], sigma)
    if surely:
        strength = float(((nearing[told] - nearing[told].mean(0)) ** 2).sum())
        variance = max(power, _FINEST**2) / (_SIDES * strength)
        surely *= _rigidly(float(plain.mean()), variance, float(rigid.DEPTHS[count:].mean()))
    return Relief(base + depths[:, None] * nearing[:, None], typical, told, surely if surely > _DOUBTFUL else 0.0)


def _depths(
    offsets: np.ndarray, nearing: np.ndarray, weights: np.ndarray, mean: np.ndarray, noise: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the depths (N,) and rests (N, 2) that explain offsets (T, N, 2) best by what nears the camera, (T, 2).

    Depths are drawn to those of the ``mean`` face as the variance of the offsets' ``noise`` demands.
    """
    total = np.maximum(weights.sum(0), 1e-9)[:, None]
    middle = weights.T @ nearing / total
    level = np.einsum("tn,tnc->nc", weights, offsets) / total
    off = nearing[:, None] - middle
    prior = noise / _UNCERTAIN**2 + 1e-9
    told = np.einsum("tn,tnc,tnc->n", weights, off, offsets - level)
    depths = (told + prior * mean) / (np.einsum("tn,tnc,tnc->n", weights, off, off) + prior)
    return depths, level - depths[:, None] * middle


def _rigidly(depth: float, variance: float, mean: float) -> float:
    """Return the probability that the face's edge, which is found at a depth with a variance, turns with the rest.

    An expression, such as a wrinkled nose, moves windows as if the head turned, and leaves the edge where it was.
    """
    spread = variance + _UNCERTAIN**2
    rigid_odds = np.log(variance / spread) / 2 - (depth - mean) ** 2 / (2 * spread) + depth**2 / (2 * variance)
    return float(special.expit(rigid_odds + _ODDS))


def _surely(nearing: np.ndarray, sigma: float) -> float:
    """Return how far the slow part of a course (T, 2) exceeds what is left of white noise, told from its bends."""
    kernel = smoothing.kernel(np.ones(len(nearing)), max(sigma, _LEAST_SIGMA))
    noise = (np.diff(nearing, 2, axis=0) ** 2).mean(0) / 6
    power = (kernel @ nearing).var(0)
    gain = 1 - _BEYOND_NOISE * noise * (kernel**2).sum(1).mean() / np.maximum(power, _STILL**2)
    return float(np.clip(gain, 0, 1)[power > _STILL**2].max(initial=0))
