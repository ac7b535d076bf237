"""The relief of a head, against a rigid set of points that is turned by matrices."""

from dataclasses import replace

import numpy as np
import pytest
from moving_face import moving, noise

from rrrn.occlusion.holding import registration, relief, rigid, smoothing, windows
from rrrn.occlusion.holding.windows import Followed

T = 60
UNIT = 130.0  # pixels between the eyes' outer corners
SIGMA = 8.0
SWING = np.sin(2 * np.pi * np.arange(T) / T)
EYES = [(-0.5, 0), (-0.2, 0), (0.2, 0), (0.5, 0)]
BRIDGE = [(0, -0.05), (0, 0.12), (0, 0.28), (0, 0.42)]
NOSTRILS = [(-0.15, 0.5), (-0.08, 0.53), (0, 0.55), (0.08, 0.53), (0.15, 0.5)]
EDGE = [(-0.75, 0), (-0.74, 0.2), (-0.7, 0.4), (0.7, 0.4), (0.74, 0.2), (0.75, 0)]
SPOTS = np.array(EYES + BRIDGE + NOSTRILS + EDGE)
DEPTHS = rigid.DEPTHS + np.random.default_rng(8).normal(0, 0.06, 19)
INNER = rigid.INNER


def turned(yaw, pitch=0.0):
    """Offsets (T, 19, 2) in pixels of a head turned by angles (T,) in degrees, by rotation matrices."""
    points = np.column_stack([SPOTS, DEPTHS])
    result = []
    for a, b in np.deg2rad(np.broadcast_arrays(yaw, pitch, np.zeros(T))[:2]).T:
        across = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
        down = np.array([[1, 0, 0], [0, np.cos(b), np.sin(b)], [0, -np.sin(b), np.cos(b)]])
        result.append((points @ across.T @ down.T)[:, :2] - SPOTS)
    return UNIT * np.array(result)


def measured(offsets, seen=None, window_noise=0.05, edge_noise=0.5, seed=0):
    """What is found when windows and landmarks are off by noise (sd, pixels)."""
    rng = np.random.default_rng(seed)
    shifted = offsets[:, :INNER] + rng.normal(0, window_noise, (T, INNER, 2))
    lifted = offsets + rng.normal(0, edge_noise, offsets.shape)
    everywhere = np.ones((T, INNER), bool) if seen is None else seen
    return relief.of_windows(Followed(shifted, everywhere), lifted, SPOTS, SIGMA)


def off(found, offsets):
    """RMS over frames and landmarks of what changes in time."""
    error = found - offsets
    return float(np.sqrt(((error - error.mean(0)) ** 2).sum(-1).mean()))


@pytest.mark.parametrize("turn", [(10 * SWING, 0 * SWING), (0 * SWING, 8 * SWING), (10 * SWING, 5 * SWING[::-1])])
def test_without_noise_it_is_exact(turn):
    offsets = turned(*turn)
    offsets = offsets + np.stack([3 * SWING, SWING**2], 1)[:, None]  # skin that is registered slips as it likes
    found = measured(offsets, window_noise=0.0, edge_noise=0.0)
    assert off(found.offsets, offsets) < 0.02 and found.surely > 0.99 and found.told.all()


def test_with_noise_it_is_far_better_than_the_landmarks():
    offsets = turned(10 * SWING)
    found = measured(offsets)
    assert off(found.offsets, offsets) < 0.15 and found.surely > 0.99
    rng = np.random.default_rng(1)
    assert off(offsets + rng.normal(0, 0.5, offsets.shape), offsets) > 0.6


@pytest.mark.parametrize("degrees", [0.5, 1.0, 3.0])
def test_small_turns_are_told(degrees):
    offsets = turned(degrees * SWING)
    found = measured(offsets)
    assert found.surely > 0.5 and off(found.offsets, offsets) < 0.5 * off(0 * offsets, offsets)


@pytest.mark.parametrize("seed", range(10))
def test_a_still_head_does_not_turn(seed):
    assert measured(turned(0 * SWING), seed=seed).surely == 0


@pytest.mark.parametrize("amount", [1.0, 2.0])
def test_a_wrinkled_nose_is_no_turn(amount):
    offsets = turned(0 * SWING)
    offsets[:, 7:INNER, 1] -= amount * np.exp(-0.5 * (np.arange(T) - 30) ** 2 / 8**2)[:, None]
    assert measured(offsets).surely < 0.1
    nodding = turned(0 * SWING, 4 * np.exp(-0.5 * (np.arange(T) - 30) ** 2 / 8**2))
    assert measured(nodding).surely > 0.9


