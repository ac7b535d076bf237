import argparse
import importlib
import json
import subprocess
import sys

import cv2
import h5py
import numpy as np
import pytest
from occlusion_face import face

from rrrn.data import store
from rrrn.experiment import conditions
from rrrn.occlusion import wearing
from rrrn.occlusion.holding import anchoring
from rrrn.occlusion.kinds import drawings
from rrrn.running import typed
from rrrn.running.stage import InputError
from rrrn.stages import anchor, art, occlude

CONDITIONS = ["none", "mask", "glasses", *(f"random-{level:02d}" for level in range(5, 55, 5))]
SIZE = (150, 140)
BOX = (20, 25, 120, 125)


STABLE = {"smooth": 4, "registration": False, "yaw": "median", "slack": {"jaw": 0.0, "brow": 0.0}}
LOOK = {"linear_light": True, "feather": "none", "shadow": 0.0, "photometric": 0.7, "flicker": True, "noise": True}


def told(condition, **changes):
    kind = condition.split("-")[0]
    own = {
        "none": {},
        "mask": {"width": 1.2},
        "glasses": {"width": 1.2},
        "random": {"region": "landmark_box", "placement": "nested", "fill": "black"},
    }[kind]
    if kind == "none":
        return {}
    return {"seed": 7, "look": LOOK, kind: own} | changes


def held(mode="clip", **changes):
    return {"mode": mode, "stable": STABLE | changes}


def clip(channels=3, frames=5, jitter=0.6, centre=(70, 55), seed=0):
    rng = np.random.default_rng(seed)
    landmarks = face(centre, 32, 3) + rng.normal(0, jitter, (frames, 68, 2))
    return rng.integers(0, 256, (frames, *SIZE, channels), dtype=np.uint8), landmarks.astype(np.float32)


def shard(path, clips):
    with store.create(path) as file:
        for name, (frames, landmarks) in clips.items():
            group = file.create_group(name)
            group.attrs.update({"database": "casme2", "subject": "casme2-sub01", "clip": name})
            group.attrs.update({"onset": 11, "apex": 13, "offset": 10 + len(frames)})
            group.attrs["face"], group.attrs["box"] = np.array(BOX, np.int32), np.array([200, 90, 300, 190], np.int32)
            store.put(group, "frames", frames)
            store.put(group, "numbers", np.arange(11, 11 + len(frames), dtype=np.int32), chunk_axes=0)
            store.put(group, "landmarks", landmarks)
            store.put(group, "found", np.ones(len(frames), bool), chunk_axes=0)
    return path


@pytest.fixture(scope="session")
def built_in(tmp_path_factory):
    """The shard of a kind's ten pictures, drawn once for all tests."""
    made = {}

    def of(kind):
        if kind not in made:
            made[kind] = art_of(kind, "built_in", tmp_path_factory.mktemp("art") / f"{kind}.h5")
        return made[kind]

    return of


def art_of(kind, wanted, path):
    art.main(
        argparse.Namespace(
            output=path, kind=kind, plugin="", settings={"occlude": {kind: {"art": str(wanted)}}}, asked={}
        )
    )
    return path


def anchored(faces, path, **settings):
    told = {"anchor": held(**settings)}
    anchor.main(argparse.Namespace(faces=faces, anchors=path, settings=told, asked={}, log=None))
    return path


@pytest.fixture
def run(tmp_path, built_in):
    """Occlude a faces shard through the stages that come before it."""

    def through(faces, out, condition, settings, art=None, **anchor):
        kind = condition.split("-")[0]
        held_by = None if condition == "none" else anchored(faces, tmp_path / "anchors.h5", **anchor)
        worn = art or (built_in(kind) if kind in ("mask", "glasses") else None)
        told = {"occlude": settings}
        occlude.main(
            argparse.Namespace(
                faces=faces,
                occluded=out,
                anchors=held_by,
                art=worn,
                condition=condition,
                plugin="",
                settings=told,
                asked={},
            )
        )
        return h5py.File(out, "r")

    return through


