"""``rrrn describe`` on a folder of frames and on a video, and the files it writes."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from rrrn import cli
from rrrn.data import frames, listing
from rrrn.data.clips import Clip
from rrrn.data.video.encode import encode
from rrrn.descriptors import LBPTOP
from rrrn.experiment import defaults
from rrrn.occlusion import compositing
from rrrn.running import typed
from rrrn.stages import describe, faces
from rrrn.synthetic.databases import layouts
from rrrn.synthetic.painting import face as painted_faces
from rrrn.synthetic.painting.clip import SyntheticClip
from rrrn.synthetic.painting.presets import PRESETS


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """Thirteen rendered frames in a folder, in colour."""
    layout = layouts.of_database("syncasme2-sub02")
    row = Clip("x", "syncasme2-sub02", "EP01", 12, 16, 20, "III", "", "synthetic")
    painted = painted_faces.paint(1, row.subject, layout.eye_distance, 0.4)
    drawn = SyntheticClip(painted, row, layout, PRESETS["easy"], 1, 0.4)
    folder = tmp_path_factory.mktemp("clip")
    for number in drawn.numbers:
        cv2.imwrite(str(folder / f"img{number}.png"), drawn.render(int(number)))
    return folder


def run(*words: object) -> None:
    cli.main(["describe", *map(str, words)])


def failed(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    with pytest.raises(SystemExit) as stopped:
        run(*words)
    assert stopped.value.code == 1
    return capsys.readouterr().err


def of_the_stages(clip: Path, name: str, section: dict) -> np.ndarray:
    """What the rules ``faces``, ``occlude`` (none) and ``describe`` make of a clip."""
    files = listing.listing(clip)
    settings = typed.of(faces.Settings, defaults.section("faces"), "faces")
    found = faces.faces([frames.read(path) for path in files.values()], list(files), settings, "clip")
    gray = np.stack([compositing.to_gray(frame) for frame in found.frames])
    return describe.clip_features(gray, np.array(found.face), name, describe.Settings.of(section, name))


def test_the_numbers_are_those_of_the_workflow(tmp_path, caplog, clip):
    caplog.set_level("INFO")
    run(clip, "--descriptor", "lbp-top", "-o", tmp_path / "new/x.npy", "--picture", tmp_path / "x.png")
    assert "13 frames, 25 blocks, 1200 numbers (xy 16, xt 16, yt 16 of each block)" in caplog.text
    section = defaults.section("describe")
    found = np.load(tmp_path / "new/x.npy")
    assert found.dtype == np.float32 and np.array_equal(found, of_the_stages(clip, "lbp_top", section))
    run(clip, "--descriptor", "lbp-top", "-o", tmp_path / "x.csv")
    with (tmp_path / "x.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["block"], row["plane"], row["bin"]) for row in rows] == [
        (str(block), plane, str(bin_)) for block, plane, bin_ in LBPTOP().layout()
    ]
    assert np.array_equal(np.array([row["value"] for row in rows], np.float32), found)
    picture = frames.read(tmp_path / "x.png")
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 4 and (picture[:, -3:] == 255).all()
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["new", "x.csv", "x.npy", "x.png"]


def test_a_video_a_preset_and_a_configuration_are_heard(tmp_path, clip, caplog):
    caplog.set_level("INFO")
    images = [frames.read(path) for path in listing.listing(clip).values()][:4]
    encode(iter(images), tmp_path / "film.mkv", 200.0)
    (tmp_path / "own.yaml").write_text("describe: {size: 40, lbp_sip: {code: joint}}\n")
    run(tmp_path / "film.mkv", "--descriptor", "lbp-sip", "--config", tmp_path / "own.yaml", "-o", tmp_path / "x.npy")
    assert "4 frames, brought to 9, 25 blocks, 1600 numbers (joint 64 of each block)" in caplog.text
    for words, size in (
        (("--descriptor", "lbp-top", "--preset", "megc_code"), 177),
        (("--descriptor", "lbp-top", "--preset", "zhao2007", "--blocks", "2"), 708),
        (("--descriptor", "hog3d", "--preset", "polikovsky2009", "--blocks", "3"), 288),
    ):
        run(tmp_path / "film.mkv", *words, "-o", tmp_path / "x.npy")
        assert np.load(tmp_path / "x.npy").shape == (size,)


def test_mistakes_are_named(tmp_path, capsys, clip):
    (tmp_path / "folder.npy").mkdir()
    (tmp_path / "blank").mkdir()
    for n in range(1, 8):
        cv2.imwrite(str(tmp_path / f"blank/{n}.png"), np.full((90, 90), 7, np.uint8))
    (tmp_path / "small.yaml").write_text("describe: {size: 16}\n")
    out = ("-o", tmp_path / "x.npy")
    for words, message in (
        ((tmp_path / "nowhere", "--descriptor", "hog3d", *out), "nowhere: there is no such folder of frames"),
        ((tmp_path / "blank", "--descriptor", "hog3d", *out), "blank: no face in 6 frames in a row"),
        ((clip, "--descriptor", "hog3d", "-o", tmp_path / "x.txt"), "x.txt: its name must end in .npy or .csv"),
        ((clip, "--descriptor", "hog3d", "-o", tmp_path / "folder.npy"), "folder.npy: is a folder; name a file"),
        ((clip, "--descriptor", "hog3d", *out, "--picture", tmp_path / "x.gif"), "x.gif: its name must end in .png"),
        ((clip, "--descriptor", "hog3d", "--preset", "meb", *out), "preset 'meb' is none of polikovsky2009"),
        ((clip, "--descriptor", "hog3d", "--blocks", "0", *out), "blocks is 0; give a whole number, 1 or more"),
        (
            (clip, "--descriptor", "lbp-top", "--config", tmp_path / "small.yaml", *out),
            "its face at describe.size 16: 16 x 16 pixels, and 22 per side are needed",
        ),
    ):
        assert message in failed(capsys, *words), words
    assert not (tmp_path / "x.npy").exists()


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch, clip):
    (tmp_path / "x.npy").write_text("old")

    def full(self, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(SystemExit):
        run(clip, "--descriptor", "hog3d", "-o", tmp_path / "x.npy")
    assert [path.name for path in tmp_path.iterdir()] == ["x.npy"] and (tmp_path / "x.npy").read_text() == "old"
