import numpy as np
import pytest
from occlusion_face import face

from rrrn.occlusion import compositing, placing
from rrrn.occlusion.drawings import glasses_art, mask_art
from rrrn.occlusion.kinds import glasses, mask
from rrrn.running.stage import InputError


def spread(alpha):
    """Centroid and angle in degrees of the long axis of an alpha map."""
    y, x = np.indices(alpha.shape)
    weight = alpha / alpha.sum()
    cx, cy = (x * weight).sum(), (y * weight).sum()
    xx, yy, xy = (
        (((x - cx) ** 2) * weight).sum(),
        (((y - cy) ** 2) * weight).sum(),
        ((x - cx) * (y - cy) * weight).sum(),
    )
    return np.array([cx, cy]), np.rad2deg(0.5 * np.arctan2(2 * xy, xx - yy))


def whole(layer, rows, columns):
    out = np.zeros((rows, columns))
    height, width = layer.alpha.shape
    out[layer.y : layer.y + height, layer.x : layer.x + width] = layer.alpha
    return out


def dot_template(x, y):
    rows, columns = np.indices((256, 400))
    alpha = np.clip(9 - np.hypot(columns - x, rows - y), 0, 1)
    image = (alpha[..., None] * np.array([200, 100, 50, 1])).astype(np.float32)
    return placing.Template(image, seam=200, top=40, bottom=215, left=30, right=370)


def foot(point, start, end):
    """Where the perpendicular through ``point`` meets the line: an oracle for distances to the axis."""
    along = (end - start) / np.linalg.norm(end - start)
    return start + along * ((point - start) @ along)


@pytest.mark.parametrize("degrees", [0, 17.3, -40, 170])
def test_anchors_of_a_mask_land_on_the_face(degrees):
    points = face((160.3, 110.6), 55, degrees)
    points[14] += [4, 1]  # halves of different width
    where = mask.place(points, 1.2)
    start, end = points[28], points[8]
    middle = (start + end) / 2
    expected = {
        (200, 40): start,
        (200, 215): end,
        (30, 127.5): middle + 1.2 * (points[2] - foot(points[2], start, end)),
        (370, 127.5): middle + 1.2 * (points[14] - foot(points[14], start, end)),
    }
    for (x, y), target in expected.items():
        centre, _ = spread(whole(placing.layer(dot_template(x, y), where, 400, 400), 400, 400))
        assert np.abs(centre - target).max() < 0.25


@pytest.mark.parametrize("degrees", [0, -23])
def test_anchors_of_glasses_land_on_the_face(degrees):
    points = face((150.3, 150.6), 55, degrees)
    where = glasses.place(points, 1.2)
    height = np.linalg.norm(points[19] - points[28])
    down = (points[28] - points[27]) / np.linalg.norm(points[28] - points[27])
    middle = (points[27] + points[28]) / 2
    expected = {
        (200, 40): middle - down * height / 2,
        (200, 215): middle + down * height / 2,
        (30, 127.5): middle + 1.2 * (points[0] - foot(points[0], points[27], points[28])),
        (370, 127.5): middle + 1.2 * (points[16] - foot(points[16], points[27], points[28])),
    }
    for (x, y), target in expected.items():
        centre, _ = spread(whole(placing.layer(dot_template(x, y), where, 400, 400), 400, 400))
        assert np.abs(centre - target).max() < 0.25


@pytest.mark.parametrize(("kind", "art"), [(mask, mask_art), (glasses, glasses_art)])
def test_occluders_tilt_with_the_face(kind, art):
    for name in art.NAMES[::3]:
        template = art.template(name)
        upright, tilted = (
            spread(whole(placing.layer(template, kind.place(face((150, 120), 60, a), 1.2), 320, 320), 320, 320))[1]
            for a in (0, 10)
        )
        assert tilted - upright == pytest.approx(10, abs=0.1)


