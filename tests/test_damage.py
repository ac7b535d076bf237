"""Whatever happens to a file between two stages: its reader names it, or what it returns is exactly right."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rrrn.data import digested, flow_store, predictions, store, views
from rrrn.data.flow_store import FlowReader
from rrrn.data.predictions import Prediction
from rrrn.data.views import View
from rrrn.running.stage import InputError

CASES = int(os.environ.get("RRRN_FUZZ", "200"))
RNG = np.random.default_rng(0)
FRAMES = RNG.integers(0, 256, (4, 32, 32), dtype=np.uint8)
FLOW = RNG.normal(0, 0.1, (3, 2, 2, 16, 16)).astype(np.float32)
CLASSES = ["I", "II", "III"]


def write_arrays(path: Path) -> None:
    with store.create(path) as file:
        group = file.create_group("clip")
        group.attrs["subject"] = "sub01"
        store.put(group, "frames", FRAMES, compress=True)
        store.put(group, "raw", FRAMES)
        store.put_names(file, "names", ["sub01", "süb 02"])


def read_arrays(path: Path) -> Any:
    with store.reading(path) as file:
        group = file["clip"]
        arrays = [group[name][()].tolist() for name in ("frames", "raw")]
        return arrays, group.attrs["subject"], store.names(file, "names")


def write_flow(path: Path) -> None:
    with store.create(path) as file:
        flow_store.put(file, "flow", FLOW, dtype="int16", compression="blosc2").attrs["norm"] = "fixed"


def read_flow(path: Path) -> Any:
    with FlowReader(path) as reader:
        return reader.read(()).tolist(), reader.attributes


def write_predictions(path: Path) -> None:
    shares = RNG.dirichlet(np.ones(3), 12)
    rows = [
        Prediction("a", "a-s1", f"clip, {k}", "none", "mask", "a-s1", 0, k % 3, "II", tuple(share), (0.1,) * 6)
        for k, share in enumerate(shares.tolist())
    ]
    predictions.write(rows, CLASSES, path)


def write_plan(path: Path) -> None:
    views.write([View("x", k, 10, 20 + k, k * 5.0, k % 2) for k in range(12)], path)


def write_table(path: Path) -> None:
    digested.write(["metric", "value"], [[f"m{k}", value] for k, value in enumerate(RNG.random(12))], path)


KINDS: dict[str, tuple[Callable[[Path], None], Callable[[Path], Any]]] = {
    "arrays": (write_arrays, read_arrays),
    "flow": (write_flow, read_flow),
    "predictions": (write_predictions, lambda path: predictions.read(path, CLASSES)),
    "plan": (write_plan, views.read),
    "table": (write_table, digested.read),
}


def damaged(whole: bytes, rng: np.random.Generator) -> bytes:
    """One bit flipped, a run zeroed, the end cut off, bytes appended, or two lines or blocks swapped."""
    data, place = bytearray(whole), int(rng.integers(len(whole)))
    length = 1 + int(rng.integers(min(600, len(whole) - place)))
    kind = rng.integers(5)
    if kind == 0:
        data[place] ^= 1 << int(rng.integers(8))
    elif kind == 1:
        data[place : place + length] = bytes(length)
    elif kind == 2:
        del data[place:]
    elif kind == 3:
        data += rng.bytes(length) if rng.random() < 0.5 else data[-length:]
    else:
        lines = whole.splitlines(keepends=True)
        first, second = rng.integers(len(lines), size=2)
        lines[first], lines[second] = lines[second], lines[first]
        data = bytearray(b"".join(lines))
    return bytes(data)


@pytest.mark.parametrize("kind", KINDS)
def test_damage_is_seen_or_without_effect(tmp_path, kind):
    write, read = KINDS[kind]
    path = tmp_path / "artifact"
    write(path)
    whole, expected = path.read_bytes(), read(path)
    rng, seen = np.random.default_rng(1), 0
    for _ in range(CASES):
        path.write_bytes(damaged(whole, rng))
        try:
            assert read(path) == expected
        except InputError as error:
            assert str(path) in str(error) and "delete it and run again" in str(error)
            seen += 1
    assert seen > CASES * 0.8
    path.unlink()
    with pytest.raises(InputError, match="artifact: missing"):
        read(path)