def gray(frames):
    if frames.shape[3] == 1:
        return frames[..., 0]
    return np.stack([cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY) for frame in frames])


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("condition", CONDITIONS)
def test_uncovered_pixels_are_bit_identical(tmp_path, condition, channels, run):
    frames, landmarks = clip(channels)
    out = run(shard(tmp_path / "f.h5", {"EP01": (frames, landmarks)}), tmp_path / "o.h5", condition, told(condition))
    group = out["EP01"]
    assert group["frames"].dtype == group["alpha"].dtype == np.uint8
    assert group["frames"].shape == (5, *SIZE) and group["alpha"].shape == SIZE
    alpha, clean = group["alpha"][()], gray(frames)
    np.testing.assert_array_equal(group["frames"][()][:, alpha == 0], clean[:, alpha == 0])
    if condition == "none":
        assert not alpha.any() and group.attrs["occluder"] == "" and group.attrs["area_share"] == 0
        return
    assert (group["frames"][()][:, alpha == 255] != clean[:, alpha == 255]).mean() > 0.95
    x0, y0, x1, y1 = BOX
    assert group.attrs["area_share"] == pytest.approx(alpha[y0:y1, x0:x1].mean() / 255, abs=1e-4)
    assert group.attrs["occluder"]


def test_attributes_and_numbers_are_carried_over(tmp_path, run):
    faces = shard(tmp_path / "f.h5", {"EP01": clip(), "EP02": clip(seed=1, frames=3)})
    out = run(faces, tmp_path / "o.h5", "random-20", told("random-20"))
    assert sorted(out) == ["EP01", "EP02"]
    with h5py.File(faces, "r") as clean:
        for name in clean:
            for key, value in clean[name].attrs.items():
                np.testing.assert_array_equal(out[name].attrs[key], value)
            np.testing.assert_array_equal(out[name]["numbers"], clean[name]["numbers"])
    assert out["EP01"].attrs["occluder"] == "black"
    assert out["EP01"].attrs["centre"].shape == out["EP01"].attrs["size"].shape == (2,)


def test_how_half_widths_were_chosen_is_stored(tmp_path, run):
    faces = shard(tmp_path / "f.h5", {"EP01": clip()})
    with run(faces, tmp_path / "o.h5", "mask", told("mask"), mode="stable", yaw="auto") as out:
        assert out["EP01"].attrs["yaw"] == "median" and out["EP01"].attrs["turn"][0] < 10


def worn_directly(frames, numbers, landmarks, told, name, rank, condition, settings):
    """Anchored and drawn where it is worn, without a file between."""
    kind = condition.split("-")[0]
    pictures = drawings.of(kind, "built_in") if conditions.KINDS[kind].pictures else None
    found = anchoring.anchored(frames, landmarks, typed.of(anchoring.Settings, told, "anchor"))
    wearer = wearing.Wearer("casme2-sub01", name, rank)
    return wearing.wear(frames, numbers, landmarks, found, wearer, condition, settings, pictures)


@pytest.mark.parametrize("mode", ["stable", "author_compat"])
@pytest.mark.parametrize("condition", ["none", "mask", "glasses", "random-30"])
def test_through_the_stages_it_is_what_it_is_directly(tmp_path, condition, mode, run):
    """Byte for byte."""
    faces = shard(tmp_path / "f.h5", {"EP01": clip(), "EP02": clip(seed=1, frames=3)})
    settings, kind = told(condition), condition.split("-")[0]
    run(faces, tmp_path / "through.h5", condition, settings, mode=mode).close()
    pictures = drawings.of(kind, "built_in") if conditions.KINDS[kind].pictures else None
    with h5py.File(faces, "r") as clean, store.create(tmp_path / "directly.h5") as out:
        for rank, name in enumerate(sorted(clean)):
            frames, landmarks = clean[name]["frames"][()], clean[name]["landmarks"][()]
            told_of = typed.of(anchoring.Settings, held(mode if kind != "none" else "per_frame"), "anchor")
            found = anchoring.anchored(frames, landmarks, told_of)
            occlude.occlude_clip(clean[name], out.create_group(name), found, condition, rank, settings, pictures)
    assert (tmp_path / "through.h5").read_bytes() == (tmp_path / "directly.h5").read_bytes()


@pytest.mark.parametrize(("condition", "option"), [("mask", "anchors"), ("random-10", "anchors"), ("glasses", "art")])
def test_what_a_condition_needs_is_asked_for(tmp_path, condition, option):
    faces = shard(tmp_path / "f.h5", {"EP01": clip(frames=2)})
    given = {"anchors": anchored(faces, tmp_path / "a.h5"), "art": None} | {option: None}
    told_ = argparse.Namespace(
        faces=faces, occluded=tmp_path / "o.h5", condition=condition, plugin="", settings={}, asked={}, **given
    )
    with pytest.raises(InputError, match=f"the condition {condition} needs --{option}"):
        occlude.main(told_)


