import re
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from benchmarks import displaced, flow
from rrrn.experiment import seeds
from rrrn.flow.cuda import cuda_engine
from rrrn.flow.numba import level, median, state, warp
from rrrn.flow.numba.numba_engine import solve
from rrrn.flow.opencv import opencv_engine
from rrrn.flow.parameters import Parameters
from rrrn.running.stage import InputError

FIXED = Parameters(epsilon=0.0, outer_iterations=1)  # the same work for everyone: 30 iterations per warp
ONE_WARP = Parameters(epsilon=0.0, outer_iterations=1, warps=1)  # before rounding is amplified where no texture holds


def texture(side: int, seed: int = 0) -> np.ndarray:
    """A picture with detail of all sizes, finer than pairs made of it."""
    length = displaced.OVERSAMPLING * (side + 32)
    noise = np.random.default_rng(seed).normal(size=(length, length))
    octaves = [cv2.GaussianBlur(noise, (0, 0), sigma) * sigma**1.5 for sigma in (2, 4, 8, 16, 32)]
    return cv2.normalize(sum(octaves), None, 10, 245, cv2.NORM_MINMAX).astype(np.float32)


@pytest.fixture(scope="module")
def pairs() -> dict[float, list[displaced.Pair]]:
    faces = [displaced.painted_face(subject, 120) for subject in ("synsamm-001", "syncasme2-002")]
    return displaced.pairs(faces, 120, flow.MAGNITUDES, 3, 1)


def stacked(pairs: dict[float, list[displaced.Pair]]) -> tuple[np.ndarray, np.ndarray]:
    every = [pair for some in pairs.values() for pair in some]
    return np.stack([pair.before for pair in every]), np.stack([pair.after for pair in every])


def both(before: np.ndarray, after: np.ndarray, parameters: Parameters) -> tuple[np.ndarray, np.ndarray]:
    """The flow of one pair, from this engine and from OpenCV."""
    ours = solve(before[None], after[None], parameters, 1)
    return ours[0], opencv_engine.solve(before[None], after[None], parameters, 1)[0]


def test_fixed_iterations_give_the_flow_of_opencv(pairs):
    before, after = stacked(pairs)
    difference = np.hypot(
        *(solve(before, after, FIXED, 2) - opencv_engine.solve(before, after, FIXED, 2)).transpose(1, 0, 2, 3)
    )
    assert difference.mean() <= 0.003 and np.percentile(difference, 99) <= 0.03


def test_stopping_rule_gives_the_flow_of_opencv_and_its_error(pairs):
    before, after = stacked(pairs)
    ours, reference = solve(before, after, Parameters(), 2), opencv_engine.solve(before, after, Parameters(), 2)
    assert np.hypot(*(ours - reference).transpose(1, 0, 2, 3)).mean() <= 0.0155
    truths = [pair.displacement for some in pairs.values() for pair in some]
    errors = [
        [displaced.end_point_error(f, d) for f, d in zip(flows, truths, strict=True)] for flows in (ours, reference)
    ]
    for ours_at, reference_at in zip(*(np.reshape(e, (-1, 3)).mean(axis=1) for e in errors), strict=True):
        assert ours_at == pytest.approx(reference_at, rel=0.02)
        assert reference_at < 0.25  # the flow is found at all


@pytest.fixture(scope="module")
def covered() -> tuple[np.ndarray, np.ndarray]:
    """A pair with a black block over the face in both frames: hard edges, and no texture within.

    Of 240 pixels: at 120 a change of one pixel by one gray level moves OpenCV's own flow by these limits.
    """
    pair = displaced.pairs([displaced.painted_face("synsamm-001", 240)], 240, (2.0,), 1, 1)[2.0][0]
    before, after = pair.before[None].copy(), pair.after[None].copy()
    before[:, 80:180, 60:180] = after[:, 80:180, 60:180] = 0
    return before, after


def on_cpu(before: np.ndarray, after: np.ndarray, parameters: Parameters, threads: int) -> np.ndarray:
    """The engine for GPUs, by PyTorch on a CPU."""
    usual = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        return cuda_engine.solve(before, after, parameters, "cpu")
    finally:
        torch.set_num_threads(usual)


