import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from occlusion_face import face
from scipy.spatial import ConvexHull

from rrrn.occlusion.kinds import random
from rrrn.occlusion.scene import Scene
from rrrn.running.stage import InputError

LEVELS = (1, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 62, 75, 90, 99)
SETTINGS = {"seed": 7, "random": {"region": "landmark_box", "placement": "nested", "fill": "black"}}


def told(**changes):
    return {"seed": changes.pop("seed", 7), "random": SETTINGS["random"] | changes}


def scene(level, points=None, clip="EP01", channels=3):
    points = face((90, 70), 35, 4) if points is None else points
    frame = np.random.default_rng(0).integers(60, 200, (200, 190, channels), dtype=np.uint8)
    return Scene("casme2-sub01", clip, 0, level, frame, points[None], "clip")


def whole(layer):
    out = np.zeros((200, 190))
    out[layer.y : layer.y + layer.alpha.shape[0], layer.x : layer.x + layer.alpha.shape[1]] = layer.alpha
    return out


def corners_of(points, region):
    if region == "face_hull":
        return points
    low, high = points[:27].min(axis=0), points[:27].max(axis=0)
    return np.array([low, [high[0], low[1]], high, [low[0], high[1]]])


def region_area(points, region):
    return ConvexHull(corners_of(points, region)).volume  # in the plane, the volume is the area


def covered(layer, points, region):
    """The percentage of the region that is drawn over; what of a pixel lies in the region is summed over 16 lines."""
    shape = ConvexHull(corners_of(points, region))
    y = (np.arange(16 * 200) + 0.5) / 16 - 0.5
    (ax, ay), (bx, by) = (np.roll(shape.points[shape.vertices], -k, axis=0).T[..., None] for k in (0, 1))
    crossed = (ay > y) != (by > y)
    x = ax + (y - ay) * (bx - ax) / np.where(ay == by, 1, by - ay)
    left, right = np.where(crossed, x, np.inf).min(axis=0), np.where(crossed, x, -np.inf).max(axis=0)
    pixel = np.arange(190)
    within = np.clip(np.minimum(pixel + 0.5, right[:, None]) - np.maximum(pixel - 0.5, left[:, None]), 0, 1)
    within = within.reshape(200, 16, 190).mean(axis=1)
    return 100 * np.minimum(whole(layer), within).sum() / shape.volume  # exact along a common edge


shaken = st.builds(
    lambda seed, eyes, turn, x, y: (
        face((x, y), eyes, turn) + np.random.default_rng(seed).normal(0, 0.03 * eyes, (68, 2))
    ),
    st.integers(0, 10**6),
    st.floats(15, 40),
    st.floats(-25, 25),
    st.floats(85, 100),
    st.floats(62, 80),
)


@settings(max_examples=40)
@given(shaken, st.sampled_from(LEVELS), st.sampled_from(random.REGIONS), st.sampled_from(random.PLACEMENTS))
def test_the_percentage_of_the_region_is_covered(points, level, region, placement):
    occluder = random.prepare(scene(level, points), told(region=region, placement=placement))
    assert covered(occluder.draw(points), points, region) == pytest.approx(level, abs=0.4)
    if region == "landmark_box":
        assert whole(occluder.draw(points)).sum() == pytest.approx(level / 100 * region_area(points, region), rel=5e-3)


@pytest.mark.parametrize("placement", random.PLACEMENTS)
def test_the_percentage_of_the_hull_holds_in_the_median_of_a_clip_that_moves(placement):
    """Rolling, coming near and shifting; the first frame, on which the block is placed, is the end of the motion."""
    track = np.stack([face((80 + t, 65 + t / 2), 30 + t / 2, -12 + 2.5 * t) for t in range(9)])
    for level in (5, 15, 30, 40, 50):
        one = Scene("s", "c", 0, level, np.zeros((200, 190, 1), np.uint8), track, "clip")
        occluder = random.prepare(one, told(region="face_hull", placement=placement))
        shares = [covered(occluder.draw(points), points, "face_hull") for points in track]
        assert np.median(shares) == pytest.approx(level, abs=0.2)
        assert occluder.draw(track[0]).alpha.sum() == pytest.approx(occluder.draw(track[8]).alpha.sum(), rel=1e-3)


def test_blocks_of_the_hull_keep_near_it():
    """A place in the box's corner would need a block that lies beside the face for the most part."""
    points = face((90, 70), 35)
    for placement in random.PLACEMENTS:
        for k in range(20):
            one = scene(5, points, f"c{k}")
            facts = random.prepare(one, told(region="face_hull", placement=placement)).facts
            assert facts["size"].prod() < 2.2 * 0.05 * region_area(points, "face_hull")


@settings(max_examples=40)
@given(shaken, st.integers(1, 99), st.sampled_from(random.REGIONS), st.sampled_from(random.PLACEMENTS), st.integers())
def test_blocks_lie_in_the_landmark_box_with_its_aspect(points, level, region, placement, seed):
    facts = random.prepare(scene(level, points), told(region=region, placement=placement, seed=seed)).facts
    low, high = points[:27].min(axis=0), points[:27].max(axis=0)
    if region == "landmark_box":  # the hull of all landmarks may, barely, be larger than the box of jaw and brows
        assert (facts["centre"] - facts["size"] / 2 >= low - 1e-3).all()
        assert (facts["centre"] + facts["size"] / 2 <= high + 1e-3).all()
    assert facts["size"][0] / facts["size"][1] == pytest.approx(np.divide(*(high - low)), rel=1e-5)


