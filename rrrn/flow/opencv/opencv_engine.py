"""TV-L1 optical flow by OpenCV's DualTVL1OpticalFlow: the reference that the other engines are measured by."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

from rrrn.flow import pairs
from rrrn.flow.pairs import Flows, Images
from rrrn.flow.parameters import Parameters
from rrrn.running.stage import InputError


def solve(pairs_a: Images, pairs_b: Images, parameters: Parameters, threads: int = 1) -> Flows:
    """Return the flow from each image of ``pairs_a`` to that of ``pairs_b``, float32 (N, 2, H, W): u right, v down.

    Images are uint8 (N, H, W) gray; the flow is in pixels. Each pair is solved by one of ``threads`` threads, which
    serves OpenCV best if it starts none of its own (``cv2.setNumThreads(1)``). Raises InputError as ``pairs.check``.
    """
    pairs.check(pairs_a, pairs_b)
    if threads < 1:
        raise InputError(f"{threads} threads; give at least 1")
    count, height, width = pairs_a.shape
    flows = np.empty((count, 2, height, width), np.float32)

    def one(index: int) -> None:
        solver = cv2.optflow.DualTVL1OpticalFlow_create(  # type: ignore[attr-defined]  # not in OpenCV's stubs
            tau=parameters.tau,
            lambda_=parameters.lambda_,
            theta=parameters.theta,
            nscales=parameters.scales,
            warps=parameters.warps,
            epsilon=parameters.epsilon,
            innnerIterations=parameters.inner_iterations,  # spelled so in OpenCV
            outerIterations=parameters.outer_iterations,
            scaleStep=parameters.scale_step,
            medianFiltering=parameters.median_filter,
        )
        flows[index] = solver.calc(pairs_a[index], pairs_b[index], None).transpose(2, 0, 1)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, range(count)))
    return flows
