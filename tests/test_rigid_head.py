"""The benchmark's head that turns as a rigid body: its landmarks, and what the camera sees of it."""

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest

from benchmarks.rigid_head import RigidHead
from rrrn.data.clips import Clip
from rrrn.synthetic.databases import layouts
from rrrn.synthetic.painting import face
from rrrn.synthetic.painting.clip import SyntheticClip
from rrrn.synthetic.painting.presets import PRESETS

FRAMES = 40
INNER = slice(27, 48)  # nose and eyes


def drawn(kind, **courses):
    layout = layouts.LAYOUTS["casme2"]
    painted = face.paint(1, "syncasme2-sub01", layout.eye_distance, 1.0)
    row = Clip("syncasme2", "syncasme2-sub01", "EP01", 60, 70, 80, "II", "", "synthetic")
    clip = kind(painted, row, layout, PRESETS["still"], 1, recording=(1, 80))
    moved = {name: np.linspace(0, end, len(clip.head_motion.roll)) * 79 / (FRAMES - 1) for name, end in courses.items()}
    clip.head_motion = replace(clip.head_motion, **moved)
    return clip


def test_at_rest_it_is_the_renderers_head():
    plain, rigid = drawn(SyntheticClip), drawn(RigidHead)
    np.testing.assert_allclose(rigid.landmarks(1), plain.landmarks(1), atol=0.1)
    assert np.abs(rigid.render(1).astype(float) - plain.render(1)).mean() < 0.5


def test_roll_and_shift_are_those_of_a_rigid_plane():
    clip = drawn(RigidHead, roll=math.radians(10), shift_x=7.0)
    first, last = clip.landmarks(1), clip.landmarks(FRAMES)
    distances = [np.linalg.norm(points[:, None] - points, axis=-1) for points in (first, last)]
    np.testing.assert_allclose(*distances, atol=1e-6)
    across = [points[45] - points[36] for points in (first, last)]
    turn = np.diff([math.degrees(math.atan2(y, x)) for x, y in across])[0]
    assert turn == pytest.approx(10, abs=1e-6)


def test_yaw_moves_what_is_near_one_way_and_what_is_far_the_other():
    clip = drawn(RigidHead, yaw=math.radians(10))
    first, last = clip.landmarks(1), clip.landmarks(FRAMES)
    across = (last - first)[:, 0]
    np.testing.assert_allclose(last[:, 1], first[:, 1], atol=1.5)  # but for the roll that the head has at rest
    assert abs(across[30]) > 1.5 * abs(across[27])  # the tip of the nose more than its root
    assert np.sign(across[30]) == -np.sign(across[0]) == -np.sign(across[16])  # the ears lie behind the axis


@pytest.mark.parametrize("courses", [{"roll": 0.1}, {"yaw": 0.15}, {"shift_x": 4.0, "yaw": -0.1}])
def test_the_picture_moves_with_the_landmarks(courses):
    """Skin about each landmark is found again, by template matching, where the landmark has gone."""
    clip = drawn(RigidHead, **courses)
    first, last = (clip.render(number, noise=False) for number in (1, FRAMES))
    found = []
    for before, after in zip(clip.landmarks(1)[INNER], clip.landmarks(FRAMES)[INNER], strict=True):
        x, y = np.rint(before).astype(int)
        u, v = np.rint(after).astype(int)
        patch, room = first[y - 6 : y + 7, x - 6 : x + 7], last[v - 14 : v + 15, u - 14 : u + 15]
        score = cv2.matchTemplate(room, patch, cv2.TM_CCOEFF_NORMED)
        row, column = np.unravel_index(score.argmax(), score.shape)
        found.append(np.array([column - 8 + u - x, row - 8 + v - y]) - (after - before))
    assert np.median(np.linalg.norm(found, axis=1)) < 1.0
