"""Poses by landmarks and by registration made into one: each weighs what its error allows."""

import numpy as np

from rrrn.occlusion import similarity, smoothing
from rrrn.occlusion.registration import Registered
from rrrn.occlusion.rigid import Motion

_TURNED = 4.0  # a head turns if the variance of what is measured of it is above as many times that of noise
_FEWEST = 8  # frames from which it can be told
_JUMP = 5.0  # median distances between registration and landmarks beyond which a frame's registration is wrong
_LEAST_JUMP = 0.5  # pixels


def fuse(motion: Motion, smooth: np.ndarray, sigma: float, registered: Registered) -> tuple[np.ndarray, np.ndarray]:
    """Return poses (T, 4) and whether registration made them, bool (T,).

    ``smooth`` (T, 4) are the poses of ``motion``, smoothed with ``sigma`` frames. Registration tells how a patch of
    skin moves from frame to frame, landmarks where the shape is. What leads from the one to the other is a constant,
    but for a head that turns: then the patch moves otherwise than the landmarks do, for it lies at another depth.
    Both are averaged by inverse variance. A frame whose registration failed has its smooth landmarks, led over to the
    registration of its neighbours.
    """
    done = registered.done
    if not done.any():
        return smooth, done
    link = similarity.compose(similarity.invert(registered.poses), motion.poses) * motion.units
    averaging = (smoothing.kernel(np.ones(len(link)), sigma) ** 2).sum(1)
    steady, inflation = _steady(link, done, motion, sigma, averaging)
    apart = np.linalg.norm(link - steady, axis=1)
    done = done & (apart <= max(_JUMP * float(np.median(apart[done])), _LEAST_JUMP))

    precise = similarity.compose(registered.poses, steady / motion.units)
    coarse = similarity.compose(registered.poses, smoothing.smooth(link, sigma, np.ones(4)) / motion.units)
    coarse_variance = motion.variance * np.minimum(1, np.outer(averaging, inflation))
    share = coarse_variance[done] / (coarse_variance[done] + registered.variance[done])
    correction = coarse[done] + share * (precise - coarse)[done] - smooth[done]
    frames = np.arange(len(link))
    return smooth + np.stack([np.interp(frames, frames[done], column) for column in correction.T], 1), done


def _steady(
    link: np.ndarray, done: np.ndarray, motion: Motion, sigma: float, averaging: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return ``link`` (T, 4) without noise, and by how much the noise's correlation inflates variances, (4,).

    It is a constant, plus a share of the head's turn by linear regression. The turn is faded out where it is no larger
    than the noise of landmarks makes it.
    """
    turn = smoothing.smooth(motion.turn, sigma, np.full(2, motion.units[0]))
    turn = turn - turn[done].mean(0)
    slopes = np.linalg.lstsq(turn[done], link[done] - link[done].mean(0), rcond=None)[0]
    inflation = smoothing.inflation(link[done] - turn[done] @ slopes)
    if done.sum() < _FEWEST:
        return np.broadcast_to(np.median(link[done], axis=0), link.shape), inflation
    noise = motion.turn_variance * min(1.0, float(averaging.mean() * inflation.mean()))
    gain = np.maximum(0, 1 - _TURNED * noise / np.maximum(turn[done].var(0), np.finfo(float).tiny))
    part = (turn * gain) @ slopes
    return part + np.median(link[done] - part[done], axis=0), inflation