@pytest.mark.parametrize("condition", ["mask", "glasses", "random-30"])
def test_anchored_once_a_clip_the_occluder_is_still(condition):
    frames, landmarks = clip(jitter=1.0)
    frames[:] = 255  # what changes then is the occluder
    for mode, still in (("clip", True), ("per_frame", False), ("author_compat", False), ("stable", False)):
        settings = told(condition, look=LOOK | {"noise": False})
        worn = worn_directly(frames, np.arange(5), landmarks, held(mode), "c", 0, condition, settings)
        layers = list(worn.layers())
        out, first = occlude.occlude(worn)
        assert first.alpha.shape == layers[0].alpha.shape
        assert all((frame == out[0]).all() for frame in out) is still
        assert all((layer.x, layer.y) == (layers[0].x, layers[0].y) for layer in layers) or not still
        for index, layer in enumerate(layers):
            np.testing.assert_array_equal(worn.layer(index).alpha, layer.alpha)


@pytest.mark.parametrize("kind", ["mask", "glasses"])
def test_the_released_geometry_never_tilts(kind):
    """Its picture lies up and to the left of the right place, by half of what 1.6 degrees add to its size."""
    module = importlib.import_module(f"rrrn.occlusion.kinds.{kind}")
    points = np.rint(face((150, 130), 60, 8))
    right, released = module.place(points, 1.2), module.place(points, 1.2, as_released=True)
    assert np.rad2deg(np.arctan2(-right.down[0], right.down[1])) == pytest.approx(8, abs=3)
    np.testing.assert_array_equal(released.down, [0, 1])
    middle, shifted = (where.top + where.down * where.height / 2 for where in (right, released))
    # the axis need not be in the middle of the picture
    shifted = shifted - ((released.left - released.right) / 2, 0)
    turn = np.deg2rad(1.6)
    expected = -np.array([released.height, released.left + released.right]) * np.sin(turn) / 2
    assert np.abs(shifted - middle - expected).max() < 1.6
    assert released.height == int(right.height) and released.left == int(right.left)


def test_what_is_hidden_is_stored(tmp_path, run):
    faces = shard(tmp_path / "f.h5", {"EP01": clip(frames=2)})
    mask_, glasses_ = (
        run(faces, tmp_path / f"{kind}.h5", kind, told(kind))["EP01"].attrs for kind in ("mask", "glasses")
    )
    assert mask_["visible"].shape == (6,) and mask_["visible"].dtype == np.float32
    assert mask_["visible"][0] == pytest.approx(1 - mask_["area_share"], abs=1e-5)
    assert mask_["visible"][3] < mask_["visible"][1] and glasses_["visible"][3] > glasses_["visible"][1]
    units = mask_["aus"].tolist()
    assert mask_["au_shares"][units.index(12)] > 0.8 > 0.2 > glasses_["au_shares"][units.index(12)]


def test_a_shadow_darkens_beside_the_mask_only(tmp_path, run):
    frames, landmarks = clip(frames=2)
    frames[:] = 180
    faces = shard(tmp_path / "f.h5", {"EP01": (frames, landmarks)})
    with run(faces, tmp_path / "o.h5", "mask", told("mask", look=LOOK | {"shadow": 0.5})) as out:
        beside = out["EP01"]["frames"][0][out["EP01"]["alpha"][()] == 0]
    assert beside.max() == 180 and beside.min() < 160 and (beside == 180).mean() > 0.5


def test_clips_of_a_subject_wear_different_masks(tmp_path, run):
    clips = {f"EP{k:02d}": clip(frames=2) for k in range(10)}
    out = run(shard(tmp_path / "f.h5", clips), tmp_path / "o.h5", "mask", told("mask"))
    before = {name: out[name].attrs["occluder"] for name in out}
    assert len(set(before.values())) == 10
    clips["EP03"] = clip(frames=4, seed=5)  # an edited clip concerns no other
    out = run(shard(tmp_path / "g.h5", clips), tmp_path / "p.h5", "mask", told("mask"))
    assert before == {name: out[name].attrs["occluder"] for name in out}


@pytest.mark.parametrize("condition", ["mask", "random-35"])
def test_equal_input_gives_equal_bytes(tmp_path, condition, run):
    faces = shard(tmp_path / "f.h5", {"EP01": clip(), "EP02": clip(seed=1)})
    settings = told(condition)
    if condition != "mask":
        settings["random"]["fill"] = "noise"
    for name in ("a.h5", "b.h5"):
        run(faces, tmp_path / name, condition, settings).close()
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_every_percentage_of_two_digits_works(tmp_path, run):
    faces = shard(tmp_path / "f.h5", {"EP01": clip(frames=2)})
    shares = [
        run(faces, tmp_path / f"{level}.h5", f"random-{level}", told(f"random-{level}"))["EP01"].attrs["area_share"]
        for level in ("01", "09", "51", "99")
    ]
    assert shares == sorted(shares) and shares[0] > 0