@pytest.mark.parametrize(("parameters", "mean", "p99"), [(FIXED, 0.003, 0.03), (Parameters(), 0.0155, np.inf)])
def test_covered_faces_have_the_flow_of_opencv(covered, parameters, mean, p99):
    reference = opencv_engine.solve(*covered, parameters, 1)[0]
    assert np.percentile(np.hypot(*reference), 99) > 0.2  # motion is found at all
    for engine in (solve, on_cpu):
        difference = np.hypot(*(engine(*covered, parameters, 1)[0] - reference))
        assert difference.mean() <= mean and np.percentile(difference, 99) <= p99


@pytest.mark.parametrize(
    "change",
    [
        {"median_filter": 1},
        {"median_filter": 3},
        {"scales": 1},
        {"scales": 50},
        {"warps": 1},
        {"scale_step": 0.5},
        {"tau": 0.1, "lambda_": 0.4, "theta": 0.15},
        {"inner_iterations": 7},
        {"inner_iterations": 1, "outer_iterations": 9},
    ],
)
def test_parameters_mean_what_they_mean_to_opencv(pairs, change):
    pair = pairs[1.0][0]
    parameters = Parameters(**{"epsilon": 0.0, "outer_iterations": 1, "warps": 2} | change)
    ours, reference = both(pair.before, pair.after, parameters)
    assert np.hypot(*(ours - reference)).mean() <= 0.003
    assert (
        np.abs(ours - both(pair.before, pair.after, Parameters(epsilon=0, outer_iterations=1, warps=2))[0]).max() > 0.01
    )


@pytest.mark.parametrize(
    "shape", [(16, 16), (16, 17), (20, 31), (31, 20), (33, 160), (97, 48), (3, 40), (40, 3), (3, 3)]
)
def test_images_of_any_size(shape):
    """Tiny ones, of which OpenCV makes one scale only, and widths beside multiples of 16."""
    picture = texture(200)[100:300, 100:300]
    before, after = (np.rint(picture[y : y + shape[0], 5 : 5 + shape[1]]).astype(np.uint8) for y in (4, 5))
    ours, reference = both(before, after, ONE_WARP)
    assert ours.shape == (2, *shape) and np.isfinite(ours).all()
    assert np.hypot(*reference).mean() > 0.2 and np.hypot(*(ours - reference)).mean() <= 0.0005
    assert np.isfinite(solve(before[None], after[None], Parameters(), 1)).all()


def edge_cases() -> dict[str, tuple[np.ndarray, np.ndarray]]:
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


@pytest.mark.parametrize("name", edge_cases())
def test_extreme_images(name):
    before, after = edge_cases()[name]
    ours, reference = both(before, after, replace(ONE_WARP, scales=2))
    assert np.hypot(*(ours - reference)).mean() <= 0.0005
    ours, reference = both(before, after, Parameters())
    assert np.isfinite(ours).all()
    if name not in ("noise to other noise", "chequered"):  # which have no flow: what is found there hangs on rounding
        assert np.hypot(*(ours - reference)).mean() <= 0.003


def test_threads_and_neighbours_change_no_bit(pairs):
    before, after = stacked(pairs)
    one = solve(before, after, Parameters(), 1)
    assert np.array_equal(one, solve(before, after, Parameters(), 3))
    assert np.array_equal(one[4:5], solve(before[4:5], after[4:5], Parameters(), 1))


def test_no_pairs_have_no_flow():
    assert solve(np.empty((0, 20, 30), np.uint8), np.empty((0, 20, 30), np.uint8), Parameters(), 2).shape == (
        0,
        2,
        20,
        30,
    )


