import argparse
import json

import cv2
import numpy as np
import pytest

from rrrn.data import flow_store, store, views
from rrrn.data.flow_store import FlowReader
from rrrn.data.views import View
from rrrn.face import rotation
from rrrn.flow.parameters import Parameters
from rrrn.provenance import sources
from rrrn.running.stage import InputError
from rrrn.stages import flow

PARAMETERS = {
    "tau": 0.25,
    "lambda": 0.15,
    "theta": 0.3,
    "scales": 5,
    "scale_step": 0.8,
    "warps": 5,
    "epsilon": 0.01,
    "inner_iterations": 30,
    "outer_iterations": 10,
    "median_filter": 5,
}
SECTION = PARAMETERS | {
    "engine": "opencv",
    "rotation": "frames",
    "warm_start": False,
    "norm": "fixed",
    "full_scale_pct": 2.0,
    "size": 32,
    "store": {"dtype": "int16", "compression": "blosc2"},
}


def texture(side: int, seed: int = 0) -> np.ndarray:
    """A periodic, band-limited picture."""
    noise = np.random.default_rng(seed).normal(size=(side, side))
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    smooth = np.fft.ifft2(np.fft.fft2(noise) * np.exp(-((frequency / 0.07) ** 2))).real
    return cv2.normalize(smooth, None, 20, 235, cv2.NORM_MINMAX)


def shifted(image: np.ndarray, dx: float, dy: float) -> np.ndarray:
    """The image moved by a phase shift: exact for a periodic, band-limited picture, independent of OpenCV's warps."""
    fy, fx = np.meshgrid(np.fft.fftfreq(image.shape[0]), np.fft.fftfreq(image.shape[1]), indexing="ij")
    return np.fft.ifft2(np.fft.fft2(image) * np.exp(-2j * np.pi * (fx * dx + fy * dy))).real


def pair(dx: float, dy: float, side: int = 96) -> tuple[np.ndarray, np.ndarray]:
    image = texture(side)
    return image.round().astype(np.uint8), shifted(image, dx, dy).round().clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(("dx", "dy"), [(0.8, -0.4), (0.0, 0.0), (-1.7, 0.3)])
def test_known_translation(dx, dy):
    result = flow.tvl1(*pair(dx, dy), **PARAMETERS)
    inner = result[:, 12:-12, 12:-12]
    assert result.dtype == np.float32 and result.shape == (2, 96, 96)
    assert np.hypot(inner[0] - dx, inner[1] - dy).mean() < 0.08  # TV-L1 itself is off by so much at the open border


def test_parameters_reach_the_solver():
    a, b = pair(0.8, -0.4)
    expected = cv2.optflow.DualTVL1OpticalFlow_create().calc(a, b, None).transpose(2, 0, 1)
    assert np.array_equal(flow.tvl1(a, b, engine="opencv", **PARAMETERS), expected)
    for change in ({"lambda": 0.05}, {"warps": 1}, {"scales": 1}, {"theta": 0.1}, {"median_filter": 1}):
        assert not np.array_equal(flow.tvl1(a, b, engine="opencv", **PARAMETERS | change), expected)


def test_rotated_pair_has_the_rotated_flow():
    """Turning both frames turns the vectors: the mean of (0.8, -0.4) after 15 degrees counter-clockwise."""
    a, b = pair(0.8, -0.4, 160)
    face = (30, 30, 130, 130)
    turned = flow.tvl1(*(rotation.turn_and_cut(image, face, 15) for image in (a, b)), **PARAMETERS)
    c, s = np.cos(np.deg2rad(15)), np.sin(np.deg2rad(15))
    expected = (c * 0.8 + s * -0.4, -s * 0.8 + c * -0.4)
    inner = turned[:, 12:-12, 12:-12].mean(axis=(1, 2))
    assert np.allclose(inner, expected, atol=0.06)


def test_no_angle_copies_pixels_and_full_turn_returns_them():
    image = texture(64).astype(np.uint8)
    assert np.array_equal(rotation.turn_and_cut(image, (10, 12, 50, 52), 0), image[12:52, 10:50])
    quarter = rotation.turn_and_cut(image, (10, 12, 50, 52), 90)
    assert np.array_equal(quarter, np.rot90(image[12:52, 10:50]))


def test_norms():
    field = np.zeros((2, 50, 200), np.float32)
    field[0, :, :100], field[1, 10] = 2.0, -8.0
    fixed = flow.normalise(field, 200, "fixed", 2.0)  # 2 px of 200 are 1 %, half of the full scale
    assert fixed[0, 0, 0] == 0.5 and fixed[0, 0, 150] == 0 and fixed[1, 10, 0] == -1
    p99 = flow.normalise(field, 200, "p99", 2.0)
    assert p99.min() == pytest.approx(-1, abs=1e-3) and p99[0, 0, 0] == pytest.approx(
        2 / np.percentile(np.hypot(*field), 99)
    )
    minmax = flow.normalise(field, 200, "minmax", 2.0)
    assert minmax[0].min() == -1 and minmax[0].max() == 1 and minmax[1].max() == 1
    assert not flow.normalise(np.ones_like(field), 200, "minmax", 2.0).any()


