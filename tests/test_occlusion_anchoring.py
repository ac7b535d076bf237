from dataclasses import replace

import cv2
import numpy as np
import pytest
from moving_face import moving, noise, still

from rrrn.occlusion.holding import anchoring, fusion, registration, relief, rigid, similarity, slack, smoothing
from rrrn.occlusion.kinds import mask
from rrrn.running.stage import InputError

T = 40
RAMP = np.linspace(-1, 1, T)
TEN_DEGREES = np.deg2rad(10)


@pytest.fixture(scope="module")
def unmoved():
    """Frames and true landmarks of a still face."""
    return moving(60)


@pytest.fixture(autouse=True)
def one_thread():
    cv2.setNumThreads(1)


def told(smooth=8.0, registration=True, yaw="median", jaw=0.0, brow=0.0):
    return anchoring.Settings("stable", anchoring.Stable(smooth, registration, yaw, anchoring.Slack(jaw, brow)))


def stable(frames, landmarks, **settings):
    return anchoring.anchored(frames, landmarks, told(**settings))


def corners(points):
    """The four corners (T, 4, 2) of a mask placed on landmarks (T, 68, 2)."""
    found = []
    for frame in points:
        placed = mask.place(frame, 1.2)
        across = np.array([placed.down[1], -placed.down[0]])
        for side in (-placed.left, placed.right):
            found += [placed.top + side * across + end * placed.down for end in (0, placed.height)]
    return np.reshape(found, (-1, 4, 2))


def rms(displacement):
    return float(np.sqrt(((displacement - displacement.mean(0)) ** 2).sum(-1).mean()))


def best_similarity(landmarks):
    """A shape that moves as the similarity which fits the true rigid landmarks best: a plain loop, by SVD."""
    weights = np.array([1.0] * 13 + [0.5] * 6)
    shape = np.median(landmarks, axis=0)
    for _ in range(3):
        moved, rest = np.empty_like(landmarks), np.empty_like(landmarks)
        origin = shape[rigid.INDICES]
        middle = np.average(origin, axis=0, weights=weights)
        for t, frame in enumerate(landmarks):
            goal = np.average(frame[rigid.INDICES], axis=0, weights=weights)
            product = (frame[rigid.INDICES] - goal).T @ (weights[:, None] * (origin - middle))
            left, values, right = np.linalg.svd(product)
            matrix = left @ right * values.sum() / (weights @ ((origin - middle) ** 2).sum(1))
            moved[t] = (shape - middle) @ matrix.T + goal
            rest[t] = (frame - goal) @ np.linalg.inv(matrix).T + middle
        shape = np.median(rest, axis=0)
    return moved


def slip(points, truth):
    return rms(corners(points) - corners(truth))


@pytest.mark.parametrize(("correlation", "bound"), [(0.0, 0.10), (0.8, 0.25)])
def test_still_face_by_landmarks_alone(correlation, bound):
    truth = np.repeat(still()[1][None], 60, 0)
    frames = np.zeros((60, 8, 8, 1), np.uint8)
    jitter = [
        rms(corners(stable(frames, truth + noise(60, correlation, seed), registration=False).points))
        for seed in range(8)
    ]
    assert np.sqrt(np.mean(np.square(jitter))) <= bound
    literal = anchoring.anchored(frames, truth + noise(60, correlation), anchoring.Settings("per_frame"))
    assert rms(corners(literal.points)) > 8 * bound / (1 + 2 * correlation)


@pytest.mark.parametrize("correlation", [0.0, 0.8])
def test_still_face_by_registration(unmoved, correlation):
    frames, truth = unmoved
    anchors = stable(frames, truth + noise(60, correlation))
    assert rms(corners(anchors.points)) <= 0.05
    assert anchors.facts["registered_frames"] == 60
    assert anchors.facts["landmark_residual"] == pytest.approx(0.5 * np.sqrt(2), rel=0.2)
    assert anchors.facts["turn"].max() < 1


