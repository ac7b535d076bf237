"""TV-L1 optical flow on a CPU: OpenCV's DualTVL1OpticalFlow (gamma 0) many times faster, without a compiler to install.

Energy and scheme are those of Zach, Pock and Bischof 2007. The pyramid is OpenCV's own; the scales are solved by
kernels that numba compiles once for all image sizes.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from numpy.typing import NDArray

from rrrn.flow import pairs
from rrrn.flow.numba import level
from rrrn.flow.parameters import Parameters
from rrrn.running.stage import InputError

_LEAST_SIDE = 16  # of a coarser scale, as in OpenCV
_ALIGNMENT = 64  # bytes

Image = NDArray[np.float32]


def solve(
    pairs_a: NDArray[np.uint8], pairs_b: NDArray[np.uint8], parameters: Parameters, threads: int = 1
) -> NDArray[np.float32]:
    """Return the flow from each image of ``pairs_a`` to that of ``pairs_b``, float32 (N, 2, H, W): u right, v down.

    Images are uint8 (N, H, W) gray; the flow is in pixels. Pairs are spread over ``threads`` threads, whose number
    changes no bit of the result. Neighbours with the same image in ``pairs_a`` share its pyramid, which changes none
    either. Raises InputError on other shapes or types, or on an image of less than 3 x 3 pixels.
    """
    pairs.check(pairs_a, pairs_b)
    latest = threading.local()

    def one(index: int, work: Image) -> NDArray[np.float32]:
        if not hasattr(latest, "image") or not np.array_equal(latest.image, pairs_a[index]):
            latest.image, latest.pyramid = pairs_a[index], _pyramid(pairs_a[index], parameters)
        return _coarse_to_fine(latest.pyramid, _pyramid(pairs_b[index], parameters), parameters, work)

    return _each(one, pairs_a.shape, threads)


def refine(
    pairs_a: NDArray[np.uint8],
    pairs_b: NDArray[np.uint8],
    starts: NDArray[np.float32],
    parameters: Parameters,
    threads: int = 1,
) -> NDArray[np.float32]:
    """Return the flow as ``solve`` does, found from the guesses ``starts``, float32 (N, 2, H, W) in pixels.

    A guess that is less than about a pixel off needs no coarser scales: only the images themselves are solved, with
    all warps. Raises InputError as ``solve``, or for guesses of another shape or that are not finite.
    """
    pairs.check(pairs_a, pairs_b)
    wanted = (len(pairs_a), 2, *pairs_a.shape[1:])
    if starts.shape != wanted or not np.isfinite(starts).all():
        raise InputError(f"guesses of the flow are {starts.shape}; they must be finite numbers of shape {wanted}")

    def one(index: int, work: Image) -> NDArray[np.float32]:
        first, second = (np.ascontiguousarray(images[index], np.float32) for images in (pairs_a, pairs_b))
        flow = np.array(starts[index], np.float32, order="C")
        _refine(first, second, flow, parameters, work)
        return flow

    return _each(one, pairs_a.shape, threads)


def _each(
    one: Callable[[int, Image], NDArray[np.float32]], shape: tuple[int, ...], threads: int
) -> NDArray[np.float32]:
    """Return what ``one`` finds for each pair, given its number and scratch, which threads do not share."""
    if threads < 1:
        raise InputError(f"{threads} threads; give at least 1")
    count, height, width = shape
    flows = np.empty((count, 2, height, width), np.float32)
    level.solver()
    own = threading.local()

    def fill(index: int) -> None:
        if not hasattr(own, "work"):
            own.work = _aligned(level.layout(height, width)[-1])
        flows[index] = one(index, own.work)

    if threads == 1:
        for index in range(count):
            fill(index)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(fill, range(count)))
    return flows


def _coarse_to_fine(
    before: list[Image], after: list[Image], parameters: Parameters, work: Image
) -> NDArray[np.float32]:
    flow = np.zeros((2, *before[-1].shape), np.float32)
    for first, second in zip(reversed(before), reversed(after), strict=True):
        if flow.shape[1:] != first.shape:
            size = first.shape[::-1]
            enlarged = [cv2.resize(component, size, interpolation=cv2.INTER_LINEAR) for component in flow]
            flow = np.stack(enlarged) * np.float32(1 / parameters.scale_step)
        _refine(first, second, flow, parameters, work)
    return flow


def _refine(first: Image, second: Image, flow: NDArray[np.float32], parameters: Parameters, work: Image) -> None:
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


def _pyramid(image: NDArray[np.uint8], parameters: Parameters) -> list[Image]:
    levels = [np.ascontiguousarray(image, np.float32)]
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
