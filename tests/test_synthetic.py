"""The synthetic faces: found by the real detector, moved as the truth says, and alike but for their expression."""

import dataclasses
import importlib.util
from collections import Counter
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from rrrn.data import clips
from rrrn.data.clips import Clip
from rrrn.synthetic.databases import durations, layouts, sheet
from rrrn.synthetic.painting import action_units, identity, motion, shape
from rrrn.synthetic.painting import face as faces
from rrrn.synthetic.painting.clip import SyntheticClip
from rrrn.synthetic.painting.face import Face
from rrrn.synthetic.painting.presets import PRESETS

SEED = 1
ROOT = Path(__file__).parents[1]
CALM = dataclasses.replace(PRESETS["still"], flicker=0.0)  # of a clip's changes, the expression's alone
LANDMARK_GROUPS = {"brows": slice(17, 27), "nose": slice(27, 36), "eyes": slice(36, 48), "mouth": slice(48, 68)}


def row(subject="syncasme2-sub01", clip="EP01_01", objective_class="III", onset=20, apex=29, offset=38):
    database = subject.partition("-")[0]
    return Clip(database, subject, clip, onset, apex, offset, objective_class, f"x/{clip}", "synthetic")


@cache
def face_of(subject: str, scale: float = 0.5) -> Face:
    return faces.paint(SEED, subject, layouts.of_database(subject).eye_distance, scale)


def clip_of(clip: Clip, preset=PRESETS["easy"], scale: float = 0.5) -> SyntheticClip:
    return SyntheticClip(face_of(clip.subject, scale), clip, layouts.of_database(clip.database), preset, SEED, scale)


def row_showing(*aus: str, objective_class: str) -> Clip:
    """Return the first clip of the class whose expression is these action units."""
    numbers = np.arange(18, 41, dtype=np.int32)
    for i in range(100):
        clip = row(clip=f"try{i}", objective_class=objective_class)
        if tuple(a.au for a in motion.draw_expression(SEED, clip, CALM, numbers)) == aus:
            return clip
    raise AssertionError(f"class {objective_class} never shows {aus}")


