import argparse
import dataclasses
from pathlib import Path

import cv2
import dlib
import numpy as np
import pytest
from PIL import Image

from rrrn.data import clips, listing
from rrrn.face import landmarks, tracking
from rrrn.provenance import unchanged
from rrrn.running.stage import InputError
from rrrn.stages import faces, render

OPTIONS = faces.Settings(box="onset", upsample=0, margin=0.0, pad=1.25, max_gap=2, max_missing=0, no_face="error")


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> clips.Clip:
    """One short rendered clip on disk: frames 9 to 19, of which 11 to 17 are from onset to offset."""
    folder = tmp_path_factory.mktemp("frames") / "syncasme2-sub01"
    row = clips.Clip("syncasme2", "syncasme2-sub01", "EP01_01", 11, 14, 17, "III", str(folder / "EP01_01"), "synthetic")
    render.render_subject([row], row.subject, folder, render.Settings(seed=1, preset="easy", scale=0.5))
    return row


def copied(clip: clips.Clip, folder: Path, **changes) -> clips.Clip:
    folder.mkdir(parents=True)
    for path in Path(clip.frames).iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return clips.Clip(**{**clip.__dict__, "frames": str(folder), **changes})


def test_rendered_face_is_found_and_cropped(clip):
    images, numbers, _ = faces.read_clip(clip, 0)
    result = faces.faces(images, numbers, OPTIONS, "clip")
    assert result.numbers.tolist() == list(range(11, 18)) and result.found.all()
    x0, y0, x1, y1 = result.box
    a0, b0, a1, b1 = result.face
    assert (a1 - a0, b1 - b0) == (x1 - x0, y1 - y0)
    assert result.frames.shape[1] >= 1.25 * (y1 - y0) and result.frames.shape[2] >= 1.25 * (x1 - x0)
    for frame, image in zip(result.frames, images, strict=True):  # copied, not resampled
        assert np.array_equal(frame[b0:b1, a0:a1], image[y0:y1, x0:x1])
    inside = (result.landmarks >= 0).all() and (result.landmarks < frame.shape[0]).all()
    assert inside


def test_landmarks_move_with_the_crop(clip):
    images, numbers, _ = faces.read_clip(clip, 0)
    whole = landmarks.fit(images[0][..., ::-1], landmarks.detect(images[0][..., ::-1], 0))
    result = faces.faces(images, numbers, OPTIONS, "clip")
    offset = np.array(result.box[:2]) - result.face[:2]
    assert np.allclose(result.landmarks[0] + offset, whole)


def test_views_into_arrays_give_the_same_detection_as_copies(clip):
    """dlib 20 silently misreads arrays that are not contiguous."""
    images, _, _ = faces.read_clip(clip, 0)
    for image in images:
        gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        wide = np.zeros((gray.shape[0] + 40, gray.shape[1] + 60), np.uint8)
        wide[20:-20, 30:-30] = gray
        view = wide[20:-20, 30:-30]
        assert not view.flags.c_contiguous
        expected = dlib.get_frontal_face_detector()(gray.copy(), 0)[0]
        box = (expected.left(), expected.top(), expected.right() + 1, expected.bottom() + 1)
        assert landmarks.detect(view, 0) == box
        assert np.array_equal(landmarks.fit(view, box), landmarks.fit(gray.copy(), box))


NUMBERS = range(46, 60)


def stand_in(monkeypatch, boxes):
    """Replace dlib: an image's first pixel says which of ``boxes``, or lists of them, it shows; the corner of a box
    becomes all landmarks."""

    def detect_all(image, upsample):
        shown = boxes[int(image.flat[0])]
        return shown if isinstance(shown, list) else [] if shown is None else [shown]

    def fit(image, box):
        return np.broadcast_to(np.float32(box[:2]), (68, 2))

    monkeypatch.setattr(landmarks, "detect_all", detect_all)
    monkeypatch.setattr(landmarks, "fit", fit)
    return [np.full((60, 80, 1), t, np.uint8) for t in range(len(boxes))]


def located(images, max_gap=2, no_face="error", where="clip"):
    return tracking.locate(images, NUMBERS, 0, max_gap, no_face, where, "raise max_gap")


def test_short_gap_is_interpolated_and_recorded(monkeypatch):
    images = stand_in(monkeypatch, [(10, 10, 30, 30), None, None, (16, 13, 36, 33), None])
    boxes, points, found = located(images)
    assert found.tolist() == [True, False, False, True, False]
    assert boxes[:, :2].tolist() == [[10, 10], [12, 11], [14, 12], [16, 13], [16, 13]]
    assert np.allclose(points[1], [12, 11])


