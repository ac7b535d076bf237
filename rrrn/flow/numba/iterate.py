"""The primal and dual updates of TV-L1 (Zach, Pock and Bischof 2007, equations 12 to 15), fused.

In scaled variables U = (tau / theta) u and P = tau p. The divergence of P looks up and left, the gradient of U down and
right; so a pass down the image updates P one row behind U, and a pass up, from right to left, both at once. The result
is the same; passes in turn down and up find their first rows still in the cache. Several iterations can also follow
each other down the image one row apart, each finding what the one before has left.
"""

import numpy as np
from numba import njit

from rrrn.flow.numba.simd import (
    LANES,
    first_lanes,
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
from rrrn.flow.numba.state import BLOCK, JX, JY, P11, P12, P21, P22, RHO, U1, U2, WEIGHT

_TINY = np.float32(1e-20)  # keeps 1 / sqrt(0) finite


@njit(forceinline=True)
def _primal(state, i, j, p11, p21, left11, left21, low, high):
    """Update U in the block ``i``, the block ``j`` being above it; return U and its squared change."""
    jx, jy = load(state, i + JX), load(state, i + JY)
    u1, u2 = load(state, i + U1), load(state, i + U2)
    rho = load(state, i + RHO) + jx * u1 + jy * u2
    drop = lowest(highest(rho * load(state, i + WEIGHT), low), high)
    change1 = (p11 - left_neighbours(left11, p11)) + (load(state, i + P12) - load(state, j + P12)) - drop * jx
    change2 = (p21 - left_neighbours(left21, p21)) + (load(state, i + P22) - load(state, j + P22)) - drop * jy
    u1, u2 = u1 + change1, u2 + change2
    store(state, i + U1, u1)
    store(state, i + U2, u2)
    return u1, u2, change1 * change1 + change2 * change2


@njit(forceinline=True)
def _dual(state, i, across1, down1, across2, down2, step):
    """Update P in the block ``i`` from the forward differences of U there."""
    one, tiny = splat(np.float32(1)), splat(_TINY)
    squared1 = across1 * across1 + (down1 * down1 + tiny)
    squared2 = across2 * across2 + (down2 * down2 + tiny)
    shrink1 = reciprocal(squared1 * reciprocal_root(squared1) + one)
    shrink2 = reciprocal(squared2 * reciprocal_root(squared2) + one)
    store(state, i + P11, (load(state, i + P11) + step * across1) * shrink1)
    store(state, i + P12, (load(state, i + P12) + step * down1) * shrink1)
    store(state, i + P21, (load(state, i + P21) + step * across2) * shrink2)
    store(state, i + P22, (load(state, i + P22) + step * down2) * shrink2)


@njit(forceinline=True)
def _repeat_last(state, here, width):
    """Give the pixel right of the last its U, so that the forward difference across the border is 0."""
    last = here + (width - 1) // LANES * BLOCK + (width - 1) % LANES
    after = here + width // LANES * BLOCK + width % LANES
    state[after + U1] = state[last + U1]
    state[after + U2] = state[last + U2]


@njit(forceinline=True)
def _sweep_down(state, here, pitch, width, limit, tau):
    """Update U in the row that starts ``here`` and P in the row above; return the sum of squared changes of U."""
    blocks = (width + LANES - 1) // LANES
    high, low, step = splat(limit), splat(-limit), splat(tau)
    left11 = left21 = change = change_sum = splat(np.float32(0))
    above1, above2 = load(state, here - pitch + U1), load(state, here - pitch + U2)
    for block in range(blocks):
        i = here + block * BLOCK
        j = i - pitch
        p11, p21 = load(state, i + P11), load(state, i + P21)
        change_sum = change_sum + change
        u1, u2, change = _primal(state, i, j, p11, p21, left11, left21, low, high)
        left11, left21 = p11, p21
        next1, next2 = load(state, j + BLOCK + U1), load(state, j + BLOCK + U2)
        across1, across2 = right_neighbours(above1, next1) - above1, right_neighbours(above2, next2) - above2
        _dual(state, j, across1, u1 - above1, across2, u2 - above2, step)
        above1, above2 = next1, next2
    _repeat_last(state, here, width)
    return total(change_sum + first_lanes(change, width - (blocks - 1) * LANES))


@njit(forceinline=True)
def _sweep_up(state, here, below, pitch, width, limit, tau):
    """Update U and P in the row that starts ``here``; return the sum of squared changes of U.

    ``below`` is the start of the row below, or ``here`` in the last row, where U has no difference.
    """
    last = (width - 1) // LANES
    high, low, step = splat(limit), splat(-limit), splat(tau)
    none = change_sum = right1 = right2 = splat(np.float32(0))
    p11, p21 = load(state, here + last * BLOCK + P11), load(state, here + last * BLOCK + P21)
    for block in range(last, -1, -1):
        i = here + block * BLOCK
        if block > 0:
            left11, left21 = load(state, i - BLOCK + P11), load(state, i - BLOCK + P21)
        else:
            left11, left21 = none, none
        u1, u2, change = _primal(state, i, i - pitch, p11, p21, left11, left21, low, high)
        if block == last:
            change = first_lanes(change, width - last * LANES)
            _repeat_last(state, here, width)
            u1, u2 = load(state, i + U1), load(state, i + U2)
            right1, right2 = load(state, i + BLOCK + U1), load(state, i + BLOCK + U2)
        change_sum = change_sum + change
        down1 = load(state, below + block * BLOCK + U1) - u1
        down2 = load(state, below + block * BLOCK + U2) - u2
        _dual(state, i, right_neighbours(u1, right1) - u1, down1, right_neighbours(u2, right2) - u2, down2, step)
        p11, p21, right1, right2 = left11, left21, u1, u2
    return total(change_sum)


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
def down(state, height, width, pitch, iterations, limit, tau):
    """Do at least one iteration, down the image; return the sum of squared changes of U in the last."""
    change = np.float32(0)
    for front in range(height + iterations):
        for k in range(max(0, front - height), min(front + 1, iterations)):
            y = front - k
            if y == height:
                _last_row(state, height * pitch, width, tau)
                continue
            # above the first row P must stay 0
            change_of_row = _sweep_down(state, (y + 1) * pitch, pitch, width, limit, tau if y > 0 else np.float32(0))
            if k == iterations - 1:
                change += change_of_row
    return change


@njit
def up(state, height, width, pitch, limit, tau):
    """Do one iteration, up the image; return the sum of squared changes of U."""
    change = np.float32(0)
    for y in range(height, 0, -1):
        here = y * pitch
        change += _sweep_up(state, here, here if y == height else here + pitch, pitch, width, limit, tau)
    return change
