"""How near the iterations of TV-L1 come to a card's bandwidth and issue limits, and whether memory stays flat."""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch

from benchmarks.compiled_kernels import instructions
from benchmarks.noisy_pairs import Images, displaced_pairs
from rrrn.flow.cuda import cuda_engine
from rrrn.flow.parameters import Parameters

VARIANTS = ((64, 1), (64, 2), (64, 3), (64, 4), (64, 5), (64, 6), (32, 3), (32, 5), (32, 8), (128, 2))
PLANES_READ, PLANES_WRITTEN = 9, 6  # by an iteration that stands alone: U, P, J and rho; U and P
ISSUED = 4 * 32  # instructions of lanes that a multiprocessor issues in a cycle: of one warp by each scheduler


def seconds(action: Callable[[], object]) -> float:
    """Return how long the device takes for ``action``, from idle to idle."""
    torch.cuda.synchronize()
    start = time.perf_counter()
    action()
    torch.cuda.synchronize()
    return time.perf_counter() - start


def bandwidth(device: str = "cuda", count: int = 1 << 28) -> float:
    """Return the bytes per second that a copy of ``count`` numbers on the device reads and writes, the best of 20."""
    source = torch.empty(count, device=device)
    target = torch.empty_like(source)
    return 2 * source.nbytes / min(seconds(lambda: target.copy_(source)) for _ in range(20))


def issue_limit() -> float:
    """Return the instructions of lanes that the card issues in a second: multiprocessors, times 128, times clock."""
    card = torch.cuda.get_device_properties()
    return float(card.multi_processor_count * ISSUED * card.clock_rate * 1e3)  # which is in kHz


def kernel_table(
    side: int,
    batch: int,
    rounds: int,
    seed: int,
    fused: Callable[..., Any],
    device: str = "cuda",
    copied: int = 1 << 28,
) -> str:
    """Return the table of the iterations alone, at the finest scale, by a strip's columns and iterations per launch."""
    before, after, _ = displaced_pairs(side, seed)
    images = [torch.from_numpy(np.resize(part, (batch, side, side))).to(device).float() for part in (before, after)]
    copy, issue = bandwidth(device, copied), issue_limit()
    major, minor = torch.cuda.get_device_capability()
    default = Parameters()
    numbers = default.tau, default.lambda_ * default.theta, default.tau / default.theta
    rows = []
    for columns, steps in VARIANTS:
        level = fused(*images, torch.zeros(batch, 2, side, side, device=device), *numbers, columns, steps)
        level.linearise()
        again = level.strips * columns / side  # how often a pixel is worked on, by strips that overlap
        moved = 4 * (PLANES_READ * again + PLANES_WRITTEN) / steps
        issued = instructions(columns, steps, 10 * major + minor) * again
        count = 12 * steps
        for threshold, name in ((0.0, "no"), (1e-30, "yes")):
            level.iterate(steps, threshold)
            taken = min(seconds(partial(level.iterate, count, threshold)) for _ in range(rounds))
            rate = batch * side * side * count / taken
            shares = f"{rate * moved / copy:.0%}", f"{rate * issued / issue:.0%}"
            work = f"{rate / 1e9:.1f}", f"{moved:.1f}", f"{issued:.0f}"
            rows.append([str(columns), str(steps), name, *work, *shares])
        del level
    names = ("columns", "iterations per launch", "changes summed", "Gpx-iterations/s")
    each = ("bytes per px-iteration", "instructions per px-iteration")
    table = markdown((*names, *each, "share of a copy's bandwidth", "share of the issue limit"), rows)
    return (
        f"{table}\n\nA copy on the device moves {copy / 1e9:.0f} GB/s; it issues {issue / 1e12:.1f}e12 instructions/s."
    )


def memory(side: int, batch: int, pairs: int, seed: int, device: str = "cuda") -> str:
    """Return in words the device's memory over a stream of at least ``pairs`` pairs, and its pairs per second."""
    before, after = (np.resize(part, (batch, side, side)) for part in displaced_pairs(side, seed)[:2])
    count = max(2, -(-pairs // batch))
    peaks: list[int] = []

    def batches() -> Iterator[tuple[Images, Images]]:
        for _ in range(count):
            yield before, after

    def all_of_them() -> None:
        for _ in cuda_engine.stream(batches(), Parameters(), device):
            peaks.append(torch.cuda.max_memory_allocated())

    torch.cuda.reset_peak_memory_stats()
    rate = count * batch / seconds(all_of_them)
    first, last = peaks[len(peaks) // 10] / 1e6, peaks[-1] / 1e6
    return (
        f"Over a stream of {count * batch} pairs from and to the host, {rate:.0f} a second, the device held at most "
        f"{first:.1f} MB in the first tenth and {last:.1f} MB in all."
    )


def markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (columns, ["---"] * len(columns), *rows))
