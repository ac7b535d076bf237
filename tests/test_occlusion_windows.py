"""Windows of skin, against a texture that is known at every point and moved as told."""

import numpy as np
import pytest

from rrrn.occlusion.holding import similarity, windows

SPOTS = np.array([[60.0, 50.0], [100.0, 52.0], [80.5, 90.25]])
CENTRE = np.array([80.0, 70.0])
NO_MOTION = np.zeros((6, 4))
Y, X = np.mgrid[:140, :160].astype(float)


def texture(x, y):
    rng = np.random.default_rng(5)
    waves = [np.cos(a * x + b * y + c) for a, b, c in rng.uniform(-1, 1, (24, 3)) * [0.6, 0.6, 3]]
    return 120 + 10 * np.sum(waves, axis=0)


def images(maps, poses=NO_MOTION, light=(1.0, 0.0)):
    """Images of the texture, about each spot moved by maps (T, N, 3, 3); pixels belong to the spot that is nearest."""
    shown = []
    for t in range(len(maps)):
        points = similarity.lift(poses[t : t + 1], np.stack([X, Y], -1).reshape(1, -1, 2), CENTRE)[0]
        nearest = np.linalg.norm(points[:, None] - SPOTS, axis=-1).argmin(1)
        image = np.empty(len(points))
        for n, spot in enumerate(SPOTS):
            own = np.column_stack([points - spot, np.ones(len(points))])[nearest == n]
            back = (own @ np.linalg.inv(maps[t, n]).T)[:, :2] + spot
            image[nearest == n] = texture(*back.T)
        gain, offset = (1.0, 0.0) if t == 0 else light
        shown.append((gain * image + offset).reshape(X.shape).astype(np.float32))
    return shown


def maps(offsets, shear=0.0):
    """Maps (T, N, 3, 3) that shift by ``offsets`` (T, N, 2) and stretch across by ``shear`` from frame to frame."""
    result = np.tile(np.eye(3), (*offsets.shape[:2], 1, 1))
    result[..., :2, 2] = offsets
    result[..., 0, 0] += shear * np.arange(len(offsets))[:, None]
    result[..., 0, 1] -= shear * np.arange(len(offsets))[:, None] / 2
    return result


def follow(shown, poses=NO_MOTION, radius=7.0, farthest=12.0, spots=SPOTS):
    return windows.follow(shown, poses[: len(shown)], spots, CENTRE, radius, farthest)


def drift(step):
    """Offsets (6, 3, 2): each window drifts in a direction of its own."""
    return step * np.arange(6)[:, None, None] * np.array([[1, 0.3], [-0.7, 0.5], [0.2, -1]])


@pytest.mark.parametrize("shear", [0.0, 0.02])
@pytest.mark.parametrize("light", [(1.0, 0.0), (0.8, 15.0)])
def test_drifts_and_shears_are_found(shear, light):
    offsets = drift(0.9)
    found = follow(images(maps(offsets, shear), light=light))
    assert found.seen.all() and found.offsets.shape == (6, 3, 2)
    np.testing.assert_allclose(found.offsets - found.offsets[:1], offsets, atol=0.03)


def test_offsets_are_those_of_the_shape_under_its_pose():
    poses = np.column_stack([0.02 * np.arange(6), 0.03 * np.arange(6), 2.0 * np.arange(6), -1.0 * np.arange(6)])
    found = follow(images(maps(drift(0.4)), poses), poses)
    assert found.seen.all()
    off = found.offsets - drift(0.4)
    np.testing.assert_allclose(off - off.mean(0), 0, atol=0.05)


def test_the_frame_of_the_middlemost_pose_is_the_template():
    poses = NO_MOTION.copy()
    poses[:, 2] = [4, 9, 5, 6, 0, 20]
    found = follow(images(maps(drift(0.4)), poses), poses)
    assert (found.offsets[2] == 0).all()


def test_a_covered_window_is_lost_and_found_again():
    shown = images(maps(drift(0.3)))
    rng = np.random.default_rng(0)
    shown[3][35:65, 40:75] = rng.uniform(0, 255, (30, 35))
    found = follow(shown)
    expected = np.ones((6, 3), bool)
    expected[3, 0] = False
    np.testing.assert_array_equal(found.seen, expected)
    np.testing.assert_allclose((found.offsets - found.offsets[:1])[found.seen], drift(0.3)[found.seen], atol=0.03)


def test_a_flat_cover_is_not_taken_for_skin():
    shown = images(maps(drift(0.3)))
    shown[3][:] = 80
    shown[4] = 255 - shown[4]
    found = follow(shown)
    np.testing.assert_array_equal(found.seen, np.repeat([[True], [True], [True], [False], [False], [True]], 3, 1))


def test_a_window_is_sought_where_it_was_seen_last():
    """While it is covered by something else that moves, it goes on by more than it can be caught from."""
    shown, other = images(maps(drift(1.0))), images(maps(drift(-1.0) + 40))
    for t in (2, 3):
        shown[t] = other[t]
    found = follow(shown, farthest=20.0)
    assert not found.seen[2:4].any() and found.seen[4:].all()
    np.testing.assert_allclose((found.offsets - found.offsets[:1])[4:], drift(1.0)[4:], atol=0.05)


@pytest.mark.parametrize("x", [-3.0, 2.0, 157.0])
def test_a_window_across_the_edge_is_not_seen(x):
    shown = images(maps(drift(0.1)))
    spots = np.array([[x, 70.0], [12.0, 70.0], [100.0, 52.0]])
    np.testing.assert_array_equal(follow(shown, spots=spots).seen, np.tile([False, True, True], (6, 1)))
    leaving = np.column_stack([np.zeros((6, 2)), -4.0 * np.arange(6), np.zeros(6)])  # the image's frame, not the skin
    found = follow(shown, leaving, spots=np.array([[14.0, 70.0]]))
    assert not found.seen[-1, 0]


@pytest.mark.parametrize("grey", [0, 90])
def test_without_texture_nothing_is_seen(grey):
    found = follow([np.full(X.shape, grey, np.float32)] * 6)
    assert not found.seen.any() and (found.offsets == 0).all()


def test_an_edge_alone_tells_no_motion_along_it():
    found = follow([np.where(X > 60, 200, 50).astype(np.float32)] * 6)
    assert not found.seen[:, 0].any()


def test_a_window_does_not_go_farther_than_told():
    found = follow(images(maps(drift(1.5))), farthest=4.0)
    assert found.seen[0].all() and not found.seen[-1, 0] and np.abs(found.offsets).max() < 4


def test_spots_outside_of_the_image():
    shown = images(maps(drift(0.1)))
    found = follow(shown, spots=np.array([[-40.0, 20.0], [159.0, 70.0], [500.0, 500.0]]))
    assert np.isfinite(found.offsets).all() and not found.seen[:, [0, 2]].any()


def test_one_frame():
    found = follow(images(maps(drift(0.1)[:1])))
    assert found.seen.all() and (found.offsets == 0).all()
