"""TV-L1 optical flow on a CPU: OpenCV's DualTVL1OpticalFlow (gamma 0) many times faster, without a compiler to install.

Energy and scheme are those of Zach, Pock and Bischof 2007. The pyramid is OpenCV's own; the scales are solved by
kernels that numba compiles once for all image sizes.
"""

import threading
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from numpy.typing import NDArray

from rrrn.stage import InputError
from rrrn.tvl1 import level, pairs
from rrrn.tvl1.parameters import Parameters

_LEAST_SIDE = 16  # of a coarser scale, as in OpenCV
_ALIGNMENT = 64  # bytes

Image = NDArray[np.float32]


def solve(
    pairs_a: NDArray[np.uint8], pairs_b: NDArray[np.uint8], parameters: Parameters, threads: int
) -> NDArray[np.float32]:
    """Return the flow from each image of ``pairs_a`` to that of ``pairs_b``, float32 (N, 2, H, W): u right, v down.

    Images are uint8 (N, H, W) gray; the flow is in pixels. Pairs are spread over ``threads`` threads, whose number
    changes no bit of the result. Raises InputError on other shapes or types, or on an image of less than 3 x 3 pixels.
    """
    pairs.check(pairs_a, pairs_b)
    if threads < 1:
        raise InputError(f"{threads} threads; give at least 1")
    count, height, width = pairs_a.shape
    flows = np.empty((count, 2, height, width), np.float32)
    level.solver()
    own = threading.local()

    def one(index: int) -> None:
        if not hasattr(own, "work"):
            own.work = _aligned(level.layout(height, width)[-1])
        flows[index] = _coarse_to_fine(pairs_a[index], pairs_b[index], parameters, own.work)

    if threads == 1:
        for index in range(count):
            one(index)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(one, range(count)))
    return flows


def _coarse_to_fine(
    before: NDArray[np.uint8], after: NDArray[np.uint8], parameters: Parameters, work: Image
) -> NDArray[np.float32]:
    pyramid = list(zip(*(_pyramid(image, parameters) for image in (before, after)), strict=True))
    flow = np.zeros((2, *pyramid[-1][0].shape), np.float32)
    for first, second in reversed(pyramid):
        if flow.shape[1:] != first.shape:
            size = first.shape[::-1]
            enlarged = [cv2.resize(component, size, interpolation=cv2.INTER_LINEAR) for component in flow]
            flow = np.stack(enlarged) * np.float32(1 / parameters.scale_step)
        level.solver()(
            first,
            second,
            flow,
            work,
            level.layout(*first.shape),
            parameters.tau,
            parameters.lambda_ * parameters.theta,
            parameters.tau / parameters.theta,
            parameters.epsilon**2,
            parameters.warps,
            parameters.outer_iterations,
            parameters.inner_iterations,
            parameters.median_filter,
        )
    return flow


def _pyramid(image: NDArray[np.uint8], parameters: Parameters) -> list[Image]:
    levels = [image.astype(np.float32)]
    step = parameters.scale_step
    while len(levels) < parameters.scales:
        smaller = cv2.resize(levels[-1], None, fx=step, fy=step, interpolation=cv2.INTER_LINEAR)
        if min(smaller.shape) < _LEAST_SIDE:
            break
        levels.append(smaller)
    return levels


def _aligned(length: int) -> Image:
    """Return a row of numbers that begins on a cache line, so that rows of lanes lie in one."""
    room = np.empty(length * 4 + _ALIGNMENT, np.uint8)
    start = -room.ctypes.data % _ALIGNMENT
    return room[start : start + length * 4].view(np.float32)