def test_landmarks_that_wander_together_move_nothing(unmoved):
    frames, truth = unmoved
    together = noise(60, 0.9, sd=1.0)[:, :1] + noise(60, 0.8)
    together[:, 27:36, 0] += noise(60, 0.9, seed=1, sd=0.5)[:, 0, :1]  # the nose on its own: a feigned turn
    assert rms(corners(stable(frames, truth + together).points)) <= 0.05
    assert rms(corners(stable(frames, truth + together, registration=False).points)) > 0.3


@pytest.mark.parametrize(
    ("motion", "bound"),
    [
        ({"shift": 2.5 * T / 200 * np.stack([RAMP, -RAMP], 1)}, 0.05),
        ({"roll": TEN_DEGREES * RAMP}, 0.1),
        ({"roll": TEN_DEGREES * np.sin(np.pi / 2 * RAMP), "growth": 0.03 * RAMP}, 0.1),
        ({"yaw": 0.3 * TEN_DEGREES * RAMP}, 0.1),
    ],
    ids=["shift", "roll", "roll and nearer", "yaw"],
)
def test_moving_head_is_followed(motion, bound):
    frames, landmarks = moving(T, **motion)
    truth = best_similarity(landmarks)
    points = stable(frames, landmarks + noise(T, 0.0)).points
    assert slip(points, truth) <= bound
    lag = np.arctan2(*(points[:, 8] - points[:, 27]).T) - np.arctan2(*(truth[:, 8] - truth[:, 27]).T)
    assert np.rad2deg(np.abs(lag - lag.mean())).max() <= 0.3


def test_constant_speed_is_followed_to_the_ends_by_landmarks_alone():
    rest = still()[1]
    poses = np.stack([np.zeros(T), TEN_DEGREES * RAMP, 8 * RAMP, -5 * RAMP], 1)
    landmarks = similarity.place(poses, rest, rest[27])
    points = stable(np.zeros((T, 8, 8, 1), np.uint8), landmarks, registration=False).points
    # the pivot is not the centroid, whose path is an arc of 1.6 px sagitta: smoothing cuts that
    assert np.abs(points - landmarks).max() < 0.3
    shifted = rest + poses[:, None, 2:]
    np.testing.assert_allclose(
        stable(np.zeros((T, 8, 8, 1), np.uint8), shifted, registration=False).points, shifted, atol=1e-6
    )


def expression(place, direction, sigma):
    """Displacement of the skin around a point, up to 1.7 px in mid-clip."""

    def skin(points, t):
        near = np.exp(-0.5 * ((points - place) ** 2).sum(-1) / sigma**2)
        return 1.7 * np.exp(-0.5 * (RAMP[t] / 0.35) ** 2) * near[..., None] * np.array(direction)

    return skin


@pytest.mark.parametrize(
    ("landmark", "direction", "sigma"),
    [(21, (0, -1), 18), (48, (-0.8, -0.6), 16), (8, (0, 1), 25)],
    ids=["brow", "lip corner", "jaw"],
)
def test_an_expression_does_not_move_the_occluder(landmark, direction, sigma):
    frames, landmarks = moving(T, skin=expression(still()[1][landmark], direction, sigma))
    assert np.ptp(landmarks[:, landmark], axis=0).max() > 1
    assert rms(corners(stable(frames, landmarks + noise(T, 0.8)).points)) <= 0.1


def test_slack_follows_jaw_and_brows_by_its_share():
    shape = still()[1]
    down = (shape[8] - shape[27]) / np.linalg.norm(shape[8] - shape[27])
    rest = np.repeat(shape[None], T, 0)
    rest[:, 5:12] += 3 * RAMP[:, None, None] * down
    rest[:, 17:27] -= 2 * RAMP[:, None, None] * down
    loose = slack.loosen(shape, rest, 4.0, 0.4, 0.5, False)
    np.testing.assert_allclose(
        loose[:, 5:12] - shape[5:12], 1.2 * RAMP[:, None, None] * np.tile(down, (7, 1)), atol=1e-9
    )
    np.testing.assert_allclose(loose[:, 17:27] - shape[17:27], -RAMP[:, None, None] * np.tile(down, (10, 1)), atol=1e-9)
    others = np.r_[0:5, 12:17, 27:68]
    np.testing.assert_array_equal(loose[:, others], rest[:, others])
    np.testing.assert_array_equal(slack.loosen(shape, rest, 4.0, 0.0, 0.0, False), np.repeat(shape[None], T, 0))


