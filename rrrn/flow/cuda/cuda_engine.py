"""TV-L1 optical flow on a GPU, many pairs at once: OpenCV's DualTVL1OpticalFlow (gamma 0).

Everything from the pyramid on happens on the device, by Triton's kernels, or by plain PyTorch where Triton is missing
or the device is a CPU. The result of a pair does not depend on the others.
"""

import importlib.util
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from rrrn.flow import pairs
from rrrn.flow.cuda import images
from rrrn.flow.cuda.torch_level import TorchLevel
from rrrn.flow.cuda.transfer import Transfer
from rrrn.flow.pairs import Flows, Images
from rrrn.flow.parameters import Parameters
from rrrn.running.stage import InputError

_AHEAD = 2  # batches on the device or waiting for it while the caller has another
_BATCH_BYTES = 1 << 29  # of the host's memory, which holds up to four batches: read, waiting, solved, written
_PIXEL_BYTES = 12  # of a pair in it: two images as they come and as they are sent, and the flow


class Level(Protocol):
    """The solution of all pairs at one scale; see TorchLevel."""

    @property
    def live(self) -> Tensor: ...
    def linearise(self) -> None: ...
    def smooth(self, size: int) -> None: ...
    def iterate(self, count: int, threshold: float) -> None: ...
    def settled(self) -> bool: ...
    def flow(self) -> Tensor: ...


MakeLevel = Callable[[Tensor, Tensor, Tensor, float, float, float], Level]


def solve(pairs_a: Images, pairs_b: Images, parameters: Parameters, device: str = "cuda") -> Flows:
    """Return the flow from each image of ``pairs_a`` to that of ``pairs_b``, float32 (N, 2, H, W): u right, v down.

    Images are uint8 (N, H, W) gray; the flow is in pixels. ``device`` is one of PyTorch's: cuda, cuda:1, cpu.
    Raises InputError on other shapes or types, on an image of less than 3 x 3 pixels, or if the device is missing.
    """
    pairs.check(pairs_a, pairs_b)
    transfer = Transfer(find(device))
    count = len(pairs_a)
    size = min(count, transfer.pairs_at_once(*pairs_a.shape[1:]))
    starts = range(0, count, max(1, size))
    batches = ((pairs_a[start : start + size], pairs_b[start : start + size]) for start in starts)
    flows = np.empty((count, 2, *pairs_a.shape[1:]), np.float32)
    for start, part in zip(starts, stream(batches, parameters, device), strict=True):
        flows[start : start + size] = part
    return flows


def stream(batches: Iterable[tuple[Images, Images]], parameters: Parameters, device: str = "cuda") -> Iterator[Flows]:
    """Yield the flows of batches of pairs in turn, each as ``solve`` returns them.

    While the caller reads the next batch or writes the last, the device solves up to two others; images and flows
    cross over on streams of their own. Raises InputError as ``solve``.
    """
    transfer = Transfer(find(device))
    make = _level(transfer.device)

    def solve_batch(before: Tensor, after: Tensor) -> Tensor:
        return coarse_to_fine(before, after, parameters, make)

    waiting: deque[Future[Callable[[], Flows]]] = deque()
    pool = ThreadPoolExecutor(1)  # which waits for pairs to settle in place of the caller
    try:
        for before, after in batches:
            pairs.check(before, after)
            waiting.append(pool.submit(transfer.solved, transfer.sent(before, after), solve_batch))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()()
        while waiting:
            yield waiting.popleft().result()()
    finally:
        pool.shutdown(cancel_futures=True)


def pairs_at_once(height: int, width: int, device: str = "cuda") -> int:
    """Return how many pairs of images of this size a batch of ``stream`` has at best: what both memories hold.

    Raises InputError if the device is missing.
    """
    held = Transfer(find(device)).pairs_at_once(height, width)
    return max(1, min(held, _BATCH_BYTES // (_PIXEL_BYTES * height * width)))


def find(name: str) -> torch.device:
    """Return the device that PyTorch calls ``name``. Raises InputError if there is none."""
    try:
        device = torch.device(name)
    except RuntimeError:
        raise InputError(f"PyTorch knows no device {name}; name cuda, cuda:0 or cpu") from None
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise InputError(
            f"PyTorch finds no device {name}; run on a machine with a GPU and its driver, or take the engine for CPUs"
        )
    return device


def _level(device: torch.device) -> MakeLevel:
    if device.type != "cuda" or importlib.util.find_spec("triton") is None:
        return TorchLevel
    from rrrn.flow.cuda.triton_level import TritonLevel  # needs Triton, which is not on every machine

    return TritonLevel


@torch.inference_mode()
def coarse_to_fine(before: Tensor, after: Tensor, parameters: Parameters, make: MakeLevel) -> Tensor:
    """Return the flow, float32 (N, 2, H, W) in pixels, of images uint8 (N, H, W) on the same device.

    ``make`` makes what solves a scale from both images, a first flow, tau, lambda * theta, and tau / theta.
    """
    pyramids = [images.pyramid(image.float(), parameters) for image in (before, after)]
    flow = torch.zeros(len(before), 2, *pyramids[0][-1].shape[1:], device=before.device)
    while pyramids[0]:
        first, second = (pyramid.pop() for pyramid in pyramids)
        if flow.shape[2:] != first.shape[1:]:
            flow = images.enlarge(flow, *first.shape[1:]) / parameters.scale_step
        flow = _refined(first, second, flow, parameters, make)
    return flow


def _refined(before: Tensor, after: Tensor, flow: Tensor, parameters: Parameters, make: MakeLevel) -> Tensor:
    limit, scale = parameters.lambda_ * parameters.theta, parameters.tau / parameters.theta
    level = make(before, after, flow, parameters.tau, limit, scale)
    for _ in range(parameters.warps):
        level.linearise()
        _settle(level, parameters)
    return level.flow()


def _settle(level: Level, parameters: Parameters) -> None:
    """Iterate at one warp until the mean squared change of each pair's flow falls to epsilon squared, or to the end."""
    for _ in range(parameters.outer_iterations):
        if parameters.median_filter > 1:
            level.smooth(parameters.median_filter)
        level.iterate(parameters.inner_iterations, parameters.epsilon**2)
        if parameters.epsilon > 0 and level.settled():
            break
