import argparse
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from rrrn.data import clips, store
from rrrn.data.clips import Clip
from rrrn.descriptors import hog3d, lbp_sip
from rrrn.running.stage import InputError
from rrrn.stages import describe

SETTINGS = {
    "size": 24,
    "blocks": 2,
    "tim_frames": 0,
    "lbp_top": {"preset": "casme2_baseline"},
    "lbp_sip": {"radius": 1, "radius_t": 4, "code": "split"},
    "hog3d": {"bins_xy": 8, "bins_t": 12},
}
FACE = np.array([4, 3, 40, 35], np.int32)
TABLE = [
    Clip("a", subject, clip, 1, 3, 9, "I", f"{subject}/{clip}", "synthetic")
    for subject, clip in [("s1", "c1"), ("s1", "c2"), ("s2", "c0"), ("s2", "c1")]
]


def frames_of(clip, n_frames=11):
    return np.random.default_rng([int(clip.subject[1:]), int(clip.clip[1:])]).integers(
        0, 256, (n_frames, 40, 44), np.uint8
    )


@pytest.fixture
def project(tmp_path):
    """A clip table, in another order than that of reading, and one shard per subject."""
    clips.write(TABLE[::-1], tmp_path / "clips.csv")
    for subject in ("s1", "s2"):
        write_shard(tmp_path / f"{subject}.h5", clips.of_subject(TABLE, subject))
    return tmp_path


def write_shard(path, rows, face=FACE):
    with store.create(path) as file:
        for clip in rows:
            group = file.create_group(clip.clip)
            group.attrs.update({"subject": clip.subject, "clip": clip.clip, "face": face})
            store.put(group, "frames", frames_of(clip), compress=True)
            store.put(group, "numbers", np.arange(1, 12, dtype=np.int32))


def run(project, shards=("s1", "s2"), name="hog3d", **changed):
    describe.main(
        argparse.Namespace(
            shards=[project / f"{shard}.h5" for shard in shards],
            output=project / "out.h5",
            clips=project / "clips.csv",
            descriptor=name,
            module="",
            asked={},
            settings={"describe": SETTINGS | changed},
        )
    )
    return (project / "out.h5").read_bytes()


@pytest.mark.parametrize(("size", "method"), [(24, cv2.INTER_AREA), (32, cv2.INTER_AREA), (50, cv2.INTER_LINEAR)])
def test_face_is_cut_and_scaled_as_by_opencv(size, method):
    frames = frames_of(TABLE[0])
    found = describe.face_volume(frames, FACE, size)
    expected = [cv2.resize(frame[3:35, 4:40].copy(), (size, size), interpolation=method) for frame in frames]
    assert np.array_equal(found, expected)


def test_face_of_that_size_stays_as_it_is():
    frames = frames_of(TABLE[0])
    assert np.array_equal(describe.face_volume(frames, np.array([4, 4, 36, 36]), 32), frames[:, 4:36, 4:36])


@pytest.mark.parametrize("face", [(-1, 0, 20, 20), (0, 0, 45, 20), (5, 5, 5, 20), (0, 20, 20, 10)])
def test_face_outside_of_the_frames_is_refused(face):
    with pytest.raises(InputError, match="does not lie inside of the 44 x 40 frames"):
        describe.face_volume(frames_of(TABLE[0]), np.array(face), 16)


def test_interpolation_in_time():
    volume = np.array([0, 100, 50], np.uint8).reshape(3, 1, 1)
    assert describe.interpolated(volume, 5).ravel().tolist() == [0, 50, 100, 75, 50]
    assert describe.interpolated(volume, 6).ravel().tolist() == [0, 40, 80, 90, 70, 50]
    assert describe.interpolated(volume, 3).ravel().tolist() == [0, 100, 50]
    assert describe.interpolated(volume[:1], 4).ravel().tolist() == [0, 0, 0, 0]
    volume = frames_of(TABLE[0])
    position = np.linspace(0, 10, 17)
    flat = volume.reshape(11, -1)
    expected = np.stack([np.interp(position, range(11), pixel) for pixel in flat.T], axis=1)
    assert np.abs(describe.interpolated(volume, 17).reshape(17, -1) - expected).max() <= 0.5 + 1e-4


@pytest.mark.parametrize(
    ("n_frames", "tim_frames", "least", "expected"),
    [(20, 0, 9, 20), (5, 0, 9, 9), (20, 10, 9, 10), (5, 10, 9, 10), (9, 0, 9, 9)],
)
def test_number_of_frames(n_frames, tim_frames, least, expected):
    assert len(describe.timed(frames_of(TABLE[0], n_frames), tim_frames, least)) == expected


