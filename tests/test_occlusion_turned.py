"""Heads that turn to the side within a clip: how far an occluder goes along."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moving_face import DEPTH, noise
from occlusion_face import MEAN
from scipy import ndimage

from rrrn.experiment import conditions
from rrrn.occlusion import wearing
from rrrn.occlusion.drawings import glasses_art, mask_art
from rrrn.occlusion.holding import anchoring, smoothing
from rrrn.occlusion.kinds import drawings
from rrrn.running.stage import InputError

T = 40
NUMBERS = np.arange(101, 101 + T)
SETTINGS = {
    "seed": 7,
    "look": {
        "linear_light": True,
        "feather": "none",
        "shadow": 0.0,
        "photometric": 0.0,
        "flicker": False,
        "noise": False,
    },
    "mask": {"width": 1.2},
    "glasses": {"width": 1.2},
    "random": {"region": "landmark_box", "placement": "nested", "fill": "black"},
}
STABLE = anchoring.Stable(8.0, False, "median", anchoring.Slack(0.0, 0.0))
PICTURES = [*(("mask", name) for name in mask_art.NAMES), *(("glasses", name) for name in glasses_art.NAMES)]
STIFF = {"n95-cup", "n95-cup-valve", "wrap", "goggles"}  # what is admitted up to a ratio of 0.35


def turning(degrees: np.ndarray, eyes: float = 32.0) -> np.ndarray:
    """Landmarks (T, 68, 2) of a head turned to the side by ``degrees`` (T,)."""
    yaw = np.deg2rad(degrees)[:, None]
    x = np.cos(yaw) * MEAN[:, 0] + np.sin(yaw) * (DEPTH - DEPTH[27])
    return np.stack([x, np.broadcast_to(MEAN[:, 1], x.shape)], -1) * eyes + [80, 60]


def wear(landmarks: np.ndarray, mode: str, condition: str, name: str | None = None) -> wearing.Worn:
    frames = np.full((len(landmarks), 150, 160, 1), 120, np.uint8)
    wearer = wearing.Wearer("s", "c", 0)
    numbers = NUMBERS[: len(landmarks)]
    anchors = anchoring.anchored(frames, landmarks, anchoring.Settings(mode, STABLE))
    art = drawings.of(condition, "built_in") if conditions.kind_of(condition).pictures else None
    return wearing.wear(frames, numbers, landmarks, anchors, wearer, condition, SETTINGS, art, name)


def there_and_back(most: float, frames: int) -> np.ndarray:
    """Degrees (T,) of a turn by ``most`` for so many frames in the middle of the clip, as long again on each way."""
    return most * np.clip(1.5 - np.abs(np.arange(T) - T / 2) / frames, 0, 1)


@pytest.mark.parametrize("mode", ["stable", "clip"])
@pytest.mark.parametrize("condition", ["mask", "glasses"])
@pytest.mark.parametrize("side", [-1, 1])
def test_a_profile_within_a_clip_is_refused_by_its_frame(mode, condition, side):
    degrees = there_and_back(60 * side, 6)
    assert np.median(degrees) == 0  # the clip's shape looks ahead
    with pytest.raises(InputError, match=r"^frame 11[56]: the occluder's .* profile"):
        wear(turning(degrees) + noise(T, 0.8), mode, condition)


@pytest.mark.parametrize("mode", ["stable", "clip"])
@pytest.mark.parametrize(("condition", "name"), PICTURES)
def test_ten_degrees_are_worn_by_all(mode, condition, name):
    swing = turning(10 * np.sin(np.arange(T) / T * 2 * np.pi))
    for sd in (0.5, 2.0):
        wear(swing + noise(T, 0.8, sd=sd), mode, condition, name)


@pytest.mark.parametrize(("condition", "name"), PICTURES)
def test_each_occluder_has_its_own_limit(condition, name):
    """35 degrees leave a ratio of the halves of 0.25 and more, which is too little for stiff ones."""
    landmarks = turning(there_and_back(33, 6))
    if name in STIFF:
        with pytest.raises(InputError, match=r"limit of 0\.35"):
            wear(landmarks, "stable", condition, name)
    else:
        wear(landmarks, "stable", condition, name)


@pytest.mark.parametrize("mode", ["stable", "clip"])
@pytest.mark.parametrize("condition", ["mask", "glasses"])
def test_landmarks_of_two_frames_that_fail_are_no_profile(mode, condition):
    landmarks = turning(np.zeros(T)) + noise(T, 0.0)
    landmarks[20:22] = turning(np.full(2, 60.0))
    wear(landmarks, mode, condition)
    landmarks[22] = landmarks[21]
    with pytest.raises(InputError, match=r"^frame 121: .*profile"):
        wear(landmarks, mode, condition)


def test_a_patch_is_worn_by_a_profile():
    wear(turning(there_and_back(60, 6)), "clip", "random-20")


@given(st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=12), st.sampled_from([1, 3, 5]))
def test_running_medians_are_scipy_s(course, window):
    course = np.float32(course)[:, None, None] * np.ones((2, 3), np.float32)
    fitting = min(window, (len(course) - 1) | 1)
    expected = ndimage.median_filter(course, size=(fitting, 1, 1), mode="reflect")
    found = smoothing.median(course, window)
    assert found.dtype == expected.dtype and np.array_equal(found, expected)  # but for the sign of 0


def test_running_medians_of_short_clips():
    for count in range(1, 8):
        course = np.arange(count, dtype=float)[:, None, None] * np.ones((2, 3))
        found = smoothing.median(course, 5)
        assert found.shape == course.shape and np.abs(found - course).max() <= 1
    assert (smoothing.median(np.array([0.0, 9, 0, 0, 0, 5, 9, 0, 0]), 5) == 0).all()
    assert smoothing.median(np.array([3.0, 9]), 5).tolist() == [3, 9]