def test_a_small_jaw_slack_keeps_a_still_mask_still(unmoved):
    frames, truth = (part[:T].copy() for part in unmoved)
    assert rms(corners(stable(frames, truth + noise(T, 0.8), jaw=0.4).points)) <= 0.05


def test_tracked_halves_widen_with_a_turning_head():
    _, landmarks = moving(T, yaw=0.5 * TEN_DEGREES * RAMP)
    frames = np.zeros((T, 8, 8, 1), np.uint8)

    def widths(points):
        return np.array([(placed.left, placed.right) for placed in (mask.place(frame, 1.2) for frame in points)])

    wrong = {
        yaw: np.abs(widths(stable(frames, landmarks, registration=False, yaw=yaw).points) - widths(landmarks)).max()
        for yaw in ("median", "tracked")
    }
    assert wrong["tracked"] < 0.4 * wrong["median"]


@pytest.mark.parametrize(
    ("degrees", "chosen"),
    [(0 * RAMP, "median"), (3 * RAMP, "median"), (8 * RAMP, "tracked"), (12 * RAMP - 8, "tracked"), (25, "median")],
    ids=["still", "a little", "a lot", "to one side", "turned throughout"],
)
def test_half_widths_are_chosen_by_the_turn_within_the_clip(degrees, chosen):
    frames, landmarks = moving(T, yaw=np.deg2rad(degrees))
    landmarks = landmarks + noise(T, 0.8)
    found = {yaw: stable(frames, landmarks, yaw=yaw) for yaw in anchoring.YAW}
    np.testing.assert_array_equal(found["auto"].points, found[chosen].points)
    assert {yaw: one.facts["yaw"] for yaw, one in found.items()} == {
        "auto": chosen,
        "median": "median",
        "tracked": "tracked",
    }
    assert not np.array_equal(found["median"].points, found["tracked"].points)


def test_two_wrong_frames_are_no_turn(unmoved):
    frames, truth = (part[:T] for part in unmoved)
    landmarks = truth + noise(T, 0.8)
    landmarks[20:22, 27:36, 0] += 20
    assert np.rad2deg(np.ptp(rigid.measure(landmarks).turn[:, 0])) > 10
    assert stable(frames, landmarks, registration=False, yaw="auto").facts["yaw"] == "median"


def test_one_wrong_frame_moves_nothing(unmoved):
    frames, truth = (part[:T].copy() for part in unmoved)
    landmarks = truth + noise(T, 0.0)
    landmarks[17] += [30, -12]
    assert rms(corners(stable(frames, landmarks).points)) <= 0.05
    assert rms(corners(stable(frames, landmarks, registration=False).points)) <= 0.15


def test_a_frame_that_cannot_be_registered_takes_its_landmarks(unmoved):
    frames, truth = (part[:T].copy() for part in unmoved)
    frames[12:15] = np.random.default_rng(0).integers(0, 256, (3, *frames.shape[1:]), dtype=np.uint8)
    anchors = stable(frames, truth + noise(T, 0.8))
    assert anchors.facts["registered_frames"] == T - 3 and not anchors.warning
    assert rms(corners(anchors.points)) <= 0.1


@pytest.mark.parametrize("grey", [0, 90, 255])
def test_without_texture_landmarks_alone_decide(grey):
    landmarks = still()[1] + noise(T, 0.0)
    frames = np.full((T, 300, 300, 3), grey, np.uint8)
    anchors = stable(frames, landmarks)
    assert anchors.facts["registered_frames"] == 0 and f"only 0 of {T} frames" in anchors.warning
    by_landmarks = stable(frames, landmarks, registration=False)
    np.testing.assert_allclose(anchors.points, by_landmarks.points, atol=0.5)
    assert not by_landmarks.warning and not stable(frames[:1], landmarks[:1]).warning


def test_landmarks_outside_of_the_image():
    frames, truth = moving(6)
    for far in (140.0, 500.0):
        anchors = stable(frames, truth + far)
        assert anchors.points.shape == (6, 68, 2) and np.isfinite(anchors.points).all()
    assert anchors.facts["registered_frames"] == 0


