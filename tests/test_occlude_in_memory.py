"""``rrrn.occlude``: the bytes of the command, the truth of the stage, and one sentence for each mistake."""

import json
import re

import cv2
import h5py
import numpy as np
import pytest

import rrrn
from rrrn import cli
from rrrn.data import frames as images
from rrrn.experiment import defaults, registry
from rrrn.face import region_boxes, tracking
from rrrn.occlusion import compositing, framing, truth
from rrrn.occlusion.compositing import Layer
from rrrn.occlusion.holding import anchoring, registration
from rrrn.occlusion.kinds import drawings
from rrrn.running import typed
from rrrn.running.resources import HOME
from rrrn.stages.occlude import occlude_clip
from rrrn.synthetic import example

FRAMES, LANDMARKS = example.clip()
GRAY = np.stack([compositing.to_gray(frame) for frame in FRAMES])
COUNT = len(FRAMES)
FEW, THEIRS = FRAMES[:3], LANDMARKS[:3]  # where time does not matter


# --- the same as the command and the stage


@pytest.mark.parametrize(
    ("clip", "condition", "options", "told"),
    [
        pytest.param(FRAMES, "mask", [], {}, id="colour"),
        pytest.param(GRAY, "glasses", ["--seed", "8"], {"seed": 8}, id="gray"),
        pytest.param(FRAMES, "random-20", ["--anchor", "per_frame"], {"anchor": "per_frame"}, id="patch"),
    ],
)
def test_the_bytes_are_those_of_the_command(tmp_path, clip, condition, options, told):
    (tmp_path / "EP02.1").mkdir()
    for number, frame in enumerate(clip):
        cv2.imwrite(str(tmp_path / f"EP02.1/{number}.png"), frame)
    cli.main(["occlude", str(tmp_path / "EP02.1"), str(tmp_path / "out"), "--condition", condition, *options])
    written = np.stack([images.read(path) for path in sorted((tmp_path / "out").iterdir())])
    cv2.setNumThreads(2)  # of which the command takes one
    try:
        found = rrrn.occlude(clip, condition, clip="EP02.1", **told)
    finally:
        cv2.setNumThreads(1)
    assert np.array_equal(found.frames, written.reshape(clip.shape)) and (found.frames != clip).any()
    facts = json.loads((tmp_path / "out.json").read_text())
    assert found.facts.items() <= facts.items() and found.facts["frames_without_a_face"] == []
    again = rrrn.occlude(
        clip, condition, clip="EP02.1", landmarks=found.landmarks, face=found.shares.face, config=None, **told
    )
    assert np.array_equal(again.frames, found.frames) and np.array_equal(again.alpha, found.alpha)
    assert again.shares.au_shares == found.shares.au_shares and again.shares.face == found.shares.face


def test_the_truth_is_that_of_the_stage():
    """Of the same cut of the frames, in the files of the workflow."""
    settings = {name: defaults.section(name) for name in ("anchor", "occlude")}
    rows, columns = framing.about(LANDMARKS, *GRAY.shape[1:])
    corner = np.array([columns.start, rows.start])
    face = (91, 90, 210, 211)
    found = rrrn.occlude(GRAY, "mask", clip="clip", landmarks=LANDMARKS, face=face)
    with h5py.File("x", "w", driver="core", backing_store=False) as file:
        clean = file.create_group("clean")
        clean["frames"], clean["numbers"] = GRAY[:, rows, columns, None], np.arange(COUNT)
        clean["landmarks"] = LANDMARKS - corner
        clean.attrs.update({"subject": "clip", "clip": "clip", "face": np.array(face) - [*corner, *corner]})
        told = typed.section(anchoring.Settings, settings, "anchor")
        held = anchoring.anchored(clean["frames"][()], clean["landmarks"][()], told)
        art = drawings.of("mask", settings["occlude"]["mask"]["art"])
        occlude_clip(clean, file.create_group("out"), held, "mask", 0, settings["occlude"], art)
        out = file["out"]
        assert np.array_equal(out["frames"][()], found.frames[:, rows, columns])
        assert np.array_equal(out["alpha"][()], np.floor(found.alpha[0, rows, columns] * 255 + 0.5))
        assert out.attrs["area_share"] == found.shares.area_share and out.attrs["occluder"] == found.facts["occluder"]
        assert np.array_equal(out.attrs["visible"], found.shares.visible)
        units = zip(out.attrs["aus"].tolist(), out.attrs["au_shares"].tolist(), strict=True)
        assert dict(units) == found.shares.au_shares


