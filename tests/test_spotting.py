"""Spotting: the head taken out of a motion, the search for a rise and fall, and what is said where there is none."""

import csv
import json
from itertools import product
from pathlib import Path

import cv2
import documented
import numpy as np
import pytest
import small_experiment
from moving_face import moving, still

from benchmarks import spotting
from rrrn import cli
from rrrn.flow import engines
from rrrn.running.stage import InputError
from rrrn.spotting import course, moments, regions, spot


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """A folder of 21 frames of a drawn face, of which 12 to 20 are the expression, its apex at 16."""
    folder = tmp_path_factory.mktemp("clip") / "frames"
    small_experiment.write_frames(small_experiment.ROWS[0], folder, recording=(6, 26))
    return folder


def rise_and_fall(count, onset, apex, offset):
    t = np.arange(count)
    return np.interp(t, [onset, apex, offset], [0, 1, 0])


# ---- the motion of the skin


def test_what_the_head_does_is_taken_out():
    """Shifted by several pixels, turned and grown, a face at rest hardly moves; and its mouth does where it does."""
    count = 5
    shift = np.array([[0, 0], [1.5, -1], [4, 2], [7.25, -3.5], [2, 1]])
    told = {"shift": shift, "roll": np.linspace(0, 0.02, count), "growth": np.linspace(0, 0.01, count), "light": 0.0}
    frames, points = moving(count, **told)
    found = course.follow([frame[..., 0] for frame in frames], points[0], engines.solver("numba"))
    unit = regions.eye_distance(points[0])
    assert found.head[:, :2] * unit == pytest.approx(points[:, 30] - points[0, 30], abs=0.15)
    assert found.head[:, 2] == pytest.approx(told["roll"], abs=0.003)
    assert np.abs(found.motion).max() < 0.006 and found.lost.max() == 0

    mouth = points[0, 48]
    lifted = [0, 0, 2.0, 0, 0]  # pixels

    def skin(at, t):
        near = np.exp(-((at - mouth) ** 2).sum(-1) / (2 * (0.25 * unit) ** 2))
        return np.stack([0 * near, -lifted[t] * near], -1)

    frames, points = moving(count, **told, skin=skin)
    found = course.follow([frame[..., 0] for frame in frames], points[0], engines.solver("numba"))
    corner = list(regions.WATCHED).index("left corner of the mouth")
    assert int(np.argmax(np.abs(found.motion[:, corner, 1]))) == 2
    assert -2.0 / unit < found.motion[2, corner, 1] < -1.0 / unit


def test_a_similarity_is_fitted_whatever_moves_beside_it():
    rng = np.random.default_rng(1)
    grid = rng.uniform(-40, 40, (2, 300))
    pose = np.array([0.4, -0.7, 0.01, -0.005])
    flow = course._moved(pose, grid)
    flow[:, :60] += [[3.0], [5.0]]  # a fifth of it is something else
    found = course._similarity(flow, grid)
    assert found[:2] == pytest.approx(pose[:2], abs=5e-3) and found[2:] == pytest.approx(pose[2:], abs=1e-4)


def test_regions_lie_where_they_are_called_and_never_on_the_eyes():
    _, points, _ = still()
    found = regions.masks(points, (300, 300))
    y, x = np.indices((300, 300))
    unit = regions.eye_distance(points)
    for name, mask in zip(regions.WATCHED, found.watched, strict=True):
        middle = np.array([x[mask].mean(), y[mask].mean()])
        around = points[list(regions.WATCHED[name])].mean(axis=0)
        assert mask.sum() > 100 and np.hypot(*(middle - around)) < 0.15 * unit, name
    eyes = np.zeros((300, 300), np.uint8)
    for eye in (points[36:42], points[42:48]):
        cv2.fillPoly(eyes, [np.rint(eye).astype(np.int32)], 1)
    assert not (found.watched.any(axis=0) | found.rigid)[eyes > 0].any()


def test_signals_are_means_of_both_sides():
    motion = np.zeros((1, len(regions.WATCHED), 2))
    place = {name: number for number, name in enumerate(regions.WATCHED)}
    motion[0, place["left corner of the mouth"]] = [-0.02, 0.01]  # to the image's left, and down
    motion[0, place["right corner of the mouth"]] = [0.04, 0.03]
    found = dict(zip(regions.SIGNALS, regions.signals(motion)[0], strict=True))
    assert found.pop("corners of the mouth, apart") == pytest.approx(0.03)
    assert found.pop("corners of the mouth, down") == pytest.approx(0.02)
    assert set(found.values()) == {0.0}


# ---- the search


