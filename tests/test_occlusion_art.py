import itertools

import numpy as np
import pytest
from occlusion_face import face

from rrrn.occlusion import glasses, glasses_art, mask, mask_art, placing
from rrrn.occlusion.choice import choose

KINDS = [(mask, mask_art), (glasses, glasses_art)]
EYES, MOUTH, NOSE_TIP = range(36, 48), range(48, 68), (30, 33)
JAW_BELOW_EARS = range(4, 13)


def worn(kind, art, name, points=None):
    points = face((150, 120), 60) if points is None else points
    layer = placing.render(art.template(name), kind.place(points, 1.2), 320, 320)
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
        first = art.template(name).image
        art.template.cache_clear()
        second = art.template(name).image
        assert first is not second
        np.testing.assert_array_equal(first, second)
        assert first.dtype == np.float32
        assert first[..., 3].min() >= 0 and first[..., 3].max() <= 1 + 1e-6
        assert (first[..., :3] >= 0).all() and (first[..., :3] <= 255 * first[..., 3:] + 1e-3).all()


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
    assert 0.06 < alpha.sum() / (2.1 * 60 * 2.2 * 60) < 0.35


@pytest.mark.parametrize(("kind", "art"), KINDS)
def test_opaque_and_clear_parts(kind, art):
    for name in art.NAMES:
        alpha = art.template(name).image[..., 3]
        assert (alpha == 0).mean() > 0.2
        assert (alpha > 0.6).mean() > 0.25


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