# --- what comes back


def test_alpha_tells_what_a_patch_covers():
    given = FRAMES.copy()
    found = rrrn.occlude(given, "random", severity=20, anchor="per_frame", landmarks=LANDMARKS, face=(90, 80, 210, 200))
    assert np.array_equal(given, FRAMES) and not np.shares_memory(found.frames, given)
    assert found.alpha.dtype == np.float32 and found.frames.dtype == np.uint8
    assert np.array_equal(found.frames[found.alpha == 0], FRAMES[found.alpha == 0])
    assert (found.frames[found.alpha == 1] == 0).all() and (found.alpha == 1).any()
    mixed = np.floor(FRAMES * (1 - found.alpha[..., None]) + 0.5)
    assert np.abs(found.frames - mixed).max() <= 1
    area = np.prod(np.ptp(LANDMARKS[0, :27], axis=0))  # one size per clip
    assert found.alpha.sum(axis=(1, 2)) / area == pytest.approx(0.2, abs=1e-3)
    regions = [
        found.alpha[0, 80 + round(120 * y0) : 80 + round(120 * y1), 90 + round(120 * x0) : 90 + round(120 * x1)]
        for x0, y0, x1, y1 in region_boxes.FRACTIONS
    ]
    assert found.shares.visible == pytest.approx([1 - region.mean() for region in regions], abs=1e-5)
    assert found.shares.area_share == pytest.approx(regions[0].mean(), abs=1e-6)
    whole = Layer(0, 0, np.zeros((*GRAY.shape[1:], 3), np.float32), found.alpha[0])
    units = truth.unit_shares(whole, LANDMARKS[0])
    assert list(found.shares.au_shares.values()) == pytest.approx(units, abs=1e-6) and units.max() > 0.5


def test_none_leaves_everything_as_it_is():
    found = rrrn.occlude(FEW, "none", landmarks=THEIRS)
    assert np.array_equal(found.frames, FEW) and not np.shares_memory(found.frames, FEW)
    assert not found.alpha.any() and (found.shares.visible == 1).all() and not any(found.shares.au_shares.values())


def test_a_gray_clip_is_one_whatever_its_shape():
    told = {"landmarks": THEIRS}
    gray = rrrn.occlude(GRAY[:3], "mask", **told)
    assert gray.frames.shape == GRAY[:3].shape
    assert np.array_equal(rrrn.occlude(GRAY[:3, ..., None], "mask", **told).frames[..., 0], gray.frames)
    tinted = np.repeat(GRAY[:3, ..., None], 3, axis=3)
    assert np.array_equal(rrrn.occlude(tinted, "mask", **told).frames, np.repeat(gray.frames[..., None], 3, axis=3))
    tinted[..., 0] = np.where(tinted[..., 0] < 250, tinted[..., 0] + 4, tinted[..., 0])  # blue, as codecs round it
    found = rrrn.occlude(tinted, "mask", **told).frames
    assert (found == found[..., :1]).all() and found.shape == tinted.shape
    tinted[0, 0, 0] = 0, 5, 0
    found = rrrn.occlude(tinted, "mask", **told).frames
    assert (found != found[..., :1]).any()


def test_a_view_of_rgb_is_a_clip():
    turned = rrrn.occlude(FEW[..., ::-1][..., ::-1], "glasses", landmarks=THEIRS)
    assert np.array_equal(turned.frames, rrrn.occlude(FEW, "glasses", landmarks=THEIRS).frames)


def test_draws_belong_to_the_clip_and_the_seed():
    def centre(**told):
        return tuple(rrrn.occlude(FEW, "random-10", landmarks=THEIRS, **told).facts["centre"])

    assert len({centre(), centre(clip="a"), centre(clip="b"), centre(seed=8)}) == 4 and centre() == centre(seed=7)
    named = rrrn.occlude(FEW, "mask", landmarks=THEIRS, occluder="ffp2-white")
    assert named.facts["occluder"] == "ffp2-white"


