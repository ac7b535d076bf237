"""The render stage: real image files, the truth beside them, the same bytes in every process."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest

from rrrn.data import clips
from rrrn.data.clips import Clip
from rrrn.running import stage
from rrrn.stages import render
from rrrn.synthetic.databases import layouts
from rrrn.synthetic.painting import face as faces
from rrrn.synthetic.painting.clip import SyntheticClip
from rrrn.synthetic.painting.presets import PRESETS

SETTINGS = render.Settings(seed=1, preset="easy", scale=0.5)
TABLE = [
    Clip("syncasme2", "syncasme2-sub01", "EP01_01", 2, 5, 8, "I", "x/syncasme2-sub01/EP01_01", "synthetic"),
    Clip("syncasme2", "syncasme2-sub01", "EP01_02", 100, 104, 107, "IV", "x/syncasme2-sub01/EP01_02", "synthetic"),
    Clip("synsamm", "synsamm-006", "006_1_1", 4998, 5002, 5006, "III", "x/synsamm-006/006_1_1", "synthetic"),
]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("synthetic")
    for subject in ("syncasme2-sub01", "synsamm-006"):
        render.render_subject(TABLE, subject, folder / subject, SETTINGS)
    return folder


def command(folder: Path, table: Path, subject: str) -> subprocess.CompletedProcess:
    arguments = [
        folder,
        "--clips",
        table,
        "--subject",
        subject,
        "--settings",
        json.dumps({"render": vars(SETTINGS)}),
    ]
    return subprocess.run(
        [sys.executable, "-m", "rrrn.stages.render", *map(str, arguments)],
        cwd=Path(render.__file__).parents[2],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=False,
    )


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_frames_are_files_as_a_camera_leaves_them(rendered):
    casme2, samm = rendered / "syncasme2-sub01", rendered / "synsamm-006"
    assert {path.name for path in casme2.iterdir()} == {"EP01_01", "EP01_02", "truth.h5"}
    assert {p.name for p in (casme2 / "EP01_01").iterdir()} == {f"img{n}.jpg" for n in range(11)}
    assert {p.name for p in (casme2 / "EP01_02").iterdir()} == {f"img{n}.jpg" for n in range(98, 110)}
    assert {p.name for p in (samm / "006_1_1").iterdir()} == {f"006_{n:05d}.jpg" for n in range(4996, 5009)}
    colour = cv2.imread(str(casme2 / "EP01_01" / "img1.jpg"), cv2.IMREAD_UNCHANGED)
    gray = cv2.imread(str(samm / "006_1_1" / "006_04998.jpg"), cv2.IMREAD_UNCHANGED)
    assert (colour.shape, colour.dtype) == ((240, 320, 3), np.uint8)
    assert gray.shape == (325, 480)


def test_the_truth_is_the_clips(rendered):
    row = TABLE[1]
    face = faces.paint(1, row.subject, 108.0, 0.5)
    clip = SyntheticClip(face, row, layouts.LAYOUTS["casme2"], PRESETS["easy"], 1, 0.5)
    with h5py.File(rendered / row.subject / "truth.h5") as file:
        assert set(file) == {"EP01_01", "EP01_02"}
        truth = file[row.clip]
        assert truth["numbers"][()].tolist() == list(range(98, 110))
        assert truth["landmarks"].shape == (12, 68, 2)
        np.testing.assert_allclose(truth["landmarks"][6], clip.landmarks(104), atol=1e-4)
        assert (truth["flow"].shape, truth["flow"].dtype) == ((2, 240, 320), np.float16)
        np.testing.assert_allclose(truth["flow"][()], clip.flow(100, 104), atol=1e-3)
        assert [au.decode() for au in truth["aus"][()]] == [activation.au for activation in clip.expression]
        np.testing.assert_array_equal(truth["intensities"][()], clip.intensities)
    stored = cv2.imread(str(rendered / row.subject / row.clip / "img104.jpg"))
    assert np.abs(stored.astype(int) - clip.render(104)).mean() < 2


@pytest.mark.parametrize("subject", ["syncasme2-sub01", "synsamm-006"])
def test_another_process_writes_the_same_bytes(rendered, tmp_path, subject):
    clips.write(TABLE, tmp_path / "clips.csv")
    result = command(tmp_path / "again", tmp_path / "clips.csv", subject)
    assert result.returncode == 0, result.stderr
    written = files(tmp_path / "again")
    told = [path for path in written if "frames.csv" in str(path)]
    assert len(told) == 1 and b"by hand" in written.pop(told[0])  # what the command says of its frames
    assert written == files(rendered / subject)
    assert {path.name for path in tmp_path.iterdir()} == {"again", "clips.csv"}


def test_a_recorded_clip_stops_the_command_and_leaves_nothing(tmp_path):
    recorded = dataclasses.replace(TABLE[1], source="recorded")
    clips.write([recorded], tmp_path / "clips.csv")
    result = command(tmp_path / "out", tmp_path / "clips.csv", recorded.subject)
    assert result.returncode == 1
    assert "syncasme2-sub01/EP01_02 is recorded" in result.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"clips.csv"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"objective_class": "VI"}, "class VI"),
        ({"frames": "data/elsewhere"}, "data/elsewhere"),
        ({"frames": "x/syncasme2-sub02/EP01_01"}, "x/syncasme2-sub02"),
        ({"subject": "syncasme2-sub02"}, "no subject syncasme2-sub01"),
    ],
)
def test_a_users_mistake_is_named(tmp_path, change, message):
    table = [dataclasses.replace(TABLE[0], **change)]
    with pytest.raises(stage.InputError, match=message):
        render.render_subject(table, "syncasme2-sub01", tmp_path / "out", SETTINGS)
    assert not (tmp_path / "out").exists()