def grid(size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    return np.meshgrid(np.arange(size[0], dtype=np.float32), np.arange(size[1], dtype=np.float32))


# ---------------------------------------------------------------------------------------------- what dlib sees


@cache
def dlib_models():
    dlib = pytest.importorskip("dlib")
    spec = importlib.util.find_spec("face_recognition_models")
    if spec is None:
        pytest.skip("face_recognition_models is not installed")
    path = Path(spec.origin).parent / "models" / "shape_predictor_68_face_landmarks.dat"
    return dlib.get_frontal_face_detector(), dlib.shape_predictor(str(path))


@pytest.mark.parametrize("subject", ["syncasme2-sub01", "syncasme2-sub02", "synsamm-006", "synsamm-007"])
def test_the_real_detector_finds_every_frame_and_its_landmarks_fit(subject):
    detector, predictor = dlib_models()
    clip = clip_of(row(subject))
    errors = []
    for number in clip.numbers.tolist():
        image = np.ascontiguousarray(clip.render(number), np.uint8)
        if image.ndim == 3:
            image = np.ascontiguousarray(image[..., ::-1])
        boxes = detector(image, 0)
        assert len(boxes), f"frame {number}"
        largest = max(boxes, key=lambda box: box.area())
        found = np.array([(point.x, point.y) for point in predictor(image, largest).parts()])
        true = clip.landmarks(number)
        eye_distance = np.linalg.norm(true[36:42].mean(0) - true[42:48].mean(0))
        errors.append(np.linalg.norm(found - true, axis=1)[17:].mean() / eye_distance)
    assert np.mean(errors) < 0.06


# ---------------------------------------------------------------------------------------------- motion and truth


@pytest.mark.parametrize("au", list(action_units.KERNELS))
def test_an_action_unit_peaks_at_its_unit_and_is_mirrored(au):
    someone = identity.draw(SEED, "someone")
    x, y = np.meshgrid(np.linspace(-1.2, 1.2, 241, dtype=np.float32), np.linspace(-1.3, 2.3, 361, dtype=np.float32))
    dx, dy = action_units.displacement(someone, au, x, y)
    assert np.hypot(dx, dy).max() == pytest.approx(0.016, rel=0.02)
    np.testing.assert_allclose(dx, -dx[:, ::-1], atol=1e-6)
    np.testing.assert_allclose(dy, dy[:, ::-1], atol=1e-6)
    left_dx, left_dy = action_units.displacement(someone, au, x, y, sides=(1.0, 0.0))
    right_dx, right_dy = action_units.displacement(someone, au, x, y, sides=(0.0, 1.0))
    np.testing.assert_allclose(left_dx + right_dx, dx, atol=1e-6)
    np.testing.assert_allclose(left_dy + right_dy, dy, atol=1e-6)


@pytest.mark.parametrize(
    ("au", "objective_class", "group", "landmark", "direction"),
    [
        ("4", "III", "brows", 21, (1, 1)),
        ("1", "V", "brows", 21, (1, -1)),
        ("15", "V", "mouth", 48, (-1, 1)),
        ("12", "I", "mouth", 48, (-1, -1)),
    ],
)
def test_a_clip_moves_most_where_its_action_unit_lies(au, objective_class, group, landmark, direction):
    """The landmark is on the image's left, where a positive direction is towards the midline and down."""
    wanted = row_showing(au, objective_class=objective_class)
    clip = clip_of(wanted, CALM)
    flow = clip.flow(wanted.onset, wanted.apex)
    speed = np.hypot(*flow)
    activation = clip.expression[0]
    peak = activation.intensity.max() * max(activation.sides) * 0.016 * face_of(wanted.subject).image_density
    assert speed.max() == pytest.approx(peak, rel=0.08)
    points = clip.landmarks(wanted.onset)
    position = np.array(np.unravel_index(speed.argmax(), speed.shape))[::-1]
    nearest = {name: np.linalg.norm(points[part] - position, axis=1).min() for name, part in LANDMARK_GROUPS.items()}
    assert min(nearest, key=nearest.get) == group
    moved = clip.landmarks(wanted.apex)[landmark] - points[landmark]
    assert (np.sign(moved) == direction).all()


def test_landmarks_move_with_the_flow():
    for subject in ("syncasme2-sub01", "synsamm-006"):
        wanted = row(subject, objective_class="IV")
        clip = clip_of(wanted)
        start, end = clip.landmarks(wanted.onset), clip.landmarks(wanted.apex)
        flow = clip.flow(wanted.onset, wanted.apex)
        on_skin = np.r_[17:36, 48:68]  # the contour's and the lids' neighbourhoods are half background or eyeball
        x, y = (start[on_skin, axis].astype(np.float32)[None] for axis in (0, 1))
        sampled = np.stack([cv2.remap(component, x, y, cv2.INTER_LINEAR)[0] for component in flow], 1)
        assert np.abs(end - start)[on_skin].max() > 0.1
        np.testing.assert_allclose(sampled, (end - start)[on_skin], atol=0.04)


@pytest.mark.parametrize("subject", ["syncasme2-sub01", "synsamm-006"])
def test_frames_obey_the_true_flow(subject):
    """Warping the apex frame back by the flow leaves little of its difference from the onset frame."""
    wanted = row(subject, objective_class="II")
    clip = clip_of(wanted, PRESETS["default"])
    onset, apex = (clip.render(number, noise=False).astype(np.float32) for number in (wanted.onset, wanted.apex))
    flow = clip.flow(wanted.onset, wanted.apex)
    x, y = grid(flow.shape[:0:-1])
    warped = cv2.remap(apex, x + flow[0], y + flow[1], cv2.INTER_CUBIC)
    moving = np.hypot(*flow) > 0.5 * np.hypot(*flow).max()
    before, after = np.abs(apex - onset)[moving].mean(), np.abs(warped - onset)[moving].mean()
    assert before > 1.0
    assert after < 0.4 * before
    opposite = cv2.remap(apex, x - flow[0], y - flow[1], cv2.INTER_CUBIC)
    assert np.abs(opposite - onset)[moving].mean() > before


def test_the_flow_between_a_frame_and_itself_and_on_the_wall_is_zero():
    wanted = row()
    clip = clip_of(wanted)
    assert not clip.flow(wanted.onset, wanted.onset).any()
    flow = clip.flow(wanted.onset, wanted.apex)
    assert not flow[:, :, :10].any()
    assert not flow[:, :, -10:].any()


def test_a_still_head_rests_but_for_its_expression():
    wanted = row()
    clip = clip_of(wanted, PRESETS["still"])
    neutral = clip.landmarks(wanted.onset)
    for number in (wanted.onset - 2, wanted.onset - 1, wanted.offset, wanted.offset + 2):
        np.testing.assert_allclose(clip.landmarks(number), neutral, atol=1e-9)
    assert np.abs(clip.landmarks(wanted.apex) - neutral).max() > 0.1


def test_an_expression_rises_from_onset_to_apex_and_falls_to_offset():
    wanted = row()
    course = clip_of(wanted).intensities[:, 0]
    at_apex = wanted.apex - (wanted.onset - 2)
    assert course.argmax() == at_apex
    assert (np.diff(course[: at_apex + 1]) >= 0).all()
    assert (np.diff(course[at_apex:]) <= 0).all()
    assert not course[:3].any()
    assert not course[-3:].any()


@pytest.mark.parametrize("offset", [29, 30])
def test_a_clip_may_end_at_its_apex(offset):
    clip = clip_of(row(offset=offset))
    assert clip.numbers[-1] == offset + 2
    assert np.isfinite(clip.intensities).all()
    assert clip.intensities.argmax(0)[0] == 11


# ---------------------------------------------------------------------------------------------- no leaks


@pytest.mark.parametrize("other", ["I", "II", "IV", "V"])
def test_the_class_changes_nothing_but_the_expression(other):
    first, second = (clip_of(row(objective_class=name), PRESETS["default"]) for name in ("III", other))
    np.testing.assert_array_equal(first.numbers, second.numbers)
    for number in (18, 19, 20, 38, 39, 40):
        np.testing.assert_array_equal(first.render(number), second.render(number))
    assert (first.render(29) != second.render(29)).any()


def test_clips_and_subjects_differ():
    frames = [clip_of(row(clip=name)).render(20, noise=False) for name in ("EP01_01", "EP01_02")]
    assert np.abs(frames[0].astype(int) - frames[1]).mean() > 1
    shapes = [shape.landmarks(identity.draw(SEED, f"subject {i}")) for i in range(8)]
    gaps = [np.abs(a - b).mean() for i, a in enumerate(shapes) for b in shapes[:i]]
    assert min(gaps) > 0.005


def test_noise_is_the_presets_and_new_in_each_frame():
    clip = clip_of(row(), PRESETS["default"])
    noise = [clip.render(n).astype(float) - clip.render(n, noise=False) for n in (20, 21)]
    wall = noise[0][:, :40]
    assert wall.std() == pytest.approx(np.hypot(2.2 * 0.5, np.sqrt(1 / 6)), rel=0.1)  # and twice rounding's 1/12
    assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.05
    np.testing.assert_array_equal(clip.render(20), clip.render(20))


def test_a_smaller_image_shows_the_same_face():
    large = clip_of(row(), PRESETS["still"], scale=1.0).render(20, noise=False)
    small = clip_of(row(), PRESETS["still"], scale=0.5).render(20, noise=False)
    assert large.shape == (480, 640, 3)
    assert small.shape == (240, 320, 3)
    halved = cv2.resize(large, (320, 240), interpolation=cv2.INTER_AREA)
    assert np.abs(halved.astype(int) - small).mean() < 2.5


# ---------------------------------------------------------------------------------------------- layouts and tables


def test_layouts_follow_the_name_of_the_database():
    casme2, samm = layouts.of_database("syncasme2"), layouts.of_database("synsamm")
    assert casme2.file_name("syncasme2-sub01", 46) == "img46.jpg"
    assert samm.file_name("synsamm-006", 562) == "006_00562.jpg"
    assert (casme2.size(1), samm.size(0.5)) == ((640, 480), (480, 325))
    assert clip_of(row("synsamm-006")).render(20).shape == (325, 480)


@pytest.mark.parametrize(("name", "file"), [("default", "clips.csv"), ("paper", "clips_paper_shape.csv")])
def test_the_committed_tables_are_what_the_code_draws(name, file, tmp_path):
    clips.write(sheet.SHEETS[name](SEED), tmp_path / "drawn.csv")
    assert (ROOT / "data" / file).read_bytes() == (tmp_path / "drawn.csv").read_bytes()
    assert clips.read(ROOT / "data" / file) == sheet.SHEETS[name](SEED)


def test_the_default_table_is_balanced_and_short():
    table = sheet.default_sheet(3)
    assert Counter((clip.subject, clip.objective_class) for clip in table) == {
        (subject, name): 2 for subject in {clip.subject for clip in table} for name in ("I", "II", "III", "IV", "V")
    }
    assert Counter(clip.database for clip in table) == {"syncasme2": 50, "synsamm": 30}
    assert {clip.apex - clip.onset for clip in table} == {8, 9, 10, 11}
    assert {clip.offset - clip.apex for clip in table} == {8, 9, 10, 11}
    orders = {tuple(c.objective_class for c in clips.of_subject(table, s)) for s in {c.subject for c in table}}
    assert len(orders) > 4


def test_the_paper_shaped_table_counts_as_table_ii():
    table = sheet.paper_shape(3)
    counts = Counter((clip.database, clip.objective_class) for clip in table)
    names = ("I", "II", "III", "IV", "V")
    assert [counts["syncasme2", name] for name in names] == [25, 15, 99, 26, 20]
    assert [counts["synsamm", name] for name in names] == [24, 13, 20, 8, 3]
    assert len({clip.subject for clip in table if clip.database == "syncasme2"}) == 26
    assert len({clip.subject for clip in table if clip.database == "synsamm"}) == 21
    assert len(clips.of_subject(table, "synsamm-006")) == 9 and len(clips.of_subject(table, "synsamm-011")) == 13
    assert all(clip.frames == f"data/synthetic/{clip.subject}/{clip.clip}" for clip in table)
    orders = {seed: [clip.objective_class for clip in sheet.paper_shape(seed)] for seed in (1, 3)}
    assert orders[1] != orders[3]


@pytest.mark.parametrize(
    ("samm", "whole", "rise"),
    [(False, (23, 50, 60, 84, 140), (3, 33, 88)), (True, (34, 57, 76, 88, 100), (3, 32, 88))],
)
def test_realistic_durations_are_the_annotated_ones(samm, whole, rise):
    """Minimum, quartiles and maximum of the published sheets, in frames."""
    rng = np.random.default_rng(0)
    drawn = np.array([durations.REALISTIC.draw(rng, samm) for _ in range(20000)])
    lengths = drawn.sum(axis=1)
    assert np.abs(np.quantile(lengths, [0, 0.25, 0.5, 0.75, 1]) - whole).max() <= 1
    assert np.abs(np.quantile(drawn[:, 0], [0, 0.5, 1]) - rise).max() <= 1
    assert lengths.min() >= whole[0] and lengths.max() <= whole[-1]
    assert drawn.min(axis=0)[0] >= rise[0] and drawn[:, 0].max() <= rise[-1] and drawn[:, 1].min() >= 1
    assert (drawn[:, 1] == 1).mean() < 0.04 and np.corrcoef(lengths, drawn[:, 0])[0, 1] > 0.5


def test_the_times_of_a_table_do_not_depend_on_its_classes():
    tables = [
        sheet._clips_of("synsamm", "006", classes, SEED, durations.REALISTIC)
        for classes in (["I"] * 8, ["V", "IV"] * 4)
    ]
    first, second = ([(clip.clip, clip.onset, clip.apex, clip.offset) for clip in table] for table in tables)
    assert first == second
