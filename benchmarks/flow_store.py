"""Measure the forms in which flow can be stored: python -m benchmarks.flow_store.

The flow is that of the pipeline, on synthetic clips. The forms take turns in every round, in an order drawn anew.
"""

import argparse
import os
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import cv2
import h5py
import hdf5plugin
import numpy as np
import yaml
from numpy.typing import NDArray

from rrrn.data import clips, flow_store, store
from rrrn.data.flow_store import FlowReader
from rrrn.experiment import config, seeds
from rrrn.occlusion import compositing
from rrrn.running import stage, typed
from rrrn.stages import augment, faces, flow, render

HOME = Path(__file__).resolve().parents[1]
GZIP = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
ZSTD = {"compression": hdf5plugin.Zstd(clevel=3), "shuffle": True}
# what the product does not offer, for comparison
flow_store.FILTERS.update({"gzip": GZIP, "lzf": {"compression": "lzf", "shuffle": True}, "zstd": ZSTD})


class Form(NamedTuple):
    """A way to store flow; ``step`` is without effect for float16."""

    dtype: str
    compression: str
    step: float = flow_store.STEP

    def __str__(self) -> str:
        step = f", step 1/{1 / self.step:.0f}" if self.dtype == "int16" else ""
        return f"{self.dtype}{step}, {self.compression}"


FORMS = [
    *(Form("float16", compression) for compression in ("none", "gzip", "lzf", "zstd", "blosc2")),
    *(Form("int16", compression) for compression in ("none", "gzip", "lzf", "blosc2")),
    *(Form("int16", "blosc2", 2.0**-power) for power in (10, 12, 15)),
]


class Taken(NamedTuple):
    """Seconds of the processor to write and to read all samples, once for each round; bytes; rms error in pixels."""

    write: list[float]
    read: list[float]
    size: int
    error: float


def samples(settings: dict[str, Any], rows: list[clips.Clip]) -> Iterator[tuple[NDArray[np.float32], float]]:
    """Yield the normalised flow (2, S, S) of every view of synthetic clips, and the pixels that its 1 stands for."""
    own = flow.Settings.of(settings["flow"])
    found = typed.section(faces.Settings, settings, "faces")
    for row in rows:
        with TemporaryDirectory() as folder:
            drawn = Path(folder) / row.subject
            render.render_subject([row], row.subject, drawn, typed.section(render.Settings, settings, "render"))
            stored = clips.Clip(**{**vars(row), "frames": str(drawn / row.clip)})
            images, numbers, _ = faces.read_clip(stored, found.max_missing)
        face = faces.faces(images, numbers, found, row.clip)
        gray = np.stack([compositing.to_gray(frame) for frame in face.frames])
        plan = augment.plan(row, **settings["augment"])
        width = face.face[2] - face.face[0]
        for maps in flow.clip_flow(gray, face.numbers, face.face, plan, own):
            yield maps, width * own.full_scale_pct / 100


def once(values: NDArray[np.float32], form: Form, path: Path, order: NDArray[np.int64]) -> tuple[float, float]:
    """Write all samples, and read them one by one in an order; return the seconds of the processor for each.

    That the file is verified, once whatever the number of epochs, is not counted; ``seal`` measures it.
    """
    start = time.process_time()
    with store.create(path) as file:
        flow_store.put(file, "flow", values, dtype=form.dtype, compression=form.compression, step=form.step)
    written = time.process_time() - start
    known = store.verified(path)
    start = time.process_time()
    with FlowReader(path, seal=known) as reader:
        for number in order:
            reader.read(int(number))
    return written, time.process_time() - start


