"""Pairs of images as the engines of TV-L1 take them."""

import numpy as np
from numpy.typing import NDArray

from rrrn.stage import InputError

Images = NDArray[np.uint8]
Flows = NDArray[np.float32]


def check(pairs_a: Images, pairs_b: Images) -> None:
    """Raise InputError unless both are gray images uint8 (N, H, W), of at least 3 x 3 pixels and one shape."""
    for name, images in (("pairs_a", pairs_a), ("pairs_b", pairs_b)):
        if images.dtype != np.uint8:
            raise InputError(f"{name} is {images.dtype}; TV-L1 takes gray images of type uint8, 0 to 255")
    if pairs_a.shape != pairs_b.shape or pairs_a.ndim != 3:
        raise InputError(f"images {pairs_a.shape} and {pairs_b.shape} are no pairs; give (N, H, W) twice")
    if min(pairs_a.shape[1:]) < 3:
        raise InputError(f"images of {pairs_a.shape[1]} x {pairs_a.shape[2]} pixels have no flow; 3 x 3 is the least")