def test_one_frame_is_a_clip():
    assert rrrn.occlude(FRAMES[:1], "mask", landmarks=LANDMARKS[:1]).frames.shape == FRAMES[:1].shape


def test_frames_that_cannot_be_registered_are_warned_of(monkeypatch):
    monkeypatch.setattr(registration, "_FARTHEST", 0.0)  # every alignment counts as lost
    with pytest.warns(UserWarning, match="only 0 of 13 frames could be registered") as told:
        rrrn.occlude(FRAMES, "mask", landmarks=LANDMARKS)
    assert told[0].filename == __file__


@pytest.fixture
def extended(tmp_path, monkeypatch):
    """A configuration with the occluder that docs/extending.md makes."""
    text = (HOME / "docs/extending.md").read_text(encoding="utf-8")
    (hand,) = re.findall(r"^```python\n# hand.py\n(.*?)^```$", text, re.M | re.S)
    (tmp_path / "hand.py").write_text(hand)
    (tmp_path / "own.yaml").write_text("plugins: [hand.py]\nocclude: {seed: 5, hand: {percent: 30}}\n")
    monkeypatch.chdir(tmp_path)
    yield tmp_path / "own.yaml"
    registry.use({})


def test_kinds_and_settings_of_a_configuration(extended):
    told = {"landmarks": THEIRS, "config": extended}
    hand = rrrn.occlude(FEW, "hand", **told)
    assert hand.facts["occluder"] == "hand" and hand.facts["seed"] == 5
    assert np.array_equal(hand.frames, rrrn.occlude(FEW, "hand", severity=30, **told).frames)
    less = rrrn.occlude(FEW, "hand-10", **told | {"config": str(extended)})
    assert 0 < less.alpha.sum() < 0.5 * hand.alpha.sum()
    usual = rrrn.occlude(FEW, "hand", landmarks=THEIRS)  # known by now; without its settings the defaults
    assert less.alpha.sum() < usual.alpha.sum() < hand.alpha.sum()


# --- mistakes

BROKEN = LANDMARKS.copy()
BROKEN[4, 30] = np.nan
FAR = LANDMARKS + 1000
UPSIDE_DOWN = LANDMARKS * [1, -1] + [0, 400]
PROFILE = LANDMARKS.copy()
PROFILE[6:, :9, 0] = PROFILE[6:, 8:9, 0] - 2  # jaw on the nose, from the seventh frame on
BLANK = FRAMES.copy()
BLANK[4] = 0


