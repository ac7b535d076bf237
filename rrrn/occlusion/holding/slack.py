"""What of an occluder's landmarks is not rigid: a jaw, brows, and halves of a turning face, all of them slow."""

import numpy as np

from rrrn.occlusion.holding import smoothing

_JAW, _BROWS = slice(5, 12), slice(17, 27)
_LEFT, _RIGHT = slice(0, 3), slice(14, 17)
SLOWNESS = 3.0  # times the sigma of the rigid motion


def loosen(shape: np.ndarray, rest: np.ndarray, sigma: float, jaw: float, brow: float, tracked: bool) -> np.ndarray:
    """Return the shape (68, 2) as it is in each frame, (T, 68, 2), in its own coordinates.

    ``rest`` (T, 68, 2) are the landmarks brought to rest. Jaw (5 to 11) and brows (17 to 26) follow their mean along
    the face's axis by the share ``jaw`` and ``brow``; if ``tracked``, the halves of the face are as wide as their
    edges (0 to 2, 14 to 16) tell. All of it is smoothed with ``SLOWNESS`` times ``sigma`` frames.
    """
    down = (shape[8] - shape[27]) / np.linalg.norm(shape[8] - shape[27])
    across = np.array([down[1], -down[0]])
    lateral = (shape - shape[27]) @ across
    loose = np.repeat(shape[None], len(rest), axis=0)
    if tracked:
        measured = (rest - shape[27]) @ across
        for side, edge in ((lateral < 0, _LEFT), (lateral > 0, _RIGHT)):
            width = _slow(measured[:, edge].mean(1), sigma) / lateral[edge].mean()
            loose += ((width - 1)[:, None] * np.where(side, lateral, 0))[..., None] * across
    for part, gain in ((_JAW, jaw), (_BROWS, brow)):
        if gain:
            moved = ((rest[:, part] - shape[part]) @ down).mean(1)
            loose[:, part] += gain * _slow(moved, sigma)[:, None, None] * down
    return loose


def _slow(course: np.ndarray, sigma: float) -> np.ndarray:
    return smoothing.smooth(course[:, None], SLOWNESS * sigma, np.ones(1))[:, 0]
