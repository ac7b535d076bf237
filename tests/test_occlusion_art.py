import itertools

import cv2
import numpy as np
import pytest
from occlusion_face import face
from scipy import ndimage

from rrrn.experiment import defaults
from rrrn.flow.parameters import Parameters
from rrrn.occlusion import placing
from rrrn.occlusion.drawings import canvas, glasses_art, mask_art
from rrrn.occlusion.kinds import glasses, mask
from rrrn.occlusion.kinds.choice import choose
from rrrn.running.stage import InputError
from rrrn.stages import flow

KINDS = [(mask, mask_art), (glasses, glasses_art)]
EYES, MOUTH, NOSE_TIP = range(36, 48), range(48, 68), (30, 33)
JAW_BELOW_EARS = range(4, 13)


def worn(kind, art, name, points=None):
    points = face((150, 120), 60) if points is None else points
    layer = placing.layer(art.template(name), kind.place(points, 1.2), 320, 320)
    alpha = np.zeros((320, 320))
    alpha[layer.y : layer.y + layer.alpha.shape[0], layer.x : layer.x + layer.alpha.shape[1]] = layer.alpha
    return alpha, points


@pytest.mark.parametrize(("kind", "art"), KINDS)
def test_ten_drawings_that_differ(kind, art):
    assert len(art.NAMES) == 10
    drawings = [art.template(name).image for name in art.NAMES]
    for a, b in itertools.combinations(drawings, 2):
        assert np.abs(a[..., :3] - b[..., :3]).mean() > 5