def measure(
    values: NDArray[np.float32], pixels: NDArray[np.float64], rounds: int, seed: int, folder: Path
) -> dict[Form, Taken]:
    """Return what every form takes for flow (N, 2, S, S) whose 1 stands for ``pixels`` (N)."""
    rng = seeds.generator(seed, "flow_store")
    taken: dict[Form, Taken] = {}
    for form in FORMS:
        once(values, form, folder / "flow.h5", np.arange(len(values)))  # warms up
        with FlowReader(folder / "flow.h5") as reader, store.reading(folder / "flow.h5") as file:
            error = (reader.read(()).astype(np.float64) - values) * pixels[:, None, None, None]
            size = file["flow"].id.get_storage_size()
            taken[form] = Taken([], [], size, float(np.sqrt(np.mean(error**2))))
    for _ in range(rounds):
        for index in rng.permutation(len(FORMS)):
            form = FORMS[index]
            write, read = once(values, form, folder / "flow.h5", rng.permutation(len(values)))
            taken[form].write.append(write)
            taken[form].read.append(read)
    return taken


def seal(values: NDArray[np.float32], rounds: int, path: Path) -> str:
    """Return a sentence on what the checksum of a whole file costs, and having the file on the disk."""
    once(values, FORMS[0], path, np.arange(1))
    speeds, flushes, megabytes = [], [], path.stat().st_size / 1e6
    for _ in range(rounds):
        start = time.process_time()
        store.verified(path)
        speeds.append(megabytes / (time.process_time() - start))
        path.write_bytes(path.read_bytes())
        with path.open("rb") as file:
            start = time.perf_counter()
            os.fsync(file)
            flushes.append((time.perf_counter() - start) * 1e3 / megabytes)
    return (
        f"Verifying a file: {np.median(speeds):.0f} ({min(speeds):.0f} to {max(speeds):.0f}) MB/s; flushing it to the "
        f"disk: {np.median(flushes):.2f} ({min(flushes):.2f} to {max(flushes):.2f}) ms per MB"
    )


def table(taken: dict[Form, Taken], shape: tuple[int, ...]) -> str:
    """Return the Markdown table: medians over rounds, and in brackets the slowest and fastest."""
    megabytes = 2 * np.prod(shape) / 1e6
    rows = []
    for form, found in taken.items():
        speeds = [megabytes / np.array(seconds) for seconds in (found.write, found.read)]
        spread = [f"{np.median(speed):.0f} ({speed.min():.0f} to {speed.max():.0f})" for speed in speeds]
        each = f"{np.median(found.read) * 1e3 / shape[0]:.2f}"
        ratio = f"{2 * np.prod(shape) / found.size:.2f}"
        rows.append([str(form), f"{found.size / shape[0]:.0f}", ratio, *spread, each, f"{found.error:.5f}"])
    columns = (
        "form",
        "bytes per sample",
        "times smaller",
        "write MB/s",
        "read MB/s",
        "read ms per sample",
        "rms error, px",
    )
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (columns, ["---"] * len(columns), *rows))


def main(args: argparse.Namespace) -> None:
    """Measure and print."""
    cv2.setNumThreads(1)
    parts = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in (HOME / "config.yaml", *args.configfile)]
    settings = config.merge(parts)
    rows = clips.read(HOME / settings["clips"])
    rows = [rows[index] for index in seeds.generator(args.seed, "clips").permutation(len(rows))]
    found = list(islice(samples(settings, rows), args.samples))
    values, pixels = np.stack([maps for maps, _ in found]), np.array([length for _, length in found])
    with TemporaryDirectory() as folder:
        taken = measure(values, pixels, args.rounds, args.seed, Path(folder))
        cost = seal(values, args.rounds, Path(folder) / "flow.h5")
    print(table(taken, values.shape))
    print(f"\n{cost}")
    print(
        f"\n{len(values)} samples of {values.shape[1:]}, rms flow {np.sqrt(np.mean(values**2)):.3f} of the full scale, "
        f"which is {pixels.mean():.2f} px; {args.rounds} rounds; h5py {h5py.__version__}, HDF5 "
        f"{h5py.version.hdf5_version}, hdf5plugin {hdf5plugin.version}"
    )


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("--configfile", type=Path, nargs="*", default=[], help="laid over config.yaml")
    parser.add_argument("--samples", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seed", type=int, default=1)
    stage.run(main, parser)
