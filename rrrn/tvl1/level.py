"""TV-L1 at one scale of the pyramid, with the warps, medians and stopping rule of OpenCV's DualTVL1OpticalFlow."""

import functools
import math
from collections.abc import Callable

import numpy as np
from numba import float32, int64, njit, void

from rrrn.tvl1 import compiled, median, warp
from rrrn.tvl1.iterate import iterate
from rrrn.tvl1.simd import LANES
from rrrn.tvl1.state import BLOCK, U1, U2

_GROUP = 8  # iterations that follow each other through the cache; more gain little
_SIGNATURE = void(
    *[float32[:, ::1]] * 2, float32[:, :, ::1], float32[::1], *[float32] * 4, int64, int64, int64, int64
)


def room(height: int, width: int) -> int:
    """Return how many numbers of scratch an image of this size needs."""
    lanes = width + LANES  # at least the width, to whole rows of lanes
    state = (height + 1) * (width // LANES + 1) * BLOCK
    images = height * width + (height + 2 * warp.MARGIN) * (width + 2 * warp.MARGIN) * warp.CHANNELS
    return state + images + (height + 2 * median.MARGIN + 16) * (lanes + 2 * LANES) + 8 * LANES


@functools.cache
def solver() -> Callable[..., None]:
    """Return ``refine`` as machine code, from the disk if this was compiled before."""
    with compiled.kept():
        return njit(_SIGNATURE, cache=True, nogil=True, error_model="numpy")(refine)


@njit(error_model="numpy")
def _iterations_left(before_last, last, threshold):
    """Return in how many iterations, 1 to _GROUP, the change falls to the threshold if it goes on as it decays."""
    if threshold <= 0 or last >= before_last:
        return _GROUP
    return min(max(int(math.ceil(math.log(threshold / last) / math.log(last / before_last))), 1), _GROUP)


@njit(error_model="numpy")
def _settle(state, height, width, pitch, limit, tau, threshold, outer, inner, median_size, image, columns, changes):
    """Iterate at one warp until the sum of squared changes of U falls to the threshold, or all iterations are done."""
    change = np.float32(np.inf)
    for _ in range(outer):
        if change <= threshold:
            break
        if median_size > 1:
            median.smooth(state, U1, height, width, pitch, median_size, image, columns)
            median.smooth(state, U2, height, width, pitch, median_size, image, columns)
        done = 0
        group = 2 if threshold > 0 else _GROUP
        while done < inner and change > threshold:
            n = min(group, inner - done)
            before_last = change
            iterate(state, height, width, pitch, n, limit, tau, changes)
            change = changes[:n].min()
            done += n
            group = _iterations_left(changes[n - 2] if n > 1 else before_last, changes[n - 1], threshold)


def refine(before, after, flow, work, tau, limit, scale, threshold, warps, outer, inner, median_size):
    """Refine ``flow`` (2, H, W), in pixels, from image ``before`` to ``after`` (H, W), all float32, in place.

    ``scale`` is tau / theta; ``limit`` is lambda * theta, the bound of the data term's step in pixels a gray level;
    ``threshold`` is the mean squared change of the flow in an iteration, in pixels, at which a warp ends. ``work`` is
    scratch of at least ``room(H, W)`` numbers.
    """
    height, width = before.shape
    pitch = (width // LANES + 1) * BLOCK
    end = (height + 1) * pitch
    state = work[:end]
    start, end = end, end + (height + 2 * warp.MARGIN) * warp.pitch_of(width)
    interleaved = work[start:end]
    start, end = end, end + (height + 2 * median.MARGIN) * median.pitch_of(width)
    image = work[start:end]
    start, end = end, end + 11 * median.pitch_of(width)
    rows = work[start:end]
    reference = work[end : end + height * width + LANES]
    changes = np.empty(_GROUP, np.float32)

    state[:] = 0
    warp.interleave(after.ravel(), height, width, interleaved)
    reference[: height * width] = before.ravel()
    for y in range(height):
        for x in range(width):
            at = (y + 1) * pitch + x // LANES * BLOCK + x % LANES
            state[at + U1], state[at + U2] = flow[0, y, x] * scale, flow[1, y, x] * scale
    bound = limit * scale * scale
    enough = threshold * height * width * scale * scale
    for _ in range(warps):
        warp.warp(interleaved, reference, state, height, width, pitch, np.float32(1) / scale, rows)
        _settle(state, height, width, pitch, bound, tau, enough, outer, inner, median_size, image, rows, changes)
    for y in range(height):
        for x in range(width):
            at = (y + 1) * pitch + x // LANES * BLOCK + x % LANES
            flow[0, y, x], flow[1, y, x] = state[at + U1] / scale, state[at + U2] / scale
