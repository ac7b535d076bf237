"""Poses by landmarks and by registration made into one: each weighs what its error allows."""

import numpy as np

from rrrn.occlusion.holding import similarity, smoothing
from rrrn.occlusion.holding.registration import Registered
from rrrn.occlusion.holding.relief import Parallax
from rrrn.occlusion.holding.rigid import Motion

_BEYOND_NOISE = 6.0  # variances of noise that must be exceeded to be taken for motion: noise of few frames varies
_FEWEST = 8  # frames from which what exceeds noise can be told
_JUMP = 5.0  # median distances between registration and landmarks beyond which a frame's registration is wrong
_LEAST_JUMP = 0.5  # pixels


def fuse(
    motion: Motion, smooth: np.ndarray, sigma: float, registered: Registered, parallax: Parallax | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return poses (T, 4) and whether registration made them, bool (T,).

    ``smooth`` (T, 4) are the poses of ``motion``, smoothed with ``sigma`` frames. Registration tells how a patch of
    skin moves from frame to frame, landmarks where the shape is. What leads from the one to the other, the link, is
    the ``parallax``, and a constant, its median over the clip. What these do not explain, smoothed over time, counts
    as far as its noise is the less; without a parallax also as far as it exceeds noise, for then the head may turn.
    A frame whose registration failed has its smooth landmarks, led over to the registration of its neighbours.
    """
    done = registered.done if parallax is None else registered.done & parallax.told
    if not done.any():
        return smooth, done
    link = similarity.compose(similarity.invert(registered.poses), motion.poses) * motion.units
    moving = np.zeros(link.shape) if parallax is None else parallax.poses * motion.units
    steady = moving + np.median((link - moving)[done], axis=0)
    apart = np.linalg.norm(link - steady, axis=1)
    done = done & (apart <= max(_JUMP * float(np.median(apart[done])), _LEAST_JUMP))

    inflation = smoothing.inflation((link - steady)[done])
    averaging = (smoothing.kernel(np.ones(len(link)), sigma) ** 2).sum(1, keepdims=True)
    rest = smoothing.smooth(link - steady, sigma, np.ones(4))
    slow_variance = motion.variance * motion.units**2 * np.minimum(1, averaging * inflation)
    steady_variance = registered.variance * motion.units**2
    if parallax is None and done.sum() >= _FEWEST:
        steady_variance = steady_variance + np.maximum(0, rest[done].var(0) - _BEYOND_NOISE * slow_variance.mean(0))
    elif parallax is not None:
        # Of a head that turns, noise of registration that outlasts the smoothing. Of others all of it: what is left may
        # be a small turn.
        steady_variance = (1 - parallax.surely * (1 - averaging)) * steady_variance + parallax.variance
    share = steady_variance[done] / (slow_variance[done] + steady_variance[done])
    fused = steady[done] + share * rest[done]
    correction = similarity.compose(registered.poses[done], fused / motion.units) - smooth[done]
    frames = np.arange(len(link))
    return smooth + np.stack([np.interp(frames, frames[done], column) for column in correction.T], 1), done
