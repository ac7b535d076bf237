"""Batches that clips share: what is in them, that they change no flow, and that little is held of a shard."""

import argparse
import sys
from functools import partial
from types import ModuleType

import cv2
import numpy as np
import pytest
import yaml

from rrrn.data import flow_store, store, views
from rrrn.data.views import View
from rrrn.flow import clip_batches, clip_views, engines
from rrrn.flow.clip_batches import Clip
from rrrn.flow.cuda import cuda_engine
from rrrn.flow.numba import numba_engine
from rrrn.flow.parameters import Parameters
from rrrn.provenance import sources
from rrrn.stages import flow

FEW = Parameters(warps=1, scales=1, epsilon=0.0, inner_iterations=3, outer_iterations=1, median_filter=1)
FACES = {"b": (4, 4, 44, 36), "a": (6, 5, 36, 35), "d": (5, 4, 45, 36), "c": (2, 2, 42, 34)}  # 32 x 40, but for a
VIEWS = [(1, 0.0), (2, 5.0), (2, 0.0), (1, 0.0), (3, 5.0)]  # one is there twice
PAIRS = {"frames": 4, "field": 3}  # that are solved of a clip


@pytest.fixture(scope="module")
def films() -> dict[str, np.ndarray]:
    noise = np.random.default_rng(0).normal(size=(len(FACES), 40, 50))
    first = [cv2.normalize(cv2.GaussianBlur(some, (0, 0), 1.5), None, 0, 255, cv2.NORM_MINMAX) for some in noise]
    return {
        name: np.stack([np.roll(image, k, axis=1) for k in range(4)]).astype(np.uint8)
        for name, image in zip(FACES, first, strict=True)
    }


def plan(name: str) -> list[View]:
    return [View(name, k, 0, apex, angle, 0) for k, (apex, angle) in enumerate(VIEWS)]


