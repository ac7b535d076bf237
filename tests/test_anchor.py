"""The stage between faces and occluders: what it stores, what is read back, and what is refused."""

import argparse
import logging

import h5py
import numpy as np
import pytest
from moving_face import moving
from test_occlude import clip, held, shard

from rrrn.occlusion.holding import anchoring, anchors
from rrrn.occlusion.holding.anchors import Anchors
from rrrn.provenance import sources
from rrrn.running import typed, warned
from rrrn.running.stage import InputError
from rrrn.stages import anchor


def run(faces, path, settings):
    anchor.main(argparse.Namespace(faces=faces, anchors=path, settings={"anchor": settings}, asked={}, log=None))
    return h5py.File(path, "r")


@pytest.mark.parametrize("mode", anchoring.MODES)
def test_a_shard_holds_what_anchoring_finds(tmp_path, mode):
    settings = held(mode, registration=True, yaw="auto")
    clips = {"EP01": moving(12), "EP02": clip()}
    faces = shard(tmp_path / "f.h5", clips)
    with run(faces, tmp_path / "a.h5", settings) as file, h5py.File(faces, "r") as clean:
        assert sorted(file) == ["EP01", "EP02"]
        for name in clips:
            wanted = anchoring.anchored(
                clean[name]["frames"][()],
                clean[name]["landmarks"][()],
                typed.of(anchoring.Settings, settings, "anchor"),
            )
            found = anchors.get(file, clean[name])
            assert found.mode == mode and found.points.dtype == np.float64
            np.testing.assert_array_equal(found.points, wanted.points)
            assert set(found.facts) == set(wanted.facts) == (set(anchors.FACTS) if mode == "stable" else set())
            for fact, value in wanted.facts.items():
                np.testing.assert_array_equal(found.facts[fact], value)
        if mode == "stable":
            assert file["EP01"].attrs["registered_frames"] > 6 and file["EP01"]["landmarks"].shape == (12, 68, 2)


def test_only_the_mode_stable_needs_its_settings(tmp_path):
    faces = shard(tmp_path / "f.h5", {"EP01": clip()})
    for mode in ("clip", "per_frame", "author_compat"):
        run(faces, tmp_path / f"{mode}.h5", {"mode": mode}).close()
    with pytest.raises(InputError, match=r"^the settings lack anchor\.stable$"):
        run(faces, tmp_path / "stable.h5", {"mode": "stable"})
    with pytest.raises(InputError, match=r"^the settings lack anchor\.stable\.smooth$"):
        run(faces, tmp_path / "stable.h5", {"mode": "stable", "stable": {}})
    assert not list(tmp_path.glob("*stable.h5*"))


def test_a_clip_of_which_few_frames_were_registered_is_named(tmp_path, caplog):
    """The frames of ``clip`` are noise, in which nothing can be registered. The line is one that a run repeats."""
    faces = shard(tmp_path / "sub01.h5", {"EP01": moving(12), "EP02": clip(frames=12), "EP03": clip(frames=12)})
    with caplog.at_level(logging.WARNING):
        run(faces, tmp_path / "a.h5", held("stable", registration=True)).close()
    (said,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert said.startswith(f"{warned.BEGINNING}sub01, clip EP02: only ") and said.endswith("; likewise EP03")
    assert "of 12 frames could be registered" in said and len(said.splitlines()) == 1


def test_landmarks_that_failed_are_named(tmp_path):
    frames, landmarks = clip()
    landmarks[3, 5, 0] = np.inf
    faces = shard(tmp_path / "f.h5", {"EP01": clip(), "EP02": (frames, landmarks)})
    with pytest.raises(InputError, match=r"f\.h5, clip EP02: frame 3 of the clip, .* not finite"):
        run(faces, tmp_path / "a.h5", held("per_frame"))
    assert not list(tmp_path.glob("*a.h5*"))


@pytest.mark.parametrize("other", ["clip", "frames", "subject"])
def test_anchors_of_other_frames_are_refused(tmp_path, other):
    faces = shard(tmp_path / "f.h5", {"EP01": clip()})
    wrong = shard(
        tmp_path / "g.h5", {"EP02" if other == "clip" else "EP01": clip(frames=4 if other == "frames" else 5)}
    )
    if other == "subject":
        with h5py.File(wrong, "r+") as file:
            file["EP01"].attrs["subject"] = "casme2-sub02"
        with h5py.File(wrong, "r") as file, h5py.File(tmp_path / "a.h5", "w") as out:
            anchors.put(out.create_group("EP01"), Anchors(np.zeros((5, 68, 2))), file["EP01"])
    else:
        run(wrong, tmp_path / "a.h5", held()).close()
    with (
        h5py.File(faces, "r") as clean,
        h5py.File(tmp_path / "a.h5", "r") as file,
        pytest.raises(InputError, match=r"a\.h5 has no anchors of these frames; .*rule anchor"),
    ):
        anchors.get(file, clean["EP01"])


def test_how_anchors_are_found_concerns_no_occluder_s_code(tmp_path, monkeypatch):
    """So that what is registered otherwise gives other anchors, and un-occluded clips stay as they are."""
    digests = []
    for text in ("", "import os\n"):
        root = tmp_path / f"root{len(text)}"
        (root / "rrrn").parent.mkdir()
        (root / "rrrn").symlink_to(sources.HOME / "rrrn") if not text else _edited(root)
        monkeypatch.setattr(sources, "HOME", root)
        digests.append(
            [
                sources.current(name)
                for name in ("rrrn.stages.anchor", "rrrn.stages.occlude", "rrrn.occlusion.kinds.mask")
            ]
        )
    before, after = digests
    assert before[0] != after[0] and before[1:] == after[1:]


def _edited(root):
    import shutil

    shutil.copytree(sources.HOME / "rrrn", root / "rrrn", ignore=shutil.ignore_patterns("__pycache__"))
    path = root / "rrrn/occlusion/holding/registration.py"
    path.write_text("import os\n" + path.read_text())