def test_too_few_frames_asked_for_are_refused():
    with pytest.raises(InputError, match="tim_frames 5 is less than the 9"):
        describe.timed(frames_of(TABLE[0]), 5, 9)


def test_rows_are_those_of_the_table(project):
    run(project, name="lbp_sip")
    with store.reading(project / "out.h5") as file:
        assert list(zip(store.names(file, "subject"), store.names(file, "clip"), strict=True)) == [
            (clip.subject, clip.clip) for clip in TABLE
        ]
        features = file["features"][()]
    assert features.dtype == np.float32
    for clip, row in zip(TABLE, features, strict=True):
        volume = np.stack([cv2.resize(f[3:35, 4:40], (24, 24), interpolation=cv2.INTER_AREA) for f in frames_of(clip)])
        assert np.array_equal(row, lbp_sip.describe(volume, blocks=2, **SETTINGS["lbp_sip"]))


def test_order_of_the_shards_does_not_matter(project):
    assert run(project, ("s1", "s2")) == run(project, ("s2", "s1"))


def test_settings_reach_the_descriptor(project):
    run(project, tim_frames=5, size=16, blocks=3, hog3d={"bins_xy": 4, "bins_t": 6})
    volume = np.stack([cv2.resize(f[3:35, 4:40], (16, 16), interpolation=cv2.INTER_AREA) for f in frames_of(TABLE[1])])
    expected = hog3d.describe(describe.interpolated(volume, 5), blocks=3, bins_xy=4, bins_t=6)
    with store.reading(project / "out.h5") as file:
        assert np.array_equal(file["features"][1], expected)


def test_clip_without_shard_is_named(project):
    write_shard(project / "s1.h5", [TABLE[1]])
    with pytest.raises(InputError, match="no shard holds clip s1/c1"):
        run(project)
    assert not (project / "out.h5").exists()


def test_clip_without_row_is_named(project):
    clips.write(TABLE[:3], project / "clips.csv")
    with pytest.raises(InputError, match=r"s2\.h5: clip s2/c1 is not in the clip table"):
        run(project)


def test_clip_in_two_shards_is_named(project):
    write_shard(project / "copy.h5", [TABLE[1]])
    with pytest.raises(InputError, match="holds clip s1/c2, and so does"):
        run(project, ("s1", "s2", "copy"))


def test_each_shard_is_verified_once(project, monkeypatch):
    verified, verify = [], store.verified
    monkeypatch.setattr(store, "verified", lambda path: verified.append(path.name) or verify(path))
    run(project)
    assert verified == ["s1.h5", "s2.h5"]


def test_bad_face_box_names_its_clip(project):
    write_shard(project / "s2.h5", clips.of_subject(TABLE, "s2"), face=np.array([0, 0, 90, 90], np.int32))
    with pytest.raises(InputError, match=r"s2\.h5: clip s2/c0: the face box"):
        run(project)


@pytest.mark.parametrize("name", ["hog4d", "blocks"])
def test_unknown_descriptor_is_refused(project, name):
    with pytest.raises(InputError, match=f"no descriptor '{name}'"):
        run(project, name=name)


def test_clips_that_are_too_short_are_stretched_and_named(project, caplog):
    caplog.set_level("INFO")
    run(project, name="lbp_sip")
    assert "stretched" not in caplog.text
    run(project, name="lbp_sip", lbp_sip={"radius": 1, "radius_t": 6, "code": "split"})
    assert "stretched to 13 frames, which the descriptor needs: s1/c1, s1/c2, s2/c0, s2/c1" in caplog.text
    caplog.clear()
    run(project, name="lbp_sip", lbp_sip={"radius": 1, "radius_t": 6, "code": "split"}, tim_frames=13)
    assert "stretched" not in caplog.text  # as asked for


def test_as_a_command(project):
    expected = run(project, name="lbp_top")
    command = [
        sys.executable,
        "-m",
        "rrrn.stages.describe",
        "s2.h5",
        "s1.h5",
        "results/lbp_top.h5",
        "--clips",
        "clips.csv",
    ]
    command += ["--descriptor", "lbp_top", "--settings", json.dumps({"describe": SETTINGS}), "--log", "describe.log"]
    home = str(Path(describe.__file__).parents[2])
    subprocess.run(command, cwd=project, check=True, env={"PYTHONPATH": home, "PATH": ""})
    assert (project / "results/lbp_top.h5").read_bytes() == expected
    assert "lbp_top: 4 clips, 192 numbers each" in (project / "describe.log").read_text()
