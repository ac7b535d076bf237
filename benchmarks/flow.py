"""Time TV-L1 engines against OpenCV's, thread for thread, and compare their flow: python -m benchmarks.flow.

The engines take turns within every round, so that a busy machine slows all of them; a ratio is formed within a round.
"""

import argparse
import importlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks import displaced, flow_upkeep, flow_views
from benchmarks.displaced import Pair
from rrrn.flow.numba import numba_engine
from rrrn.flow.opencv import opencv_engine
from rrrn.flow.parameters import Parameters
from rrrn.running import stage
from rrrn.running.stage import InputError

MAGNITUDES = (0.3, 0.5, 1.0, 2.0, 3.0)
SCHEDULES = {
    "default": Parameters(),
    "30 iterations per warp": Parameters(epsilon=0.0, outer_iterations=1),
}
_AGREEMENTS = SCHEDULES | {"default, 3 scales and 2 warps": Parameters(scales=3, warps=2)}  # those of config.yaml
_AT_ONCE = (1, 2, 4)  # processes that start with nothing compiled
_SUBJECTS = ("synsamm-001", "syncasme2-002", "synsamm-003")

Images = NDArray[np.uint8]
Flows = NDArray[np.float32]
Engine = Callable[[Images, Images, Parameters, int], Flows]


def cuda_on_cpu(before: Images, after: Images, parameters: Parameters, threads: int) -> Flows:
    """Solve by the engine for GPUs, in plain PyTorch on the processor."""
    torch = importlib.import_module("torch")  # seconds, and not needed by the other engines
    torch.set_num_threads(threads)
    flows: Flows = importlib.import_module("rrrn.flow.cuda.cuda_engine").solve(before, after, parameters, "cpu")
    return flows


ENGINES: dict[str, Engine] = {
    "OpenCV": opencv_engine.solve,
    "numba": numba_engine.solve,
    "cuda-on-cpu": cuda_on_cpu,
}
_REPEATS = {"OpenCV": 1, "numba": 10, "cuda-on-cpu": 1}  # of the pairs, for times that are long enough to be steady


def milliseconds(
    engines: Sequence[str], before: Images, after: Images, parameters: Parameters, threads: Sequence[int], rounds: int
) -> dict[tuple[int, str], NDArray[np.float64]]:
    """Return the milliseconds per pair, by the clock and of processors, in each round: (rounds, 2).

    They are of each number of threads and engine, which all take turns within a round.
    """
    result: dict[tuple[int, str], list[tuple[float, float]]] = {(t, name): [] for t in threads for name in engines}
    for _ in range(rounds):
        for count, name in result:
            # as many pairs for each thread, or the last to finish would be timed alone
            repeated = [np.concatenate([images] * _REPEATS[name] * count) for images in (before, after)]
            clock, processor = time.perf_counter(), time.process_time()
            ENGINES[name](repeated[0], repeated[1], parameters, count)
            taken = time.perf_counter() - clock, time.process_time() - processor
            result[count, name].append((taken[0] * 1e3 / len(repeated[0]), taken[1] * 1e3 / len(repeated[0])))
    return {case: np.array(values) for case, values in result.items()}


def times_table(engines: Sequence[str], before: Images, after: Images, threads: Sequence[int], rounds: int) -> str:
    """Return the table of times: medians over rounds, and in brackets the smallest and largest."""
    rows = []
    for title, parameters in SCHEDULES.items():
        taken = milliseconds(engines, before, after, parameters, threads, rounds)
        for (count, name), values in taken.items():
            ratios = taken[count, "OpenCV"] / values
            scaling = taken[threads[0], name][:, 0] / values[:, 0]
            shown = [_spread(value) for value in (values[:, 0], ratios[:, 0], values[:, 1], ratios[:, 1])]
            rows.append([title, str(count), name, *shown, _spread(scaling, 2)])
    columns = ("wall ms per pair", "times OpenCV", "processor ms per pair", "times OpenCV")
    scaling_column = f"times {threads[0]} thread{'s' * (threads[0] > 1)}, wall"
    return _markdown(("schedule", "threads", "engine", *columns, scaling_column), rows)


