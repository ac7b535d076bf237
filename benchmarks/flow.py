"""Time TV-L1 engines against OpenCV's, thread for thread, and compare their flow: python -m benchmarks.flow.

The engines take turns within every round, so that a busy machine slows all of them; a ratio is formed within a round.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks import displaced, flow_upkeep, flow_views
from benchmarks.displaced import Pair
from rrrn import stage
from rrrn.stage import InputError
from rrrn.tvl1 import numba_engine, opencv_engine
from rrrn.tvl1.parameters import Parameters

MAGNITUDES = (0.3, 0.5, 1.0, 2.0, 3.0)
SCHEDULES = {
    "default": Parameters(),
    "30 iterations a warp": Parameters(epsilon=0.0, outer_iterations=1),
}
_SUBJECTS = ("synsamm-001", "syncasme2-002", "synsamm-003")

Images = NDArray[np.uint8]
Flows = NDArray[np.float32]
Engine = Callable[[Images, Images, Parameters, int], Flows]


ENGINES: dict[str, Engine] = {"OpenCV": opencv_engine.solve, "numba": numba_engine.solve}
_REPEATS = {"OpenCV": 1, "numba": 10}  # of the same pairs, for times that are long enough to be steady


def milliseconds(
    before: Images, after: Images, parameters: Parameters, threads: int, rounds: int
) -> dict[str, NDArray[np.float64]]:
    """Return for each engine the milliseconds a pair, by the clock and of processors, in each round: (rounds, 2)."""
    result: dict[str, list[tuple[float, float]]] = {name: [] for name in ENGINES}
    for _ in range(rounds):
        for name, solve in ENGINES.items():
            repeated = [np.concatenate([images] * _REPEATS[name]) for images in (before, after)]
            clock, processor = time.perf_counter(), time.process_time()
            solve(repeated[0], repeated[1], parameters, threads)
            taken = time.perf_counter() - clock, time.process_time() - processor
            result[name].append((taken[0] * 1e3 / len(repeated[0]), taken[1] * 1e3 / len(repeated[0])))
    return {name: np.array(values) for name, values in result.items()}


def times_table(before: Images, after: Images, threads: Sequence[int], rounds: int) -> str:
    """Return the table of times: medians over rounds, and in brackets the smallest and largest."""
    rows = []
    for title, parameters in SCHEDULES.items():
        for count in threads:
            taken = milliseconds(before, after, parameters, count, rounds)
            for name, values in taken.items():
                ratios = taken["OpenCV"] / values
                shown = (values[:, 0], ratios[:, 0], values[:, 1], ratios[:, 1])
                rows.append([title, str(count), name, *(_spread(value) for value in shown)])
    columns = ("ms a pair", "times OpenCV", "processor ms a pair", "times OpenCV")
    return _markdown(("schedule", "threads", "engine", *columns), rows)


def agreement_table(pairs: dict[float, list[Pair]], threads: int) -> str:
    """Return the table of end-point errors by largest displacement, and of differences from OpenCV's flow."""
    rows = []
    for title, parameters in SCHEDULES.items():
        errors: dict[str, list[float]] = {name: [] for name in ENGINES}
        distances: dict[str, list[NDArray[np.float32]]] = {name: [] for name in ENGINES}
        for some in pairs.values():
            before, after = (np.stack([pair[side] for pair in some]) for side in (0, 1))
            flows = {name: solve(before, after, parameters, threads) for name, solve in ENGINES.items()}
            for name, flow in flows.items():
                each = [displaced.end_point_error(f, pair.displacement) for f, pair in zip(flow, some, strict=True)]
                errors[name].append(float(np.mean(each)))
                distances[name].append(np.hypot(*(flow - flows["OpenCV"]).transpose(1, 0, 2, 3)).ravel())
        for name in ENGINES:
            distance = np.concatenate(distances[name])
            shares = [
                f"{e:.4f} ({100 * (e / o - 1):+.2f}%)" for e, o in zip(errors[name], errors["OpenCV"], strict=True)
            ]
            rows.append([title, name, *shares, f"{distance.mean():.4f}", f"{np.percentile(distance, 99):.4f}"])
    columns = (*(f"EPE at {largest} px" for largest in pairs), "mean difference, px", "p99, px")
    return _markdown(("schedule", "engine", *columns), rows)


def _spread(values: NDArray[np.float64]) -> str:
    return f"{np.median(values):.1f} ({values.min():.1f} to {values.max():.1f})"


def _markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (columns, ["---"] * len(columns), *rows))


def main(args: argparse.Namespace) -> None:
    """Measure and print."""
    cv2.setNumThreads(1)
    if args.upkeep:
        print("{:.1f} s until the first flow after an installation, {:.1f} s later".format(*flow_upkeep.first_flows()))
        held = flow_upkeep.memory(args.upkeep, max(args.threads))
        (first, start), (last, end) = held[0], held[-1]
        most = max(megabytes for _, megabytes in held)
        print(f"{start:.1f} MB in memory after {first} pairs, {end:.1f} MB after {last}, at most {most:.1f} MB")
        return
    photographs = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in args.image]
    for path, image in zip(args.image, photographs, strict=True):
        if image is None:
            raise InputError(f"{path} is missing or no image that OpenCV reads")
    sources = [displaced.photograph(image, args.side) for image in photographs]
    sources = sources or [displaced.painted_face(subject, args.side) for subject in _SUBJECTS]
    pairs = displaced.pairs(sources, args.side, MAGNITUDES, args.pairs, args.seed)
    before, after = (np.stack([some[0][side] for some in pairs.values()]) for side in (0, 1))
    numba_engine.solve(before[:1], after[:1], Parameters(scales=1, warps=1))
    print(agreement_table(pairs, max(args.threads)), "\n", sep="")
    print(times_table(before, after, args.threads, args.rounds))
    print(f"\nOpenCV {cv2.__version__}; {args.pairs} pairs a magnitude, {len(before)} timed in {args.rounds} rounds.\n")
    print(_markdown(flow_views.COLUMNS, flow_views.rows(args.rounds)))


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("--side", type=int, default=240, help="of the images, pixels")
    parser.add_argument("--pairs", type=int, default=6, help="for each largest displacement")
    parser.add_argument("--rounds", type=int, default=3, help="in which the engines take turns")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--image", type=Path, nargs="*", default=[], help="photographs instead of synthetic faces")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--upkeep", type=int, metavar="N", help="instead: the compiler's time, and memory over N pairs")
    stage.run(main, parser)
