"""Zero-phase smoothing of courses in time that follows constant speed exactly, up to the clip's ends."""

import numpy as np

_GROSS = 3.0  # median distances from the smooth course beyond which a value counts less
_FINEST = 0.02  # pixels; closer to the smooth course, nothing is a jump
_ROUNDS = 3
_CORRELATION_BIAS = (2, 5)
_HIGHEST_CORRELATION = 0.95


def kernel(weights: np.ndarray, sigma: float) -> np.ndarray:
    """Return the matrix (T, T) that smooths a course (T,) by local linear regression.

    Weights fall off as a Gaussian of ``sigma`` frames, times ``weights`` (T,) of the values; ``sigma`` 0 changes
    nothing. Inside a clip of evenly weighted values it is a Gaussian filter; at its ends it has neither the lag nor
    the shrinking of a filter that repeats or mirrors the ends.
    """
    count = len(weights)
    if sigma == 0:
        return np.eye(count)
    offset = np.arange(count)[None] - np.arange(count)[:, None]
    near = np.exp(-0.5 * (offset / sigma) ** 2) * weights
    sums = [(near * offset**power).sum(1, keepdims=True) for power in range(3)]
    spread = sums[0] * sums[2] - sums[1] ** 2
    if (spread <= 1e-9 * sums[0] ** 2).any():  # one value near: there is no slope
        return near / sums[0]
    return near * (sums[2] - sums[1] * offset) / spread


def smooth(courses: np.ndarray, sigma: float, units: np.ndarray) -> np.ndarray:
    """Return courses (T, K) smoothed over time; frames that jump away from the smooth course count less (Huber).

    ``units`` (K,) are pixels in a unit of each course.
    """
    weights = np.ones(len(courses))
    result = kernel(weights, sigma) @ courses
    for _ in range(_ROUNDS):
        distance = np.sqrt((((courses - result) * units) ** 2).sum(1))
        weights = 1 / np.maximum(1, distance / (_GROSS * max(float(np.median(distance)), _FINEST))) ** 2
        result = kernel(weights, sigma) @ courses
    return result


def median(courses: np.ndarray, window: int) -> np.ndarray:
    """Return the running median of courses (T, ...) over a window of frames, odd; a shorter clip gets a shorter one.

    What lasts less than half of the window leaves no trace, what lasts longer stays whole.
    """
    fitting = min(window, (len(courses) - 1) | 1)
    half = fitting // 2
    mirrored = np.pad(courses, [(half, half), *[(0, 0)] * (courses.ndim - 1)], mode="symmetric")
    return np.median(np.lib.stride_tricks.sliding_window_view(mirrored, fitting, axis=0), axis=-1)


def inflation(noise: np.ndarray) -> float:
    """Return by how much the variance of a mean of noise (T, K) exceeds that of the mean of independent values.

    That of first-order autoregressions with the lag-one correlation that all columns show together, 1 to 39. The
    correlation of few values comes out too small, in the mean by (2 + 5 correlation) / T where a line was taken off.
    """
    deviation = noise - noise.mean(0)
    count, power = len(noise), float((deviation**2).sum())
    if power == 0 or count <= _CORRELATION_BIAS[1]:
        return 1.0
    lagged = float((deviation[1:] * deviation[:-1]).sum()) / power
    correlation = (count * lagged + _CORRELATION_BIAS[0]) / (count - _CORRELATION_BIAS[1])
    correlation = min(max(correlation, 0.0), _HIGHEST_CORRELATION)
    return (1 + correlation) / (1 - correlation)