@pytest.mark.parametrize("count", [1, 2, 3])
def test_short_clips(count):
    frames, truth = moving(count)
    landmarks = truth + noise(count, 0.0)
    for registered in (True, False):
        points = stable(frames, landmarks, registration=registered).points
        assert points.shape == (count, 68, 2) and np.abs(points - truth).max() < 3
    if count == 1:
        np.testing.assert_allclose(points, landmarks, atol=1e-9)


@pytest.mark.parametrize("count", [6, 7])
def test_noise_of_a_short_clip_is_no_turn(unmoved, count):
    frames, truth = (part[:count].copy() for part in unmoved)
    jitter = [rms(corners(stable(frames, truth + noise(count, 0.8, seed)).points)) for seed in range(6)]
    assert np.sqrt(np.mean(np.square(jitter))) <= 0.08


def test_equal_input_gives_equal_bits_and_stays_as_it_is():
    frames, truth = moving(12, yaw=0.1 * np.linspace(-1, 1, 12))
    landmarks = (truth + noise(12, 0.0)).astype(np.float32)
    before = frames.copy(), landmarks.copy()
    first, second = (stable(frames, landmarks) for _ in range(2))
    assert first.points.dtype == np.float64 and first.points.tobytes() == second.points.tobytes()
    np.testing.assert_array_equal(frames, before[0])
    np.testing.assert_array_equal(landmarks, before[1])


def test_colour_gives_what_gray_gives():
    frames, truth = moving(5)
    np.testing.assert_allclose(
        stable(np.repeat(frames, 3, axis=3), truth).points, stable(frames, truth).points, atol=1e-6
    )


@pytest.mark.parametrize("mode", anchoring.MODES)
def test_faulty_landmarks_are_refused(mode):
    frames, truth = moving(4)
    broken = truth.copy()
    broken[2, 40, 1] = np.nan
    with pytest.raises(InputError, match=r"frame 2 of the clip.*not finite"):
        anchoring.anchored(frames, broken, replace(told(), mode=mode))
    if mode == "stable":
        same = truth.copy()
        same[3] = same[3, :1]
        with pytest.raises(InputError, match=r"frame 3 of the clip.*coincide"):
            anchoring.anchored(frames, same, told())
        with pytest.raises(InputError, match=r"lack anchor\.stable"):
            anchoring.Settings(mode)


def test_the_simple_modes():
    frames = np.zeros((9, 8, 8, 1), np.uint8)
    landmarks = (still()[1] + noise(9, 0.0)).astype(np.float32)
    literal = anchoring.anchored(frames, landmarks, anchoring.Settings("per_frame")).points
    np.testing.assert_array_equal(literal, landmarks)
    whole = anchoring.anchored(frames, landmarks, anchoring.Settings("author_compat"))
    np.testing.assert_array_equal(whole.points, np.rint(landmarks))
    assert whole.mode == "author_compat"
    for frame in anchoring.anchored(frames, landmarks, anchoring.Settings("clip")).points:
        np.testing.assert_allclose(frame, np.sort(landmarks, axis=0)[4])
    assert literal.dtype == np.float64


def test_similarities_against_matrices():
    rng = np.random.default_rng(3)
    poses, inner = rng.normal(0, 0.3, (2, 6, 4))
    points, centre = rng.normal(0, 40, (68, 2)), np.array([7.0, -3.0])
    moved = similarity.place(poses, points, centre)
    for t, (size, angle, x, y) in enumerate(poses):
        turn = np.exp(size) * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        np.testing.assert_allclose(moved[t], (points - centre) @ turn.T + centre + [x, y])
    np.testing.assert_allclose(similarity.lift(poses, moved, centre), np.repeat(points[None], 6, 0))
    np.testing.assert_allclose(similarity.fit(points, moved, rng.uniform(1, 2, (6, 68)), centre), poses)
    once = similarity.place(inner, points, centre)
    twice = np.stack([similarity.place(poses[t : t + 1], once[t], centre)[0] for t in range(6)])
    np.testing.assert_allclose(similarity.place(similarity.compose(poses, inner), points, centre), twice)
    np.testing.assert_allclose(similarity.compose(poses, similarity.invert(poses)), 0, atol=1e-12)


