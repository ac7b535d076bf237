"""Directions of flow vectors, and the parts of the circle that they lie in."""

import math

import numpy as np
from numpy.typing import NDArray

from rrrn.running.stage import InputError

_EDGE = 1e-9  # of a bin: an angle on an edge belongs to the bin above, whatever its last digit


def checked(flow: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return flow (..., 2, H, W) in double precision, the components u (to the right) and v (down), in pixels.

    Raises InputError for another shape, and for values that are not finite.
    """
    values = np.asarray(flow, np.float64)
    if values.ndim < 3 or values.shape[-3] != 2 or min(values.shape[-2:]) < 2:
        raise InputError(
            f"flow of shape {values.shape} is not (..., 2, H, W) with two pixels per side at least; give u and v in "
            "this order, before rows and columns"
        )
    if not np.isfinite(values).all():
        raise InputError(
            "the flow is not finite everywhere; solve it again, or replace what is unknown by 0, which means rest"
        )
    return values + 0.0  # no -0: the angle of (-0, 0) would be pi, and rest has the angle 0


def bins(u: NDArray[np.float64], v: NDArray[np.float64], count: int, start: float) -> NDArray[np.intp]:
    """Return which of ``count`` equal parts of the circle, of which the first begins at ``start``, each vector is in.

    Angles are in radians, from u towards v. A part has the edge that it begins with. Rest counts as the angle 0.
    """
    turn = (np.arctan2(v, u) - start) % (2 * math.pi)
    return np.floor(turn * count / (2 * math.pi) + _EDGE).astype(np.intp) % count
