"""TV-L1 on a GPU: agreement with OpenCV, and speed beside one launch per iteration: python -m benchmarks.flow_cuda.

It needs PyTorch with Triton, NumPy and OpenCV (contrib). All times are of one card in one run; rounds take turns.
"""

import argparse
import importlib.util
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks import flow_cuda_limits
from benchmarks.flow_cuda_limits import markdown, seconds
from benchmarks.noisy_pairs import DISTINCT, MAGNITUDES, displaced_pairs
from benchmarks.plain_level import PlainLevel
from rrrn.flow.cuda import cuda_engine
from rrrn.flow.opencv import opencv_engine
from rrrn.flow.parameters import Parameters
from rrrn.running import stage
from rrrn.running.stage import InputError

SCHEDULES = {
    "default": Parameters(),
    "30 iterations per warp": Parameters(epsilon=0.0, outer_iterations=1),
    "20 iterations per warp": Parameters(epsilon=0.0, outer_iterations=1, inner_iterations=20),
}
MANY = 128  # pairs at once that plain PyTorch, slow as it is, can be timed with
BORDER = 8  # pixels that the end-point error leaves out
OPERATION, ITERATION, ENGINE = "PyTorch, a launch per operation", "fused, a launch per iteration", "this engine"
HOST = "this engine, from and to the host"


def agreement_table(side: int, each: int, seed: int, device: str = "cuda") -> str:
    """Return the table of distances from OpenCV's flow and of end-point errors, ``each`` pairs per magnitude."""
    before, after, truth = displaced_pairs(side, seed)
    rows = []
    for title, parameters in SCHEDULES.items():
        for k, magnitude in enumerate(MAGNITUDES):
            some = range(k, DISTINCT, len(MAGNITUDES))[:each]
            a, b = before[some], after[some]
            ours, reference = cuda_engine.solve(a, b, parameters, device), opencv_engine.solve(a, b, parameters)
            distance = lengths(ours - reference)
            inner = np.s_[:, BORDER:-BORDER, BORDER:-BORDER]
            errors = [float(lengths(flow - truth[some])[inner].mean()) for flow in (ours, reference)]
            cells = [distance.mean(), np.percentile(distance, 99), *errors]
            change = f"{errors[0] / errors[1] - 1:+.2%}"
            rows.append([title, str(magnitude), *map("{:.4f}".format, cells), change])
    columns = ("schedule", "largest displacement, px", "mean difference, px", "p99, px", "EPE, px", "EPE of OpenCV, px")
    return markdown((*columns, "change of EPE"), rows)


def lengths(flow: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the lengths (N, H, W) of vectors (N, 2, H, W)."""
    return np.hypot(flow[:, 0], flow[:, 1])


def speed_table(side: int, batch: int, rounds: int, seed: int, fused: Callable[..., Any], device: str = "cuda") -> str:
    """Return the table of pairs per second: medians over rounds, and in brackets the smallest and largest."""
    before, after = (np.resize(part, (batch, side, side)) for part in displaced_pairs(side, seed)[:2])
    many = min(batch, MANY)
    rows = []
    for title, parameters in SCHEDULES.items():
        actions: dict[tuple[str, int], Callable[[], object]] = {}
        for name, make, counts in (
            (OPERATION, PlainLevel, (1, many)),
            (ITERATION, partial(fused, steps=1), (1, many, batch)),
            (ENGINE, fused, (1, many, batch)),
        ):
            for count in counts:
                images = (torch.from_numpy(part[:count]).to(device) for part in (before, after))
                actions[name, count] = partial(cuda_engine.coarse_to_fine, *images, parameters, make)
        actions[HOST, batch] = partial(cuda_engine.solve, before, after, parameters, device)
        rates: dict[tuple[str, int], list[float]] = {key: [] for key in actions}
        memory: dict[tuple[str, int], float] = {}
        for turn in range(-1, rounds):
            for key, action in actions.items():
                torch.cuda.reset_peak_memory_stats()
                held = torch.cuda.memory_allocated()
                rate = key[1] / seconds(action)
                memory[key] = (torch.cuda.max_memory_allocated() - held) / key[1]
                if turn >= 0:  # the first compiles
                    rates[key].append(rate)
        for (name, count), own in rates.items():
            ratios = [times(own, rates.get((other, count))) for other in (OPERATION, ITERATION)]
            rows.append([title, name, str(count), spread(own), *ratios, f"{memory[name, count] / 1e6:.1f}"])
    columns = ("schedule", "implementation", "pairs at once", "pairs/s")
    return markdown((*columns, "times a launch per operation", "times a launch per iteration", "MB per pair"), rows)


def times(rates: Sequence[float], others: Sequence[float] | None) -> str:
    """Return how many times as fast one implementation is as another with as many pairs, round by round."""
    return "" if others is None else spread(np.divide(rates, others))


def spread(values: Sequence[float] | NDArray[np.float64]) -> str:
    return f"{np.median(values):.3g} ({np.min(values):.3g} to {np.max(values):.3g})"


def main(args: argparse.Namespace) -> None:
    """Measure and print."""
    cuda_engine.find("cuda")
    if importlib.util.find_spec("triton") is None:
        raise InputError("Triton is missing; install PyTorch for CUDA, which brings it")
    from rrrn.flow.cuda.triton_level import TritonLevel  # needs Triton, whose absence has a message of its own

    cv2.setNumThreads(1)
    print(agreement_table(args.side, args.compared, args.seed), "\n")
    print(speed_table(args.side, args.batch, args.rounds, args.seed, TritonLevel), "\n")
    print(flow_cuda_limits.kernel_table(args.side, args.batch, args.rounds, args.seed, TritonLevel), "\n")
    print(flow_cuda_limits.memory(args.side, args.batch, args.upkeep, args.seed), "\n")
    print(
        f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}, OpenCV {cv2.__version__}; {args.side} x "
        f"{args.side} pixels, {DISTINCT} distinct pairs, {args.rounds} rounds; memory beside the images."
    )


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("--side", type=int, default=240, help="of the images, pixels")
    parser.add_argument("--batch", type=int, default=1024, help="pairs at once")
    parser.add_argument("--compared", type=int, default=3, help="pairs of each magnitude that OpenCV solves too, to 3")
    parser.add_argument("--rounds", type=int, default=3, help="in which the implementations take turns")
    parser.add_argument("--upkeep", type=int, default=10_000, help="pairs over which memory is watched")
    parser.add_argument("--seed", type=int, default=1)
    stage.run(main, parser)
