"""TV-L1 on a GPU: agreement with OpenCV, and speed beside one launch an iteration: python -m benchmarks.flow_cuda.

It needs PyTorch with Triton, NumPy and OpenCV (contrib). All times are of one card in one run; rounds take turns.
"""

import argparse
import importlib.util
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from rrrn import seeds, stage
from rrrn.stage import InputError
from rrrn.tvl1 import cuda_engine
from rrrn.tvl1.parameters import Parameters
from rrrn.tvl1.torch_level import TorchLevel

DEFAULT = Parameters()
SCHEDULES = {
    "default": DEFAULT,
    "30 iterations a warp": Parameters(epsilon=0.0, outer_iterations=1),
    "20 iterations a warp": Parameters(epsilon=0.0, outer_iterations=1, inner_iterations=20),
}
VARIANTS = ((64, 1), (64, 2), (64, 3), (64, 4), (64, 5), (64, 6), (32, 3), (32, 5), (32, 8), (128, 2))
MANY = 128  # pairs at once that plain PyTorch, slow as it is, can be timed with
DISTINCT = 16  # pairs; the timed batches repeat them
LARGEST = (0.3, 0.5, 1.0, 2.0, 3.0)  # displacement, pixels
BORDER = 8  # pixels that the end-point error leaves out
PLANES_READ, PLANES_WRITTEN = 9, 6  # by an iteration that stands alone: U, P, J and rho; U and P

Images = NDArray[np.uint8]


class PlainLevel(TorchLevel):
    """One launch an operation, without allocations; the change is read back after each iteration that may be the last.

    Pairs go on until the slowest of them has stopped.
    """

    def linearise(self) -> None:
        super().linearise()
        self._stopped = False

    def iterate(self, count: int, threshold: float) -> None:
        u, p = self._u, self._p
        residual, shrink, change, across, down = (torch.zeros_like(u[:, 0]) for _ in range(5))
        while count > 0 and not self._stopped:
            count -= 1
            torch.mul(self._j[:, 0], u[:, 0], out=residual)
            residual.addcmul_(self._j[:, 1], u[:, 1]).add_(self._rho).mul_(self._weight)
            residual.clamp_(-self._limit, self._limit)
            total = torch.zeros(len(u), device=u.device)
            for c in range(2):
                torch.mul(residual, self._j[:, c], out=change).neg_().add_(p[:, c, 0]).add_(p[:, c, 1])
                change[..., 1:].sub_(p[:, c, 0, :, :-1])
                change[:, 1:].sub_(p[:, c, 1, :-1])
                u[:, c].add_(change)
                if threshold > 0:
                    total += change.square_().mean((1, 2))
                torch.sub(u[:, c, :, 1:], u[:, c, :, :-1], out=across[..., :-1])
                torch.sub(u[:, c, 1:], u[:, c, :-1], out=down[:, :-1])
                torch.mul(across, across, out=shrink).addcmul_(down, down).sqrt_().add_(1).reciprocal_()
                p[:, c, 0].add_(across, alpha=self._tau).mul_(shrink)
                p[:, c, 1].add_(down, alpha=self._tau).mul_(shrink)
            self._stopped = threshold > 0 and float(total.max()) <= threshold * self._scale**2

    def settled(self) -> bool:
        return self._stopped


def displaced_pairs(side: int, seed: int) -> tuple[Images, Images, NDArray[np.float32]]:
    """Return DISTINCT noisy pairs (N, H, W) and their displacements (N, 2, H, W): after(x + d(x)) = before(x)."""
    pairs = [_displaced(side, LARGEST[k % len(LARGEST)], seeds.generator(seed, "pair", k)) for k in range(DISTINCT)]
    before, after, displacement = (np.stack(part) for part in zip(*pairs, strict=True))
    return before, after, displacement


