import argparse
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch

from benchmarks import displaced, flow, flow_cuda, flow_cuda_limits, noisy_pairs, plain_level
from rrrn.flow.cuda import cuda_engine, images, transfer
from rrrn.flow.cuda.cuda_engine import solve, stream
from rrrn.flow.cuda.live_count import LiveCount
from rrrn.flow.cuda.torch_level import TorchLevel
from rrrn.flow.numba import numba_engine
from rrrn.flow.opencv import opencv_engine
from rrrn.flow.parameters import Parameters
from rrrn.running.stage import InputError
from tests import interpreted_kernels

FIXED = Parameters(epsilon=0.0, outer_iterations=1)  # the same work for everyone: 30 iterations per warp
ONE_WARP = Parameters(epsilon=0.0, outer_iterations=1, warps=1)  # before rounding is amplified where no texture holds
SHORT = Parameters(scales=2, warps=1, outer_iterations=2)
DEVICES = ["cpu", *["cuda"] * torch.cuda.is_available()]
on_each_device = pytest.mark.parametrize("device", DEVICES)


@pytest.fixture(scope="module")
def pairs() -> list[displaced.Pair]:
    faces = [displaced.painted_face(subject, 64) for subject in ("synsamm-001", "syncasme2-002")]
    return [pair for some in displaced.pairs(faces, 64, flow.MAGNITUDES, 1, 1).values() for pair in some]


@pytest.fixture(scope="module")
def stacked(pairs) -> tuple[np.ndarray, np.ndarray]:
    return np.stack([pair.before for pair in pairs]), np.stack([pair.after for pair in pairs])


def distances(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    return np.hypot(*(some - others).transpose(1, 0, 2, 3))


@pytest.mark.parametrize(
    ("reference", "parameters"),
    # fewer warps where both approximate: at this size 5 would let rounding grow past the bounds
    [(opencv_engine.solve, FIXED), (numba_engine.solve, replace(FIXED, warps=2))],
)
@on_each_device
def test_fixed_iterations_give_the_flow_of_other_engines(stacked, reference, parameters, device):
    difference = distances(solve(*stacked, parameters, device), reference(*stacked, parameters, 1))
    assert difference.mean() <= 0.003 and np.percentile(difference, 99) <= 0.03


@on_each_device
def test_stopping_rule_gives_the_flow_of_opencv_and_its_error(pairs, stacked, device):
    ours = solve(*stacked, Parameters(), device)
    reference = opencv_engine.solve(*stacked, Parameters(), 1)
    assert distances(ours, reference).mean() <= 0.0155
    assert distances(ours, numba_engine.solve(*stacked, Parameters(), 1)).mean() <= 0.0155
    errors = [
        np.mean([displaced.end_point_error(f, pair.displacement) for f, pair in zip(flows, pairs, strict=True)])
        for flows in (ours, reference)
    ]
    assert errors[0] == pytest.approx(errors[1], rel=0.02) and errors[1] < 0.25


@pytest.mark.parametrize(
    "change",
    [
        {"median_filter": 1},
        {"median_filter": 3},
        {"scales": 1},
        {"scales": 50},
        {"scale_step": 0.5},
        {"tau": 0.1, "lambda_": 0.4, "theta": 0.15},
        {"inner_iterations": 7},
        {"inner_iterations": 1, "outer_iterations": 9},
        {"epsilon": 0.1, "outer_iterations": 10},
    ],
)
@on_each_device
def test_parameters_mean_what_they_mean_to_opencv(stacked, change, device):
    before, after = (images[3:4] for images in stacked)
    plain = Parameters(epsilon=0.0, outer_iterations=1, warps=2)
    ours = solve(before, after, replace(plain, **change), device)
    assert distances(ours, opencv_engine.solve(before, after, replace(plain, **change), 1)).mean() <= 0.003
    assert np.abs(ours - solve(before, after, plain, device)).max() > 0.01


@pytest.mark.parametrize("shape", [(16, 16), (20, 31), (33, 160), (97, 48), (3, 40), (40, 3), (3, 3)])
@on_each_device
def test_images_of_any_size(shape, device):
    """Tiny ones, of which OpenCV makes one scale only, and sizes beside those of strips and blocks."""
    noise = np.random.default_rng(0).normal(0, 500, (100, 170))
    texture = (128 + cv2.GaussianBlur(noise, (0, 0), 3)).clip(0, 255)
    before, after = (texture[None, y : y + shape[0], 5 : 5 + shape[1]].round().astype(np.uint8) for y in (2, 3))
    ours, reference = solve(before, after, ONE_WARP, device), opencv_engine.solve(before, after, ONE_WARP, 1)
    assert ours.shape == (1, 2, *shape)
    assert np.hypot(*reference[0]).mean() > 0.2 and distances(ours, reference).mean() <= 0.0005


def extremes() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    black, white = np.zeros((40, 56), np.uint8), np.full((40, 56), 255, np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (40, 56)).astype(np.uint8)
    checks = (np.indices((40, 56)).sum(axis=0) % 2 * 255).astype(np.uint8)
    half = black.copy()
    half[:, 28:] = 255
    return {
        "black": (black, black),
        "white": (white, white),
        "black to white": (black, white),
        "half saturated": (half, np.roll(half, 2, axis=1)),
        "noise to other noise": (noise, noise[::-1].copy()),
        "chequered": (checks, 255 - checks),
    }


@on_each_device
def test_extreme_images(device):
    before, after = (np.stack(side) for side in zip(*extremes().values(), strict=True))
    schedule = replace(ONE_WARP, scales=2)
    difference = distances(solve(before, after, schedule, device), opencv_engine.solve(before, after, schedule, 1))
    assert (difference.mean(axis=(1, 2)) <= 0.0005).all()
    ours = solve(before, after, SHORT, device)
    assert np.isfinite(ours).all()
    # the last two have no flow: what is found there hangs on rounding
    assert (distances(ours, opencv_engine.solve(before, after, SHORT, 1))[:4].mean(axis=(1, 2)) <= 0.003).all()


@pytest.mark.parametrize("parameters", [FIXED, Parameters(warps=2)])
@on_each_device
def test_pairs_depend_on_no_other_pair(stacked, parameters, device):
    together = solve(*stacked, parameters, device)
    assert np.array_equal(together[2:3], solve(*(images[2:3] for images in stacked), parameters, device))
    turned = solve(*(images[::-1] for images in stacked), parameters, device)
    assert np.array_equal(together, turned[::-1])


@pytest.mark.parametrize("step", [0.8, 0.5, 0.77])
@pytest.mark.parametrize("shape", [(240, 240), (63, 97), (31, 45)])
def test_pyramid_is_opencvs(shape, step):
    image = np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)
    levels = images.pyramid(torch.from_numpy(image)[None], Parameters(scales=3, scale_step=step))
    smaller = image
    for level in levels[1:]:
        smaller = cv2.resize(smaller, None, fx=step, fy=step, interpolation=cv2.INTER_LINEAR)
        assert level[0].numpy() == pytest.approx(smaller, abs=2e-4)
    assert min(cv2.resize(smaller, None, fx=step, fy=step).shape) < 16 or len(levels) == 3
    enlarged = images.enlarge(torch.from_numpy(smaller)[None, None], *shape)[0, 0].numpy()
    assert enlarged == pytest.approx(cv2.resize(smaller, shape[::-1], interpolation=cv2.INTER_LINEAR), abs=2e-4)


