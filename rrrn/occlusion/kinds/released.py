"""The geometry of the scripts that the authors of arXiv 2107.05904 released, with its defects, for comparison.

The scripts paste the picture un-tilted: the angle of the face's axis goes, in radians, to a function that takes
degrees, and of the result only the size is used. All numbers are cut to integers.
"""

import numpy as np

from rrrn.occlusion.placing import Placement


def pasted(start: np.ndarray, end: np.ndarray, placement: Placement) -> Placement:
    """Return where the scripts paste a picture whose right place on the axis from ``start`` to ``end`` is given.

    Both points (2,) are in pixels. The picture stays upright and lies up and to the left of its place, by half of what
    a turn by 1.6 degrees would add to its size.
    """
    height, left, right = (max(1, int(length)) for length in (placement.height, placement.left, placement.right))
    width = left + right
    across, down = end - start
    mistaken = np.deg2rad(np.arctan2(down, across))
    cos, sin = abs(np.cos(mistaken)), abs(np.sin(mistaken))
    turned = np.array([int(width * cos + height * sin + 0.5), int(width * sin + height * cos + 0.5)])
    corner = (np.floor(start) + np.floor(end)) // 2 - turned // 2
    top = corner + (left - 0.5, -0.5)  # pixels are centred at integers
    return Placement(top, np.array([0.0, 1.0]), float(height), float(left), float(right))
