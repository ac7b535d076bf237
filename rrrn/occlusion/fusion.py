"""Poses by landmarks and by registration made into one: each weighs what its error allows."""

import numpy as np

from rrrn.occlusion import similarity, smoothing
from rrrn.occlusion.registration import Registered
from rrrn.occlusion.rigid import Motion

_BEYOND_NOISE = 6.0  # variances of noise that must be exceeded to be taken for motion: noise of few frames varies
_FEWEST = 8  # frames from which a turn is looked for
_FEIGNED_TURN = np.deg2rad(0.3)  # sd of what dlib's landmarks of a still head turn: their errors are not independent
_SHORTENING = 0.25  # sd of what the square of a turn (radians) does to the link, in reaches of the rigid landmarks
_JUMP = 5.0  # median distances between registration and landmarks beyond which a frame's registration is wrong
_LEAST_JUMP = 0.5  # pixels


def fuse(motion: Motion, smooth: np.ndarray, sigma: float, registered: Registered) -> tuple[np.ndarray, np.ndarray]:
    """Return poses (T, 4) and whether registration made them, bool (T,).

    ``smooth`` (T, 4) are the poses of ``motion``, smoothed with ``sigma`` frames. Registration tells how a patch of
    skin moves from frame to frame, landmarks where the shape is. What leads from the one to the other, the link, is
    constant for a head that does not turn out of the image's plane: then its median over the clip is used. For one that
    turns, the patch moves otherwise than the landmarks do, for it lies at another depth: then the link goes with the
    turn and its square, and what these do not explain, smoothed over time, counts as far as its noise is the less.
    A frame whose registration failed has its smooth landmarks, led over to the registration of its neighbours.
    """
    done = registered.done
    if not done.any():
        return smooth, done
    link = similarity.compose(similarity.invert(registered.poses), motion.poses) * motion.units
    kernel = smoothing.kernel(np.ones(len(link)), sigma)
    averaging = (kernel**2).sum(1, keepdims=True)
    steady, uncertainty, turning, inflation = _steady(link, done, motion, sigma, float(averaging.mean()))
    apart = np.linalg.norm(link - steady, axis=1)
    done = done & (apart <= max(_JUMP * float(np.median(apart[done])), _LEAST_JUMP))

    rest = smoothing.smooth(link - steady, sigma, np.ones(4))
    slow_variance = motion.variance * motion.units**2 * np.minimum(1, averaging * inflation)
    unexplained = np.maximum(0, rest[done].var(0) - _BEYOND_NOISE * slow_variance.mean(0))
    # Noise of registration that outlasts the smoothing; without a turn all of it, for what is left may be a small one.
    doubt = 1 - turning * (1 - averaging)
    steady_variance = doubt * registered.variance * motion.units**2 + uncertainty + turning * unexplained
    share = steady_variance[done] / (slow_variance[done] + steady_variance[done])
    fused = steady[done] + share * rest[done]
    correction = similarity.compose(registered.poses[done], fused / motion.units) - smooth[done]
    frames = np.arange(len(link))
    return smooth + np.stack([np.interp(frames, frames[done], column) for column in correction.T], 1), done


def _steady(
    link: np.ndarray, done: np.ndarray, motion: Motion, sigma: float, averaging: float
) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Return the link (T, 4) as a constant and a function of the head's turn, the variance (T, 4) of the function, how
    surely the head turns, 0 to 1, and by how much the correlation of noise in time inflates the variance of means.

    The function has the turn (parallax) and its square (shortening), which is all of a rigid head seen from afar that
    turns about one axis. To the right or down, the turn fades out where it is no larger than errors of landmarks make
    it; the square, where what it could tell is less than their noise.
    """
    centred = link[done] - link[done].mean(0)
    if done.sum() < _FEWEST:
        constant = np.broadcast_to(np.median(link[done], axis=0), link.shape)
        return constant, np.zeros(link.shape), 0.0, smoothing.inflation(centred)
    turn = smoothing.smooth(motion.turn, sigma, np.full(2, motion.units[0]))
    turn = turn - turn[done].mean(0)
    told = np.hstack([turn, turn**2 - (turn[done] ** 2).mean(0)])
    rest = centred - told[done] @ np.linalg.lstsq(told[done], centred, rcond=None)[0]
    inflation = smoothing.inflation(rest)
    noise = np.maximum(motion.turn_variance * min(1.0, averaging * inflation), _FEIGNED_TURN**2)
    power = np.maximum(turn[done].var(0), np.finfo(float).tiny)
    gain = np.tile(np.maximum(0, 1 - _BEYOND_NOISE * noise / power), 2)

    told = told * (gain > 0)  # a direction without a turn would only let noise in
    error = rest.var(0).mean() * inflation
    ridge = np.sqrt(error) / (_SHORTENING * motion.units[0]) * np.eye(4)[2:]
    back = np.linalg.pinv(np.vstack([told[done], ridge]))
    slopes = back[:, : len(centred)] @ centred
    part = (told * gain) @ slopes
    of_slopes = ((told * gain @ back) ** 2).sum(1, keepdims=True) * error
    of_turn = noise[:, None] * (gain[:2, None] * (slopes[:2] + 2 * turn[..., None] * slopes[2:])) ** 2
    variance = of_turn.sum(1) + of_slopes
    return part + np.median(link[done] - part[done], axis=0), variance, float(gain.max()), inflation