@on_each_device
def test_stream_yields_what_solve_returns_and_reads_little_ahead(stacked, device):
    read = []

    def batches():
        for k in range(5):
            read.append(k)
            yield stacked[0][k : k + 2], stacked[1][k : k + 2]

    every = solve(*stacked, SHORT, device)
    flows = stream(batches(), SHORT, device)
    for k in range(5):
        assert np.array_equal(next(flows), every[k : k + 2])
        assert len(read) == min(5, k + 3)
    assert next(flows, None) is None


def test_abandoned_stream_leaves_no_thread(stacked):
    before = threading.active_count()
    flows = stream((images for images in [stacked] * 9), SHORT, "cpu")
    next(flows)
    assert threading.active_count() > before
    flows.close()
    assert threading.active_count() == before


def test_batches_that_outgrow_memory_are_halved(stacked, monkeypatch):
    tried = []

    def scarce(before, after, parameters, make):
        tried.append(len(before))
        if len(before) > 1:
            raise torch.OutOfMemoryError
        return original(before, after, parameters, make)

    expected = solve(*stacked, SHORT, "cpu")
    original = cuda_engine.coarse_to_fine
    monkeypatch.setattr(cuda_engine, "coarse_to_fine", scarce)
    assert np.array_equal(solve(*stacked, SHORT, "cpu"), expected)
    assert tried == [5, 2, 1, 1, 1, 1, 1]


def test_batches_fit_the_memory(stacked, monkeypatch):
    expected = solve(*stacked, SHORT, "cpu")
    bytes_of_a_pair = 4 * 64 * 64 * transfer._PLANES
    monkeypatch.setattr(transfer, "_HOST_BYTES", 2.5 * bytes_of_a_pair)
    assert transfer.Transfer(torch.device("cpu")).pairs_at_once(64, 64) == 2
    assert np.array_equal(solve(*stacked, SHORT, "cpu"), expected)