@pytest.mark.parametrize("boxes", [[None] * 2, [(10, 10, 30, 30), None, None, None]])
def test_long_gap_names_the_frames(monkeypatch, boxes):
    images = stand_in(monkeypatch, boxes)
    message = r"clip samm-006/x: no face in \d frames in a row, 4[67] to 4[79]; look at them, then raise max_gap$"
    with pytest.raises(InputError, match=message):
        located(images, where="frames/x: clip samm-006/x")


def test_a_gap_of_the_stage_names_its_settings(clip):
    images, numbers, _ = faces.read_clip(clip, 0)
    images[2:5] = [np.zeros_like(images[0])] * 3
    with pytest.raises(
        InputError,
        match=r"13 to 15, where the search ended; .*faces\.upsample.*faces\.max_gap \(now 2\).*faces\.no_face",
    ):
        faces.faces(images, numbers, OPTIONS, "clip")


def test_the_search_ends_where_no_later_frame_can_help(monkeypatch):
    """Frames without any candidate, one more than may be interpolated; another face is only known at the end."""
    box, other = (10, 10, 30, 30), (60, 60, 80, 80)
    seen = []

    def searched(shown, **options):
        images = [np.full((100, 100, 1), value, np.uint8) for value in shown]
        stand_in(monkeypatch, [None, box, other])
        seen.clear()

        def progress(images):
            for image in images:
                seen.append(int(image.flat[0]))
                yield image

        settings = {"upsample": 0, "max_gap": 2, "no_face": "error", "where": "clip", "remedy": "", **options}
        return tracking.locate(images, range(7, 7 + len(shown)), progress=progress, **settings)

    with pytest.raises(InputError, match="no face in 3 frames in a row, 8 to 10, where the search ended"):
        searched([1, 0, 0, 0, 1, 1])
    assert seen == [1, 0, 0, 0]
    with pytest.raises(InputError, match=r"no face in 3 frames in a row, 8 to 10; look"):
        searched([1, 0, 0, 0])
    with pytest.raises(
        InputError, match=r"no face in 3 frames in a row, 8 to 10, but for another one, .* in 1 of them"
    ):
        searched([1, 0, 2, 0, 1, 1])
    assert seen == [1, 0, 2, 0, 1, 1]
    assert searched([1, 0, 0, 1, 1])[2].tolist() == [True, False, False, True, True]
    assert searched([1, 0, 0, 0, 1], no_face="full_image")[2].tolist() == [True, False, False, False, True]
    with pytest.raises(InputError, match=r"no face in 2 frames in a row, 7 to 8; look"):
        searched([0, 0])


def test_a_photograph_taken_sideways_comes_out_upright(clip, tmp_path):
    turned = copied(clip, tmp_path / "turned")
    for path in Path(turned.frames).iterdir():
        image = Image.open(path)
        exif = image.getexif()
        exif[0x0112] = 6  # to be shown turned by 90 degrees clockwise
        image.transpose(Image.Transpose.ROTATE_90).save(path, quality=100, subsampling=0, exif=exif)
    before, after = (faces.faces(*faces.read_clip(row, 0)[:2], OPTIONS, "clip") for row in (clip, turned))
    assert after.frames.shape == before.frames.shape and np.abs(np.subtract(after.box, before.box)).max() <= 2
    assert np.abs(after.frames.astype(int) - before.frames).mean() < 2


def test_full_image_is_the_box_only_of_a_clip_without_any_face(monkeypatch):
    images = stand_in(monkeypatch, [None, None])
    boxes, _, found = located(images, 0, "full_image")
    assert not found.any() and boxes.tolist() == [[0, 0, 80, 60]] * 2


def test_full_image_keeps_the_box_of_the_frames_that_show_a_face(monkeypatch):
    images = stand_in(monkeypatch, [None, (10, 10, 30, 30), None, None, (16, 13, 36, 33)])
    boxes, points, found = located(images, 1, "full_image")
    assert found.tolist() == [False, True, False, False, True]
    assert boxes[:, 0].tolist() == [10, 10, 12, 14, 16]
    assert points[:, 0, 0].tolist() == [10, 10, 12, 14, 16]


def square(x, side=20):
    return (x, 10, x + side, 10 + side)


