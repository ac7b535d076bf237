"""TV-L1 optical flow by OpenCV's own solver for GPUs, which only builds of OpenCV with CUDA have; pip's have none.

It has neither median filter nor outer iterations and tests its stopping rule less often than the solver for
processors, so its flow differs from that of all other engines.
"""

import cv2
import numpy as np

from rrrn.stage import InputError
from rrrn.tvl1 import pairs
from rrrn.tvl1.pairs import Flows, Images
from rrrn.tvl1.parameters import Parameters


def missing() -> str:
    """Return what OpenCV lacks for this engine, in words, or nothing."""
    if not hasattr(cv2.cuda, "OpticalFlowDual_TVL1"):
        return "this build of OpenCV has no cv2.cuda.OpticalFlowDual_TVL1"
    if cv2.cuda.getCudaEnabledDeviceCount() < 1:
        return "OpenCV sees no GPU"
    return ""


def solve(pairs_a: Images, pairs_b: Images, parameters: Parameters) -> Flows:
    """Return the flow from each image of ``pairs_a`` to that of ``pairs_b``, float32 (N, 2, H, W): u right, v down.

    Images are uint8 (N, H, W) gray; the flow is in pixels. Raises InputError as ``pairs.check``, and for a median
    filter, which this solver lacks.
    """
    pairs.check(pairs_a, pairs_b)
    if parameters.median_filter > 1:
        raise InputError(
            f"flow.median_filter is {parameters.median_filter}, and OpenCV's solver for GPUs has none; set it to 1, or "
            "flow.engine to cuda"
        )
    solver = cv2.cuda.OpticalFlowDual_TVL1.create(  # type: ignore[attr-defined]  # not in the stubs of pip's OpenCV
        tau=parameters.tau,
        lambda_=parameters.lambda_,
        theta=parameters.theta,
        nscales=parameters.scales,
        warps=parameters.warps,
        epsilon=parameters.epsilon,
        iterations=parameters.inner_iterations * parameters.outer_iterations,
        scaleStep=parameters.scale_step,
    )
    flows = np.empty((len(pairs_a), 2, *pairs_a.shape[1:]), np.float32)
    before, after = cv2.cuda.GpuMat(), cv2.cuda.GpuMat()
    for index in range(len(pairs_a)):
        before.upload(pairs_a[index])
        after.upload(pairs_b[index])
        flows[index] = solver.calc(before, after, None).download().transpose(2, 0, 1)
    return flows
