"""Which engine solves the flow, and what a file says of it."""

import argparse
import importlib
import json
import shutil
import sys
from types import ModuleType, SimpleNamespace

import cv2
import h5py
import numpy as np
import pytest
import yaml

from rrrn.data import store, views
from rrrn.data.views import View
from rrrn.flow import engines
from rrrn.flow.numba import numba_engine
from rrrn.flow.opencv import opencv_engine
from rrrn.flow.parameters import Parameters
from rrrn.provenance import sources
from rrrn.running import cards
from rrrn.running.stage import InputError
from rrrn.stages import flow

FEW = Parameters(warps=1, scales=2, epsilon=0.0, outer_iterations=1)


@pytest.fixture
def images() -> tuple[np.ndarray, np.ndarray]:
    noise = cv2.GaussianBlur(np.random.default_rng(0).normal(size=(3, 40, 50)), (0, 0), 1.5)
    first = cv2.normalize(noise, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    return first, np.roll(first, 1, axis=2)


@pytest.fixture
def gpu(monkeypatch) -> list[tuple]:
    """A machine with a GPU, whose engine keeps what it is called with and finds no motion."""
    calls = []
    module = ModuleType("rrrn.flow.cuda.cuda_engine")

    def solve(pairs_a, pairs_b, parameters):
        calls.append((pairs_a, pairs_b, parameters))
        return np.zeros((len(pairs_a), 2, *pairs_a.shape[1:]), np.float32)

    module.solve = solve
    monkeypatch.setitem(sys.modules, "rrrn.flow.cuda.cuda_engine", module)
    monkeypatch.setattr(engines, "gpu_is_seen", lambda: True)
    return calls


@pytest.fixture
def no_gpu(monkeypatch) -> None:
    monkeypatch.setattr(engines, "gpu_is_seen", lambda: False)


def test_engines_by_name(images, no_gpu):
    for name, module in (("auto", numba_engine), ("numba", numba_engine), ("opencv", opencv_engine)):
        for threads in (1, 2):
            assert np.array_equal(engines.solver(name, threads)(*images, FEW), module.solve(*images, FEW))


def test_auto_is_the_gpu_where_there_is_one(images, gpu):
    assert engines.resolve("auto") == "cuda" and engines.resolve("numba") == "numba"
    for name in ("auto", "cuda"):
        assert not engines.solver(name, 4)(*images, FEW).any()
    assert [call[2] for call in gpu] == [FEW, FEW] and gpu[0][0] is images[0]
    assert engines.resolve("auto", warm_start=True) == "numba"
    assert engines.resolve("auto", gpus=0) == "numba" and engines.resolve("cuda", gpus=0) == "cuda"


def test_what_a_machine_lacks_is_said(no_gpu):
    with pytest.raises(InputError, match=r"PyTorch sees no GPU; set it to auto or numba"):
        engines.solver("cuda")
    with pytest.raises(InputError, match=r"'fast'; it must be one of auto, numba, cuda, opencv$"):
        engines.solver("fast")
    for name in ("cuda", "opencv"):
        with pytest.raises(InputError, match=f"warm_start needs flow.engine numba or auto, not {name}"):
            engines.refiner(name)


def test_no_driver_means_no_gpu_without_pytorch(monkeypatch):
    def missing(name):
        raise OSError(name)

    monkeypatch.setattr(cards.ctypes, "CDLL", missing)
    monkeypatch.setattr(engines.importlib, "import_module", lambda name: pytest.fail(f"{name} was imported"))
    engines.gpu_is_seen.cache_clear()
    assert not engines.gpu_is_seen()
    engines.gpu_is_seen.cache_clear()


@pytest.mark.parametrize(("init", "query", "expected"), [(0, 0, 2), (100, 0, 0), (0, 3, 0)])
def test_cards_are_those_that_the_driver_counts(monkeypatch, init, query, expected):
    """The driver answers 0, or the number of an error: 100 is no device, 3 not initialised."""

    def two(target):
        target._obj.value = 2
        return query

    driver = SimpleNamespace(cuInit=lambda flags: init, cuDeviceGetCount=two)
    monkeypatch.setattr(cards.ctypes, "CDLL", lambda name: driver)
    assert cards.count() == expected


def test_opencv_engine_is_opencv(images):
    a, b = images
    plain = cv2.optflow.DualTVL1OpticalFlow_create()
    expected = [plain.calc(one, two, None).transpose(2, 0, 1) for one, two in zip(a, b, strict=True)]
    assert np.array_equal(opencv_engine.solve(a, b, Parameters(), 2), expected)
    for message, given in (("uint8", (a * 1.0, b)), ("no pairs", (a, b[1:])), ("3 x 3", (a[:, :2], b[:, :2]))):
        with pytest.raises(InputError, match=message):
            opencv_engine.solve(*given, Parameters())
    with pytest.raises(InputError, match="threads"):
        opencv_engine.solve(a, b, Parameters(), 0)


def test_one_function_for_pairs_and_stacks(images, no_gpu):
    a, b = images
    stack = flow.tvl1(a, b, warps=2, threads=2)
    assert stack.shape == (3, 2, 40, 50) and stack.dtype == np.float32
    assert np.array_equal(flow.tvl1(a[1], b[1], warps=2), stack[1])
    assert np.array_equal(flow.tvl1(a, b, **{"lambda": 0.3}), numba_engine.solve(a, b, Parameters(lambda_=0.3)))


def test_images_that_have_no_flow_are_named(images):
    a, b = (image[0] for image in images)
    broken = b.astype(np.float32)
    assert "holds" not in refusal(a, broken)
    for value in (np.nan, np.inf):
        broken[3, 4] = value
        assert refusal(a, broken).startswith("b is float32 and holds NaN or infinite numbers")
        assert refusal(broken, b).startswith("a is float32 and holds NaN or infinite numbers")
    assert refusal(a, b[:, 1:]).startswith(
        "a and b are (1, 40, 50) and (1, 40, 49) as stacks (N, H, W), which are no p"
    )
    assert "are no pairs" in refusal(a, images[1])
    assert refusal(a, b, engine="fast").startswith("engine is 'fast'; it must be one of auto")
    assert refusal(a, b, threads=0).startswith("the number of threads is 0; give a whole number")
    assert "TV-L1 has no parameter lamda; it has tau, lambda" in refusal(a, b, lamda=0.1)
    assert "tau of TV-L1 is -1; it must be" in refusal(a, b, tau=-1)


def test_colour_is_not_taken_for_a_stack_of_rows(images):
    gray = images[0][0]
    for colour in (np.dstack([gray] * 3), np.dstack([gray] * 4), np.dstack([gray] * 3)[None]):
        assert refusal(colour, colour).startswith(f"a is {colour.shape}, which is colour; convert it to gray first")
        assert refusal(gray, colour).startswith("b is ")


def test_what_is_no_array_is_named(images):
    a, b = (image[0] for image in images)
    assert refusal(a.tolist(), b).startswith("a is of type list; TV-L1 takes NumPy arrays")
    assert refusal(a, None).startswith("b is of type NoneType")
    with pytest.raises(InputError, match="pairs_b is of type list"):
        numba_engine.solve(images[0], images[1].tolist(), FEW)


@pytest.mark.parametrize("engine", ["numba", "opencv"])
@pytest.mark.parametrize("threads", ["2", 1.5, 0, None, True])
def test_threads_are_a_whole_number(images, engine, threads):
    assert f"the number of threads is {threads!r}; give a whole number" in refusal(
        *images, engine=engine, threads=threads
    )


def views_of_memory(images: np.ndarray) -> dict[str, np.ndarray]:
    """Equal stacks of images that lie otherwise in memory."""
    wide = np.zeros((3 * len(images), *(2 * side for side in images.shape[1:])), np.uint8)
    wide[::3, ::2, ::2] = images
    frozen = images.copy()
    frozen.flags.writeable = False
    return {
        "turned": images.transpose(0, 2, 1).copy().transpose(0, 2, 1),
        "columns first": np.asfortranarray(images),
        "strided": wide[::3, ::2, ::2],
        "backwards": images[::-1, ::-1, ::-1].copy()[::-1, ::-1, ::-1],
        "read-only": frozen,
        "one image for all": np.broadcast_to(images[:1], images.shape),
    }


def on_cpu(a: np.ndarray, b: np.ndarray, parameters: Parameters) -> np.ndarray:
    """The engine for GPUs, by PyTorch on a CPU."""
    return importlib.import_module("rrrn.flow.cuda.cuda_engine").solve(a, b, parameters, "cpu")


def refine(a: np.ndarray, b: np.ndarray, parameters: Parameters) -> np.ndarray:
    starts = np.full((len(a), 2, *a.shape[1:]), 0.5, np.float32)
    starts[:, 0, ::2] = 1.0
    return numba_engine.refine(a, b, starts if a.flags.c_contiguous else np.asfortranarray(starts), parameters)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("solve", [numba_engine.solve, refine, opencv_engine.solve, on_cpu])
def test_how_images_lie_in_memory_changes_no_bit(images, solve):
    a, b = images
    for name, odd in views_of_memory(a).items():
        other = views_of_memory(b)[name]
        expected = solve(np.ascontiguousarray(odd), np.ascontiguousarray(other), FEW)
        assert np.array_equal(solve(odd, other, FEW), expected), name
        assert np.array_equal(solve(odd, b, FEW)[:1], solve(np.ascontiguousarray(odd), b, FEW)[:1]), name


@pytest.mark.parametrize("engine", ["numba", "opencv"])
def test_images_may_be_transposed(images, engine):
    a, b = (image[0].T for image in images)
    assert not a.flags.c_contiguous
    assert np.array_equal(flow.tvl1(a, b, engine=engine), flow.tvl1(a.copy(), b.copy(), engine=engine))


def refusal(a: object, b: object, **parameters: object) -> str:
    with pytest.raises(InputError) as error:
        flow.tvl1(a, b, **parameters)
    return str(error.value)


def test_parameters_have_their_names_in_the_configuration():
    section = yaml.safe_load((sources.HOME / "config.yaml").read_text())["flow"]
    parameters = Parameters.of_section(section)
    assert parameters.section() == {name: section[name] for name in Parameters().section()}
    assert Parameters.of_section({}) == Parameters()
    assert parameters.scales == section["scales"] != Parameters().scales


@pytest.fixture
def shard(tmp_path, images):
    with store.create(tmp_path / "shard.h5") as file:
        group = file.create_group("x")
        group.attrs["face"], group.attrs["subject"] = [4, 4, 44, 36], "s"
        store.put(group, "frames", images[0])
        store.put(group, "numbers", np.arange(3, dtype=np.int32), chunk_axes=0)
    plan = [View("x", k, 0, apex, angle, 0) for k, (apex, angle) in enumerate([(1, 0.0), (2, 5.0), (2, 0.0)])]
    views.write(plan, tmp_path / "plan.csv")
    return tmp_path


def run(shard, name: str, section: dict | None = None, **changes: object) -> bytes:
    section = section or yaml.safe_load((sources.HOME / "config.yaml").read_text())["flow"]
    section = section | {"size": 16} | changes
    options = {"shard": shard / "shard.h5", "plan": shard / "plan.csv", "output": shard / name, "views": "all"}
    flow.main(argparse.Namespace(settings={"flow": section}, threads=1, gpus=1, asked={}, **options))
    return (shard / name).read_bytes()


def test_a_file_of_flow_says_what_solved_it(shard, no_gpu):
    assert run(shard, "a.h5") == run(shard, "b.h5", engine="numba")  # no time, no path
    run(shard, "c.h5", engine="opencv", rotation="field", tau=0.2)
    with h5py.File(shard / "a.h5") as numba, h5py.File(shard / "c.h5") as opencv:
        for file, engine, rotation in ((numba, "numba", "frames"), (opencv, "opencv", "field")):
            assert file.attrs["engine"] == engine and file.attrs["rotation"] == rotation
            assert not file.attrs["warm_start"] and f"cv2 {cv2.__version__}" in file.attrs["engine_version"]
        assert "numba " in numba.attrs["engine_version"] and "numba" not in opencv.attrs["engine_version"]
        assert json.loads(numba.attrs["parameters"]) | {"tau": 0.2} == json.loads(opencv.attrs["parameters"])


def test_a_file_of_flow_names_the_code_of_its_engine(shard, no_gpu, monkeypatch):
    """An edit of a kernel, which ``rrrn.stages.flow`` does not import, is an edit of the file's code."""
    run(shard, "before.h5")
    copy = shard / "edited"
    shutil.copytree(sources.HOME / "rrrn", copy / "rrrn", ignore=shutil.ignore_patterns("__pycache__"))
    kernel = copy / "rrrn/flow/numba/iterate.py"
    kernel.write_text(kernel.read_text() + "\n_UNUSED = 1\n")
    section = yaml.safe_load((sources.HOME / "config.yaml").read_text())["flow"]
    monkeypatch.setattr(sources, "HOME", copy)
    sources.forget()
    run(shard, "after.h5", section)
    run(shard, "opencv.h5", section, engine="opencv")
    monkeypatch.undo()
    sources.forget()
    run(shard, "opencv_before.h5", engine="opencv")
    codes = []
    for name in ("before", "after", "opencv", "opencv_before"):
        with h5py.File(shard / f"{name}.h5") as file:
            codes.append(file.attrs["code"])
    assert codes[0] != codes[1] and codes[2] == codes[3] not in codes[:2]


def test_savings_are_heard(shard, no_gpu):
    assert len({run(shard, f"{k}.h5", **change) for k, change in enumerate([{}, {"rotation": "field"}])}) == 2
    run(shard, "warm.h5", warm_start=True)
    run(shard, "cold.h5")
    with h5py.File(shard / "warm.h5") as warm, h5py.File(shard / "cold.h5") as cold:
        changed = [bool((w != c).any()) for w, c in zip(warm["x/flow"], cold["x/flow"], strict=True)]
    assert changed == [False, False, True]  # the first of each angle starts from nothing
    with pytest.raises(InputError, match="warm_start"):
        run(shard, "x.h5", warm_start=True, engine="opencv")
    assert not (shard / "x.h5").exists()
