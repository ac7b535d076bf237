"""Pyramids of images and what is sampled of them, in PyTorch, with OpenCV's arithmetic: the same on CPU and GPU."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from rrrn.flow.parameters import Parameters

MARGIN = 5  # a pixel this far outside has a cubic support of zeros only

_LEAST_SIDE = 16  # of a coarser scale, as in OpenCV


def pyramid(images: Tensor, parameters: Parameters) -> list[Tensor]:
    """Return ``images`` (N, H, W), float32, at all scales, the finest first: float32 (N, h, w) each."""
    levels = [images]
    step = parameters.scale_step
    while len(levels) < parameters.scales:
        height, width = (round(side * step) for side in levels[-1].shape[-2:])
        if min(height, width) < _LEAST_SIDE:
            break
        # OpenCV divides by the step here, not by the rounded sides
        levels.append(_resized(levels[-1], (height, width), (1 / step, 1 / step)))
    return levels


def enlarge(flow: Tensor, height: int, width: int) -> Tensor:
    """Return components (N, 2, h, w) sampled bilinearly at another size; their values stay as they are."""
    return _resized(flow, (height, width), (flow.shape[-2] / height, flow.shape[-1] / width))


def picture(image: Tensor) -> Tensor:
    """Return image and central differences along x and y, (N, 3, H, W) from (N, H, W), in a frame of MARGIN zeros."""
    near = functional.pad(image[:, None], (1, 1, 1, 1), mode="replicate")[:, 0]
    across = 0.5 * (near[:, 1:-1, 2:] - near[:, 1:-1, :-2])
    down = 0.5 * (near[:, 2:, 1:-1] - near[:, :-2, 1:-1])
    return functional.pad(torch.stack((image, across, down), 1), (MARGIN,) * 4)


def _resized(planes: Tensor, size: tuple[int, int], ratios: tuple[float, float]) -> Tensor:
    """Interpolate linearly along the last axis, then the one before; a ratio is the old pixel in new ones."""
    for axis, length, ratio in ((-1, size[1], ratios[1]), (-2, size[0], ratios[0])):
        lower, fraction = _places(planes.shape[axis], length, ratio)
        shape = [1] * planes.ndim
        shape[axis] = length
        upper = np.minimum(lower + 1, planes.shape[axis] - 1)
        near, far = (planes.index_select(axis, torch.from_numpy(i).to(planes.device)) for i in (lower, upper))
        weight = torch.from_numpy(fraction).to(planes.device).view(shape)
        planes = near * (1 - weight) + far * weight
    return planes


def _places(old: int, new: int, ratio: float) -> tuple[np.ndarray, np.ndarray]:
    """Return for each new pixel the old one at or before its centre, int64, and how far behind that it lies."""
    at = (np.arange(new) + 0.5) * ratio - 0.5
    lower = np.floor(at).astype(np.int64)
    fraction = np.where((lower < 0) | (lower >= old - 1), 0, at - lower).astype(np.float32)
    return lower.clip(0, old - 1), fraction