def naive(signals, onset, apex, offset):
    """The logarithm of the likelihood ratio of a form, by least squares signal by signal."""
    count = len(signals)
    drift = np.stack([np.ones(count), np.arange(count)], 1)
    both = np.column_stack([drift, rise_and_fall(count, onset, apex, offset)])
    total = 0.0
    for signal in signals.T:
        without, within = (
            float(((signal - design @ np.linalg.lstsq(design, signal, rcond=None)[0]) ** 2).sum())
            for design in (drift, both)
        )
        floor = count * 0.0005**2
        total += count / 2 * np.log((without + floor) / (within + floor))
    return total


def test_the_likelihood_is_that_of_least_squares():
    rng = np.random.default_rng(2)
    signals = rng.normal(0, 0.003, (20, 4)) + 0.01 * rise_and_fall(20, 4, 9, 15)[:, None]
    candidates = [(4, 9, 15), (0, 2, 3), (3, 12, 19), (5, 7, 18)]
    found = moments._Signals(signals).likelihood(candidates)
    assert found == pytest.approx([naive(signals, *one) for one in candidates], rel=1e-9)


@pytest.mark.parametrize("given", [{}, {"onset": 4}, {"onset": 4, "offset": 15}, {"apex": 9}])
def test_the_best_of_all_is_found(given):
    rng = np.random.default_rng(3)
    signals = rng.normal(0, 0.001, (20, 5)) + rise_and_fall(20, 4, 9, 15)[:, None] * rng.normal(0, 0.01, 5)
    signals += np.linspace(0, 0.02, 20)[:, None]  # a drift, larger than the rise
    everything = [
        (o, a, f)
        for o, a, f in product(range(20), repeat=3)
        if o + 2 <= a < f and all({"onset": o, "apex": a, "offset": f}[name] == value for name, value in given.items())
    ]
    best = max(everything, key=lambda one: naive(signals, *one))
    found = moments.find(signals, **given)
    assert (found.onset, found.apex, found.offset) == best and abs(found.apex - 9) <= 1 and found.moves


def test_a_long_clip_is_searched_from_coarse_to_fine():
    rng = np.random.default_rng(4)
    signals = rng.normal(0, 0.0005, (400, 5)) + rise_and_fall(400, 211, 251, 290)[:, None] * rng.normal(0, 0.01, 5)
    found = moments.find(signals)
    assert np.abs(np.array([found.onset - 211, found.apex - 251, found.offset - 290])).max() <= 3 and found.sure


@pytest.mark.parametrize("seed", range(3))
def test_the_best_and_its_margin_are_those_of_all_candidates_in_long_clips_too(seed):
    """Here the first search goes in steps of four frames, and misses the peaks of two movements that are alike."""
    rng, count, given = np.random.default_rng(seed), 150, {"offset": 145}
    height = rng.normal(0, 0.01, 5)
    signals = (rise_and_fall(count, 47, 50, 53) + rise_and_fall(count, 98, 101, 104))[:, None] * height
    signals += rng.normal(0, 0.001, signals.shape) + rise_and_fall(count, 0, 75, 149)[:, None] * 0.01
    everything = [(o, a, 145) for o in range(count) for a in range(o + 2, 145)]
    likelihood = moments._Signals(signals).likelihood(everything)
    found = moments.find(signals, **given)
    assert (found.onset, found.apex, found.offset) == everything[int(np.argmax(likelihood))]
    away = np.array([abs(apex - found.apex) > 4 for _, apex, _ in everything])
    n_away = sum(abs(apex - found.apex) > 4 for apex in range(count))
    counted = 60 / count  # of frames, as many as count
    assert found.margin == pytest.approx(counted * (likelihood.max() - likelihood[away].max()) - np.log(n_away))


@pytest.mark.parametrize("count", [48, 120])
def test_sure_means_within_four_frames_whatever_the_length(count):
    """An apex that is held for twenty frames is nowhere in particular, and no longer clip makes it surer."""
    rng, heights, middle = np.random.default_rng(7), np.linspace(0.006, -0.006, 6), count // 2
    held = np.interp(np.arange(count), [0, middle - 10, middle + 10, count - 1], [0, 1, 1, 0])[:, None] * heights
    sharp = rise_and_fall(count, 0, middle, count - 1)[:, None] * heights * 1.5
    noise = rng.normal(0, 0.0005, held.shape)
    ends = {"onset": 0, "offset": count - 1}
    assert not moments.find(held + noise, **ends).sure and moments.find(held + noise, **ends).moves
    assert moments.find(sharp + noise, **ends).sure