def test_smoothing_against_a_loop():
    rng = np.random.default_rng(4)
    course, weights = rng.normal(size=15), rng.uniform(0.5, 1, 15)
    expected = []
    for t in range(15):
        frames = np.arange(15)
        root = np.sqrt(weights * np.exp(-0.5 * ((frames - t) / 2.5) ** 2))
        line = np.stack([np.ones(15), frames - t], 1)
        expected.append(np.linalg.lstsq(line * root[:, None], course * root, rcond=None)[0][0])
    np.testing.assert_allclose(smoothing.kernel(weights, 2.5) @ course, expected)
    np.testing.assert_array_equal(smoothing.kernel(weights, 0) @ course, course)
    steady = np.stack([np.arange(15) * 0.3 - 2, np.ones(15)], 1)
    np.testing.assert_allclose(smoothing.smooth(steady, 4, np.ones(2)), steady, atol=1e-9)


def test_the_turn_of_a_head_is_told_from_its_tilt():
    _, landmarks = moving(T, yaw=0.5 * TEN_DEGREES * RAMP, roll=0.1 * RAMP)
    turn = np.rad2deg(rigid.measure(landmarks).turn)
    assert np.ptp(turn[:, 0]) == pytest.approx(10, rel=0.25) and np.ptp(turn[:, 1]) < 0.5


@pytest.mark.parametrize("degrees", [1, 10])
def test_a_fast_turn_is_followed(degrees):
    frames, landmarks = moving(80, yaw=np.deg2rad(degrees) * np.sin(2 * np.pi * np.arange(80) / 80))
    truth = best_similarity(landmarks)
    for correlation in (0.0, 0.8):
        assert slip(stable(frames, landmarks + noise(80, correlation)).points, truth) <= 0.1, correlation


@pytest.mark.parametrize("told_frames", [0, 30, 60])
def test_what_windows_do_not_tell_is_left_to_landmarks(told_frames):
    """A head that turns: registered skin shifts against the landmarks by what only the parallax explains."""
    swing = np.linspace(-5, 5, 60)
    truth = still()[1] + np.stack([swing, 0 * swing], 1)[:, None]
    motion = rigid.measure(truth + noise(60, 0.0))
    smooth = smoothing.smooth(motion.poses, 8, motion.units)
    ours = np.zeros((60, 4))
    registered = registration.Registered(ours, np.full((60, 4), 1e-4) / motion.units**2, np.ones(60, bool))
    poses = np.stack([0 * swing, 0 * swing, swing, 0 * swing], 1)
    parallax = relief.Parallax(poses, 1e-4, np.arange(60) < told_frames, 1.0) if told_frames else None
    fused, done = fusion.fuse(motion, smooth, 8, registered, parallax)
    assert done.sum() == (told_frames or 60)
    off = fused[:, 2] - swing - np.median(fused[:, 2] - swing)
    assert np.abs(off).max() <= (0.15 if told_frames == 60 else 0.5)


def test_registration_says_how_far_off_it_is(unmoved):
    frames, truth = (part[:T].copy() for part in unmoved)
    motion = rigid.measure(truth + noise(T, 0.0))
    start = np.zeros((T, 4))
    images = [registration.blurred(frame) for frame in frames]
    found = registration.register(images, start, registration.rigid_skin(motion.shape), motion.centre, motion.units)
    assert found.done.all()
    ratio = found.poses.std(0) / np.sqrt(found.variance.mean(0))
    assert ((ratio > 0.4) & (ratio < 2)).all()


def test_few_steps_register_a_frame(unmoved, monkeypatch):
    """What the time goes into: the steps of both alignments, and one look for each of the two templates."""
    frames, truth = unmoved
    sample, looks = registration._sample, []
    monkeypatch.setattr(registration, "_sample", lambda *given: looks.append(given) or sample(*given))
    stable(frames, truth + noise(60, 0.0))
    assert 4 * 60 < len(looks) < 6 * 60  # 292 were counted