@pytest.mark.parametrize(
    ("frames", "condition", "told", "message"),
    [
        (list(FRAMES), "mask", {}, "frames are of type list; give one array, by np.stack"),
        (FRAMES / 255, "mask", {}, "frames are float64; give uint8"),
        (FRAMES.astype(np.uint16), "mask", {}, "frames are uint16; give uint8"),
        (FRAMES[0], "mask", {}, r"frames are \(240, 320, 3\), which is one image; a clip of one frame is frames\[None"),
        (GRAY[0], "mask", {}, r"frames are \(240, 320\), which is one image"),
        (FRAMES[:0], "mask", {}, r"frames are \(0, 240, 320, 3\), which is empty; give one frame at least"),
        (FRAMES.transpose(0, 3, 1, 2), "mask", {}, r"\(13, 3, 240, 320\); give \(T, H, W, 3\) in BGR, or gray"),
        (FRAMES, "hat", {}, "condition 'hat' is unknown; use none, mask, glasses or random-01 to random-99"),
        (FRAMES, None, {}, "condition is None; give its name, a text"),
        (FRAMES, ["mask"], {}, r"condition is \['mask'\]; give its name, a text"),
        (FRAMES, "mask", {"occluder": "hat"}, "there is no mask 'hat'; there are surgical-blue"),
        (FRAMES, "random-10", {"occluder": "x"}, "random patches have no names"),
        (FRAMES, "none", {"occluder": "x"}, "the condition none has no occluder; leave out 'x'"),
        (FRAMES, "random", {}, "the condition random needs a severity, the percentage of the face"),
        (FRAMES, "random", {"severity": 0}, "severity is 0; give a whole number from 1 to 99"),
        (FRAMES, "random", {"severity": 0.2}, "severity is 0.2; give a whole number from 1 to 99"),
        (FRAMES, "random-20", {"severity": 20}, "random-20 has its severity in its name; .* or write 'random'"),
        (FRAMES, "hat", {"severity": 20}, "condition 'hat' is unknown"),
        (FRAMES, "mask", {"severity": 3}, "the condition mask has no severity"),
        (FRAMES, "mask", {"seed": 1.5}, "seed is 1.5; give a whole number"),
        (FRAMES, "mask", {"anchor": "still"}, "anchor is 'still'; it must be one of stable, clip, per_frame"),
        (FRAMES, "mask", {"clip": 3}, "clip is 3; give its name, a text"),
        (
            FRAMES,
            "mask",
            {"config": {"occlude": {}}},
            "config is of type dict; give a path, as a text or a pathlib.Path",
        ),
        (FRAMES, "mask", {"config": "nowhere.yaml"}, "nowhere.yaml: cannot be read as a configuration"),
        (FRAMES, "mask", {"landmarks": None, "upsample": 4}, "upsample is 4; give a whole number from 0 to 3"),
        (FRAMES, "mask", {"landmarks": None, "max_gap": -1}, "max_gap is -1; give a whole number, 0 or more"),
        (FRAMES, "mask", {"face": (1, 2, 3)}, r"face is \(1, 2, 3\); give a box \(x0, y0, x1, y1\) in whole pixels"),
        (FRAMES, "mask", {"face": (9, 2, 9, 4)}, r"face is \(9, 2, 9, 4\), which is no box on the frames"),
        (FRAMES, "mask", {"face": (0, 0, 9, 10**9)}, "which is no box on the frames"),
        (FRAMES, "mask", {"landmarks": LANDMARKS[:3]}, r"landmarks are \(3, 68, 2\); of 13 frames they must be"),
        (FRAMES, "mask", {"landmarks": "dlib"}, "landmarks are no array of numbers"),
        (FRAMES, "mask", {"landmarks": BROKEN}, "the landmarks of frame 4 are not finite"),
        (
            FRAMES,
            "mask",
            {"landmarks": LANDMARKS / 320},
            r"frame 0 reach .* no face on 320 x 240 pixels; give x and",
        ),
        (FRAMES, "mask", {"landmarks": LANDMARKS * 1e18}, "no face on 320 x 240 pixels"),
        (
            *(FRAMES, "mask", {"landmarks": FAR}),
            "frame 0: the occluder .* covers nothing of the face: .*; look at the frame, and correct landmarks, "
            "correct picture and anchors if they are your own, or give a clip that shows the face from the front$",
        ),
        (
            *(FRAMES, "mask", {"landmarks": UPSIDE_DOWN}),
            "^frame 0: the occluder's .*; look at the frame, and correct landmarks, or give a clip that shows",
        ),
        (FRAMES, "mask", {"landmarks": PROFILE}, "^frame 6: the occluder's .* half"),
        (BLANK, "mask", {"landmarks": None, "max_gap": 0}, "no face in 1 frames in a row, 4 to 4"),
    ],
)
def test_mistakes_are_one_sentence(frames, condition, told, message):
    with pytest.raises(ValueError, match=message) as caught:
        rrrn.occlude(frames, condition, **{"landmarks": LANDMARKS} | told)
    assert "\n" not in str(caught.value) and caught.value.__suppress_context__


def test_who_gave_no_landmarks_is_told_how_others_are_found(monkeypatch):
    found = (np.zeros((13, 4)) + [9, 9, 99, 99], UPSIDE_DOWN, np.ones(13, bool))
    monkeypatch.setattr(tracking, "locate", lambda *told: found)
    with pytest.raises(
        ValueError, match=r"; look at the frame, then raise upsample \(now 1\) or give landmarks, or giv"
    ):
        rrrn.occlude(FRAMES, "mask", upsample=1)
    with pytest.raises(ValueError, match="; look at the frame, then give landmarks, or giv"):
        rrrn.occlude(FRAMES, "mask", upsample=3)  # the most