def test_a_search_among_equals_ends():
    """Equal likelihoods differ in their last digits from batch to batch."""
    heights = np.random.default_rng(0).uniform(0.001, 0.01, 6)
    flat = np.minimum(rise_and_fall(74, 0, 37, 73), 0.5)[:, None] * heights
    found = moments.find((flat + flat[::-1]) / 2, onset=0, offset=73)
    assert found.moves and not found.sure
    assert not moments.find(np.zeros((74, 6))).moves


def test_two_that_are_alike_are_not_sure_and_noise_does_not_move():
    rng = np.random.default_rng(5)
    heights = rng.normal(0, 0.01, 5)
    twice = (rise_and_fall(80, 5, 20, 35) + rise_and_fall(80, 45, 60, 75))[:, None] * heights
    found = moments.find(twice + rng.normal(0, 0.0005, (80, 5)))
    assert found.moves and not found.sure and found.other is not None
    assert {found.apex, found.other} & set(range(15, 26)) and {found.apex, found.other} & set(range(55, 66))
    assert not moments.find(rng.normal(0, 0.0003, (80, 5))).moves
    with pytest.raises(ValueError, match="no room"):
        moments.find(twice, onset=30, apex=31)


@pytest.mark.parametrize(("onset", "apex", "offset"), [(0, 1, 2), (3, 4, 9), (2, 9, 9), (0, 1, 1)])
def test_numbers_that_are_all_given_are_taken_without_room_for_a_form(onset, apex, offset):
    signals = np.zeros((10, 3))
    signals[apex] = [0.006, 0, -0.008]
    found = moments.find(signals, onset, apex, offset)
    assert (found.onset, found.apex, found.offset) == (onset, apex, offset)
    assert found.amplitude == pytest.approx(0.01) and found.moves
    assert not moments.find(np.zeros((10, 3)), onset, apex, offset).moves
    for wrong in ((apex, apex, offset), (onset, apex, 10), (onset, apex, apex - 1)):
        with pytest.raises(ValueError, match="no onset < apex <= offset"):
            moments.find(signals, *wrong)


# ---- a clip


def test_a_drawn_expression_is_spotted(clip, capsys):
    cli.main(["spot", str(clip), "--json"])
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert list(found) == documented.names("field of a spotted clip")
    assert abs(found["apex"] - 16) <= 2 and found["onset"] < found["apex"] < found["offset"]
    cli.main(["spot", str(clip), "--json", "--onset", "12", "--offset", "20"])
    within = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (within["onset"], within["offset"]) == (12, 20) and abs(within["apex"] - 16) <= 1
    assert within["doubts"] == ["9 frames are too few to tell its apex from another"] and not found["doubts"]


def test_a_face_of_few_pixels_is_not_sure(clip):
    images = [cv2.imread(str(path)) for path in sorted(clip.iterdir(), key=lambda path: int(path.stem[3:]))]
    small = [cv2.resize(image, None, fx=0.2, fy=0.2, interpolation=cv2.INTER_AREA) for image in images]
    found = spot.spot(small, range(6, 27), "x", upsample=2)
    assert found.moves and any(doubt.startswith("the face is small, ") for doubt in found.doubts)


def test_what_is_no_expression_is_said(clip, tmp_path, capsys):
    rows = small_experiment.drawn(small_experiment.ROWS[0])
    image = rows.render(12)
    for frames, message in (
        ([image], r"x: has 1 frame; to spot an expression 4 at least are needed"),
        ([np.full_like(image, 90)] * 6, r"x: no face in the frames 0 to 5; .* a hand before it\?"),
    ):
        with pytest.raises(InputError, match=message):
            spot.spot(frames, range(len(frames)), "x")
    found = spot.spot([image] * 6, range(6), "x")
    assert not found.moves and "nothing moves but noise" in found.doubts[0]
    for number in range(6):
        cv2.imwrite(str(tmp_path / f"{number}.png"), image)
    cli.main(["spot", str(tmp_path), "--json"])
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert list(told) == documented.names("field of a spotted clip")
    assert told["apex"] is told["onset"] is told["offset"] is None and not told["moves"]
    hidden = [image.copy() for _ in range(6)]
    for frame in hidden[3:]:  # a hand: a disc of skin over the lower half of the face
        cv2.ellipse(frame, (128, 130), (40, 30), 20, 0, 360, (140, 160, 200), cv2.FILLED)
    with pytest.raises(InputError, match="x: from frame 3 on, more moves in the face than any expression does: a hand"):
        spot.spot(hidden, range(6), "x")
    with pytest.raises(InputError, match="x: there is no frame 9, the apex; there are 0 to 5"):
        spot.spot([image] * 6, range(6), "x", apex=9)
    with pytest.raises(InputError, match="leave no room for onset < apex < offset"):
        spot.spot([image] * 6, range(6), "x", onset=4)


