"""The primal and dual updates of TV-L1 (Zach, Pock and Bischof 2007, equations 12 to 15), fused.

In scaled variables U = (tau / theta) u and P = tau p. One sweep updates the flow in a row and, with it, the dual
variables in the row above. Sweeps of several iterations follow each other down the image one row apart, each finding
what the one before has left: the result is that of whole iterations one after the other.
"""

import numpy as np
from numba import njit

from rrrn.tvl1.simd import (
    LANES,
    highest,
    left_neighbours,
    load,
    lowest,
    reciprocal,
    reciprocal_root,
    right_neighbours,
    splat,
    store,
    total,
)
from rrrn.tvl1.state import BLOCK, JX, JY, P11, P12, P21, P22, RHO, U1, U2, WEIGHT

_TINY = np.float32(1e-20)  # keeps 1 / sqrt(0) finite
_IOTA = np.arange(LANES, dtype=np.float32)


@njit(forceinline=True)
def _dual(state, at, across1, down1, across2, down2, step):
    """Update both dual vectors in the block ``at`` from the forward differences of U there."""
    one, tiny = splat(np.float32(1)), splat(_TINY)
    squared1 = across1 * across1 + (down1 * down1 + tiny)
    squared2 = across2 * across2 + (down2 * down2 + tiny)
    shrink1 = reciprocal(squared1 * reciprocal_root(squared1) + one)
    shrink2 = reciprocal(squared2 * reciprocal_root(squared2) + one)
    store(state, at + P11, (load(state, at + P11) + step * across1) * shrink1)
    store(state, at + P12, (load(state, at + P12) + step * down1) * shrink1)
    store(state, at + P21, (load(state, at + P21) + step * across2) * shrink2)
    store(state, at + P22, (load(state, at + P22) + step * down2) * shrink2)


@njit(forceinline=True)
def _sweep(state, here, above, width, limit, tau):
    """Update U in the row that starts ``here`` and P in the row ``above``; return the sum of squared changes of U."""
    blocks = (width + LANES - 1) // LANES
    high, low, step = splat(limit), splat(-limit), splat(tau)
    left1 = left2 = change = change_sum = splat(np.float32(0))
    above1, above2 = load(state, above + U1), load(state, above + U2)
    for block in range(blocks):
        i = here + block * BLOCK
        j = above + block * BLOCK
        jx, jy = load(state, i + JX), load(state, i + JY)
        u1, u2 = load(state, i + U1), load(state, i + U2)
        p11, p21 = load(state, i + P11), load(state, i + P21)
        rho = load(state, i + RHO) + jx * u1 + jy * u2
        drop = lowest(highest(rho * load(state, i + WEIGHT), low), high)
        change1 = (p11 - left_neighbours(left1, p11)) + (load(state, i + P12) - load(state, j + P12)) - drop * jx
        change2 = (p21 - left_neighbours(left2, p21)) + (load(state, i + P22) - load(state, j + P22)) - drop * jy
        left1, left2 = p11, p21
        u1, u2 = u1 + change1, u2 + change2
        store(state, i + U1, u1)
        store(state, i + U2, u2)
        change_sum = change_sum + change
        change = change1 * change1 + change2 * change2

        next1, next2 = load(state, j + BLOCK + U1), load(state, j + BLOCK + U2)
        across1, across2 = right_neighbours(above1, next1) - above1, right_neighbours(above2, next2) - above2
        _dual(state, j, across1, u1 - above1, across2, u2 - above2, step)
        above1, above2 = next1, next2
    repeat_last(state, here, width)
    inside = highest(lowest(splat(np.float32(width - (blocks - 1) * LANES)) - load(_IOTA, 0), splat(np.float32(1))), splat(np.float32(0)))
    return total(change_sum + change * inside)


@njit(forceinline=True)
def repeat_last(state, here, width):
    """Give the pixel right of the last its U, so that the forward difference across the border is 0."""
    last = here + (width - 1) // LANES * BLOCK + (width - 1) % LANES
    after = here + width // LANES * BLOCK + width % LANES
    state[after + U1] = state[last + U1]
    state[after + U2] = state[last + U2]


@njit(forceinline=True)
def _last_row(state, here, width, tau):
    """Update P in the last row, below which U has no difference."""
    step, none = splat(tau), splat(np.float32(0))
    u1, u2 = load(state, here + U1), load(state, here + U2)
    for block in range((width + LANES - 1) // LANES):
        i = here + block * BLOCK
        next1, next2 = load(state, i + BLOCK + U1), load(state, i + BLOCK + U2)
        _dual(state, i, right_neighbours(u1, next1) - u1, none, right_neighbours(u2, next2) - u2, none, step)
        u1, u2 = next1, next2


@njit
def iterate(state, height, width, pitch, iterations, limit, tau, changes):
    """Do ``iterations`` iterations and leave in ``changes`` the sum of squared changes of U in each."""
    for k in range(iterations):
        changes[k] = 0
    for front in range(height + iterations):
        for k in range(max(0, front - height), min(front + 1, iterations)):
            y = front - k
            here = (y + 1) * pitch
            if y == height:
                _last_row(state, here - pitch, width, tau)
            else:
                # above the first row P must stay 0
                changes[k] += _sweep(state, here, here - pitch, width, limit, tau if y > 0 else np.float32(0))