def test_images_that_no_memory_holds_are_refused(stacked, monkeypatch):
    def scarce(*_):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(cuda_engine, "coarse_to_fine", scarce)
    with pytest.raises(InputError, match="no memory for a pair of 64 x 64"):
        solve(*stacked, SHORT, "cpu")


def test_no_pairs_have_no_flow():
    nothing = np.empty((0, 20, 30), np.uint8)
    assert solve(nothing, nothing, Parameters(), "cpu").shape == (0, 2, 20, 30)


def test_other_images_and_devices_are_refused():
    image = np.zeros((1, 20, 20), np.uint8)
    with pytest.raises(InputError, match="uint8"):
        solve(image.astype(np.float32), image, Parameters(), "cpu")
    with pytest.raises(InputError, match="no pairs"):
        next(stream([(image, image[:, :19])], Parameters(), "cpu"))
    with pytest.raises(InputError, match="knows no device gpu"):
        solve(image, image, Parameters(), "gpu")
    with pytest.raises(InputError, match="finds no device cuda:99"):
        solve(image, image, Parameters(), "cuda:99")


def test_baseline_of_the_benchmark_finds_the_same_flow():
    before, after, _ = (torch.from_numpy(part[:1]) for part in noisy_pairs.displaced_pairs(48, 1))
    for parameters in (ONE_WARP, Parameters(warps=1)):
        plain, ours = (
            cuda_engine.coarse_to_fine(before, after, parameters, make) for make in (plain_level.PlainLevel, TorchLevel)
        )
        assert (plain - ours).abs().mean() <= 1e-3 < ours.abs().mean() / 20


def test_benchmark_asks_for_a_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(InputError, match="a machine with a GPU"):
        flow_cuda.main(argparse.Namespace())


class AsTritonLevel(TorchLevel):
    """What takes the arguments of TritonLevel."""

    strips = 1

    def __init__(self, before, after, flow, tau, limit, scale, columns=64, steps=5):
        super().__init__(before, after, flow, tau, limit, scale)


@pytest.fixture
def pretended_gpu(monkeypatch) -> list[int]:
    """A device with 10 multiprocessors at 1 GHz, whose memory is what the list says, and then stays the same."""
    held = [5_000_000]
    card = SimpleNamespace(multi_processor_count=10, clock_rate=1_000_000)
    for name, value in {
        "synchronize": lambda: None,
        "reset_peak_memory_stats": lambda: None,
        "memory_allocated": lambda: 0,
        "max_memory_allocated": lambda: held.pop(0) if len(held) > 1 else held[0],
        "get_device_properties": lambda: card,
        "get_device_capability": lambda: (9, 0),
    }.items():
        monkeypatch.setattr(torch.cuda, name, value)
    return held


def table(text: str) -> list[dict[str, str]]:
    head, _, *rows = ([cell.strip() for cell in line.split("|")[1:-1]] for line in text.split("\n\n")[0].splitlines())
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_benchmark_compares_with_opencv_at_each_magnitude(monkeypatch):
    monkeypatch.setattr(flow_cuda, "SCHEDULES", {"short": ONE_WARP})
    rows = table(flow_cuda.agreement_table(40, 1, 1, "cpu"))
    assert [row["largest displacement, px"] for row in rows] == ["0.3", "0.5", "1.0", "2.0", "3.0"]
    for row in rows:
        assert float(row["mean difference, px"]) < 0.001 < 0.02 < float(row["EPE, px"]) < 3
        ours, reference = float(row["EPE, px"]), float(row["EPE of OpenCV, px"])
        assert float(row["change of EPE"].rstrip("%")) == pytest.approx(100 * (ours / reference - 1), abs=0.3)
    assert float(rows[0]["EPE, px"]) < float(rows[-1]["EPE, px"])


def test_benchmark_compares_implementations_with_as_many_pairs(pretended_gpu, monkeypatch):
    speeds = iter(range(1, 1000))
    monkeypatch.setattr(flow_cuda, "seconds", lambda action: 1 / next(speeds))
    monkeypatch.setattr(flow_cuda, "SCHEDULES", {"short": SHORT})
    monkeypatch.setattr(flow_cuda, "MANY", 2)
    rows = table(flow_cuda.speed_table(24, 3, 1, 1, AsTritonLevel, "cpu"))
    many = [1, 2, 1, 2, 3, 1, 2, 3, 3]
    assert [int(row["pairs at once"]) for row in rows] == many
    rates = [count * (10 + k) for k, count in enumerate(many)]  # the first nine turns are not counted
    for k, row in enumerate(rows):
        for column, others in (("operation", [0, 1]), ("iteration", [2, 3, 4])):
            said = row[f"times a launch per {column}"]
            same = [rates[other] for other in others if many[other] == many[k]]
            assert said.split(" ")[0] == (f"{rates[k] / same[0]:.3g}" if same else "")


