"""TV-L1 at one scale of the pyramid, with the warps, medians and stopping rule of OpenCV's DualTVL1OpticalFlow."""

import functools
import itertools
from collections.abc import Callable

import numpy as np
from numba import float32, int64, njit, types, void

from rrrn.flow.numba import compiled, iterate, median, warp
from rrrn.flow.numba.simd import LANES
from rrrn.flow.numba.state import BLOCK, U1, U2

_AT_ONCE = 15  # iterations that follow each other through the cache; more gain nothing
_ROWS = 11  # of scratch; what warp takes
_SIGNATURE = void(
    *[float32[:, ::1]] * 2,
    float32[:, :, ::1],
    float32[::1],
    types.UniTuple(int64, 5),
    *[float32] * 4,
    *[int64] * 4,
)


def layout(height: int, width: int) -> tuple[int, ...]:
    """Return where the parts of the scratch for images of this size end: state and four others, whole cache lines."""
    parts = (
        (height + 1) * (width // LANES + 1) * BLOCK,
        (height + 2 * warp.MARGIN) * warp.pitch_of(width),
        (height + 2 * median.MARGIN) * median.pitch_of(width),
        _ROWS * median.pitch_of(width),
        height * width + LANES,
    )
    return tuple(itertools.accumulate(-(-part // LANES) * LANES for part in parts))


@functools.cache
def solver() -> Callable[..., None]:
    """Return ``refine`` as machine code, from the disk if this was compiled before."""
    return compiled.machine_code(refine, _SIGNATURE, nogil=True, error_model="numpy")


@njit
def _settle(state, height, width, pitch, limit, tau, threshold, outer, inner, median_size, image, columns):
    """Iterate at one warp until the sum of squared changes of U falls to the threshold, or all iterations are done."""
    change = np.float32(np.inf)
    for _ in range(outer):
        if change <= threshold:
            break
        if median_size > 1:
            median.smooth(state, U1, height, width, pitch, median_size, image, columns)
            median.smooth(state, U2, height, width, pitch, median_size, image, columns)
        done = 0
        while done < inner and change > threshold:
            if threshold <= 0:
                iterations = min(_AT_ONCE, inner - done)
                change = iterate.down(state, height, width, pitch, iterations, limit, tau)
                done += iterations
                continue
            if done % 2 == 0:
                change = iterate.down(state, height, width, pitch, 1, limit, tau)
            else:
                change = iterate.up(state, height, width, pitch, limit, tau)
            done += 1


def refine(before, after, flow, work, ends, tau, limit, scale, threshold, warps, outer, inner, median_size):
    """Refine ``flow`` (2, H, W), in pixels, from image ``before`` to ``after`` (H, W), all float32, in place.

    ``scale`` is tau / theta; ``limit`` is lambda * theta, the bound of the data term's step in pixels a gray level;
    ``threshold`` is the mean squared change of the flow in an iteration, in pixels, at which a warp ends. ``work`` is
    flat scratch, divided at ``ends``, which are ``layout(H, W)``.
    """
    height, width = before.shape
    pitch = (width // LANES + 1) * BLOCK
    state, interleaved, image = work[: ends[0]], work[ends[0] : ends[1]], work[ends[1] : ends[2]]
    rows, reference = work[ends[2] : ends[3]], work[ends[3] : ends[4]]

    state[:] = 0
    warp.interleave(after.ravel(), height, width, interleaved)
    reference[: height * width] = before.ravel()
    reference[height * width :] = 0
    for y in range(height):
        for x in range(width):
            at = (y + 1) * pitch + x // LANES * BLOCK + x % LANES
            state[at + U1], state[at + U2] = flow[0, y, x] * scale, flow[1, y, x] * scale
    bound = limit * scale * scale
    enough = threshold * height * width * scale * scale
    for _ in range(warps):
        warp.warp(interleaved, reference, state, height, width, pitch, np.float32(1) / scale, rows)
        _settle(state, height, width, pitch, bound, tau, enough, outer, inner, median_size, image, rows)
    for y in range(height):
        for x in range(width):
            at = (y + 1) * pitch + x // LANES * BLOCK + x % LANES
            flow[0, y, x], flow[1, y, x] = state[at + U1] / scale, state[at + U2] / scale