def _displaced(side: int, largest: float, rng: np.random.Generator) -> tuple[Images, Images, NDArray[np.float32]]:
    length = 2 * (side + 32)
    noise = rng.normal(size=(length, length))
    texture = sum(cv2.GaussianBlur(noise, (0, 0), sigma) * sigma for sigma in (2, 4, 8, 16, 32))
    texture = cv2.normalize(texture, None, 20, 235, cv2.NORM_MINMAX).astype(np.float32)
    y, x = np.mgrid[:side, :side].astype(np.float32)
    displacement = np.zeros((2, side, side), np.float32)
    for _ in range(4):
        centre, direction, width = rng.uniform(0.2, 0.8, 2) * side, rng.normal(size=2), rng.uniform(0.06, 0.14) * side
        bump = np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * width**2))
        displacement += direction[:, None, None].astype(np.float32) * bump
    displacement *= largest / np.hypot(*displacement).max()
    frames = []
    for at_x, at_y in ((x + displacement[0], y + displacement[1]), (x, y)):
        frame = cv2.remap(texture, 2 * (at_x + 16), 2 * (at_y + 16), cv2.INTER_LANCZOS4)
        frames.append(np.rint(frame + rng.normal(0, 1, frame.shape)).clip(0, 255).astype(np.uint8))
    return frames[0], frames[1], displacement


def opencv(before: Images, after: Images, parameters: Parameters) -> NDArray[np.float32]:
    """Return the flows (N, 2, H, W) of OpenCV's DualTVL1OpticalFlow."""
    solver = cv2.optflow.DualTVL1OpticalFlow_create()
    solver.setEpsilon(parameters.epsilon)
    solver.setOuterIterations(parameters.outer_iterations)
    solver.setInnerIterations(parameters.inner_iterations)
    return np.stack([solver.calc(a, b, None).transpose(2, 0, 1) for a, b in zip(before, after, strict=True)])


def agreement_table(side: int, count: int, seed: int) -> str:
    """Return the table of distances from OpenCV's flow and of end-point errors, of the first ``count`` pairs."""
    before, after, truth = (part[:count] for part in displaced_pairs(side, seed))
    rows = []
    for title, parameters in SCHEDULES.items():
        ours, reference = cuda_engine.solve(before, after, parameters), opencv(before, after, parameters)
        distance = np.hypot(*(ours - reference).transpose(1, 0, 2, 3))
        inner = np.s_[:, BORDER:-BORDER, BORDER:-BORDER]
        errors = (np.hypot(*(flow - truth).transpose(1, 0, 2, 3))[inner].mean() for flow in (ours, reference))
        rows.append(
            [title, f"{distance.mean():.4f}", f"{np.percentile(distance, 99):.4f}", *map("{:.4f}".format, errors)]
        )
    return markdown(("schedule", "mean difference, px", "p99, px", "EPE", "EPE of OpenCV"), rows)


def seconds(action: Callable[[], object]) -> float:
    """Return how long the device takes for ``action``, from idle to idle."""
    torch.cuda.synchronize()
    start = time.perf_counter()
    action()
    torch.cuda.synchronize()
    return time.perf_counter() - start


def speed_table(side: int, batch: int, rounds: int, seed: int, fused: Callable[..., Any]) -> str:
    """Return the table of pairs a second: medians over rounds, and in brackets the smallest and largest."""
    before, after = (np.resize(part, (batch, side, side)) for part in displaced_pairs(side, seed)[:2])
    rows = []
    for title, parameters in SCHEDULES.items():
        actions: dict[tuple[str, int], Callable[[], object]] = {}
        for name, make, many in (
            ("PyTorch, a launch an operation", PlainLevel, min(batch, MANY)),
            ("fused, a launch an iteration", partial(fused, steps=1), batch),
            ("this engine", fused, batch),
        ):
            for count in (1, many):
                images = (torch.from_numpy(part[:count]).cuda() for part in (before, after))
                actions[name, count] = partial(cuda_engine.coarse_to_fine, *images, parameters, make)
        actions["this engine, from and to the host", batch] = partial(cuda_engine.solve, before, after, parameters)
        rates = np.empty((rounds, len(actions)))
        memory = np.empty(len(actions))
        for turn in range(-1, rounds):  # the first compiles, and is overwritten
            for k, ((_, count), action) in enumerate(actions.items()):
                torch.cuda.reset_peak_memory_stats()
                held = torch.cuda.memory_allocated()
                rates[turn, k] = count / seconds(action)
                memory[k] = (torch.cuda.max_memory_allocated() - held) / count
        for k, (name, count) in enumerate(actions):
            ratios = rates[:, k] / rates[:, 0]
            rows.append([title, name, str(count), spread(rates[:, k]), spread(ratios), f"{memory[k] / 1e6:.1f}"])
    columns = ("schedule", "implementation", "pairs at once", "pairs/s", "times the first row", "MB a pair")
    return markdown(columns, rows)


