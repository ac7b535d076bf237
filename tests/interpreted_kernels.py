"""What the kernels of TV-L1 give, by Triton's interpreter: TRITON_INTERPRET=1 python -m tests.interpreted_kernels FILE.

A process of its own, for Triton decides when it is imported whether kernels are interpreted.
"""

import sys
from functools import partial

import cv2
import numpy as np
import torch

from rrrn.flow.cuda import cuda_engine
from rrrn.flow.cuda.cuda_engine import Level, MakeLevel
from rrrn.flow.parameters import Parameters

CONSTANTS = 0.25, 0.15 * 0.3, 0.25 / 0.3  # tau, limit, scale
THRESHOLD = 0.01  # which the last pair of ``stopping`` reaches in iteration 3 of 4, the second not at all
TINY = Parameters(
    scales=2, scale_step=0.95, warps=1, epsilon=0.05, inner_iterations=2, outer_iterations=2, median_filter=3
)


def moving(pairs: int, height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return images (N, H, W) of which the first does not move, and the others ever less."""
    noise = np.random.default_rng(height).normal(0, 250, (height + 4, width + 4)).astype(np.float32)
    texture = 128 + cv2.GaussianBlur(noise, (0, 0), 2)
    after = torch.from_numpy(texture[2:-2, 2:-2].copy()).repeat(pairs, 1, 1)
    shifted = torch.from_numpy(texture[2:-2, 3:-1].copy())
    return torch.stack([after[0] + (shifted - after[0]) * (k > 0) / max(k, 1) for k in range(pairs)]), after


def field(pairs: int, height: int, width: int) -> torch.Tensor:
    """Return a rough flow (N, 2, H, W) that also leads far outside."""
    rng = np.random.default_rng(width)
    rough = rng.normal(0, 0.5, (pairs, 2, height, width)).astype(np.float32)
    rough[:, :, ::3, ::5] *= 60
    return torch.from_numpy(rough)


def methods(make: MakeLevel, pairs: int, height: int, width: int) -> dict[str, torch.Tensor]:
    """Return the flow after each of the methods that change it."""
    level = make(*moving(pairs, height, width), field(pairs, height, width), *CONSTANTS)
    level.linearise()
    level.iterate(5, 0.0)
    level.iterate(1, 0.0)
    found = {f"{width}: iterations": level.flow()}
    for size in (3, 5):
        level.smooth(size)
        found[f"{width}: median {size}"] = level.flow()
    return found


def stopping(make: MakeLevel) -> dict[str, torch.Tensor]:
    """Return the flow of three pairs of which two stop, and then of the last alone."""
    level = make(*moving(3, 9, 20), torch.zeros(3, 2, 9, 20), *CONSTANTS)
    level.linearise()
    level.iterate(4, THRESHOLD)
    found = {"stopped": level.flow(), "live": level.live.clone()}
    level.smooth(3)
    return found | {"median of the live": level.flow()}


def two_strips(make: MakeLevel) -> Level:
    """Return a level of one pair before its first iteration, 40 pixels wide."""
    level = make(*moving(1, 5, 40), field(1, 5, 40), *CONSTANTS)
    level.linearise()
    return level


def tiny() -> tuple[torch.Tensor, torch.Tensor]:
    """Return a pair of images, uint8 (1, H, W), of two scales."""
    before, after = moving(2, 17, 21)
    return before[1:].round().clamp(0, 255).byte(), after[1:].round().clamp(0, 255).byte()


def every(make: MakeLevel, other: MakeLevel) -> dict[str, torch.Tensor]:
    """Return all that is compared; ``other`` does less in a launch, so that the interpreter is done sooner."""
    flow = cuda_engine.coarse_to_fine(*tiny(), TINY, other)
    return methods(make, 1, 4, 70) | methods(other, 2, 7, 31) | stopping(other) | {"coarse to fine": flow}


if __name__ == "__main__":
    from rrrn.flow.cuda import triton_level
    from rrrn.flow.cuda.triton_level import TritonLevel

    triton_level._JUDGED = 2  # fewer than there are blocks, as in images of 240 x 240
    fewer = {"columns": 32, "steps": 2, "block_rows": 4}
    found = every(partial(TritonLevel, slots=1), partial(TritonLevel, slots=1, **fewer))
    found |= {f"{name}, in bands": flow for name, flow in stopping(partial(TritonLevel, slots=99, **fewer)).items()}
    level = two_strips(partial(TritonLevel, slots=1, **fewer))
    level.iterate(2, 1e-9)
    found["changes"] = level._changes.sum(1)
    np.savez(sys.argv[1], **{name: value.numpy() for name, value in found.items()})
