"""The motion of the skull as landmarks show it: of those only that no expression moves."""

from dataclasses import dataclass

import numpy as np

from rrrn.occlusion import similarity
from rrrn.stage import InputError

_EYE_CORNERS, _BRIDGE, _NOSTRILS = [36, 39, 42, 45], [27, 28, 29, 30], [31, 32, 33, 34, 35]
_JAW_ENDS = [0, 1, 2, 14, 15, 16]
INDICES = np.array(_EYE_CORNERS + _BRIDGE + _NOSTRILS + _JAW_ENDS)
_WEIGHTS = np.array([1.0] * 13 + [0.5] * 6)  # the face's edge, between ear and cheek, is found less exactly
# Towards the camera, in distances of the outer corners of the eyes, of a mean face.
_DEPTHS = np.array([-0.17, -0.08, -0.08, -0.17, 0.0, 0.08, 0.16, 0.25, 0.05, 0.1, 0.13, 0.1, 0.05] + [-0.5] * 6)
_HUBER = 2.0  # standard deviations of a coordinate: a distance in the plane is below in 86 % of the cases
_RAYLEIGH = 1.1774  # median distance in standard deviations of a coordinate
_FINEST = 1e-3  # pixels; closer to the fit, no landmark is an outlier
_ROUNDS = 5
_LEAST_SPREAD = 1.0  # pixels


@dataclass(frozen=True)
class Motion:
    """A shape and how it moves: ``similarity.place(poses, shape, centre)`` are the landmarks but for their noise.

    shape: (68, 2), the median of the landmarks over the frames, these brought to rest; centre: (2,), centroid of its
    rigid points. poses: (T, 4) as in ``similarity``. units: (4,), RMS pixels by which the rigid points move in a unit
    of each column of the poses. variance: (4,), of the poses' columns by the noise of one frame's landmarks. residual:
    RMS distance of rigid landmarks and fit in pixels. turn: (T, 2), how far the head is turned out of the image's
    plane, to the right and down, in radians for a face of mean depth.
    """

    shape: np.ndarray
    centre: np.ndarray
    poses: np.ndarray
    units: np.ndarray
    variance: np.ndarray
    residual: float
    turn: np.ndarray


def measure(landmarks: np.ndarray) -> Motion:
    """Return the rigid motion of a clip's landmarks (T, 68, 2) in pixels.

    Each frame's pose is a least squares fit of the shape to the rigid landmarks, robust (Huber) against those found
    wrong. Raises InputError, naming the frame counted from 0, where the landmarks coincide.
    """
    spread = np.sqrt(landmarks[:, INDICES].var(axis=1).sum(-1))
    if (spread < _LEAST_SPREAD).any():
        raise InputError(
            f"frame {int(np.argmin(spread))} of the clip, counted from 0: its landmarks coincide; check the landmarks "
            "or take the clip out"
        )
    shape = np.median(landmarks, axis=0)
    for _ in range(2):  # the median of a moving head is blurred
        centre = np.average(shape[INDICES], axis=0, weights=_WEIGHTS)
        poses, weights = _fit(shape, landmarks, centre)
        rest = similarity.lift(poses, landmarks, centre)
        shape = np.median(rest, axis=0)
    centre = np.average(shape[INDICES], axis=0, weights=_WEIGHTS)
    poses, weights = _fit(shape, landmarks, centre)
    off = similarity.lift(poses, landmarks, centre)[:, INDICES] - shape[INDICES]
    squares = (off**2).sum(-1)
    reach = float(np.average(((shape[INDICES] - centre) ** 2).sum(-1), weights=_WEIGHTS))
    # two coordinates a landmark, less the four of the pose
    noise = float((weights * squares).sum(1).mean()) / (2 * len(INDICES) - 4)
    return Motion(
        shape=shape,
        centre=centre,
        poses=poses,
        units=np.sqrt([reach, reach, 1.0, 1.0]),
        variance=noise / _WEIGHTS.sum() / np.array([reach, reach, 1.0, 1.0]),
        residual=float(np.sqrt(squares.mean())),
        turn=_turn(shape[INDICES] - centre, off),
    )


def _fit(shape: np.ndarray, landmarks: np.ndarray, centre: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return poses (T, 4), and weights (T, N) of the rigid landmarks, by iteratively reweighted least squares."""
    origin, points = shape[INDICES], landmarks[:, INDICES]
    weights = np.broadcast_to(_WEIGHTS, points.shape[:2])
    poses = similarity.fit(origin, points, weights, centre)
    for _ in range(_ROUNDS):
        distance = np.sqrt(((similarity.place(poses, origin, centre) - points) ** 2).sum(-1))
        bound = _HUBER * max(float(np.median(distance)) / _RAYLEIGH, _FINEST)
        weights = _WEIGHTS / np.maximum(1, distance / bound)
        poses = similarity.fit(origin, points, weights, centre)
    return poses, weights


def _turn(spots: np.ndarray, off: np.ndarray) -> np.ndarray:
    """Return the turn (T, 2) from what the poses leave over (T, N, 2).

    A turning head shifts each point by its depth times the angle. A part of that is a similarity, which the poses have
    taken; orthogonal to it, the turn's error is independent of theirs.
    """
    x, y = spots.T
    one, zero = np.ones(len(x)), np.zeros(len(x))
    root = np.sqrt(np.repeat(_WEIGHTS, 2))[:, None]
    moves = np.stack([np.ravel([x, y], "F"), np.ravel([-y, x], "F"), np.ravel([one, zero], "F"), np.ravel([zero, one], "F")], 1)
    depths = _DEPTHS * float(np.hypot(*(spots[3] - spots[0])))
    parallax = np.stack([np.ravel([depths, zero], "F"), np.ravel([zero, depths], "F")], 1)
    basis = np.linalg.qr(root * moves)[0]
    pure = root * parallax
    pure -= basis @ (basis.T @ pure)
    return (root.T * off.reshape(len(off), -1)) @ pure / (pure**2).sum(0)
