import math

import cv2
import numpy as np
import pytest

from rrrn.occlusion import compositing
from rrrn.occlusion.compositing import Layer


def layer(rng, channels_equal=False):
    alpha = rng.integers(0, 5, (6, 7)) / 4  # quarters: exact in float32
    colour = rng.integers(0, 4 * 255, (6, 7, 1 if channels_equal else 3)) / 4 * np.ones(3)
    return Layer(2, 3, (colour * (alpha[..., None] > 0)).astype(np.float32), alpha.astype(np.float32))


@pytest.mark.parametrize("channels", [1, 3])
def test_composite_against_a_loop(channels):
    rng = np.random.default_rng(1)
    over = layer(rng, channels_equal=channels == 1)
    frame = rng.integers(0, 256, (12, 11, channels), dtype=np.uint8)
    got = compositing.composite(frame, over)
    for y, x, c in np.ndindex(frame.shape):
        expected = int(frame[y, x, c])
        if 3 <= y < 9 and 2 <= x < 9:
            paint, alpha = float(over.colour[y - 3, x - 2, c]), float(over.alpha[y - 3, x - 2])
            expected = min(255, math.floor(paint + (1 - alpha) * expected + 0.5))
        # OpenCV's gray of equal channels is off by float rounding, which may tip a tie
        assert abs(int(got[y, x, c]) - expected) <= (channels == 1)


def test_composite_leaves_its_input_alone():
    frame = np.full((12, 11, 3), 90, np.uint8)
    compositing.composite(frame, layer(np.random.default_rng(2)))
    assert (frame == 90).all()


def test_nothing_changes_nothing():
    frame = np.random.default_rng(3).integers(0, 256, (12, 11, 3), dtype=np.uint8)
    np.testing.assert_array_equal(compositing.composite(frame, compositing.nothing()), frame)
    assert not compositing.alpha_map(compositing.nothing(), 12, 11).any()
    assert compositing.area_share(compositing.nothing(), (1, 1, 8, 8)) == 0


def test_alpha_too_small_to_be_stored_changes_nothing():
    alpha = np.array([[0.0, 0.001, 0.0019, 0.002]], np.float32)
    over = Layer(0, 0, np.full((1, 4, 3), 100, np.float32) * alpha[..., None] + 9, alpha)
    frame = np.full((1, 4, 3), 200, np.uint8)
    stored = compositing.alpha_map(over, 1, 4)
    assert stored.tolist() == [[0, 0, 0, 1]]
    np.testing.assert_array_equal(compositing.composite(frame, over)[stored == 0], frame[stored == 0])


def test_gray_is_opencv_s():
    frame = np.random.default_rng(4).integers(0, 256, (12, 11, 3), dtype=np.uint8)
    np.testing.assert_array_equal(compositing.to_gray(frame), cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY))
    np.testing.assert_array_equal(compositing.to_gray(frame[..., :1]), frame[..., 0])


def test_area_share_by_hand():
    alpha = np.zeros((6, 7), np.float32)
    alpha[1:4, 2:5] = 1  # pixels x 4..6, y 4..6
    alpha[4, 2] = 0.5  # pixel (4, 7)
    over = Layer(2, 3, np.zeros((6, 7, 3), np.float32), alpha)
    assert compositing.area_share(over, (0, 0, 12, 11)) == pytest.approx(9.5 / 132)
    assert compositing.area_share(over, (5, 5, 9, 9)) == pytest.approx(4 / 16)
    assert compositing.area_share(over, (0, 0, 2, 3)) == 0