def test_views_are_solved_between_their_frames():
    frames = np.stack([pair(t * 0.5, 0, 80)[1] for t in range(4)])
    face = (8, 8, 72, 72)
    plan = [View("x", 0, 10, 12, 0.0, 0), View("x", 1, 10, 13, 0.0, 0), View("x", 2, 10, 12, 0.0, 1)]
    settings = flow.Settings.of(SECTION | {"engine": "auto"})
    result = flow.clip_flow(frames, np.arange(10, 14, dtype=np.int32), face, plan, settings)
    assert result.shape == (3, 2, 32, 32) and result.dtype == np.float32
    assert np.array_equal(result[0], result[2])
    for view, motion in ((0, 1.0), (1, 1.5)):  # in px; the face is 64 px wide, full scale 2 % of it
        expected = min(motion * 100 / 64 / 2, 1)
        assert result[view, 0, 6:-6, 6:-6].mean() == pytest.approx(expected, abs=0.05)
        assert abs(float(result[view, 1, 6:-6, 6:-6].mean())) < 0.03


@pytest.fixture
def stage_args(tmp_path):
    """What the stage is called with: a shard of one clip of two frames, and a plan of one view."""
    before, after = pair(0.8, -0.4, 64)
    with store.create(tmp_path / "frames.h5") as file:
        group = file.create_group("x")
        group.attrs["subject"], group.attrs["face"] = "s", np.array([4, 4, 60, 60], np.int32)
        store.put(group, "frames", np.stack([before, after]))
        store.put(group, "numbers", np.array([1, 2], np.int32), chunk_axes=0)
    views.write([View("x", 0, 1, 2, 0.0, 0)], tmp_path / "plan.csv")

    def args(output="flow.h5", **changes):
        return argparse.Namespace(
            shard=tmp_path / "frames.h5",
            plan=tmp_path / "plan.csv",
            output=tmp_path / output,
            views="all",
            threads=1,
            gpus=1,
            asked={},
            settings={"flow": SECTION | changes},
        )

    return args


@pytest.mark.parametrize(
    ("changes", "lacking", "message"),
    [
        ({}, "tau", "the settings lack flow.tau"),
        ({}, "norm", "the settings lack flow.norm"),
        ({"warp": 2}, "", "the settings have the unknown key flow.warp"),
        ({"norm": "max"}, "", "flow.norm is 'max'; it must be one of fixed, p99, minmax"),
        ({"store": {"dtype": "int16"}}, "", "the settings lack flow.store.compression"),
        ({"warps": 0}, "", "warps of TV-L1 is 0"),
    ],
)
def test_settings_that_are_not_right_are_named(stage_args, changes, lacking, message):
    args = stage_args(**changes)
    args.settings["flow"].pop(lacking, None)
    with pytest.raises(InputError) as caught:
        flow.main(args)
    assert str(caught.value).startswith(message) and not args.output.exists()


def test_stage_writes_what_flow_it_is_and_what_it_was_made_by(stage_args):
    args = stage_args()
    flow.main(args)
    with store.reading(args.output) as file:
        assert (file.attrs["engine"], file.attrs["engine_version"]) == ("opencv", f"cv2 {cv2.__version__}")
        told = {name: value for name, value in args.settings["flow"].items() if name in Parameters().section()}
        assert json.loads(file.attrs["parameters"]) == told
        assert (file.attrs["rotation"], bool(file.attrs["warm_start"])) == ("frames", False)
        assert file.attrs["code"] == sources.digest("rrrn.stages.flow", "rrrn.flow.opencv.opencv_engine")
        about = dict(file["x/flow"].attrs)
    assert (about["norm"], about["full_scale_pct"], about["scale"]) == ("fixed", 2.0, flow_store.STEP)
    assert "width of the face box" in about["units"] and "signed" in about["channels"]
    with FlowReader(args.output, "x/flow") as reader:
        result = reader.read(0)
    u, v = (100 / 56 / 2 * d for d in (0.8, -0.4))  # in full scales, 2 % of the 56 px of the face
    assert result[0, 6:-6, 6:-6].mean() == pytest.approx(u, abs=0.08)
    assert result[1, 6:-6, 6:-6].mean() == pytest.approx(v, abs=0.08)


def test_stage_keeps_no_flow_that_is_not_finite(stage_args):
    args = stage_args(engine="numba", tau=1e30)
    with pytest.raises(InputError, match=r"^the flow of clip x of .*frames\.h5 is not finite"):
        flow.main(args)
    assert not args.output.exists()


@pytest.mark.parametrize(
    "form", [{"dtype": d, "compression": c} for d in ("int16", "float16") for c in ("blosc2", "none")]
)
def test_stage_gives_equal_bytes_twice(stage_args, form):
    for name in ("a.h5", "b.h5"):
        flow.main(stage_args(name, store=form))
    folder = stage_args().output.parent
    assert (folder / "a.h5").read_bytes() == (folder / "b.h5").read_bytes()


@pytest.mark.parametrize("norm", ["fixed", "p99", "minmax"])
def test_every_norm_stays_within_full_scale(norm):
    """What is stored in int16 never meets its limit."""
    field = np.random.default_rng(0).normal(0, 50, (2, 40, 40)).astype(np.float32)
    resized = cv2.resize(flow.normalise(field, 100, norm, 2.0)[0], (57, 57), interpolation=cv2.INTER_LINEAR)
    assert 0.5 < np.abs(resized).max() <= 1 + 1e-6
    assert set(flow.UNITS) == {"fixed", "p99", "minmax"}


@pytest.mark.parametrize("value", [0, 128, 255])
def test_constant_images_have_finite_flow(value):
    image = np.full((32, 24), value, np.uint8)
    assert np.abs(flow.tvl1(image, image, **PARAMETERS)).max() < 1e-3
