"""Poses by landmarks and by registration made into one: each weighs what its error allows."""

import numpy as np

from rrrn.occlusion import similarity, smoothing
from rrrn.occlusion.registration import Registered
from rrrn.occlusion.rigid import Motion

_DEPTH_MISMATCH = 0.15  # prior sd: depth of the registered skin less that of the landmarks, in outer eye distances
_JUMP = 5.0  # median distances between registration and landmarks beyond which a frame's registration is wrong
_LEAST_JUMP = 0.5  # pixels


def fuse(motion: Motion, smooth: np.ndarray, sigma: float, registered: Registered) -> tuple[np.ndarray, np.ndarray]:
    """Return poses (T, 4) and whether registration made them, bool (T,).

    ``smooth`` (T, 4) are the poses of ``motion``, smoothed with ``sigma`` frames. Registration tells how a patch of
    skin moves from frame to frame, landmarks where the shape is. What leads from one to the other is estimated from
    all frames: it is constant, but for a head that turns, where the patch lies at another depth than the landmarks do.
    Then both are averaged by inverse variance. A frame whose registration failed has its smooth landmarks, led over to
    its neighbours' registration.
    """
    done = registered.done
    if not done.any():
        return smooth, done
    turn = smoothing.smooth(motion.turn, sigma, np.full(2, motion.units[0]))
    link = similarity.compose(similarity.invert(registered.poses), motion.poses)
    bridge, inflation = _bridge(link * motion.units, turn, done, motion)
    apart = np.linalg.norm(link * motion.units - bridge, axis=1)
    done = done & (apart <= max(_JUMP * float(np.median(apart[done])), _LEAST_JUMP))
    precise = similarity.compose(registered.poses, bridge / motion.units)

    averaged = np.minimum(1, inflation * (smoothing.kernel(np.ones(len(smooth)), sigma) ** 2).sum(1)[:, None])
    coarse_variance = motion.variance * averaged
    share = coarse_variance[done] / (coarse_variance[done] + registered.variance[done])
    correction = share * (precise - smooth)[done]
    frames = np.arange(len(smooth))
    whole = [np.interp(frames, frames[done], column) for column in correction.T]
    return smooth + np.stack(whole, 1), done


def _bridge(
    link: np.ndarray, turn: np.ndarray, done: np.ndarray, motion: Motion
) -> tuple[np.ndarray, np.ndarray]:
    """Return the smooth part (T, 4) of ``link`` (T, 4), in pixels, and the variance inflation (4,) of the rest.

    Ridge regression on the turn, whose penalty is what noise and the prior of the slopes make of it: a head that keeps
    still gets a constant.
    """
    turn = turn - turn[done].mean(0)
    told, given = link[done] - link[done].mean(0), turn[done]
    slopes = np.linalg.lstsq(given, told, rcond=None)[0]
    noise = told - given @ slopes
    inflation = smoothing.inflation(noise)
    prior = (_DEPTH_MISMATCH * np.linalg.norm(motion.shape[45] - motion.shape[36])) ** 2
    for column, power in enumerate(noise.var(0) * inflation):
        penalty = (power / prior + np.finfo(float).tiny) * np.eye(2)
        slopes[:, column] = np.linalg.lstsq(given.T @ given + penalty, given.T @ told[:, column], rcond=None)[0]
    part = turn @ slopes
    return part + np.median(link[done] - part[done], axis=0), inflation