def solve(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return cuda_engine.solve(a, b, FEW, "cpu")


@pytest.mark.parametrize("rotation", clip_views.ROTATIONS)
@pytest.mark.parametrize("most", [1, 3, 5, 100])
def test_shared_batches_give_each_clip_its_own_flow(films, rotation, most):
    shapes = []

    def stream(batches):
        for a, b in batches:
            shapes.append(a.shape)
            yield solve(a, b)

    given = [Clip(name, FACES[name], plan(name), partial(lambda f: dict(enumerate(f)), films[name])) for name in FACES]
    found = dict(clip_batches.solve_clips(given, stream, lambda height, width: most, rotation=rotation))
    assert list(found) == ["a", "b", "d", "c"]  # by size, else as given
    for name, frames in films.items():
        alone = dict(clip_views.solve_views(dict(enumerate(frames)), FACES[name], plan(name), solve, rotation=rotation))
        assert list(found[name]) == list(alone) and len(alone) == 4
        for key, values in alone.items():
            assert np.array_equal(found[name][key], values)
    pairs = PAIRS[rotation]
    expected = [(30, 30)] * pairs + [(32, 40)] * 3 * pairs
    assert [shape[1:] for shape in shapes for _ in range(shape[0])] == expected
    assert len(shapes) == -(-pairs // most) + -(-3 * pairs // most)


def test_a_clip_is_read_when_its_turn_comes(films):
    read = []

    def frames(name):
        read.append(name)
        return dict(enumerate(films[name]))

    given = [Clip(name, FACES[name], plan(name), partial(frames, name)) for name in FACES]
    found = clip_batches.solve_clips(given, lambda batches: (solve(*batch) for batch in batches), lambda *_: 4)
    for name in ("a", "b", "d", "c"):
        assert next(found)[0] == name == read[-1]


@pytest.fixture
def shard(tmp_path, films):
    with store.create(tmp_path / "shard.h5") as file:
        for name, frames in films.items():
            group = file.create_group(name)
            group.attrs["face"], group.attrs["subject"] = FACES[name], "s"
            store.put(group, "frames", frames)
            store.put(group, "numbers", np.arange(4, dtype=np.int32), chunk_axes=0)
    views.write([view for name in FACES for view in plan(name)], tmp_path / "plan.csv")
    return tmp_path


@pytest.fixture
def processor_as_gpu(monkeypatch) -> ModuleType:
    """The engine for GPUs on a processor, chosen as if there were a GPU."""
    module = ModuleType("rrrn.flow.cuda.cuda_engine")
    module.solve = partial(cuda_engine.solve, device="cpu")
    module.stream = partial(cuda_engine.stream, device="cpu")
    module.pairs_at_once = partial(cuda_engine.pairs_at_once, device="cpu")
    monkeypatch.setitem(sys.modules, "rrrn.flow.cuda.cuda_engine", module)
    monkeypatch.setattr(engines, "gpu_is_seen", lambda: True)
    return module


def run(shard, name: str, **changes) -> bytes:
    section = yaml.safe_load((sources.HOME / "config.yaml").read_text())["flow"]
    section |= FEW.section() | {"size": 16}
    options = {"shard": shard / "shard.h5", "plan": shard / "plan.csv", "output": shard / name, "views": "all"}
    args = {"settings": {"flow": section}, "threads": 1, "gpus": 1, "asked": {}, **options} | changes
    flow.main(argparse.Namespace(**args))
    return (shard / name).read_bytes()


@pytest.mark.parametrize("told", ["all", "original"])
def test_stage_gives_equal_bytes_whatever_the_memory(shard, processor_as_gpu, monkeypatch, told):
    every = run(shard, "every.h5", views=told)
    processor_as_gpu.pairs_at_once = lambda height, width: 3
    assert run(shard, "three.h5", views=told) == every
    monkeypatch.setattr(engines, "streamer", lambda name: None)
    run(shard, "clip by clip.h5", views=told)
    with store.reading(shard / "every.h5") as some, store.reading(shard / "clip by clip.h5") as others:
        assert some.attrs["engine"] == "cuda" and set(some) == set(FACES)
        for name in FACES:
            assert len(some[name]["views"]) == (5 if told == "all" else 1)
            assert np.array_equal(some[name]["views"], others[name]["views"])
            assert np.array_equal(some[name]["flow"], others[name]["flow"]) and np.any(some[name]["flow"])


def test_stage_writes_a_clip_while_the_next_are_solved(shard, processor_as_gpu, monkeypatch):
    done = []

    def stream(batches, parameters):
        def read():
            for batch in batches:
                done.append("read")
                yield batch

        return cuda_engine.stream(read(), parameters, "cpu")

    def put(group, *values, **form):
        done.append("write")
        return original(group, *values, **form)

    original = flow_store.put
    monkeypatch.setattr(flow_store, "put", put)
    processor_as_gpu.stream, processor_as_gpu.pairs_at_once = stream, lambda height, width: 4
    run(shard, "flow.h5")
    # a clip a batch: two more are on the device before the first is written, and one more after each
    assert done == ["read"] * 3 + ["write", "read"] + ["write"] * 3


def test_stage_that_may_use_no_gpu_uses_the_processor(shard, processor_as_gpu, monkeypatch):
    monkeypatch.setattr(numba_engine, "solve", lambda a, b, parameters, threads: solve(a, b))
    run(shard, "flow.h5", gpus=0)
    with store.reading(shard / "flow.h5") as file:
        assert file.attrs["engine"] == "numba"


def test_batches_fit_both_memories(monkeypatch):
    monkeypatch.setattr(cuda_engine, "_BATCH_BYTES", 12 * 64 * 64 * 5)
    assert cuda_engine.pairs_at_once(64, 64, "cpu") == 5
    assert cuda_engine.pairs_at_once(4096, 4096, "cpu") == 1
    monkeypatch.setattr(cuda_engine, "_BATCH_BYTES", 1 << 50)
    transfer = cuda_engine.Transfer(cuda_engine.find("cpu"))
    assert cuda_engine.pairs_at_once(64, 64, "cpu") == transfer.pairs_at_once(64, 64) > 5