def bandwidth() -> float:
    """Return the bytes a second that a copy on the device reads and writes, the best of 20."""
    source = torch.empty(1 << 28, device="cuda")
    target = torch.empty_like(source)
    return 2 * source.nbytes / min(seconds(lambda: target.copy_(source)) for _ in range(20))


def kernel_table(side: int, batch: int, rounds: int, seed: int, fused: Callable[..., Any]) -> str:
    """Return the table of the iterations alone, at the finest scale, by columns of a strip and iterations a launch."""
    before, after, _ = displaced_pairs(side, seed)
    images = [torch.from_numpy(np.resize(part, (batch, side, side))).cuda().float() for part in (before, after)]
    peak = bandwidth()
    tau, limit, scale = DEFAULT.tau, DEFAULT.lambda_ * DEFAULT.theta, DEFAULT.tau / DEFAULT.theta
    rows = []
    for columns, steps in VARIANTS:
        level = fused(*images, torch.zeros(batch, 2, side, side, device="cuda"), tau, limit, scale, columns, steps)
        level.linearise()
        count = 12 * steps
        for threshold, name in ((0.0, "no"), (1e-30, "yes")):
            level.iterate(steps, threshold)
            taken = min(seconds(partial(level.iterate, count, threshold)) for _ in range(rounds))
            rate = batch * side * side * count / taken
            moved = 4 * (PLANES_READ * level.strips * columns / side + PLANES_WRITTEN) / steps
            share = f"{rate * moved / peak:.0%}"
            rows.append([str(columns), str(steps), name, f"{rate / 1e9:.1f}", f"{moved:.1f}", share])
        del level
    names = ("columns", "iterations a launch", "changes summed", "Gpx-iterations/s", "bytes a px-iteration")
    table = markdown((*names, "share of a copy's bandwidth"), rows)
    return f"{table}\n\nA copy on the device moves {peak / 1e9:.0f} GB/s."


def spread(values: Sequence[float] | NDArray[np.float64]) -> str:
    return f"{np.median(values):.3g} ({np.min(values):.3g} to {np.max(values):.3g})"


def markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (columns, ["---"] * len(columns), *rows))


def main(args: argparse.Namespace) -> None:
    """Measure and print."""
    cuda_engine.find("cuda")
    if importlib.util.find_spec("triton") is None:
        raise InputError("Triton is missing; install PyTorch for CUDA, which brings it")
    from rrrn.tvl1.triton_level import TritonLevel  # needs Triton, whose absence has a message of its own

    cv2.setNumThreads(1)
    print(agreement_table(args.side, args.compared, args.seed), "\n")
    print(speed_table(args.side, args.batch, args.rounds, args.seed, TritonLevel), "\n")
    print(kernel_table(args.side, args.batch, args.rounds, args.seed, TritonLevel), "\n")
    print(
        f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}, OpenCV {cv2.__version__}; {args.side} x "
        f"{args.side} pixels, {DISTINCT} distinct pairs, {args.rounds} rounds; memory beside the images."
    )


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("--side", type=int, default=240, help="of the images, pixels")
    parser.add_argument("--batch", type=int, default=1024, help="pairs at once")
    parser.add_argument("--compared", type=int, default=5, help="pairs that OpenCV solves too")
    parser.add_argument("--rounds", type=int, default=3, help="in which the implementations take turns")
    parser.add_argument("--seed", type=int, default=1)
    stage.run(main, parser)