@pytest.mark.parametrize(("kind", "art"), KINDS)
def test_drawings_are_premultiplied_and_deterministic(kind, art):
    for name in art.NAMES:
        small = [art.draw(name, art.COLUMNS // 2).image for _ in range(2)]
        np.testing.assert_array_equal(*small)
        first = art.template(name).image
        assert first.dtype == np.float32
        assert first[..., 3].min() >= 0 and first[..., 3].max() <= 1 + 1e-6
        assert (first[..., :3] >= 0).all() and (first[..., :3] <= 255 * first[..., 3:] + 1e-3).all()


def test_distances_do_not_depend_on_where_they_are_kept():
    shape = np.full((700, 2400), 255, np.uint8)
    cv2.polylines(shape, [np.array([[20, 20], [900, 600], [2300, 90]])], False, 0, 1)
    found, kept = [], []
    for size in range(12):
        kept.append(np.empty(900_001 + 16 * size, np.uint8))  # moves what is allocated next
        found.append(canvas.distances(shape))
    assert all(np.array_equal(found[0], one) for one in found)
    np.testing.assert_allclose(found[0][::50, ::50], ndimage.distance_transform_edt(shape)[::50, ::50], atol=2e-3)


@pytest.mark.parametrize("name", mask_art.NAMES)
@pytest.mark.parametrize("degrees", [0, 12])
def test_masks_cover_mouth_and_nose_and_leave_the_eyes(name, degrees):
    alpha, points = worn(mask, mask_art, name, face((150, 120), 60, degrees))
    at = points.round().astype(int)
    covered = alpha[at[:, 1], at[:, 0]]
    assert covered[[*MOUTH, *NOSE_TIP]].min() > 0.99
    assert covered[list(EYES)].max() == 0
    assert 0.2 < alpha.sum() / (2.1 * 60 * 2.2 * 60) < 0.6  # of the box of jaw and brows


@pytest.mark.parametrize("name", glasses_art.NAMES)
@pytest.mark.parametrize("degrees", [0, 12])
def test_glasses_cover_the_eyes_and_leave_the_mouth(name, degrees):
    alpha, points = worn(glasses, glasses_art, name, face((150, 120), 60, degrees))
    at = points.round().astype(int)
    covered = alpha[at[:, 1], at[:, 0]]
    assert covered[list(EYES)].min() > 0.6
    assert covered[list(MOUTH)].max() == 0
    assert 0.06 < alpha.sum() / (2.1 * 60 * 2.2 * 60) < 0.45


ONE_PIECE = ("wrap", "goggles")  # no gap between lenses
OPAQUE = {
    **dict.fromkeys(mask_art.NAMES, (0.50, 0.75)),
    **dict.fromkeys(glasses_art.NAMES, (0.55, 0.83)),  # the largest hide their arms, which end at the temples
    **dict.fromkeys(ONE_PIECE, (0.75, 0.93)),
}


@pytest.mark.parametrize(("kind", "art"), KINDS)
def test_opaque_share_of_the_bounding_box_is_that_of_product_pictures(kind, art):
    for name in art.NAMES:
        alpha = art.template(name).image[..., 3]
        x, y, width, height = cv2.boundingRect((alpha > 0.5).astype(np.uint8))
        share = (alpha[y : y + height, x : x + width] > 0.5).mean()
        assert OPAQUE[name][0] < share < OPAQUE[name][1], (name, share)
        assert min(x, y) > 0 and x + width < alpha.shape[1] and y + height < alpha.shape[0]  # nothing is cut off


@pytest.mark.parametrize(("kind", "art"), KINDS)
def test_outlines_are_symmetric_about_the_seam(kind, art):
    for name in art.NAMES:
        if art is mask_art and mask_art.MASKS[name].valve:
            continue
        template = art.template(name)
        solid = template.image[..., 3] > 0.5
        assert template.seam == (solid.shape[1] - 1) / 2
        assert (solid != solid[:, ::-1]).mean() < 0.004, name


@pytest.mark.parametrize(("kind", "art"), KINDS)
def test_drawings_do_not_depend_on_the_resolution(kind, art):
    for name in art.NAMES:
        full, half = art.template(name), art.draw(name, art.COLUMNS // 2)
        rows, columns = half.image.shape[:2]
        small = cv2.resize(full.image, (columns, rows), interpolation=cv2.INTER_AREA)
        assert np.abs(small[..., 3] - half.image[..., 3]).mean() < 0.006, name
        blurred = [cv2.GaussianBlur(image, (0, 0), 2)[..., :3] for image in (small, half.image)]
        assert np.abs(blurred[0] - blurred[1]).mean() < 2.5, name  # of 255
        for anchor in ("seam", "top", "bottom", "left", "right"):
            assert getattr(half, anchor) == pytest.approx((getattr(full, anchor) + 0.5) / 2 - 0.5, abs=0.51)


@pytest.mark.parametrize(("kind", "art"), KINDS)
def test_surfaces_are_shaded_and_never_flat(kind, art):
    """A cartoon has few grey levels, each over much of it; a photograph has many."""
    for name in art.NAMES:
        image = art.template(name).image
        gray = cv2.cvtColor(image[..., :3], cv2.COLOR_BGR2GRAY)[image[..., 3] > 0.95]
        shares = np.bincount(gray.astype(int), minlength=256) / gray.size
        assert shares.max() < 0.16 and (shares > 1e-4).sum() > 40, name


@pytest.mark.parametrize("name", mask_art.NAMES)
def test_cloth_has_texture_that_holds_the_flow_in_a_flickering_lamp(name):
    layer = placing.layer(mask_art.template(name), mask.place(face((160, 130), 75), 1.2), 320, 320)
    dim = np.rint(128 * (1 - layer.alpha) + layer.gray * 0.9).astype(np.uint8)
    bright = np.rint(128 * (1 - layer.alpha) + layer.gray * 0.9 * 1.007).astype(np.uint8)
    moved = np.hypot(*flow.tvl1(dim, bright, **Parameters.of_section(defaults.section("flow")).section()))
    assert moved[cv2.erode(layer.alpha, np.ones((5, 5))) > 0.99].mean() < 0.08  # on smooth cloth 0.10 to 0.18


@pytest.mark.parametrize(("kind", "art"), KINDS)
@pytest.mark.parametrize("far", [1, 0])  # the narrower half: as seen, left or right
def test_faces_turned_too_far_are_refused(kind, art, far):
    points = face((150, 120), 60)
    axis = points[28, 0]
    for name in (art.NAMES[0], *ONE_PIECE[: art is glasses_art]):
        template = art.template(name)
        for ratio, fine in ((template.min_ratio + 0.02, True), (template.min_ratio - 0.02, False)):
            turned = points.copy()
            side = turned[:, 0] < axis if far else turned[:, 0] > axis
            turned[side, 0] = axis + ratio * (turned[side, 0] - axis)
            where = kind.place(turned, 1.2)
            if fine:
                assert placing.layer(template, where, 320, 320).alpha.any()
            else:
                with pytest.raises(InputError, match="profile"):
                    placing.layer(template, where, 320, 320)


def test_a_subject_uses_all_occluders_before_one_comes_again():
    names = tuple("abcdefghij")
    chosen = [choose(names, 7, "samm-006", "mask", rank) for rank in range(25)]
    assert sorted(chosen[:10]) == sorted(chosen[10:20]) == list(names)
    assert len(set(chosen[20:])) == 5
    assert chosen != [choose(names, 7, "samm-007", "mask", rank) for rank in range(25)]
    assert chosen != [choose(names, 8, "samm-006", "mask", rank) for rank in range(25)]


def test_first_clips_of_many_subjects_use_all_occluders_alike():
    names = tuple("abcdefghij")
    counts = [0] * 10
    for subject in range(1000):
        counts[names.index(choose(names, 7, f"s{subject}", "glasses", 0))] += 1
    assert min(counts) > 60 and max(counts) < 140  # 100 +- 4 standard deviations