@pytest.mark.parametrize("region", random.REGIONS)
def test_nested_blocks_contain_all_smaller_ones(region):
    for clip in range(3):
        before = np.zeros((200, 190))
        for level in LEVELS:
            one = scene(level, clip=f"EP{clip}")
            after = whole(random.prepare(one, told(region=region)).draw(one.points))
            assert (after >= before - 1e-6).all()
            assert after.sum() > before.sum()
            before = after


@pytest.mark.parametrize("region", random.REGIONS)
def test_nested_blocks_to_50_percent_share_their_centre(region):
    for clip in ("EP01", "EP02", "EP03", "EP04"):
        nested, independent = (
            [
                random.prepare(scene(level, clip=clip), told(region=region, placement=placement)).facts["centre"]
                for level in (5, 20, 50)
            ]
            for placement in random.PLACEMENTS
        )
        np.testing.assert_allclose(nested[0], nested[1], atol=1e-4)
        np.testing.assert_allclose(nested[0], nested[2], atol=1e-4)
        assert np.abs(independent[0] - independent[1]).max() > 1


def test_centres_spread_over_the_free_room():
    points = face((90, 70), 35)
    low, high = points[:27].min(axis=0), points[:27].max(axis=0)
    for placement, level in (("nested", 50), ("independent", 10)):
        at = np.array(
            [
                random.prepare(scene(level, points, f"c{k}"), told(placement=placement)).facts["centre"]
                for k in range(200)
            ]
        )
        room = (high - low) * (1 - np.sqrt(level / 100))
        unit = (at - (low + high) / 2) / room + 0.5
        assert unit.min() >= -1e-6 and unit.max() <= 1 + 1e-6
        np.testing.assert_allclose(unit.mean(axis=0), 0.5, atol=0.085)  # 4 standard errors
        np.testing.assert_allclose(unit.std(axis=0), 12**-0.5, atol=0.05)


def test_blocks_are_the_clip_s_own():
    one = random.prepare(scene(20), told()).facts["centre"]
    np.testing.assert_array_equal(one, random.prepare(scene(20), told()).facts["centre"])
    assert np.abs(one - random.prepare(scene(20, clip="EP02"), told()).facts["centre"]).max() > 0.1
    assert np.abs(one - random.prepare(scene(20), told(seed=8)).facts["centre"]).max() > 0.1


def test_blocks_follow_the_nose():
    points = face((90, 70), 35)
    moved = points.copy()
    moved[31] += [3, -2]
    for fill in random.FILLS:
        occluder = random.prepare(scene(25, points), told(fill=fill))
        first, second = occluder.draw(points), occluder.draw(moved)
        assert (second.x - first.x, second.y - first.y) == (3, -2)
        np.testing.assert_allclose(second.alpha, first.alpha, atol=1e-5)
        np.testing.assert_allclose(second.colour, first.colour, atol=0.1)


def test_blocks_at_the_edge_of_the_crop_are_cut_off():
    points = face((175, 70), 35)
    occluder = random.prepare(scene(99, points), told())
    layer = occluder.draw(points)
    assert layer.x + layer.alpha.shape[1] == 190
    assert 0 < layer.alpha.sum() < 0.9 * 0.99 * region_area(points, "landmark_box")


def test_black_and_noise():
    one = scene(30)
    black = random.prepare(one, told()).draw(one.points)
    assert not black.colour.any()
    noise = random.prepare(one, told(fill="noise"))
    drawn = noise.draw(one.points)
    inner = drawn.colour[drawn.alpha == 1]
    assert 100 < inner.mean() < 155 and inner.std(axis=0).min() > 20
    np.testing.assert_array_equal(drawn.colour, random.prepare(one, told(fill="noise")).draw(one.points).colour)


@pytest.mark.parametrize("channels", [1, 3])
def test_mean_skin_leaves_eyes_mouth_and_background_out(channels):
    points = face((90, 70), 35)
    frame = np.full((200, 190, channels), 10, np.uint8)
    y, x = np.indices((200, 190))
    frame[(abs(x - 90) < 50) & (y > 40) & (y < 150)] = [[120], [80, 110, 160]][channels == 3]
    for part in (slice(36, 42), slice(42, 48), slice(48, 60)):
        low, high = points[part].min(axis=0).round().astype(int), points[part].max(axis=0).round().astype(int)
        frame[low[1] + 3 : high[1] - 3, low[0] + 5 : high[0] - 5] = 255
    got = random.mean_skin(frame, points)
    np.testing.assert_allclose(got, [80, 110, 160] if channels == 3 else [120] * 3, atol=2)


def test_refusals():
    with pytest.raises(InputError, match="no area"):
        random.prepare(scene(20, np.full((68, 2), 30.0)), told())
    with pytest.raises(InputError, match="no area"):
        random.prepare(scene(20, np.full((68, 2), np.nan)), told())
    track = np.stack([face((90, 70), 35), np.linspace([0, 0], [67, 67], 68)])
    with pytest.raises(InputError, match="frame 1 of the clip, counted from 0: its landmarks span no area"):
        one = Scene("s", "c", 0, 20, np.zeros((200, 190, 1), np.uint8), track, "per_frame")
        random.prepare(one, told(region="face_hull"))
    with pytest.raises(InputError, match="no skin"):
        random.prepare(scene(20, face((900, 70), 35)), told(fill="mean_skin"))
    for name in ("region", "placement", "fill"):
        with pytest.raises(InputError, match=f"occlude.random.{name}"):
            random.prepare(scene(20), told(**{name: "elsewhere"}))
    with pytest.raises(InputError, match=r"lack occlude\.seed"):
        random.prepare(scene(20), {"random": SETTINGS["random"]})
