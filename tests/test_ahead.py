"""What is told before a run: each of these would stop a job, or spoil what it makes."""

import importlib
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from rrrn.data import clips
from rrrn.experiment import config
from rrrn.planning import ahead
from rrrn.running.stage import InputError
from rrrn.stages import describe

HOME = Path(__file__).resolve().parents[1]
SCHEMA = HOME / "workflow/schemas/config.schema.yaml"
DEFAULT = yaml.safe_load((HOME / "config.yaml").read_text())
TOY = config.merge([DEFAULT, yaml.safe_load((HOME / "tests/config.yaml").read_text())])
CLIPS = clips.read(HOME / "tests/clips.csv")  # the longest has 12 frames


def refusal(overlay, base=TOY):
    changed = config.merge([base, overlay])
    config.check(changed, SCHEMA)
    with pytest.raises(InputError) as said:
        ahead.check(changed, CLIPS)
    return str(said.value)


def test_shipped_configurations_pass():
    for name, table in (("", "data/clips.csv"), ("config/paper.yaml", "data/clips_paper_shape.csv")):
        own = yaml.safe_load((HOME / name).read_text()) if name else {}
        ahead.check(config.merge([DEFAULT, own]), clips.read(HOME / table))
    ahead.check(TOY, CLIPS)


@pytest.mark.parametrize(
    ("overlay", "message"),
    [
        ({"size": 128, "blocks": 100}, "size is 128, and describe.lbp_top (preset casme2_baseline) with"),
        ({"size": 128, "blocks": 100}, "blocks 100 needs 402 pixels per side"),
        ({"lbp_sip": {"radius": 17}}, "size is 40, and describe.lbp_sip (radius 17, radius_t 4, code split) with"),
        ({"size": 16, "blocks": 4, "methods": ["hog3d"]}, "describe.hog3d (bins_xy 8, bins_t 12) with"),
        ({"size": 24, "lbp_top": {"preset": "meb"}}, "describe.lbp_top (preset meb) with describe.blocks 2 needs 38"),
        ({"lbp_sip": {"radius_t": 50}}, "(radius 1, radius_t 50, code split) needs 101 frames, and the longest clip"),
        ({"lbp_sip": {"radius_t": 50}}, "tests/clips.csv has 12; lower its radius in time, or set describe.tim_frames"),
        ({"lbp_sip": {"radius_t": 24}}, "needs 49 frames"),
        ({"tim_frames": 1}, "tim_frames is 1, and describe.lbp_top (preset casme2_baseline) needs 9 frames; set it to"),
        ({"tim_frames": 2, "methods": ["hog3d"]}, "needs 3 frames"),
    ],
)
def test_a_descriptor_that_clips_have_no_room_for_is_named(overlay, message):
    told = dict(overlay)
    methods = told.pop("methods", TOY["methods"])
    assert message in refusal({"describe": told, "methods": methods})


@pytest.mark.parametrize(
    "overlay",
    [
        {"size": 16, "methods": ["rrrn"]},  # of methods that are not run nothing is asked
        {"lbp_sip": {"radius_t": 50}, "methods": ["lbp_top", "hog3d"]},
        {"lbp_sip": {"radius_t": 50}, "tim_frames": 101},  # stretched by the user's own wish
        {"lbp_sip": {"radius_t": 5}},  # 11 frames: some clips are shorter, some are not
        {"lbp_sip": {"radius_t": 23}},  # 47 frames, not quite four times the longest's
        {"lbp_sip": {"radius": 16}},
        {"blocks": 9},
    ],
)
def test_what_has_room_passes(overlay):
    told = dict(overlay)
    methods = told.pop("methods", TOY["methods"])
    ahead.check(config.merge([TOY, {"describe": told, "methods": methods}]), CLIPS)


@pytest.mark.parametrize("name", ["lbp_top", "lbp_sip", "hog3d"])
@pytest.mark.parametrize("blocks", [1, 3])
def test_the_least_side_has_a_full_histogram_in_every_block(name, blocks):
    own, module = DEFAULT["describe"][name], importlib.import_module(f"rrrn.descriptors.{name}")
    side = module.least_side(blocks=blocks, **own)
    frames = np.random.default_rng(1).integers(0, 256, (12, side, side), np.uint8)
    told = describe.Settings.of(DEFAULT["describe"] | {"size": side, "blocks": blocks}, name)
    found = describe.clip_features(frames, np.array([0, 0, side, side]), name, told)
    assert (found.reshape(blocks * blocks, -1) > 0).mean() > 0.5
    inner = side - {"lbp_top": 2, "lbp_sip": 2, "hog3d": 2}[name]
    assert inner == 4 * blocks


