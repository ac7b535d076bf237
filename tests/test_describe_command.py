"""``rrrn describe`` on a folder of frames and on a video, and the files it writes."""

import argparse
import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from rrrn import cli
from rrrn.data import clips, frames, listing, pictures, store
from rrrn.data.clips import Clip
from rrrn.data.video.encode import encode
from rrrn.descriptors import LBPTOP
from rrrn.experiment import defaults
from rrrn.stages import describe, faces, occlude
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


def of_the_workflow(clip: Path, folder: Path, onset: int, offset: int) -> np.ndarray:
    """What the rules ``faces``, ``occlude`` (none) and ``describe`` make of a table with this clip."""
    folder.mkdir()
    table, shard, occluded = folder / "clips.csv", folder / "faces.h5", folder / "none.h5"
    clips.write([Clip("x", "s1", "EP01", onset, onset + 1, offset, "III", str(clip), "recorded")], table)
    settings = {name: defaults.section(name) for name in ("faces", "occlude", "describe")}
    told = {"settings": settings, "asked": {}, "clips": table, "rendered": [], "subject": "s1"}
    faces.main(argparse.Namespace(**told, output=shard))
    told |= {"condition": "none", "plugin": "", "anchors": None, "art": None}
    occlude.main(argparse.Namespace(**told, faces=shard, occluded=occluded))
    told |= {"descriptor": "lbp_top", "module": ""}
    describe.main(argparse.Namespace(**told, shards=[occluded], output=folder / "features.h5"))
    with store.reading(folder / "features.h5") as file:
        (features,) = file["features"][()]
        return np.asarray(features)


def test_from_onset_to_offset_the_numbers_are_those_of_the_workflow(tmp_path, caplog, clip):
    caplog.set_level("INFO")
    assert list(listing.listing(clip)) == list(range(10, 23))  # two frames more on either side
    told = (clip, "--descriptor", "lbp-top", "-o", tmp_path / "x.npy")
    run(*told, "--onset", 12, "--offset", 20)
    assert "9 frames (12 to 20), 25 blocks, 1200 numbers (xy 16, xt 16, yt 16 of each block)" in caplog.text
    found = np.load(tmp_path / "x.npy")
    assert found.dtype == np.float32 and np.array_equal(found, of_the_workflow(clip, tmp_path / "few", 12, 20))
    caplog.clear()
    run(*told)
    assert "13 frames (all that there are, 10 to 22), 25 blocks" in caplog.text
    every = np.load(tmp_path / "x.npy")
    assert not np.array_equal(every, found)
    assert np.array_equal(every, of_the_workflow(clip, tmp_path / "all", 10, 22))
    caplog.clear()
    run(*told, "--onset", 14)
    assert "9 frames (14 to 22)" in caplog.text


def test_numbers_rows_and_picture(tmp_path, clip):
    run(clip, "--descriptor", "lbp-top", "-o", tmp_path / "new/x.npy", "--picture", tmp_path / "x.png")
    found = np.load(tmp_path / "new/x.npy")
    run(clip, "--descriptor", "lbp-top", "-o", tmp_path / "x.csv")
    with (tmp_path / "x.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["block"], row["plane"], row["bin"]) for row in rows] == [
        (str(block), plane, str(bin_)) for block, plane, bin_ in LBPTOP().layout()
    ]
    assert np.array_equal(np.array([row["value"] for row in rows], np.float32), found)
    picture = frames.read(tmp_path / "x.png")
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 4 and (picture[:, -3:] == 255).all()
    with (tmp_path / "new/x.layout.csv").open(newline="") as file:
        layout = list(csv.DictReader(file))
    assert layout == [{column: row[column] for column in ("block", "plane", "bin")} for row in rows]
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["new", "x.csv", "x.layout.csv", "x.npy", "x.png"]


def test_a_video_a_preset_and_a_configuration_are_heard(tmp_path, clip, caplog):
    caplog.set_level("INFO")
    images = [frames.read(path) for path in listing.listing(clip).values()][:4]
    encode(iter(images), tmp_path / "film.mkv", 200.0)
    (tmp_path / "own.yaml").write_text("describe: {size: 40, lbp_sip: {code: joint}}\n")
    run(
        tmp_path / "film.mkv",
        "--descriptor",
        "lbp-sip",
        "--configfile",
        tmp_path / "own.yaml",
        "-o",
        tmp_path / "x.npy",
    )
    stretched = "4 frames (all that there are, 1 to 4), stretched in time to 9"
    assert f"{stretched}, 25 blocks, 1600 numbers (joint 64 of each block)" in caplog.text
    run(tmp_path / "film.mkv", "--descriptor", "hog3d", "--onset", 2, "--offset", 4, "-o", tmp_path / "x.npy")
    assert "3 frames (2 to 4), 25 blocks, 800 numbers" in caplog.text  # a video's frames count from 1
    for words, size in (
        (("--descriptor", "lbp-top", "--preset", "megc_code"), 177),
        (("--descriptor", "lbp-top", "--preset", "zhao2007", "--blocks", "2"), 708),
        (("--descriptor", "hog3d", "--preset", "polikovsky2009", "--blocks", "3"), 288),
    ):
        run(tmp_path / "film.mkv", *words, "-o", tmp_path / "x.npy")
        assert np.load(tmp_path / "x.npy").shape == (size,)