def test_occluders_move_by_parts_of_a_pixel():
    template = mask_art.template("cloth-navy")
    at = [
        spread(whole(placing.layer(template, mask.place(face((100 + s, 70 - s), 40), 1.2), 220, 220), 220, 220))[0]
        for s in (0, 0.25, 0.5)
    ]
    assert at[1] - at[0] == pytest.approx([0.25, -0.25], abs=0.02)
    assert at[2] - at[0] == pytest.approx([0.5, -0.5], abs=0.02)


def test_render_is_the_mean_over_each_pixel():
    template = mask_art.template("surgical-blue")
    points = face((60.2, 40.7), 24, 8)
    where = mask.place(points, 1.2)
    layer = placing.layer(template, where, 120, 120)
    rng = np.random.default_rng(0)
    across = np.array([where.down[1], -where.down[0]])
    for x, y in [(60, 60), (42, 55), (45, 72), (61, 44), (75, 73)]:
        at = np.array([x, y]) + rng.uniform(-0.5, 0.5, (4000, 2)) - where.top
        side = at @ across
        column = template.seam + side * np.where(side < 0, (template.seam - template.left) / where.left,
                                                 (template.right - template.seam) / where.right)  # fmt: skip
        row = template.top + at @ where.down * (template.bottom - template.top) / where.height
        rows, columns = template.image.shape[:2]
        inside = (row > -0.5) & (row < rows - 0.5) & (column > -0.5) & (column < columns - 0.5)
        row, column = row.round().astype(int).clip(0, rows - 1), column.round().astype(int).clip(0, columns - 1)
        texels = template.image[row, column]
        expected = (texels * inside[:, None]).mean(axis=0)
        got = np.append(layer.colour[y - layer.y, x - layer.x], layer.alpha[y - layer.y, x - layer.x])
        assert got == pytest.approx(expected, abs=4, rel=0.03)
        assert got[3] == pytest.approx(expected[3], abs=0.03)


@pytest.mark.parametrize(("dx", "dy"), [(45, 10), (-60, 30), (5, -75)])
def test_what_reaches_over_the_edge_is_cut_off(dx, dy):
    template = mask_art.template("cloth-dots")
    small = whole(placing.layer(template, mask.place(face((60 + dx, 50 + dy), 30, 5), 1.2), 120, 130), 120, 130)
    large = whole(placing.layer(template, mask.place(face((160 + dx, 150 + dy), 30, 5), 1.2), 320, 330), 320, 330)
    np.testing.assert_allclose(small, large[100:220, 100:230], atol=2e-3)
    assert 0 < small.sum() < large.sum()


def test_far_outside_nothing_is_drawn():
    for far in (500, -500, 1e7):
        layer = placing.layer(mask_art.template("cloth-dots"), mask.place(face((far, 50), 30), 1.2), 120, 120)
        assert not layer.alpha.any()


def test_faces_in_profile_are_refused():
    points = face((60, 50), 30)
    points[[0, 2]] = points[[28, 28]]
    for kind in (mask, glasses):
        with pytest.raises(InputError, match="profile"):
            kind.place(points, 1.2)
    points[[0, 2]] = points[[16, 14]] + 3  # turned beyond profile: the far side is on the wrong side
    for kind in (mask, glasses):
        with pytest.raises(InputError, match="profile"):
            kind.place(points, 1.2)


def test_landmarks_that_fail_are_refused():
    with pytest.raises(InputError, match="coincide"):
        mask.place(np.full((68, 2), 20.0), 1.2)
    with pytest.raises(InputError, match="coincide"):
        glasses.place(np.full((68, 2), 20.0), 1.2)
    with pytest.raises(InputError, match="finite"):
        mask.place(np.full((68, 2), np.nan), 1.2)
    with pytest.raises(InputError, match="finite"):
        glasses.place(np.full((68, 2), np.nan), 1.2)


def test_nothing_covers_nothing():
    assert compositing.nothing().alpha.size == 0