def test_help_says_where_it_is_measured(capsys):
    with pytest.raises(SystemExit):
        cli.main(["spot", "--help"])
    assert "whatever makes it" in " ".join(capsys.readouterr().out.split())


# ---- the benchmark's table of failures


def test_hard_cases_and_the_ordinary_ones_that_are_farthest_off_stand_in_a_table():
    def one(found, said, apex=20, what="ordinary"):
        return spotting.Case(what, "s1/c1", 50, apex, found, said)

    ordinary = [one(22, "sure"), one(12, "not sure: x"), one(31, "sure"), one(None, "no face"), one(20, "sure")]
    hard = [one(9, "not sure: y", None, "no expression"), one(None, "nothing moves", None, "no expression")]
    head, _, *rows = spotting.table(hard, ordinary, 3).splitlines()
    assert head == "| case | clip | frames | apex | found | off by | it says |"
    assert rows == [
        "| no expression | s1/c1 | 50 | none | 9 |  | not sure: y |",
        "| no expression | s1/c1 | 50 | none | none |  | nothing moves |",
        "| ordinary | s1/c1 | 50 | 20 | none |  | no face |",
        "| ordinary | s1/c1 | 50 | 20 | 31 | +11 | sure |",
        "| ordinary | s1/c1 | 50 | 20 | 12 | -8 | not sure: x |",
    ]
    said = "Of 5 ordinary clips 3 are more than 3 frames off; of the 3 that are called sure, 1."
    assert spotting.summary(ordinary) == said


def test_what_is_spotted_is_counted_from_the_first_frame_shown(clip):
    row = small_experiment.ROWS[0]
    images = [cv2.imread(str(clip / f"img{number}.png")) for number in range(6, 27)]
    shown = spotting.Recorded(images, list(range(6, 27)), row)
    told = spotting.case("x", shown)
    assert (told.clip, told.frames, told.apex) == (f"{row.subject}/{row.clip}", 21, 11) and abs(told.off) <= 2
    assert told.said == "sure" and spotting.case("x", shown, expressive=False).apex is None
    blank = shown._replace(frames=[np.zeros_like(images[0])] * 21)
    assert spotting.case("x", blank)[4:] == (None, "no face in the frames 1 to 8")
    hidden = spotting.covered(shown, np.array([60.0, 50.0]), 20.0, 0.0)
    for own, image in zip(hidden.frames, images, strict=True):
        assert (own[50, 60] == spotting._SKIN).all() and (own[0] == image[0]).all()


# ---- an import


def test_an_import_may_spot_an_apex_that_is_missing(clip, tmp_path):
    blank = tmp_path / "blank"
    blank.mkdir()
    for number in range(12, 21):
        cv2.imwrite(str(blank / f"{number}.png"), np.full((60, 60, 3), number, np.uint8))
    lines = ["subject,clip,onset,apex,offset,class,folder,source"]
    lines += [
        f"s1,{name},{onset},{apex},{offset},{number},{folder},rendered"
        for name, onset, apex, offset, number, folder in (
            ("told", 12, 15, 20, "A", clip),
            ("whole", 6, "", 26, "A", clip),
            ("missing", 12, "", 20, "A", clip.with_name("again")),
            ("blank", 12, "/", 20, "B", blank),
        )
    ]
    small_experiment.write_frames(small_experiment.ROWS[1], clip.with_name("again"))
    (tmp_path / "mine.csv").write_text("\n".join(lines) + "\n")
    found = {}
    for name, more in (("spotted", ["--spot-apex"]), ("usual", [])):
        cli.main(["import", "table", str(tmp_path / "mine.csv"), "--output", str(tmp_path / f"{name}.csv"), *more])
        with (tmp_path / f"{name}.csv").open(newline="") as file:
            rows = {row["clip"]: row for row in csv.DictReader(file)}
        found[name] = {key: (row["apex_source"], row["flags"], int(row["apex"])) for key, row in rows.items()}
    assert found["usual"]["missing"] == ("midpoint", "apex_missing", 16)
    source, flags, apex = found["spotted"]["missing"]
    assert source == "spotted" and 14 <= apex <= 18
    assert set(flags.split(";")) == {"apex_missing", "apex_spotted", "apex_unsure"}  # of 9 frames none can be sure
    source, flags, apex = found["spotted"]["whole"]
    assert (source, flags) == ("spotted", "apex_missing;apex_spotted") and 14 <= apex <= 18
    assert found["spotted"]["told"] == found["usual"]["told"] == ("sheet", "", 15)
    assert found["spotted"]["blank"] == ("midpoint", "apex_missing;apex_unspotted", 16)
