"""The six regions of a face that RRRN sees (Section III-B of the paper)."""

import numpy as np
from numpy.typing import NDArray

# x0, y0, x1, y1 as shares of the side: whole face, top-left, top-right, centre-down (each 0.75), centre 0.9 and 0.85
FRACTIONS = (
    (0.0, 0.0, 1.0, 1.0),
    (0.0, 0.0, 0.75, 0.75),
    (0.25, 0.0, 1.0, 0.75),
    (0.125, 0.25, 0.875, 1.0),
    (0.05, 0.05, 0.95, 0.95),
    (0.075, 0.075, 0.925, 0.925),
)


def boxes(side: int) -> NDArray[np.int32]:
    """Return the six region boxes, int32 (6, 4) as (x0, y0, x1, y1), of a square map; fractions are cut to integers."""
    return (np.array(FRACTIONS) * side + 1e-9).astype(np.int32)  # 0.85 * 20 must not become 16