@pytest.mark.parametrize(
    "condition", ["", "hat", "random", "random-00", "random-5", "random-100", "mask-10", "none-05", "Mask"]
)
def test_unknown_conditions_are_refused(tmp_path, condition, run):
    faces = shard(tmp_path / "f.h5", {"EP01": clip(frames=2)})
    settings = told("random-05") | {"mask": {"art": "built_in", "width": 1.2}}
    with pytest.raises(InputError, match="condition"):
        run(faces, tmp_path / "o.h5", condition, settings)
    assert not (tmp_path / "o.h5").exists()


def test_faults_name_file_clip_and_frame(tmp_path, run):
    frames, landmarks = clip()
    landmarks[2, [2, 0]] = landmarks[2, 28]
    faces = shard(tmp_path / "f.h5", {"EP01": clip(), "EP02": (frames, landmarks)})
    for condition in ("mask", "glasses"):
        with pytest.raises(InputError, match=r"f\.h5, clip EP02.*frame 13: .*profile"):
            run(faces, tmp_path / "o.h5", condition, told(condition), mode="per_frame")
        assert not list(tmp_path.glob("*o.h5*"))
        run(faces, tmp_path / "o.h5", condition, told(condition)).close()  # the median bears one bad frame
        (tmp_path / "o.h5").unlink()
    far = shard(tmp_path / "g.h5", {"EP07": clip(centre=(900, 900))})
    for condition in ("mask", "glasses", "random-10"):
        with pytest.raises(InputError, match=r"EP07.*frame 11: .*covers nothing of the face.*outside of the image"):
            run(far, tmp_path / "o.h5", condition, told(condition))
    with pytest.raises(InputError, match=r"^anchor\.mode is 'loosely'"):
        run(faces, tmp_path / "o.h5", "mask", told("mask"), mode="loosely")
    with pytest.raises(InputError, match=r"lack occlude\.mask\.width"):
        run(faces, tmp_path / "o.h5", "mask", told("mask", mask={}))


@pytest.mark.parametrize("kind", ["mask", "glasses"])
def test_a_picture_that_is_transparent_on_the_face_is_refused(tmp_path, kind, run):
    folder = tmp_path / "art"
    folder.mkdir()
    image = np.zeros((900, 300, 4), np.uint8)
    image[:40] = image[-40:] = 255  # drawn, but far above and below the anchors
    cv2.imwrite(str(folder / "mine.png"), image)
    (folder / "anchors.csv").write_text("file,seam,top,bottom,left,right\nmine.png,150,400,500,20,280\n")
    faces = shard(tmp_path / "f.h5", {"EP01": clip(frames=2)})
    with pytest.raises(InputError, match=r"EP01.*frame 11: the occluder mine\.png covers nothing of the face.*anchors"):
        run(faces, tmp_path / "o.h5", kind, told(kind), art=art_of(kind, folder, tmp_path / "art.h5"))
    assert not list(tmp_path.glob("*o.h5*"))


def test_command(tmp_path):
    faces = shard(tmp_path / "f.h5", {"EP01": clip(frames=2)})
    command = [sys.executable, "-m", "rrrn.stages.occlude", str(faces), str(tmp_path / "o.h5"), "--condition"]
    given = ["--settings", json.dumps({"occlude": {}}), "--log", str(tmp_path / "log")]
    subprocess.run([*command, "none", *given], check=True)
    with h5py.File(tmp_path / "o.h5", "r") as out:
        assert list(out) == ["EP01"]
    failed = subprocess.run([*command, "hat", *given], capture_output=True, text=True)
    assert failed.returncode == 1 and "hat" in failed.stderr and "Traceback" not in failed.stderr


def test_a_kind_s_drawing_concerns_its_own_conditions_only():
    check = (
        "import sys, rrrn.stages.occlude; seen = set(sys.modules);"
        "import rrrn.occlusion.kinds.mask; both = set(sys.modules);"
        "kinds = ('mask', 'glasses', 'random', 'none', 'mask_art', 'glasses_art', 'canvas', 'placing', 'art_shard',"
        "'anchoring', 'registration');"
        "assert not seen & {f'rrrn.occlusion.{kind}' for kind in kinds};"
        "assert not both & {f'rrrn.occlusion.{kind}' for kind in ('glasses', 'glasses_art', 'random', 'none')}"
    )
    subprocess.run([sys.executable, "-c", check], check=True)