def test_of_two_faces_alike_one_is_followed(monkeypatch):
    """Which is the larger changes from frame to frame, and so does their order."""
    shown = [[square(10, 20 + t % 2), square(40, 21 - t % 2)][:: 1 - 2 * (t // 2 % 2)] for t in range(8)]
    shown[3] = [square(40)]  # the face that is followed is lost in frames 3 and 4
    shown[4] = [square(40), square(22)]  # and what is seen then is more than half a box away
    shown[6:8] = [square(10)], [square(10, 21)]
    shown.append([square(10, 22), square(40)])
    boxes, points, found = located(stand_in(monkeypatch, shown))
    assert found.tolist() == [True] * 3 + [False] * 2 + [True] * 4
    assert (boxes[:, 0] == 10).all() and (points[:, :, 0] == 10).all()


def test_a_face_in_the_background_for_longer_is_not_the_clip_s(monkeypatch):
    shown = [[square(40, 12)], [square(40, 12), square(10, 24)], [square(14, 24), square(41, 12)], [square(42, 12)]]
    boxes, _, found = located(stand_in(monkeypatch, shown))
    assert found.tolist() == [False, True, True, False] and boxes[:, 0].tolist() == [10, 10, 14, 14]


def test_a_long_gap_that_shows_another_face_says_so(monkeypatch):
    images = stand_in(monkeypatch, [square(10, 24), square(10, 24), square(10, 24), None, square(40), square(41)])
    with pytest.raises(InputError, match=r"3 frames in a row, 49 to 51, but for another one.* in 2 of them.*one face$"):
        located(images)
    assert located(images, 3)[2].tolist() == [True] * 3 + [False] * 3


def test_one_face_is_followed_wherever_it_goes(monkeypatch):
    """Fast, nearer, and seen again at another of the detector's sizes; no box is changed."""
    shown = [(10, 10, 30, 30), (19, 10, 39, 30), (22, 12, 46, 36), None, (24, 14, 44, 34), (16, 14, 36, 34)]
    boxes, _, found = located(stand_in(monkeypatch, shown))
    assert found.tolist() == [box is not None for box in shown]
    assert [tuple(boxes[t]) for t in np.flatnonzero(found)] == [box for box in shown if box]


@pytest.mark.parametrize("box", ["onset", "median", "per_frame"])
def test_the_crops_of_a_clip_show_one_face(clip, box):
    """The same face twice in view, in light and in shade, of which one and then the other is seen larger."""
    images, numbers, _ = faces.read_clip(clip, 0)
    height, width = images[0].shape[:2]
    pairs = []
    for t, image in enumerate(images):
        larger = cv2.resize(image, None, fx=1.25, fy=1.25, interpolation=cv2.INTER_LINEAR)
        top, left = (larger.shape[0] - height) // 2, (larger.shape[1] - width) // 2
        pair = [image, larger[top : top + height, left : left + width]][:: 1 - 2 * (t % 2)]
        pairs.append(np.concatenate([pair[0], pair[1] // 2], axis=1))
    result = faces.faces(pairs, numbers, dataclasses.replace(OPTIONS, box=box), "clip")
    middle = result.landmarks.mean(axis=1)
    assert result.found.all() and np.ptp(middle, axis=0).max() < 0.2 * (result.face[2] - result.face[0])
    light = [frame[30:-30, 30:-30].mean() for frame in result.frames]
    assert max(light) < 1.2 * min(light)


def test_box_readings():
    boxes = np.array([[10, 10, 30, 30], [12, 10, 32, 30], [40, 10, 60, 30]], float)
    assert faces.choose_box(boxes, "onset", 0.0).tolist() == [[10, 10, 30, 30]] * 3
    assert faces.choose_box(boxes, "median", 0.0).tolist() == [[12, 10, 32, 30]] * 3
    assert faces.choose_box(boxes, "per_frame", 0.0).tolist() == boxes.tolist()
    assert faces.choose_box(boxes, "onset", 0.5)[0].tolist() == [5, 5, 35, 35]


def test_per_frame_box_follows_and_scales_to_the_first():
    image = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    boxes = np.array([[10, 10, 30, 30], [14, 12, 34, 32], [10, 10, 50, 50]])
    points = np.broadcast_to(np.float32([20, 20]), (3, 68, 2))
    cut, moved, face = faces.crop([image] * 3, boxes, points, 1.2)
    assert face == (2, 2, 22, 22) and cut.shape == (3, 24, 24, 3)
    assert np.array_equal(cut[1], image[10:34, 12:36])
    assert moved[0, 0].tolist() == [12, 12] and moved[1, 0].tolist() == [8, 10]
    assert moved[2, 0].tolist() == pytest.approx([(20.5 - 10) / 2 + 2 - 0.5] * 2)


def test_crop_beyond_the_image_repeats_its_border():
    image = np.random.default_rng(0).integers(0, 256, (40, 40, 1), dtype=np.uint8)
    boxes = np.array([[-6, 0, 34, 40]])
    cut, _, face = faces.crop([image], boxes, np.zeros((1, 68, 2), np.float32), 1.0)
    assert face == (0, 0, 40, 40)
    assert np.array_equal(cut[0, :, :6], np.repeat(image[:, :1], 6, axis=1))
    assert np.array_equal(cut[0, :, 6:], image[:, :34])


def test_frames_are_those_that_were_imported(clip, tmp_path):
    row = copied(clip, tmp_path / "c")
    images = listing.between(listing.listing(tmp_path / "c"), row.onset, row.offset)
    row = dataclasses.replace(row, frames_digest=listing.digest(images))
    (tmp_path / "c/img9.jpg").unlink()  # before the onset
    (tmp_path / "c/notes.txt").touch()
    (tmp_path / "c/img13.jpg").touch()
    unchanged.check(row)
    path = tmp_path / "c/img12.jpg"
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)
    message = r"c: the frames 11 to 17 of clip syncasme2-sub01/EP01_01 are not those that were imported or rendered"
    with pytest.raises(InputError, match=message):
        unchanged.check(row)
    unchanged.check(dataclasses.replace(row, frames_digest=""))


def test_a_subject_with_other_frames_than_were_imported_stops(clip, tmp_path):
    row = copied(clip, tmp_path / "c", frames_digest="blake2b-" + "0" * 32, source="recorded")
    clips.write([row], tmp_path / "clips.csv")
    settings = {"faces": vars(OPTIONS)}
    args = argparse.Namespace(
        output=tmp_path / "faces.h5",
        clips=tmp_path / "clips.csv",
        subject=row.subject,
        settings=settings,
        rendered=[],
        asked={},
    )
    with pytest.raises(InputError, match="are not those that were imported"):
        faces.main(args)
    assert not (tmp_path / "faces.h5").exists()
    clips.write([dataclasses.replace(row, frames_digest="")], tmp_path / "clips.csv")
    faces.main(args)
    assert (tmp_path / "faces.h5").exists()


def test_missing_frame_is_named(clip, tmp_path):
    row = copied(clip, tmp_path / "c")
    (tmp_path / "c" / "img13.jpg").unlink()
    with pytest.raises(InputError, match=r"syncasme2-sub01/EP01_01 lacks frame 13 of 11 to 17.*9 to 19"):
        faces.read_clip(row, 0)


def test_the_nearest_frame_stands_in_for_missing_ones(clip, tmp_path):
    row = copied(clip, tmp_path / "c")
    whole, _, _ = faces.read_clip(row, 0)
    for number in (12, 13):
        (tmp_path / "c" / f"img{number}.jpg").unlink()
    images, numbers, missing = faces.read_clip(row, 2)
    assert (numbers, missing) == (list(range(11, 18)), [12, 13])
    for image, number in zip(images, (11, 11, 14, 14, 15, 16, 17), strict=True):
        assert np.array_equal(image, whole[number - 11])
    with pytest.raises(InputError, match=r"lacks frame 12, 13 .*max_missing \(now 1\)"):
        faces.read_clip(row, 1)


@pytest.mark.parametrize("end", ["onset", "apex", "offset"])
def test_onset_apex_and_offset_must_be_there(clip, tmp_path, end):
    row = copied(clip, tmp_path / "c")
    (tmp_path / "c" / f"img{getattr(row, end)}.jpg").unlink()
    with pytest.raises(InputError, match=f"lacks frame {getattr(row, end)} of"):
        faces.read_clip(row, 10)


def test_apex_beyond_the_files_is_named(clip, tmp_path):
    with pytest.raises(InputError, match="lacks frame 20, 21"):
        faces.read_clip(copied(clip, tmp_path / "c", offset=21), 10)


def test_truncated_frame_is_named(clip, tmp_path):
    row = copied(clip, tmp_path / "c")
    path = tmp_path / "c" / "img12.jpg"
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InputError, match=r"img12\.jpg: not a whole image"):
        faces.read_clip(row, 0)


def test_frame_of_another_size_is_named(clip, tmp_path):
    row = copied(clip, tmp_path / "c")
    Image.new("RGB", (20, 30)).save(tmp_path / "c" / "img15.jpg")
    with pytest.raises(InputError, match=r"img15\.jpg: its size"):
        faces.read_clip(row, 0)
