"""Directions of flow vectors, and the parts of the circle that they lie in."""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rrrn.running.stage import InputError

_EDGE = 1e-9  # of a bin: an angle on an edge belongs to the bin above, whatever its last digit


def checked(flow: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return flow (..., 2, H, W) in double precision, the components u (to the right) and v (down), in pixels.

    Raises InputError for another shape, and for values that are not finite.
    """
    values = np.asarray(flow)
    check_shape(values)
    if not np.isfinite(values).all():
        raise InputError(
            "the flow is not finite everywhere; solve it again, or replace what is unknown by 0, which means rest"
        )
    return np.add(values, 0.0, dtype=np.float64)  # no -0: the angle of (-0, 0) would be pi, and rest has the angle 0


def check_shape(flow: NDArray[np.floating]) -> None:
    """Raise InputError for flow that is not (..., 2, H, W)."""
    if flow.ndim < 3 or flow.shape[-3] != 2 or min(flow.shape[-2:]) < 2:
        raise InputError(
            f"flow of shape {flow.shape} is not (..., 2, H, W) with two pixels per side at least; give u and v in "
            "this order, before rows and columns"
        )


def bins(u: NDArray[np.float64], v: NDArray[np.float64], count: int, start: float) -> NDArray[np.intp]:
    """Return which of ``count`` equal parts of the circle, of which the first begins at ``start``, each vector is in.

    Angles are in radians, from u towards v; ``start`` is from -pi to 0. A part has the edge that it begins with. Rest
    counts as the angle 0.
    """
    turn = np.arctan2(v, u)
    if start:
        turn -= start
    turn *= count / (2 * math.pi)
    turn += count + _EDGE  # a whole turn more, so that none is below 0 and cutting off the fraction rounds down
    part: NDArray[np.intp] = _in_one_turn(count).take(turn.astype(np.intp))
    return part


@lru_cache
def _in_one_turn(count: int) -> NDArray[np.intp]:
    """The part of the circle of each part of two turns, so that no vector needs a remainder."""
    return np.arange(2 * count + 1) % count
