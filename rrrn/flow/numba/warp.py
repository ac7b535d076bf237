"""Image and gradient at the displaced pixels, by cubic convolution (Keys 1981, a = -0.75), zero outside the image."""

import numpy as np
from numba import njit
from numba.extending import register_jitable

from rrrn.flow.numba.simd import (
    LANES,
    channel_0,
    channel_1,
    channel_2,
    floor,
    highest,
    load,
    lowest,
    reciprocal,
    splat,
    store,
    store_group_sums,
)
from rrrn.flow.numba.state import BLOCK, JX, JY, RHO, U1, U2, WEIGHT

MARGIN = 5  # a pixel this far outside has a support of zeros only
CHANNELS = 4  # image, gradient along x, along y, and a zero: a row of the support is one row of lanes

_TINY = np.float32(1e-20)  # keeps 1 / |J|^2 finite where the image is flat
_IOTA = np.arange(LANES, dtype=np.float32)
_A = np.float32(-0.75)


def _polynomials() -> np.ndarray:
    """Return for each power 0 to 3 of the fraction the factors in the weights of the 4 taps, repeated for channels."""
    taps = np.array([[0, 1, 0, 0], [_A, 0, -_A, 0], [-2 * _A, -_A - 3, 2 * _A + 3, _A], [_A, _A + 2, -_A - 2, -_A]])
    return np.repeat(taps, CHANNELS, axis=1).astype(np.float32).ravel()


_TAPS = _polynomials()


@register_jitable
def pitch_of(width: int) -> int:
    """Return the length of a row of the interleaved image."""
    return (width + 2 * MARGIN) * CHANNELS


@njit
def interleave(image, height, width, target):
    """Put image and central differences side by side, with a frame of zeros; ``target`` is scratch."""
    pitch = pitch_of(width)
    target[: (height + 2 * MARGIN) * pitch] = 0
    half = np.float32(0.5)
    for y in range(height):
        row = y * width
        above, below = max(y - 1, 0) * width, min(y + 1, height - 1) * width
        at = (y + MARGIN) * pitch + MARGIN * CHANNELS
        for x in range(width):
            target[at] = image[row + x]
            target[at + 1] = half * (image[row + min(x + 1, width - 1)] - image[row + max(x - 1, 0)])
            target[at + 2] = half * (image[below + x] - image[above + x])
            at += CHANNELS


@njit(forceinline=True)
def _locate(state, here, y, height, width, per_pixel, whole_x, whole_y, fraction, weights, padded):
    """Split the displaced positions of one row into whole pixels and fractions; weigh the 4 rows of the support."""
    outside = splat(np.float32(2 - MARGIN))
    right, bottom = splat(np.float32(width + MARGIN - 3)), splat(np.float32(height + MARGIN - 3))
    unit, one = splat(per_pixel), splat(np.float32(1))
    a, a2, a3 = splat(_A), splat(_A + np.float32(2)), splat(_A + np.float32(3))
    row = splat(np.float32(y))
    for x in range(0, width, LANES):
        i = here + x // LANES * BLOCK
        columns = splat(np.float32(x)) + load(_IOTA, 0)
        position_x = lowest(highest(columns + load(state, i + U1) * unit, outside), right)
        position_y = lowest(highest(row + load(state, i + U2) * unit, outside), bottom)
        left, top = floor(position_x), floor(position_y)
        store(whole_x, x, left)
        store(whole_y, x, top)
        store(fraction, x, position_x - left)
        t = position_y - top
        rest = one - t
        first, last = a * t * rest * rest, a * t * t * rest
        second = (a2 * t - a3) * t * t + one
        store(weights, x, first)
        store(weights, padded + x, second)
        store(weights, 2 * padded + x, one - first - second - last)
        store(weights, 3 * padded + x, last)


@njit
def warp(interleaved, reference, state, height, width, state_pitch, per_pixel, scratch):
    """Linearise the residual about the flow: set J, RHO and WEIGHT = 1 / |J|^2 of every pixel of the state.

    ``per_pixel`` turns U into pixels. ``interleaved`` is as ``interleave`` leaves it; ``reference`` is the first image,
    flat, with room for a row of lanes behind it. ``scratch`` holds 11 rows of whole lanes.
    """
    pitch = pitch_of(width)
    padded = (width + LANES - 1) // LANES * LANES
    whole_x, whole_y, fraction = scratch[:padded], scratch[padded : 2 * padded], scratch[2 * padded : 3 * padded]
    weights, sampled = scratch[3 * padded : 7 * padded], scratch[7 * padded : 11 * padded]
    power0, power1, power2, power3 = load(_TAPS, 0), load(_TAPS, 16), load(_TAPS, 32), load(_TAPS, 48)
    unit, tiny = splat(per_pixel), splat(_TINY)
    for y in range(height):
        here = (y + 1) * state_pitch
        _locate(state, here, y, height, width, per_pixel, whole_x, whole_y, fraction, weights, padded)
        for x in range(width):
            at = (int(whole_y[x]) + MARGIN - 1) * pitch + (int(whole_x[x]) + MARGIN - 1) * CHANNELS
            t = splat(fraction[x])
            column = splat(weights[x]) * load(interleaved, at)
            column = column + splat(weights[padded + x]) * load(interleaved, at + pitch)
            column = column + splat(weights[2 * padded + x]) * load(interleaved, at + 2 * pitch)
            column = column + splat(weights[3 * padded + x]) * load(interleaved, at + 3 * pitch)
            store_group_sums(sampled, x * CHANNELS, column * (power0 + t * (power1 + t * (power2 + t * power3))))
        for x in range(0, width, LANES):
            i = here + x // LANES * BLOCK
            s = x * CHANNELS
            a, b, c, d = load(sampled, s), load(sampled, s + 16), load(sampled, s + 32), load(sampled, s + 48)
            jx, jy = channel_1(a, b, c, d) * unit, channel_2(a, b, c, d) * unit
            rho = channel_0(a, b, c, d) - jx * load(state, i + U1) - jy * load(state, i + U2)
            store(state, i + JX, jx)
            store(state, i + JY, jy)
            store(state, i + RHO, rho - load(reference, y * width + x))
            store(state, i + WEIGHT, reciprocal(jx * jx + jy * jy + tiny))