def own_art(folder, rows="red.png,20,0,30,0,40\n"):
    folder.mkdir()
    (folder / "anchors.csv").write_text(f"file,seam,top,bottom,left,right\n{rows}")
    cv2.imwrite(str(folder / "red.png"), np.full((30, 40, 4), 255, np.uint8))
    return {"occlude": {"mask": {"art": str(folder)}}}


def test_art_that_cannot_be_used_is_named(tmp_path):
    missing = {"occlude": {"mask": {"art": str(tmp_path / "nowhere")}}}
    assert f"occlude.mask.art: {tmp_path / 'nowhere'}: there is no such folder of occluders" in refusal(missing)
    (tmp_path / "empty").mkdir()
    empty = {"occlude": {"glasses": {"art": str(tmp_path / "empty")}}, "conditions": ["none", "glasses"]}
    assert f"occlude.glasses.art: {tmp_path / 'empty/anchors.csv'}: there is no such file" in refusal(empty)
    assert "has no rows" in refusal(own_art(tmp_path / "none", rows=""))
    assert "must grow in this order" in refusal(own_art(tmp_path / "bad", rows="red.png,50,0,30,0,40\n"))
    ahead.check(config.merge([TOY, own_art(tmp_path / "good")]), CLIPS)
    ahead.check(config.merge([TOY, empty, {"conditions": ["none", "mask"]}]), CLIPS)


def test_weights_that_are_not_there_are_named(tmp_path):
    own = {"path": str(tmp_path / "mine.pth"), "sha256": "0" * 64}
    overlay = {"networks": {"vgg16": {"pretrained": own, "width": 1.0}}}
    assert f"networks.vgg16.pretrained.path is {tmp_path / 'mine.pth'}, which is not there" in refusal(overlay)
    ahead.check(config.merge([TOY, overlay, {"methods": ["rrrn"]}]), CLIPS)
    (tmp_path / "mine.pth").write_bytes(b"anything")
    ahead.check(config.merge([TOY, overlay]), CLIPS)


def test_a_snakemake_without_libraries_leaves_it_to_the_jobs(tmp_path):
    """As where jobs have environments of their own."""
    for name in ("numpy", "cv2"):
        (tmp_path / f"{name}.py").write_text(f"raise ModuleNotFoundError('no {name}', name='{name}')\n")
    said = config.merge([TOY, {"describe": {"tim_frames": 1}, "occlude": {"mask": {"art": "nowhere"}}}])
    code = (
        "from rrrn.data import clips; from rrrn.planning import ahead; "
        f"ahead.check({said!r}, clips.read('tests/clips.csv')); print('passed')"
    )
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}"]
    done = subprocess.run(command, cwd=HOME, capture_output=True, text=True)
    assert done.stdout == "passed\n", done.stderr


def test_folds_with_too_few_subjects_for_inner_folds_are_named():
    """One of the toy's holdouts trains on two subjects, of whom each has classes that the other lacks."""
    said = refusal({"svm": {"calibrate": "sigmoid"}})
    assert said.startswith("configuration: fold synsamm-to-syncasme2: svm.calibrate 'sigmoid' needs an inner fold")
    ahead.check(config.merge([TOY, {"svm": {"C": "grid"}}]), CLIPS)
    ahead.check(config.merge([TOY, {"svm": {"calibrate": "sigmoid"}, "methods": ["rrrn"]}]), CLIPS)
    for table in ("data/clips.csv", "data/clips_paper_shape.csv"):
        told = config.merge([DEFAULT, {"svm": {"C": "grid", "calibrate": "sigmoid"}}])
        ahead.check(told, clips.read(HOME / table))
    alone = [clip for clip in CLIPS if clip.subject in ("synsamm-006", "syncasme2-sub01")]
    told = config.merge([TOY, {"svm": {"C": "grid"}}])
    with pytest.raises(InputError, match=r"fold .*: svm\.C 'grid' and svm\.calibrate 'sigmoid' need two training"):
        ahead.check(told, alone)
