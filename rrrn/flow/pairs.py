"""Pairs of images as the engines of TV-L1 take them."""

import numpy as np
from numpy.typing import NDArray

from rrrn.running.stage import InputError

Images = NDArray[np.uint8]
Flows = NDArray[np.float32]


def check(pairs_a: NDArray, pairs_b: NDArray, names: tuple[str, str] = ("pairs_a", "pairs_b")) -> None:
    """Raise InputError, naming the array, unless both are uint8 (N, H, W) with sides of at least 3 pixels."""
    for name, images in zip(names, (pairs_a, pairs_b), strict=True):
        check_array(images, name)
        if images.dtype != np.uint8:
            broken = np.issubdtype(images.dtype, np.inexact) and not np.isfinite(images).all()
            found = f"{images.dtype} and holds NaN or infinite numbers" if broken else str(images.dtype)
            raise InputError(f"{name} is {found}; TV-L1 takes gray images of type uint8, 0 to 255")
    if pairs_a.shape != pairs_b.shape or pairs_a.ndim != 3:
        raise InputError(
            f"{names[0]} and {names[1]} are {pairs_a.shape} and {pairs_b.shape} as stacks (N, H, W), which are no "
            "pairs; give images of one size, as many of each"
        )
    if min(pairs_a.shape[1:]) < 3:
        raise InputError(f"images of {pairs_a.shape[1]} x {pairs_a.shape[2]} pixels have no flow; 3 x 3 is the least")


def check_array(images: object, name: str) -> None:
    """Raise InputError, naming it, for what is no array."""
    if not isinstance(images, np.ndarray):
        raise InputError(f"{name} is of type {type(images).__name__}; TV-L1 takes NumPy arrays of type uint8")


def check_flow(flow: NDArray, name: str) -> None:
    """Raise InputError, naming the images, for a flow that is not finite."""
    if not np.isfinite(flow).all():
        raise InputError(f"the flow of {name} is not finite; take parameters of TV-L1 nearer to the default ones")


def check_gray(images: NDArray, name: str) -> None:
    """Raise InputError, naming it, for an image in colour or a stack of them: they would pass for stacks of rows."""
    if images.ndim >= 3 and images.shape[-1] in (3, 4):
        raise InputError(
            f"{name} is {images.shape}, which is colour; convert it to gray first, for example by "
            "cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)"
        )
