"""The motion of the skull as landmarks show it: of those only that no expression moves."""

from dataclasses import dataclass

import numpy as np

from rrrn.occlusion.holding import similarity
from rrrn.running.stage import InputError

_EYE_CORNERS, _BRIDGE, _NOSTRILS = [36, 39, 42, 45], [27, 28, 29, 30], [31, 32, 33, 34, 35]
_JAW_ENDS = [0, 1, 2, 14, 15, 16]
INDICES = np.array(_EYE_CORNERS + _BRIDGE + _NOSTRILS + _JAW_ENDS)
INNER = 13  # of them, the first, that no turn of some degrees hides
WEIGHTS = np.array([1.0] * 13 + [0.5] * 6)  # the face's edge, between ear and cheek, is found less exactly
# Towards the camera, in distances of the outer corners of the eyes, of a mean face.
DEPTHS = np.array([-0.17, -0.08, -0.08, -0.17, 0.0, 0.08, 0.16, 0.25, 0.05, 0.1, 0.13, 0.1, 0.05] + [-0.5] * 6)
_HUBER = 3.0  # standard deviations of a coordinate: a head turned by 10 degrees must not pass for errors
_RAYLEIGH = 1.1774  # median distance in standard deviations of a coordinate
_FINEST = 0.1  # pixels; closer to the fit, no landmark is an outlier
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
    for _ in range(3):  # the median of a moving head is blurred; of a head brought to rest it is not
        centre = np.average(shape[INDICES], axis=0, weights=WEIGHTS)
        poses = _fit(shape, landmarks, centre)
        shape = np.median(similarity.lift(poses, landmarks, centre), axis=0)
    centre = np.average(shape[INDICES], axis=0, weights=WEIGHTS)
    poses = _fit(shape, landmarks, centre)

    off = similarity.lift(poses, landmarks, centre)[:, INDICES] - shape[INDICES]
    spots = shape[INDICES] - centre
    reach = float(np.sqrt(np.average((spots**2).sum(-1), weights=WEIGHTS)))
    units = np.array([reach, reach, 1.0, 1.0])
    turn = _turn(spots, off)
    # two coordinates a landmark, less the four of the pose
    noise = float(np.median((_unturned(off, turn) ** 2).sum(-1))) / (2 * np.log(2)) / (1 - 2 / len(INDICES))
    return Motion(
        shape=shape,
        centre=centre,
        poses=poses,
        units=units,
        variance=noise / WEIGHTS.sum() / units**2,
        residual=float(np.sqrt((off**2).sum(-1).mean())),
        turn=turn,
    )


def _fit(shape: np.ndarray, landmarks: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Return poses (T, 4) by iteratively reweighted least squares."""
    origin, points = shape[INDICES], landmarks[:, INDICES]
    weights = np.broadcast_to(WEIGHTS, points.shape[:2])
    poses = similarity.fit(origin, points, weights, centre)
    for _ in range(_ROUNDS):
        off = similarity.lift(poses, points, centre) - origin
        distance = np.linalg.norm(_unturned(off, _turn(origin - centre, off)), axis=-1)
        bound = _HUBER * max(float(np.median(distance)) / _RAYLEIGH, _FINEST)
        weights = WEIGHTS / np.maximum(1, distance / bound)
        poses = similarity.fit(origin, points, weights, centre)
    return poses


def _turn(spots: np.ndarray, off: np.ndarray) -> np.ndarray:
    """Return the turn (T, 2) from what the poses leave over (T, N, 2).

    A turning head shifts each point by its depth times the angle. A part of that is a similarity, which the poses have
    taken; orthogonal to it, the turn's error is independent of theirs.
    """
    x, y = spots.T
    one, zero = np.ones(len(x)), np.zeros(len(x))
    depths = DEPTHS * float(np.linalg.norm(spots[3] - spots[0]))
    root = np.sqrt(np.repeat(WEIGHTS, 2))
    fields = np.array([[x, y], [-y, x], [one, zero], [zero, one], [depths, zero], [zero, depths]])
    columns = root[:, None] * fields.transpose(2, 1, 0).reshape(-1, 6)
    basis = np.linalg.qr(columns[:, :4])[0]
    pure = columns[:, 4:] - basis @ (basis.T @ columns[:, 4:])
    return (root * off.reshape(len(off), -1)) @ pure / (pure**2).sum(0)


def _unturned(off: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Return what poses leave over (T, N, 2) less what goes with the turn (parallax) and its square (shortening).

    Regression gives each landmark its own depth. What is left is noise, whose outliers are errors of the detector.
    """
    flat = off.reshape(len(off), -1)
    told = np.column_stack([turn, turn**2 - (turn**2).mean(0)])
    return (flat - told @ np.linalg.lstsq(told, flat, rcond=None)[0]).reshape(off.shape)
