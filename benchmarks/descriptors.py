"""Time the descriptors beside loops over voxels, as public code often has them: python -m benchmarks.descriptors.

Both take turns within every round, on one core and by the processor's time. The loops see a smaller clip and are scaled
to the larger one by the number of voxels that have a code; on the smaller both must give the same numbers.
"""

import argparse
import math
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rrrn.descriptors import HOG3D, LBPSIP, LBPTOP, MDMO, BiWOOF
from rrrn.descriptors.blocks import spans

LARGE, SMALL = (60, 128, 128), (12, 34, 34)
Clip = NDArray[Any]
Loop = Callable[[Clip], list[float]]


@dataclass(frozen=True)
class Case:
    """A descriptor, its loop if there is one, the clips that both see, and how many voxels of each have a code."""

    name: str
    descriptor: Any
    loop: Loop | None
    large: Clip
    small: Clip
    scale: float


def places(shape: tuple[int, int, int], border: tuple[int, int, int], blocks: int) -> Iterator[tuple[int, ...]]:
    """Yield block, t, y and x of every voxel that is ``border`` away from the faces."""
    (frames, height, width), (bt, by, bx) = shape, border
    for row, (top, bottom) in enumerate(spans(height - 2 * by, blocks)):
        for column, (left, right) in enumerate(spans(width - 2 * bx, blocks)):
            for t in range(bt, frames - bt):
                for y in range(top + by, bottom + by):
                    for x in range(left + bx, right + bx):
                        yield row * blocks + column, t, y, x


def shares(histograms: list[list[float]], order: int) -> list[float]:
    """Return the histograms one behind the other, each of L1 or L2 norm 1."""
    result = []
    for histogram in histograms:
        norm = sum(value**order for value in histogram) ** (1 / order)
        result += [value / norm if norm else 0.0 for value in histogram]
    return result


def lbp_top(video: Clip) -> list[float]:
    """LBP-TOP of the preset casme2_baseline, voxel by voxel."""
    histograms = [[0.0] * 16 for _ in range(25 * 3)]
    for block, t, y, x in places(video.shape, (4, 1, 1), 5):
        centre = video[t, y, x]
        for plane in range(3):
            code = 0
            for point, (cosine, sine) in enumerate(((1, 0), (0, 1), (-1, 0), (0, -1))):
                if plane == 0:
                    value = video[t, y - sine, x + cosine]
                elif plane == 1:
                    value = video[t - 4 * sine, y, x + cosine]
                else:
                    value = video[t - 4 * sine, y - cosine, x]
                if value >= centre:
                    code += 2**point
            histograms[3 * block + plane][code] += 1
    return shares(histograms, 1)


def lbp_sip(video: Clip) -> list[float]:
    """LBP-SIP of the preset wang2014, voxel by voxel."""
    plane = ((0, 0, 1), (0, -1, 0), (0, 0, -1), (0, 1, 0))
    histograms = [[0.0] * bins for _ in range(25) for bins in (16, 4)]
    for block, t, y, x in places(video.shape, (4, 1, 1), 5):
        centre = video[t, y, x]
        for part, neighbours in enumerate((plane, ((-4, 0, 0), (4, 0, 0)))):
            code = 0
            for point, (dt, dy, dx) in enumerate(neighbours):
                if video[t + dt, y + dy, x + dx] >= centre:
                    code += 2**point
            histograms[2 * block + part][code] += 1
    return shares(histograms, 1)


def hog3d(video: Clip) -> list[float]:
    """3DHOG of the preset polikovsky2009, voxel by voxel."""
    histograms = [[0.0] * bins for _ in range(25) for bins in (8, 12, 12)]
    for block, t, y, x in places(video.shape, (1, 1, 1), 5):
        gx = float(video[t, y, x + 1]) - float(video[t, y, x - 1])
        gy = float(video[t, y + 1, x]) - float(video[t, y - 1, x])
        gt = float(video[t + 1, y, x]) - float(video[t - 1, y, x])
        for part, (sine, cosine, bins) in enumerate(((gy, gx, 8), (gt, gx, 12), (gt, gy, 12))):
            angle = math.atan2(sine, cosine) % (2 * math.pi)
            histograms[3 * block + part][int(angle * bins / (2 * math.pi) + 1e-9) % bins] += math.hypot(sine, cosine)
    return shares(histograms, 2)


def mdmo(flows: Clip) -> list[float]:
    """MDMO of 36 blocks, pixel by pixel."""
    sums = [[0.0, 0.0] for _ in range(36)]
    for flow in flows:
        held: list[list[list[tuple[float, float]]]] = [[[] for _ in range(8)] for _ in range(36)]
        for block, _, y, x in places((1, *flow.shape[1:]), (0, 0, 0), 6):
            u, v = float(flow[0, y, x]), float(flow[1, y, x])
            angle = math.atan2(v, u) % (2 * math.pi)
            held[block][int(angle * 8 / (2 * math.pi) + 1e-9) % 8].append((u, v))
        for total, directions in zip(sums, held, strict=True):
            fullest = max(directions, key=len)
            total[0] += sum(u for u, _ in fullest) / len(fullest)
            total[1] += sum(v for _, v in fullest) / len(fullest)
    longest = max(math.hypot(*total) for total in sums)
    return [value for u, v in sums for value in (math.hypot(u, v) / longest, math.atan2(v, u))]