def test_other_images_are_refused():
    image = np.zeros((1, 20, 20), np.uint8)
    with pytest.raises(InputError, match="uint8"):
        solve(np.full((1, 20, 20), np.nan, np.float32), image, Parameters(), 1)
    with pytest.raises(InputError, match="no pairs"):
        solve(image, image[:, :19], Parameters(), 1)
    with pytest.raises(InputError, match="no pairs"):
        solve(image[0], image[0], Parameters(), 1)
    with pytest.raises(InputError, match="3 x 3"):
        solve(image[:, :2], image[:, :2], Parameters(), 1)
    with pytest.raises(InputError, match="threads"):
        solve(image, image, Parameters(), 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [("tau", 0.0), ("lambda_", -1.0), ("theta", float("nan")), ("epsilon", -0.1), ("scale_step", 1.0), ("scales", 0)]
    + [("warps", 0), ("inner_iterations", 0), ("outer_iterations", 0), ("median_filter", 4), ("median_filter", 7)],
)
def test_parameters_out_of_range_are_refused(name, value):
    with pytest.raises(InputError, match=f"^{name.rstrip('_')} of TV-L1 is "):
        Parameters(**{name: value})


@pytest.mark.parametrize("name", ["warps", "scales", "inner_iterations", "outer_iterations", "median_filter"])
@pytest.mark.parametrize("value", ["3", 3.0, 2.5, None, float("inf"), True, [3], 2**31])
def test_counts_are_whole_numbers(name, value):
    with pytest.raises(InputError, match=f"^{name} of TV-L1 is {re.escape(repr(value))}; it must be "):
        Parameters(**{name: value})
    assert Parameters(**{name: np.int64(3)}) == Parameters(**{name: 3})


@pytest.mark.parametrize("name", ["tau", "lambda", "theta", "epsilon", "scale_step"])
@pytest.mark.parametrize("value", ["0.5", None, float("inf"), float("nan"), True, [0.5], 1j])
def test_other_parameters_are_numbers(name, value):
    with pytest.raises(InputError, match=f"^{name} of TV-L1 is {re.escape(repr(value))}; it must be "):
        Parameters.of_section({name: value})
    assert Parameters.of_section({name: np.float64(0.5)}) == Parameters.of_section({name: 0.5})


@pytest.mark.parametrize("size", [3, 5])
@pytest.mark.parametrize("shape", [(5, 3), (9, 15), (8, 16), (7, 17), (21, 45)])
def test_median_is_exact(size, shape):
    height, width = shape
    plane = np.random.default_rng(width).normal(size=shape).astype(np.float32)
    blocks = width // 16 + 1
    padded = np.zeros((height, blocks * 16), np.float32)
    padded[:, :width] = plane
    memory = np.zeros((height + 1, blocks, state.BLOCK // 16, 16), np.float32)
    memory[1:, :, state.U2 // 16] = padded.reshape(height, blocks, 16)
    flat = np.concatenate([memory.ravel(), np.zeros(16, np.float32)])
    pitch = median.pitch_of(width)
    image, columns = np.zeros((height + 4) * pitch, np.float32), np.zeros(5 * pitch, np.float32)
    median.smooth(flat, state.U2, height, width, blocks * state.BLOCK, size, image, columns)
    result = flat[: memory.size].reshape(memory.shape)[1:, :, state.U2 // 16].reshape(height, -1)[:, :width]
    assert np.array_equal(result, cv2.medianBlur(plane, size))
    assert not flat[: memory.size].reshape(memory.shape)[:, :, state.U2 // 16 + 1 :].any()


def test_scratch_ends_where_it_is_said_to(pairs):
    """What lies behind the scratch stays as it was."""
    rng = seeds.generator(0, "scratch")
    for height, width in rng.integers(3, 70, (12, 2)).tolist():
        image = rng.integers(0, 255, (height, width)).astype(np.float32)
        ends = level.layout(height, width)
        work = np.full(ends[-1] + 64, 7, np.float32)
        field = rng.normal(0, 30, (2, height, width)).astype(np.float32)
        level.solver()(image, image, field, work[: ends[-1]], ends, 0.25, 0.045, 0.8333, 0.0, 2, 1, 3, 5)
        assert (work[ends[-1] :] == 7).all() and np.isfinite(field).all()
        assert np.diff((0, *ends)).min() >= warp.CHANNELS
