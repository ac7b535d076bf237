"""The contact sheet: a row per subject, a column per class, and colours that say what the flow says."""

import numpy as np
import pytest

from rrrn.data import pictures
from rrrn.synthetic import preview
from rrrn.synthetic.databases import layouts
from rrrn.synthetic.painting.presets import PRESETS

CALM = PRESETS["still"]


def sheet(subjects, database="casme2", seed=1):
    return preview.contact_sheet(subjects, seed, layouts.LAYOUTS[database], CALM, 0.25)


def test_a_sheet_has_a_row_for_each_subject_and_looks_the_same_again():
    one = sheet(["syncasme2-sub01"])
    two = sheet(["syncasme2-sub01", "syncasme2-sub02"])
    assert (one.dtype, one.shape[2]) == (np.uint8, 3)
    height = preview._CELL[1]
    assert two.shape == (one.shape[0] + height, *one.shape[1:])
    first, second = (slice(preview._TOP + i * height, preview._TOP + (i + 1) * height - 1) for i in (0, 1))
    np.testing.assert_array_equal(one[: first.stop], two[: first.stop])
    assert (two[second] != two[first]).mean() > 0.1
    np.testing.assert_array_equal(one, sheet(["syncasme2-sub01"]))


def test_the_gray_layout_has_gray_faces_and_coloured_flow():
    picture = sheet(["synsamm-006"], "samm").astype(int)
    width, height = preview._TILE
    face = picture[preview._TOP : preview._TOP + height, preview._LEFT : preview._LEFT + width]
    flow = picture[preview._TOP : preview._TOP + height, preview._LEFT + width + preview._GAP :][:, :width]
    assert np.ptp(face, axis=2).max() == 0
    assert np.ptp(flow, axis=2).max() > 30


@pytest.mark.parametrize(
    ("flow", "colour"),
    [((0, 0), (255, 255, 255)), ((2, 0), (0, 0, 255)), ((4, 0), (0, 0, 255)), ((-2, 0), (255, 255, 0))],
)
def test_a_colour_tells_direction_and_length(flow, colour):
    picture = pictures.colours(np.array(flow, np.float32).reshape(2, 1, 1), full=2.0)
    assert tuple(picture[0, 0].tolist()) == colour


def test_less_motion_is_paler_and_of_the_same_hue():
    strong, weak = (pictures.colours(np.full((2, 1, 1), v, np.float32), 4.0)[0, 0].astype(int) for v in (2.0, 0.5))
    assert np.ptp(strong) > np.ptp(weak) > 0
    assert strong.argsort().tolist() == weak.argsort().tolist()


def test_the_window_holds_the_face_and_stays_in_the_image():
    points = np.zeros((68, 2))
    points[36:42], points[42:48] = (70, 60), (130, 60)
    rows, columns = preview.face_window(points, above=0.75)
    assert (columns.start, columns.stop) == (28, 172)
    assert (rows.start, rows.stop) == (15, 177)
    assert preview.face_window(points, above=2.0)[0].start == 0