def biwoof(flow: Clip) -> list[float]:
    """Bi-WOOF of the preset liong2018, pixel by pixel."""
    _, height, width = flow.shape
    histograms, strains, pixels = [[0.0] * 8 for _ in range(25)], [0.0] * 25, [0] * 25

    def slope(component: int, y: int, x: int, dy: int, dx: int) -> float:
        above, left = max(y - dy, 0), max(x - dx, 0)
        below, right = min(y + dy, height - 1), min(x + dx, width - 1)
        return float(flow[component, below, right] - flow[component, above, left]) / (below - above + right - left)

    for block, _, y, x in places((1, height, width), (0, 0, 0), 5):
        u, v = float(flow[0, y, x]), float(flow[1, y, x])
        angle = (math.atan2(v, u) + math.pi) % (2 * math.pi)
        histograms[block][int(angle * 8 / (2 * math.pi) + 1e-9) % 8] += math.hypot(u, v)
        shear = slope(0, y, x, 1, 0) + slope(1, y, x, 0, 1)
        strains[block] += math.sqrt(slope(0, y, x, 0, 1) ** 2 + slope(1, y, x, 1, 0) ** 2 + shear**2 / 2)
        pixels[block] += 1
    return [
        value * strain / count
        for histogram, strain, count in zip(histograms, strains, pixels, strict=True)
        for value in histogram
    ]


def cases() -> list[Case]:
    """Return what is measured, on noise: no descriptor here takes longer for some contents than for others."""
    draw = np.random.default_rng(0)
    large, small = (draw.integers(0, 256, shape, np.uint8) for shape in (LARGE, SMALL))
    # flow of the first frame to all others
    flows, few = (draw.normal(size=(shape[0] - 1, 2, *shape[1:])).astype(np.float32) for shape in (LARGE, SMALL))

    def voxels(border: tuple[int, int, int]) -> float:
        sizes = ([side - 2 * margin for side, margin in zip(shape, border, strict=True)] for shape in (LARGE, SMALL))
        most, least = map(math.prod, sizes)
        return most / least

    of_codes, of_pixels = voxels((4, 1, 1)), math.prod(LARGE[1:]) / math.prod(SMALL[1:])
    return [
        Case("LBP-TOP, casme2_baseline", LBPTOP(), lbp_top, large, small, of_codes),
        Case("LBP-TOP, meb", LBPTOP("meb"), None, large, small, 1.0),
        Case("LBP-TOP, megc_code", LBPTOP("megc_code"), None, large, small, 1.0),
        Case("LBP-SIP, wang2014", LBPSIP(), lbp_sip, large, small, of_codes),
        Case("3DHOG, polikovsky2009", HOG3D(), hog3d, large, small, voxels((1, 1, 1))),
        Case("MDMO, 36 blocks, 59 flows", MDMO(), mdmo, flows, few, flows.size / few.size),
        Case("Bi-WOOF, liong2018, one flow", BiWOOF(), biwoof, flows[-1], few[-1], of_pixels),
    ]


def seconds(work: Callable[[], Any]) -> float:
    """Return the processor's time of a piece of work."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main(args: argparse.Namespace) -> None:
    """Measure and print the table."""
    cv2.setNumThreads(1)
    every = cases()
    for case in every:  # also fills tables that are kept
        case.descriptor.vector(case.large)
        if case.loop:
            np.testing.assert_allclose(case.descriptor.vector(case.small), case.loop(case.small), rtol=1e-4, atol=1e-5)
    taken: dict[str, list[tuple[float, float]]] = {case.name: [] for case in every}
    for _ in range(args.rounds):
        for case in every:
            ours = seconds(lambda case=case: case.descriptor.vector(case.large))
            loop = seconds(lambda case=case: case.loop(case.small)) * case.scale if case.loop else math.nan
            taken[case.name].append((ours, loop))
    print("| descriptor | s per clip | a loop in Python, s | times as long |\n| --- | --- | --- | --- |")
    for name, pairs in taken.items():
        ours, loops, ratios = zip(*((a, b, b / a) for a, b in pairs), strict=True)
        shown = ["", ""] if math.isnan(loops[0]) else [f"{statistics.median(loops):.1f}", f"{_spread(ratios)}"]
        print(f"| {name} | {statistics.median(ours):.3f} | {shown[0]} | {shown[1]} |")


def _spread(values: tuple[float, ...]) -> str:
    return f"{statistics.median(values):.0f} ({min(values):.0f} to {max(values):.0f})"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="turns of both (5)")
    main(parser.parse_args())