def agreement_table(engines: Sequence[str], pairs: dict[float, list[Pair]], threads: int) -> str:
    """Return the table of end-point errors by largest displacement, and of differences from OpenCV's flow."""
    rows = []
    for title, parameters in _AGREEMENTS.items():
        errors: dict[str, list[float]] = {name: [] for name in engines}
        distances: dict[str, list[NDArray[np.float32]]] = {name: [] for name in engines}
        for some in pairs.values():
            before, after = (np.stack([pair[side] for pair in some]) for side in (0, 1))
            flows = {name: ENGINES[name](before, after, parameters, threads) for name in engines}
            for name, flow in flows.items():
                each = [displaced.end_point_error(f, pair.displacement) for f, pair in zip(flow, some, strict=True)]
                errors[name].append(float(np.mean(each)))
                distances[name].append(np.hypot(*(flow - flows["OpenCV"]).transpose(1, 0, 2, 3)).ravel())
        for name in engines:
            distance = np.concatenate(distances[name])
            shares = [
                f"{e:.4f} ({100 * (e / o - 1):+.2f}%)" for e, o in zip(errors[name], errors["OpenCV"], strict=True)
            ]
            rows.append([title, name, *shares, f"{distance.mean():.5f}", f"{np.percentile(distance, 99):.4f}"])
    columns = (*(f"EPE at {largest} px" for largest in pairs), "mean difference, px", "p99, px")
    return _markdown(("schedule", "engine", *columns), rows)


def _spread(values: NDArray[np.float64], digits: int = 1) -> str:
    return f"{np.median(values):.{digits}f} ({values.min():.{digits}f} to {values.max():.{digits}f})"


def _markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (columns, ["---"] * len(columns), *rows))


def main(args: argparse.Namespace) -> None:
    """Measure and print."""
    cv2.setNumThreads(1)
    if args.upkeep:
        for processes in _AT_ONCE:
            first, later = flow_upkeep.first_flows(processes)
            print(f"{processes} at once: {first:.1f} s until the first flow after an installation, {later:.1f} s later")
        held = flow_upkeep.memory(args.upkeep, max(args.threads))
        (first, start), (last, end) = held[0], held[-1]
        most = max(megabytes for _, megabytes in held)
        print(f"{start:.1f} MB in memory after {first} pairs, {end:.1f} MB after {last}, at most {most:.1f} MB")
        return
    engines = ["OpenCV", *args.engines]
    photographs = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in args.image]
    for path, image in zip(args.image, photographs, strict=True):
        if image is None:
            raise InputError(f"{path} is missing or no image that OpenCV reads")
    sources = [displaced.photograph(image, args.side) for image in photographs]
    sources = sources or [displaced.painted_face(subject, args.side) for subject in _SUBJECTS]
    pairs = displaced.pairs(sources, args.side, MAGNITUDES, args.pairs, args.seed)
    before, after = (np.stack([some[0][side] for some in pairs.values()]) for side in (0, 1))
    numba_engine.solve(before[:1], after[:1], Parameters(scales=1, warps=1))
    print(agreement_table(engines, pairs, max(args.threads)), "\n", sep="")
    print(times_table(engines, before, after, args.threads, args.rounds))
    print(f"\nOpenCV {cv2.__version__}; {args.pairs} pairs per magnitude, {len(before)} timed, {args.rounds} rounds.\n")
    print(_markdown(flow_views.COLUMNS, flow_views.rows(args.rounds)))


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("--side", type=int, default=240, help="of the images, pixels")
    parser.add_argument("--pairs", type=int, default=6, help="for each largest displacement")
    parser.add_argument("--rounds", type=int, default=3, help="in which the engines take turns")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    others = [name for name in ENGINES if name != "OpenCV"]
    parser.add_argument("--engines", nargs="+", choices=others, default=["numba"], help="beside OpenCV's")
    parser.add_argument("--image", type=Path, nargs="*", default=[], help="photographs instead of synthetic faces")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--upkeep", type=int, metavar="N", help="instead: the compiler's time, and memory over N pairs")
    stage.run(main, parser)
