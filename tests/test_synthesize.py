"""The command that draws databases: trees and workbooks like the real ones, truth, the same bytes from any --cores."""

import argparse
import os
import signal
from dataclasses import replace
from pathlib import Path

import cv2
import h5py
import numpy as np
import openpyxl
import pytest

from rrrn.commands import synthesize
from rrrn.data.clips import Clip
from rrrn.running.stage import InputError
from rrrn.stages import render
from rrrn.synthetic.databases import layouts, quirks, sheet, workbooks
from rrrn.synthetic.painting import face as faces
from rrrn.synthetic.painting.clip import SyntheticClip
from rrrn.synthetic.painting.presets import PRESETS

SMALL = ("--short", "--scale", "0.1", "--subjects", "2", "--clips", "2")


def arguments(out: Path, *options: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    synthesize.add_arguments(parser)
    return parser.parse_args([str(out), *options])


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn") / "out"
    synthesize.main(arguments(folder, *SMALL, "--cores", "1", "--quirks", "none", "--preview"))
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def cells(path: Path) -> list[list[object]]:
    return [list(row) for row in openpyxl.load_workbook(path)["Sheet1"].iter_rows(values_only=True)]


def test_casme2_lies_as_unpacked(out):
    tree = out / "CASME2/CASME2_RAW_selected/CASME2_RAW_selected"
    assert sorted(path.name for path in tree.iterdir()) == ["sub01", "sub02"]
    clip = next((tree / "sub01").iterdir())
    assert clip.name.startswith("EP01_0")
    frame = cv2.imread(str(sorted(clip.iterdir())[0]), cv2.IMREAD_UNCHANGED)
    assert frame.shape == (48, 64, 3) and all(path.name.startswith("img") for path in clip.iterdir())


def test_samm_lies_as_unpacked(out):
    clip = next((out / "SAMM/006").iterdir())
    assert clip.name.startswith("006_1_")
    names = sorted(path.name for path in clip.iterdir())
    assert all(name.startswith("006_0") and len(name) == len("006_05562.jpg") for name in names)
    assert cv2.imread(str(clip / names[0]), cv2.IMREAD_UNCHANGED).shape == (65, 96)


def test_headers_are_the_real_ones(out):
    coding = cells(out / "CASME2" / workbooks.OLDER_CODING)
    assert coding[0][:6] == ["Subject", "Filename", None, "OnsetFrame", "ApexFrame", "OffsetFrame"]
    assert coding[0][6:] == [None, "Action Units", "Estimated Emotion"] and len(coding) == 5
    assert cells(out / "CASME2" / workbooks.OBJECTIVE_CLASSES)[0] == ["Subject", "Filename", "Objective Class"]
    samm = cells(out / "SAMM" / workbooks.SAMM_CODES)
    assert samm[13][:4] == ["Subject", "Filename", "Inducement Code", "Onset Frame"] and len(samm) == 18


def test_the_paper_shape_has_the_rows_of_the_real_sheets():
    casme2, samm = synthesize.plan(arguments(Path("x"), "--paper-shape", "--short"))
    # the row without a class and one of each quirk's copies come on top of 255 and 159
    assert len(casme2.entries) + len(casme2.other_classes) == 255
    assert len(samm.entries) + len(samm.other_classes) == 159


def test_durations_are_those_of_micro_expressions():
    for clip in sheet.paper_shape(1):
        least, most = (34, 100) if clip.database == "synsamm" else (23, 140)
        assert least <= clip.offset - clip.onset <= most and 3 <= clip.apex - clip.onset <= 88


def test_the_truth_is_that_of_the_frames(out):
    subject = "syncasme2-sub01"
    with h5py.File(out / f"truth/{subject}.h5") as file:
        name, group = next(iter(file.items()))
        onset, apex, offset = (int(group.attrs[key]) for key in ("onset", "apex", "offset"))
        clip = Clip("syncasme2", subject, name, onset, apex, offset, group.attrs["objective_class"], "x", "rendered")
        layout = layouts.LAYOUTS["casme2"]
        face = faces.paint(1, subject, layout.eye_distance, 0.1)
        drawn = SyntheticClip(face, clip, layout, PRESETS["default"], 1, 0.1, recording=(onset, offset))
        numbers = group["numbers"][()].tolist()
        assert numbers == list(range(onset, offset + 1))
        np.testing.assert_allclose(group["landmarks"][3], drawn.landmarks(numbers[3]), atol=1e-4)
        np.testing.assert_allclose(group["intensities"], drawn.intensities)
        np.testing.assert_allclose(group["flow"], drawn.flow(onset, apex), atol=1e-3)
        assert group["motion"].shape == (len(numbers), 2, 12, 16)
        np.testing.assert_allclose(group["motion"][apex - onset], drawn.flow(onset, apex)[:, ::4, ::4], atol=2e-3)
        assert np.abs(group["motion"][0]).max() <= 1e-3  # nothing has moved at the onset
        units = [unit.decode() for unit in group["class_aus"][()]]
        assert units == [one.au for one in drawn.expression if one.of_class]
        for course in ("blink", "shift_x", "roll", "yaw", "gaze_x", "brightness"):
            assert group[course].shape == (len(numbers),)


def test_processes_change_no_byte(tmp_path, out):
    again = tmp_path / "out"
    synthesize.main(arguments(again, *SMALL, "--cores", "2", "--quirks", "none", "--preview"))
    assert files(again) == files(out)


def test_the_rule_draws_the_same_frames(tmp_path, out):
    """Both go through one code: the frames of a rendered clip are among those of the rule."""
    database = synthesize.plan(arguments(out, *SMALL, "--quirks", "none"))[0]
    rows = [entry.clip for entry in database.entries if entry.clip.subject == "syncasme2-sub01"]
    table = [replace(clip, frames=f"x/{clip.subject}/{clip.clip}", source="synthetic") for clip in rows]
    render.render_subject(table, rows[0].subject, tmp_path / "r", render.Settings(1, "default", 0.1))
    for clip in rows:
        for path in (out / clip.frames).iterdir():
            assert path.read_bytes() == (tmp_path / "r" / clip.clip / path.name).read_bytes()


def test_png_and_whole_recordings(tmp_path):
    options = ("--image", "png", "--frames", "raw", "--layout", "casme2", "--truth", "apex", "--cores", "1")
    synthesize.main(arguments(tmp_path / "out", *SMALL, *options, "--quirks", "none"))
    clip = next((tmp_path / "out/CASME2/CASME2_RAW/CASME2-RAW/sub01").iterdir())
    numbers = sorted(int(path.stem.removeprefix("img")) for path in clip.glob("*.png"))
    assert numbers[0] == 1 and numbers == list(range(1, len(numbers) + 1))
    with h5py.File(tmp_path / "out/truth/syncasme2-sub01.h5") as file:
        assert not any("motion" in group for group in file.values())
        assert file[clip.name]["numbers"][()].tolist() == numbers
        assert file[clip.name].attrs["onset"] > 1 and file[clip.name].attrs["offset"] < numbers[-1]


def test_the_note_says_that_nobody_was_recorded(out):
    note = (out / "SAMM/SYNTHETIC.txt").read_text()
    assert "This is not SAMM: no person was recorded" in note and "rrrn synthesize OUT" in note


def test_all_quirks_of_a_layout_find_a_clip():
    casme2, samm = synthesize.plan(arguments(Path("x"), "--short"))
    assert set(casme2.planted) == set(quirks.of_layout("casme2"))
    assert set(samm.planted) >= set(quirks.of_layout("samm")) - {"no_preamble"}


@pytest.mark.parametrize(
    "options, message",
    [
        (("--subjects", "0"), "at least 1"),
        (("--scale", "9"), "from 0.05 to 4"),
        (("--paper-shape", "--clips", "3"), "has subjects and clips of its own"),
        (("--quirks", "nonsense"), "'nonsense' is none of all, none"),
        (("--quirks", ",".join(quirks.OF_CLIPS), "--subjects", "1", "--clips", "2"), "have no room for"),
        (("--quirks", "padding", "--layout", "casme2"), "padding is of the layout samm"),
        (("--subjects", "984"), "983 is the most"),
        (("--frames", "raw", "--layout", "samm"), "is of CASME II"),
    ],
)
def test_wrong_arguments_stop(tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        synthesize.main(arguments(tmp_path / "out", *options))
    assert not (tmp_path / "out").exists()


def test_a_killed_process_is_said(tmp_path, monkeypatch):
    """As the system does for want of memory."""
    monkeypatch.setattr(synthesize, "_start_worker", _die)
    with pytest.raises(InputError, match=r"a process was killed.*fewer --cores"):
        synthesize.main(arguments(tmp_path / "out", *SMALL, "--cores", "2"))
    assert not list(tmp_path.iterdir())


def _die(*ignored: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="exists and is not an empty folder"):
        synthesize.main(arguments(tmp_path))