def test_mistakes_are_named(tmp_path, capsys, clip):
    (tmp_path / "folder.npy").mkdir()
    (tmp_path / "taken.layout.csv").mkdir()
    (tmp_path / "blank").mkdir()
    for n in range(1, 8):
        cv2.imwrite(str(tmp_path / f"blank/{n}.png"), np.full((90, 90), 7, np.uint8))
    encode((frames.read(path) for path in listing.listing(clip).values()), tmp_path / "film.mkv", 200.0)
    (tmp_path / "small.yaml").write_text("describe: {size: 16}\n")
    out = ("-o", tmp_path / "x.npy")
    for words, message in (
        ((tmp_path / "nowhere", "--descriptor", "hog3d", *out), "nowhere: there is no such folder of frames"),
        (
            (tmp_path / "blank", "--descriptor", "hog3d", *out),
            "blank: no face in 6 frames in a row, 1 to 6, where the search ended; look at them, then lay a "
            "--configfile over it that has",
        ),
        ((clip, "--descriptor", "hog3d", "-o", tmp_path / "x.txt"), "x.txt: its name must end in .npy or .csv"),
        ((clip, "--descriptor", "hog3d", "-o", tmp_path / "folder.npy"), "folder.npy: is a folder; name a file"),
        (
            (clip, "--descriptor", "hog3d", "-o", tmp_path / "taken.npy"),
            "taken.layout.csv: is a folder; name a file",
        ),
        ((clip, "--descriptor", "hog3d", *out, "--picture", tmp_path / "x.gif"), "x.gif: its name must end in .png"),
        ((clip, "--descriptor", "hog3d", "--preset", "meb", *out), "preset 'meb' is none of polikovsky2009"),
        ((clip, "--descriptor", "hog3d", "--blocks", "0", *out), "blocks is 0; give a whole number, from 1 to 256"),
        (
            (clip, "--descriptor", "hog3d", "--blocks", "2000", *out),
            "blocks is 2000; give a whole number, from 1 to 256",
        ),
        (
            (clip, "--descriptor", "hog3d", "--blocks", "200", *out),
            "describe.size is 128, and hog3d with 200 x 200 blocks needs 802 pixels per side; lower --blocks",
        ),
        (
            (clip, "--descriptor", "hog3d", "--onset", "9", *out),
            "there is no frame 9, the onset; the clip's frames are 10",
        ),
        (
            (clip, "--descriptor", "hog3d", "--offset", "23", *out),
            "there is no frame 23, the offset; the clip's frames",
        ),
        (
            (clip, "--descriptor", "hog3d", "--onset", "20", "--offset", "12", *out),
            "the onset 20 lies behind the offset",
        ),
        (
            (tmp_path / "film.mkv", "--descriptor", "hog3d", "--onset", "0", *out),
            "no frame 0, the onset; the clip's fr",
        ),
        (
            (tmp_path / "film.mkv", "--descriptor", "hog3d", "--onset", "14", *out),
            "14, the onset; the clip's frames are 1 ",
        ),
        (
            (clip, "--descriptor", "hog3d", "--onset", "12", "--offset", "12", *out),
            "is a single frame, and nothing moves",
        ),
        (
            (clip, "--descriptor", "lbp-top", "--configfile", tmp_path / "small.yaml", *out),
            "describe.size is 16, and lbp-top with 5 x 5 blocks needs 22 pixels per side",
        ),
    ):
        assert message in failed(capsys, *words), words
    assert not (tmp_path / "x.npy").exists()


def test_blocks_that_have_no_room_are_refused_before_a_layout_is_made(tmp_path, capsys, monkeypatch, clip):
    for name in ("layout", "parts"):
        monkeypatch.setattr(LBPTOP, name, None)
    error = failed(capsys, clip, "--descriptor", "lbp-top", "--blocks", "2000", "-o", tmp_path / "x.npy")
    assert "blocks is 2000; give a whole number, from 1 to 256" in error


@pytest.mark.parametrize(
    ("words", "title"),
    [
        (("lbp-top", "--blocks", "3"), "lbp-top, preset casme2_baseline, 3 x 3 blocks, face of 48 x 48"),
        (("lbp-top", "--preset", "megc_code"), "lbp-top, megc_code, 1 x 1 blocks, face of 48 x 48"),
        (("lbp-sip",), "lbp-sip, radius 1, radius_t 4, code split, 5 x 5 blocks, face of 48 x 48"),
    ],
)
def test_the_title_has_all_that_was_told(tmp_path, monkeypatch, clip, words, title):
    (tmp_path / "own.yaml").write_text("describe: {size: 48}\n")
    written = []
    write = pictures.write
    monkeypatch.setattr(pictures, "write", lambda *args, **told: written.append((args, told)) or write(*args, **told))
    run(clip, "--descriptor", *words, "--picture", tmp_path / "x.png", "--configfile", tmp_path / "own.yaml")
    (picture, text, (left, _)), _ = written[0]
    assert text == title
    assert write(picture.copy(), text, (left, 22)) < picture.shape[1]  # and it has room


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch, clip):
    """Of the numbers and of their layout, whichever of the two fails."""
    files = [tmp_path / "x.npy", tmp_path / "x.layout.csv"]
    write, replace = Path.write_bytes, Path.replace
    for fails in files:
        for file in files:
            file.write_text("old")

        def full(self, data, name=fails.name):
            if name in self.name:
                raise OSError(28, "No space left on device")
            return write(self, data)

        monkeypatch.setattr(Path, "write_bytes", full)
        with pytest.raises(SystemExit):
            run(clip, "--descriptor", "hog3d", "-o", files[0])
        assert sorted(tmp_path.iterdir()) == sorted(files) and {file.read_text() for file in files} == {"old"}
    monkeypatch.setattr(Path, "write_bytes", write)

    def refused(self, target):
        if Path(target).name == "x.npy":
            raise OSError(13, "Permission denied")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(SystemExit):
        run(clip, "--descriptor", "hog3d", "-o", files[0])
    assert files[0].read_text() == "old" and list(tmp_path.iterdir()) == files[:1]  # no layout of other numbers