def test_benchmark_says_how_near_the_limits_are(pretended_gpu, monkeypatch):
    assert flow_cuda_limits.issue_limit() == 10 * 128 * 1e9
    monkeypatch.setattr(flow_cuda_limits, "instructions", lambda columns, steps, capability: capability + steps)
    monkeypatch.setattr(flow_cuda_limits, "seconds", lambda action: 1e-3)
    monkeypatch.setattr(flow_cuda_limits, "VARIANTS", ((64, 2),))
    (first, second) = table(flow_cuda_limits.kernel_table(32, 2, 1, 1, AsTritonLevel, "cpu", 1 << 20))
    rate = 2 * 32 * 32 * 24 / 1e-3
    assert first["share of the issue limit"] == f"{rate * (90 + 2) * 2 / 1.28e12:.0%}" and first != second
    assert first["share of a copy's bandwidth"] == f"{rate * 4 * (9 * 2 + 6) / 2 / (2 * 4 * (1 << 20) / 1e-3):.0%}"


def test_benchmark_watches_memory(pretended_gpu, monkeypatch):
    monkeypatch.setattr(flow_cuda_limits, "Parameters", lambda: SHORT)
    pretended_gpu[:] = [4_000_000, 6_000_000, 7_000_000, 9_000_000]
    said = flow_cuda_limits.memory(24, 2, 19, 1, "cpu")
    assert "stream of 20 pairs" in said and "at most 6.0 MB in the first tenth and 9.0 MB in all" in said


def test_pairs_that_stopped_are_counted():
    live = torch.tensor([1, 0, 1], dtype=torch.int32)
    count = LiveCount(3)
    assert count.update(live) == 2 and count.update(live * 0) == 0
    for device in DEVICES[1:]:  # where the answer is that of the call before
        count = LiveCount(3)
        assert [count.update(some.to(device)) for some in (live, live * 0, live)] == [3, 2, 0]


def test_kernels_do_what_plain_torch_does(tmp_path):
    pytest.importorskip("triton")
    subprocess.run(
        [sys.executable, "-m", "tests.interpreted_kernels", str(tmp_path / "found.npz")],
        cwd=Path(__file__).parents[1],
        env=os.environ | {"TRITON_INTERPRET": "1", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        check=True,
    )
    with np.load(tmp_path / "found.npz") as file:
        found = dict(file)
    expected = interpreted_kernels.every(TorchLevel, TorchLevel)
    assert expected["live"].tolist() == [0, 1, 0]
    for name, values in expected.items():
        assert found[name] == pytest.approx(values.numpy(), abs=2e-5), name
        assert values.abs().float().mean() > 0.05  # something has moved
    # every pixel is counted once, hence written once, by one strip only
    level = interpreted_kernels.two_strips(TorchLevel)
    for change in found["changes"][0]:
        before = level.flow()
        level.iterate(1, 0.0)
        assert change == pytest.approx(float((level.flow() - before).square().sum()) * (0.25 / 0.3) ** 2, rel=1e-4)
    in_bands = [name for name in found if name.endswith(", in bands")]
    assert len(in_bands) == 3
    for name in in_bands:
        assert np.array_equal(found[name], found[name.removesuffix(", in bands")])


def test_kernels_compile_for_a_gpu_that_is_not_here(tmp_path, monkeypatch):
    """And exchange neighbours within a warp, without shared memory or barriers."""
    pytest.importorskip("triton")
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    from benchmarks.compiled_kernels import compiled, instructions

    kernel = compiled("advance", COLUMNS=64, STEPS=5, BLOCK_ROWS=32, MEASURE=True, FAST=True)
    assert kernel.metadata.shared == 0 and "bar.sync" not in kernel.asm["ptx"] and kernel.asm["cubin"]
    assert 50 < instructions(32, 2) < 150
    for name, constants in {
        "judge": {"AT_ONCE": 32, "STEPS": 5, "STEPS_PADDED": 8},
        "linearise": {"BLOCK": 256},
        "smooth": {"SIZE": 5, "COLUMNS": 64, "RUN": 8},
    }.items():
        assert compiled(name, **constants).asm["cubin"]
