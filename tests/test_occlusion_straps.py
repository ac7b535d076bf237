"""Straps of masks and arms of glasses end at the face's edge."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from occlusion_face import face
from test_occlusion_turned import turning, wear

from rrrn.occlusion import compositing, fitting, placing
from rrrn.occlusion.drawings import glasses_art, mask_art
from rrrn.occlusion.kinds import mask, picture

SIZE = (420, 420)
NEAR = 3  # pixels, with 100 between the eyes


def shaped(left: float, right: float, below: float) -> np.ndarray:
    """A face whose ears are so many times as far to each side, and whose jaw below them is so many times as wide."""
    points = face((210, 130), 100)
    for ear, jaw, factor in ((range(2), range(3, 8), left), (range(15, 17), range(9, 14), right)):
        points[ear, 0] = 210 + factor * (points[ear, 0] - 210)
        points[jaw, 0] = 210 + below * (points[jaw, 0] - 210)
    return points


def parts(name: str, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Alpha of the worn mask's straps, and of all of it, as a clip of such faces wears it."""
    template, where = mask_art.template(name), mask.place(points, 1.2)
    worn = fitting.fitted(template, [placing.onto(template, where, points[:17])])
    bare = replace(worn, image=template.straps.body)
    whole, body = (
        compositing.alpha_map(placing.layer(one, where, *SIZE), *SIZE).astype(float) / 255 for one in (worn, bare)
    )
    return whole - body, whole


def outside(points: np.ndarray) -> np.ndarray:
    """Pixels beyond the jaw, and beyond its ends' heights straight on."""
    jaw = points[:17]
    outline = np.concatenate([[[jaw[0, 0], 0]], jaw, [[jaw[-1, 0], 0]]])
    within = np.zeros(SIZE, np.uint8)
    cv2.fillPoly(within, [np.rint(outline * 16).astype(np.int32)], 1, shift=4)
    return cv2.dilate(within, np.ones((2 * NEAR + 1, 2 * NEAR + 1))) == 0


FACES = [(1.0, 1.0, 1.0), (1.0, 1.0, 0.88), (1.08, 1.08, 1.0), (0.86, 1.1, 0.95), (0.9, 0.9, 0.9)]


@pytest.mark.parametrize("name", mask_art.NAMES)
@pytest.mark.parametrize("shape", FACES)
def test_straps_reach_the_edge_of_the_face_and_not_beyond(name, shape):
    points = shaped(*shape)
    straps, _ = parts(name, points)
    assert straps[outside(points)].max() < 0.02
    upper = straps[: int(points[1, 1])] > 0.3  # above the mask
    columns = np.flatnonzero(upper.any(axis=0))
    assert columns.min() - points[0, 0] < 3 * NEAR and points[16, 0] - columns.max() < 3 * NEAR


@pytest.mark.parametrize("name", mask_art.NAMES)
def test_straps_come_out_of_their_mask(name):
    """Nothing floats: all that is drawn hangs together."""
    for shape in FACES:
        _, whole = parts(name, shaped(*shape))
        count, _, stats, _ = cv2.connectedComponentsWithStats((whole > 0.25).astype(np.uint8))
        assert stats[1:, cv2.CC_STAT_AREA].max() > 0.998 * stats[1:, cv2.CC_STAT_AREA].sum(), (shape, count)


@pytest.mark.parametrize("name", glasses_art.NAMES)
def test_arms_end_before_the_ears(name):
    """Temples are at 0.83; lenses and rims of the large ones reach farther."""
    template = glasses_art.template(name)
    x = np.abs(np.arange(glasses_art.COLUMNS) - template.seam) / (glasses_art.COLUMNS / 2)
    reach = 0.93 if name in ("goggles", "wrap") else 0.87
    assert template.image[:, x > reach, 3].max() < 0.02


def test_a_clip_s_straps_are_those_of_its_median_jaw():
    template = mask_art.template("surgical-white")
    points = [shaped(factor, 1.0, 1.0) for factor in (0.9, 0.95, 1.1)]
    jaws = [placing.onto(template, mask.place(one, 1.2), one[:17]) for one in points]
    np.testing.assert_array_equal(fitting.fitted(template, jaws).image, fitting.fitted(template, [jaws[1]]).image)
    assert fitting.fitted(template, []) is template
    plain = replace(template, straps=None)
    assert fitting.fitted(plain, jaws) is plain


def test_points_lie_on_the_drawing_where_it_is_drawn():
    template, points = mask_art.template("ffp2-white"), shaped(0.9, 1.1, 1.0)
    where = mask.place(points, 1.2)
    found = placing.onto(template, where, np.array([points[28], points[8]]))
    np.testing.assert_allclose(found, [[template.seam, template.top], [template.seam, template.bottom]], atol=1e-6)
    spot = np.array([250.0, 230.0])
    column, row = np.rint(placing.onto(template, where, spot[None])[0]).astype(int)
    marked = np.zeros_like(template.image)
    marked[row - 2 : row + 3, column - 2 : column + 3] = 1
    layer = placing.layer(replace(template, image=marked), where, *SIZE)
    y, x = np.unravel_index(np.argmax(layer.alpha), layer.alpha.shape)
    assert np.abs([x + layer.x, y + layer.y] - spot).max() <= 1


@pytest.mark.parametrize("degrees", [-25, 25])
def test_on_a_turned_face_the_far_strap_ends_at_the_visible_edge(degrees, monkeypatch):
    points = turning(np.full(8, float(degrees)))
    fitted = wear(points, "clip", "mask", "cloth-gingham").layer(0)
    monkeypatch.setattr(picture.fitting, "fitted", lambda template, jaws: template)
    drawn = wear(points, "clip", "mask", "cloth-gingham").layer(0)
    far = points[0, 0, 0] if degrees > 0 else points[0, 16, 0]
    ends = [
        sorted((layer.x + np.flatnonzero((layer.alpha[:25] > 0.3).any(axis=0)))[[0, -1]]) for layer in (fitted, drawn)
    ]
    (mine, other) = (abs(end[0 if degrees > 0 else 1] - far) for end in ends)
    assert mine <= 2 and mine < other