def test_a_turn_that_is_hardly_sure_is_none():
    """Else a head at rest would lose every frame that shows too few windows."""
    rng = np.random.default_rng(9)
    sure = [measured(turned(0.1 * SWING), seed=seed, edge_noise=rng.uniform(0.3, 3)).surely for seed in range(40)]
    assert 0 in sure and not any(0 < value < 0.05 for value in sure)


def test_copies_of_one_frame_do_not_turn():
    followed = Followed(np.zeros((T, INNER, 2)), np.ones((T, INNER), bool))
    assert relief.of_windows(followed, np.zeros((T, 19, 2)), SPOTS, SIGMA).surely == 0


@pytest.fixture(scope="module")
def clip():
    """A turning head: blurred images, noisy landmarks, their motion and registration."""
    frames, truth = moving(T, yaw=np.deg2rad(8 * SWING))
    landmarks = truth + noise(T, 0.0)
    motion = rigid.measure(landmarks)
    images = [registration.blurred(frame) for frame in frames]
    poses = smoothing.smooth(motion.poses, SIGMA, motion.units)
    skin = registration.rigid_skin(motion.shape)
    return images, landmarks, motion, registration.register(images, poses, skin, motion.centre, motion.units)


def test_frames_that_cannot_be_told_lie_between_their_neighbours(clip, monkeypatch):
    whole = relief.measure(*clip, SIGMA)
    assert whole.surely > 0.9 and whole.told.all()
    follow = windows.follow

    def covered(*args):
        found = follow(*args)
        found.seen[20:23, 4:] = False
        found.offsets[20:23] = 99
        return found

    monkeypatch.setattr(windows, "follow", covered)
    found = relief.measure(*clip, SIGMA)
    np.testing.assert_array_equal(np.flatnonzero(~found.told), [20, 21, 22])
    middle = (found.poses[19] + found.poses[23]) / 2
    np.testing.assert_allclose(found.poses[21], middle, atol=1e-12)
    np.testing.assert_allclose(found.poses * clip[2].units, whole.poses * clip[2].units, atol=0.2)


def test_frames_without_registration_tell_nothing(clip):
    images, landmarks, motion, registered = clip
    done = np.arange(T) % 5 > 0
    poses = np.where(done[:, None], registered.poses, 9.0)
    found = relief.measure(images, landmarks, motion, replace(registered, poses=poses, done=done), SIGMA)
    np.testing.assert_array_equal(found.told, done)
    few = replace(registered, done=np.arange(T) < 7)
    assert relief.measure(images, landmarks, motion, few, SIGMA) is None


def test_still_heads_keep_frames_that_show_few_windows(clip, monkeypatch):
    seen = np.ones((T, INNER), bool)
    seen[20:30, 4:] = False
    monkeypatch.setattr(windows, "follow", lambda *_: Followed(np.zeros((T, INNER, 2)), seen))
    found = relief.measure(*clip, SIGMA)
    assert found.surely == 0 and found.told.all() and found.variance == 0
    np.testing.assert_allclose(found.poses, 0, atol=1e-12)


def test_windows_that_were_not_seen_are_not_used():
    rng = np.random.default_rng(2)
    offsets, seen = turned(10 * SWING), rng.random((T, INNER)) > 0.2
    wild = offsets.copy()
    wild[:, :INNER][~seen] += rng.normal(0, 30, ((~seen).sum(), 2))
    assert seen.sum(1).min() >= 6
    assert off(measured(wild, seen).offsets, offsets) < 0.25


def test_one_window_that_slips_costs_little():
    offsets = turned(10 * SWING)
    slipping = offsets.copy()
    slipping[:, 7] += 3 * np.stack([SWING**2, SWING], 1)
    assert off(measured(slipping).offsets, offsets) < 0.25


def test_frames_that_show_too_few_windows_are_named():
    seen = np.ones((T, INNER), bool)
    seen[20:23, 5:] = False
    offsets = turned(10 * SWING)
    found = measured(offsets, seen)
    np.testing.assert_array_equal(np.flatnonzero(~found.told), [20, 21, 22])
    told = found.told
    assert off(found.offsets[told], offsets[told]) < 0.15
    seen[5:] = False
    assert measured(offsets, seen) is None
