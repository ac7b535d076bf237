"""``rrrn flow`` on two images, and the files it writes."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from rrrn import cli
from rrrn.data import flo, frames, pictures
from rrrn.experiment import defaults
from rrrn.flow import engines
from rrrn.flow.parameters import Parameters
from rrrn.running import stage
from rrrn.stages import flow


@pytest.fixture
def pair(tmp_path) -> tuple[Path, Path]:
    """Two images in colour, the second moved by a pixel and a half."""
    noise = np.random.default_rng(1).normal(size=(60, 160, 3))
    wide = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 3), None, 0, 255, cv2.NORM_MINMAX)
    small = [cv2.resize(np.roll(wide, shift, axis=1), (80, 30), interpolation=cv2.INTER_AREA) for shift in (0, 3)]
    paths = tmp_path / "a.png", tmp_path / "b.png"
    for path, image in zip(paths, small, strict=True):
        cv2.imwrite(str(path), image.round().astype(np.uint8))
    return paths


def run(*words: object) -> None:
    cli.main(["flow", *map(str, words)])


def failed(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    with pytest.raises(SystemExit) as stopped:
        run(*words)
    assert stopped.value.code == 1
    return capsys.readouterr().err


def test_flow_and_picture(tmp_path, pair):
    out, picture = tmp_path / "new/flow.flo", tmp_path / "flow.png"
    run(*pair, "-o", out, "--picture", picture, "--engine", "numba")
    found = flo.read(out)
    assert found.shape == (2, 30, 80) and np.abs(found[:, 8:-8, 8:-8].mean(axis=(1, 2)) - (1.5, 0)).max() < 0.1
    gray = [cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2GRAY) for path in pair]
    assert np.array_equal(found, flow.tvl1(*gray, engine="numba", scales=3, warps=2))  # those of config.yaml
    drawn = frames.read(picture)
    assert np.array_equal(drawn, pictures.colours(found, float(np.hypot(*found).max())))
    run(*pair, "-o", out, "--picture", picture, "--engine", "numba", "--full", "100", "--cores", "2")
    assert np.array_equal(flo.read(out), found) and frames.read(picture).min() > drawn.min()
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.png", "b.png", "flow.flo", "flow.png", "new"]


def test_gray_meets_colour_and_configuration_and_engine_are_heard(tmp_path, pair):
    cv2.imwrite(str(tmp_path / "gray.png"), cv2.imread(str(pair[0]), cv2.IMREAD_GRAYSCALE))
    (tmp_path / "own.yaml").write_text("flow: {lambda: 0.05, engine: opencv}\nclips: nowhere\n")
    seen = []
    for options in (("--engine", "numba"), ("--engine", "opencv"), ("--configfile", tmp_path / "own.yaml")):
        run(tmp_path / "gray.png", pair[1], "-o", tmp_path / "x.flo", *options)
        seen.append(flo.read(tmp_path / "x.flo"))
    assert 0 < np.hypot(*(seen[0] - seen[1])).mean() < 0.02 < np.hypot(*(seen[1] - seen[2])).mean()


def test_help_and_docstring_say_whose_parameters(capsys):
    with pytest.raises(SystemExit):
        run("--help")
    told = " ".join(capsys.readouterr().out.split())
    section, own = defaults.section("flow"), Parameters()
    assert f"config.yaml ({section['scales']} scales, {section['warps']} warps)" in told
    assert f"rrrn.tvl1, in Python, takes OpenCV's ({own.scales} and {own.warps})" in told
    docstring = " ".join(flow.tvl1.__doc__.split())
    assert f"{own.scales} scales and {own.warps} warps; the command ``rrrn flow``" in docstring
    assert f"take config.yaml's, {section['scales']} and {section['warps']}" in docstring


def test_images_that_are_alike_are_white(tmp_path, pair):
    run(pair[0], pair[0], "-o", tmp_path / "x.flo", "--picture", tmp_path / "x.png", "--engine", "numba")
    assert np.abs(flo.read(tmp_path / "x.flo")).max() < 1e-6
    assert (frames.read(tmp_path / "x.png") == 255).all()


def test_mistakes_are_named(tmp_path, capsys, pair):
    (tmp_path / "text.png").write_text("no image")
    (tmp_path / "bad.yaml").write_text("flow: {tau: fast}")
    (tmp_path / "wild.yaml").write_text("flow: {tau: 1.0e+30}")
    shutil.copy(pair[0], tmp_path / "image.flo")
    (tmp_path / "folder.flo").mkdir()
    cv2.imwrite(str(tmp_path / "small.png"), np.zeros((30, 79), np.uint8))
    cv2.imwrite(str(tmp_path / "deep.png"), np.zeros((30, 80), np.uint16))
    cv2.imwrite(str(tmp_path / "tiny.png"), np.zeros((2, 80), np.uint8))
    out = ("-o", tmp_path / "x.flo")
    for words, message in (
        ((tmp_path / "nowhere.png", pair[1], *out), "nowhere.png: there is no such image"),
        ((pair[0], tmp_path / "text.png", *out), "text.png: not a whole image"),
        ((pair[0], tmp_path / "deep.png", *out), "deep.png: is not an 8-bit image"),
        ((pair[0], tmp_path / "small.png", *out), "are 80 x 30 and 79 x 30 pixels; cut them to one size"),
        ((tmp_path / "tiny.png", tmp_path / "tiny.png", *out), "images of 2 x 80 pixels have no flow"),
        ((*pair, "-o", tmp_path / "x.png"), "x.png: its name must end in .flo"),
        ((*pair, "-o", tmp_path / "folder.flo"), "folder.flo: is a folder"),
        ((*pair, *out, "--picture", tmp_path / "x.gif"), "x.gif: its name must end in .png"),
        ((*pair, *out, "--picture", pair[1]), "b.png: would take the place of what is read"),
        ((tmp_path / "image.flo", pair[1], "-o", tmp_path / "image.flo"), "image.flo: would take the place of"),
        ((*pair, *out, "--configfile", tmp_path / "wild.yaml"), "flow.tau: 1e+30 is greater than the maximum"),
        ((*pair, *out, "--cores", "0", "--engine", "numba"), "the number of threads is 0; give a whole number"),
        ((*pair, *out, "--configfile", tmp_path / "bad.yaml"), "bad.yaml: configuration: flow.tau is the text 'fast'"),
    ):
        assert message in failed(capsys, *words), words
    assert not (tmp_path / "x.flo").exists()


def test_a_full_gpu_is_a_message(tmp_path, capsys, pair, monkeypatch):
    def full(*args):
        raise RuntimeError("CUDA error: out of memory")

    monkeypatch.setattr(engines, "solver", lambda *told: full)
    error = failed(capsys, *pair, "-o", tmp_path / "a.flo")
    assert error.strip() == "error: the GPU's memory is full; end what else computes on it, or take --engine numba"


def test_an_engine_is_named_as_it_was_asked_for(tmp_path, capsys, pair, monkeypatch):
    monkeypatch.setattr(engines, "gpu_is_seen", lambda: False)
    (tmp_path / "own.yaml").write_text("flow: {engine: cuda}\n")
    out = ("-o", tmp_path / "x.flo")
    assert "error: --engine cuda: PyTorch sees no GPU; take auto" in failed(capsys, *pair, *out, "--engine", "cuda")
    error = failed(capsys, *pair, *out, "--configfile", tmp_path / "own.yaml")
    assert "error: the engine (flow.engine) is cuda, but PyTorch sees no GPU; set it to auto" in error


@pytest.mark.parametrize("number", ["0", "-1", "nan", "inf", "wide"])
def test_a_picture_has_a_finite_range(tmp_path, capsys, pair, number):
    with pytest.raises(SystemExit) as stopped:
        run(*pair, "-o", tmp_path / "x.flo", "--picture", tmp_path / "x.png", "--full", number)
    assert stopped.value.code == 2 and f"'{number}' is not a number above 0" in capsys.readouterr().err
    assert not (tmp_path / "x.flo").exists()


def test_files_are_those_of_middlebury(tmp_path):
    field = np.random.default_rng(2).normal(size=(2, 5, 7)).astype(np.float32)
    flo.write(tmp_path / "ours.flo", field)
    cv2.writeOpticalFlow(str(tmp_path / "theirs.flo"), np.ascontiguousarray(field.transpose(1, 2, 0)))
    assert (tmp_path / "ours.flo").read_bytes() == (tmp_path / "theirs.flo").read_bytes()
    assert np.array_equal(flo.read(tmp_path / "theirs.flo"), field)


def test_damaged_files_are_refused(tmp_path):
    flo.write(tmp_path / "x.flo", np.zeros((2, 5, 7), np.float32))
    whole = (tmp_path / "x.flo").read_bytes()
    for data in (b"", whole[:9], whole[:-1], whole + b"\0", b"HEIP" + whole[4:], whole[:4] + b"\xff" * 8 + whole[12:]):
        (tmp_path / "x.flo").write_bytes(data)
        with pytest.raises(stage.InputError, match=r"x\.flo: is no whole \.flo file"):
            flo.read(tmp_path / "x.flo")
    with pytest.raises(stage.InputError, match="cannot be read"):
        flo.read(tmp_path / "nowhere.flo")


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    flo.write(tmp_path / "x.flo", np.ones((2, 3, 3), np.float32))

    def full(self, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError):
        flo.write(tmp_path / "x.flo", np.zeros((2, 3, 3), np.float32))
    assert (flo.read(tmp_path / "x.flo") == 1).all() and len(list(tmp_path.iterdir())) == 1
