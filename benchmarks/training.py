"""The engine of training beside a plain loop, in one run and in turns: python -m benchmarks.training.

It needs PyTorch, NumPy and h5py. The plain loop is what anybody would write: single precision, samples read one by one
from HDF5 by a DataLoader, a loop over regions and another over trunks, Adam without fusion.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torch.utils.flop_counter import FlopCounterMode

from rrrn.face import region_boxes
from rrrn.networks.rrrn import model
from rrrn.networks.rrrn.model import RRRN
from rrrn.training import devices, precision
from rrrn.training.engine import Training
from rrrn.training.samples import Samples
from rrrn.training.settings import Settings

STEP = 2.0**-11  # of what is stored
CLASSES, BATCH, VIEWS = 5, 32, 70
PAPER_STEPS = 27000  # of a fold: 50 epochs of 70 views of some 247 clips, in batches of 32
SIZES = {  # sides of maps and of regions, the settings that differ from the default's, and clips
    "default": (64, 28, {"backbone": "shallow", "squeeze_channels": 16}, 16),
    "paper": (224, 224, {"backbone": "resnet18", "squeeze_channels": 256}, 8),
}


class Stored:
    """Flow in HDF5, two components of a side, as the store keeps it; stands for a pack."""

    def __init__(self, path: Path, size: str) -> None:
        self.path = path
        side, self.size, _, self.clips = SIZES[size]
        self.shape, self.dtype, self.scale = (2, side, side), np.dtype("<i2"), STEP
        self.boxes = region_boxes.boxes(side)
        if not path.exists():
            draw = np.random.default_rng(0)
            with h5py.File(path, "w") as file:
                shape = (self.clips * VIEWS, *self.shape)
                flow = file.create_dataset("flow", shape, self.dtype, chunks=(1, *self.shape))
                for clip in range(self.clips):
                    flow[clip * VIEWS : (clip + 1) * VIEWS] = draw.normal(0, 300, (VIEWS, *self.shape)).astype("<i2")

    def read(self, clip: int, views: Sequence[int]) -> NDArray[Any]:
        with h5py.File(self.path, "r") as file:
            return file["flow"][[clip * VIEWS + view for view in views]]


class Plain(Dataset[tuple[Tensor, int]]):
    """One sample after the other, cropped as it is read."""

    def __init__(self, stored: Stored) -> None:
        self.stored = stored
        self.file = h5py.File(stored.path, "r")

    def __len__(self) -> int:
        return self.stored.clips * VIEWS

    def __getitem__(self, number: int) -> tuple[Tensor, int]:
        flow = torch.from_numpy(self.file["flow"][number].astype(np.float32) * np.float32(STEP))[None]
        size = (self.stored.size, self.stored.size)
        crops = [
            F.interpolate(flow[:, :, y0:y1, x0:x1], size=size, mode="bilinear", align_corners=False)
            for x0, y0, x1, y1 in self.stored.boxes.tolist()
        ]
        return torch.cat(crops), number // VIEWS % CLASSES


class Looped(nn.Module):
    """The trunks of RRRN, called region by region."""

    def __init__(self, trunks: Any) -> None:
        super().__init__()
        self.z1, self.z2 = trunks.z1, trunks.z2

    def forward(self, x: Tensor) -> Tensor:
        regions = []
        for region in x.unbind(dim=1):
            horizontal, vertical = region[:, :1], region[:, 1:]
            regions.append(torch.cat([self.z1(vertical), self.z2(horizontal)], dim=1))
        return torch.stack(regions, dim=1)


def network(size: str) -> RRRN:
    """Return RRRN with the settings of a size."""
    _, side, changes, _ = SIZES[size]
    torch.manual_seed(0)
    return model.build({**model.METHOD["defaults"], **changes}, CLASSES, side, None)


def plain_steps(stored: Stored, size: str, device: torch.device) -> Iterator[Tensor]:
    """Take one step of the plain loop at each turn."""
    ours = network(size)
    ours.backbone = Looped(ours.backbone)  # type: ignore[assignment]
    ours.to(device)
    optimizer = torch.optim.Adam(ours.parameters(), lr=0.0005, fused=False, foreach=False)
    ours.train()
    while True:
        loader = DataLoader(Plain(stored), BATCH, shuffle=True, drop_last=True)
        for x, target in loader:
            optimizer.zero_grad()
            losses = ours.loss(ours(x.to(device)), target.to(device))
            losses["total"].backward()
            optimizer.step()
            yield losses["total"].detach()


def engine_steps(stored: Stored, size: str, device: torch.device, told: Settings) -> Iterator[None]:
    """Take one step of the engine at each turn."""
    ours = network(size)
    precision.prepare(told.precision, device)
    devices.place(ours, device, precision.channels_last(told.precision, device))
    chosen = [(stored, clip, view) for clip in range(stored.clips) for view in range(VIEWS)]
    labels = np.arange(len(chosen)) // VIEWS % CLASSES
    samples = Samples(chosen, 1e12, device)
    pools = np.split(np.arange(len(chosen)), stored.clips)
    training = Training(ours, samples, labels, pools, told, np.random.default_rng(0))
    return training.steps()


def seconds(steps: Iterator[Any], count: int, device: torch.device) -> float:
    """Return the seconds of one of ``count`` steps: of the processor, or with a GPU by the clock."""
    clock = time.perf_counter if device.type == "cuda" else time.process_time
    finish(device)
    began = clock()
    for _ in range(count):
        next(steps)
    finish(device)
    return (clock() - began) / count


def finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def operations(size: str, device: torch.device) -> float:
    """Return the floating-point operations of one step: both ways through the network."""
    ours, side = network(size).to(device), SIZES[size][1]
    x = torch.rand(BATCH, 6, 2, side, side, device=device)
    with FlopCounterMode(display=False) as counted:
        ours.loss(ours(x), torch.zeros(BATCH, dtype=torch.long, device=device))["total"].backward()
    return float(counted.get_total_flops())


def peak(name: str, device: torch.device) -> float:
    """Return the operations per second of a product of matrices in a precision: what the device can do."""
    side = 8192 if device.type == "cuda" else 1024
    precision.prepare("fp32" if name == "plain" else name, device)  # type: ignore[arg-type]
    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(name, torch.float32)
    a = torch.rand(side, side, device=device, dtype=dtype)

    def forever() -> Iterator[Tensor]:
        while True:
            yield a @ a

    turns = forever()
    seconds(turns, 3, device)
    return 2 * side**3 / min(seconds(turns, 5, device) for _ in range(3))


def made(way: str, stored: Stored, size: str, device: torch.device) -> Iterator[Any]:
    """Return the steps of a way to train: ``plain``, or a precision, which ``, compiled`` or another may follow."""
    if way == "plain":
        return plain_steps(stored, size, device)
    name, _, more = way.partition(", ")
    told = Settings(
        seed=0,
        epochs=10**6,
        batch_size=BATCH,
        lr=0.0005,
        decay="none",
        views_per_clip_per_epoch=VIEWS,
        device="auto",
        precision=name,  # type: ignore[arg-type]
        deterministic=True,
        compile="none",
    )
    changes: dict[str, Any] = {
        "": {},
        "compiled": {"compile": "default"},
        "graphs": {"compile": "graphs"},
        "not deterministic": {"deterministic": False},
    }[more]
    told = replace(told, **changes)
    devices.make_reproducible(0, device, told.deterministic)
    return engine_steps(stored, size, device, told)


def memory(way: str, path: Path, size: str, device: torch.device) -> float:
    """Return the peak memory, in GB, of a process that trains in one way: of the GPU, or of all."""
    command = [sys.executable, "-m", "benchmarks.training", "--size", size, "--one", way, "--file", str(path)]
    command += ["--device", device.type]
    return float(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["peak_gb"])


def one(way: str, path: Path, size: str, device: torch.device) -> None:
    """Print the peak memory of a few steps."""
    devices.make_reproducible(0, device)
    steps = made(way, Stored(path, size), size, device)
    for _ in range(4):
        next(steps)
    finish(device)
    whole = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    peak_bytes = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else whole
    print(json.dumps({"peak_gb": peak_bytes / 1e9}))


def table(ways: Sequence[str], path: Path, size: str, device: torch.device, rounds: int, count: int) -> list[list[str]]:
    """Measure all ways in turns and return the rows of the table."""
    devices.make_reproducible(0, device)
    stored = Stored(path, size)
    work = operations(size, device)
    steps = {way: made(way, stored, size, device) for way in ways}
    times: dict[str, list[float]] = {way: [] for way in ways}
    for way in ways:
        seconds(steps[way], 2, device)
    for _ in range(rounds):
        for way in ways:
            if way != "plain":
                precision.prepare(way.partition(", ")[0], device)  # type: ignore[arg-type]
            times[way].append(seconds(steps[way], count, device))
    rows = []
    for way in ways:
        ratios = [plain / other for plain, other in zip(times["plain"], times[way], strict=True)]
        step = statistics.median(times[way])
        share = work / step / peak(way.partition(", ")[0], device)
        spread = f" ({min(ratios):.2f} to {max(ratios):.2f})" if way != "plain" else ""
        cells = [f"{BATCH / step:.1f}", f"{statistics.median(ratios):.2f}{spread}", f"{share:.0%}"]
        fold = [f"{step * PAPER_STEPS / 60:.1f}"] if size == "paper" else []
        rows.append([way, *cells, f"{memory(way, path, size, device):.2f}", *fold])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--size", choices=SIZES, default="default", help="of maps, regions and trunks")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each way")
    parser.add_argument("--steps", type=int, default=10, help="in each turn")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    device = devices.choose(args.device)
    if args.one:
        one(args.one, args.file, args.size, device)
        return
    ways = ["plain", "fp32"]
    if device.type == "cuda":
        ways += ["tf32", "bf16", "fp16", "bf16, not deterministic", "bf16, compiled", "bf16, graphs"]
    else:
        ways += ["bf16", "fp32, compiled"]  # the last needs a C++ compiler
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "flow.h5"
        rows = table(ways, path, args.size, device, args.rounds, args.steps)
    columns = ["way", "samples/s", "times the plain loop", "of the matmul peak", "peak memory, GB"]
    columns += ["a fold, min"] if args.size == "paper" else []
    print(f"RRRN, size {args.size}, batches of {BATCH}, on {devices.named(device)}, PyTorch {torch.__version__}\n")
    for row in (columns, ["---"] * len(columns), *rows):
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
