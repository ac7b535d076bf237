"""Which landmarks an occluder is placed by in each frame of a clip.

Landmarks found frame by frame shake by more than a micro-expression moves; an occluder that follows them adds motion
of its own to the optical flow.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from rrrn.occlusion.holding import fusion, registration, relief, rigid, similarity, slack, smoothing
from rrrn.occlusion.holding.anchors import Anchors
from rrrn.running.stage import InputError

Mode = Literal["stable", "clip", "per_frame", "author_compat"]
MODES: tuple[Mode, ...] = get_args(Mode)
Yaw = Literal["auto", "median", "tracked"]
YAW: tuple[Yaw, ...] = get_args(Yaw)
_FINISH = 0.125  # of the landmarks' sigma: registration's noise is that much less and independent from frame to frame
# Degrees between the extremes of a clip, as measured. By 13 (10 true ones) the median's half widths are off by 0.09 eye
# distances, nearly all that masks leave of the cheeks; still heads, by dlib's landmarks, seem to turn by 1.5 at most.
_TURNED = 10.0
_FEW = 0.5  # share of a clip's frames; where fewer could be registered, what follows the head is mostly landmarks


@dataclass(frozen=True)
class Slack:
    """The section ``anchor.stable.slack``."""

    jaw: float
    brow: float


@dataclass(frozen=True)
class Stable:
    """The section ``anchor.stable``."""

    smooth: float
    registration: bool
    yaw: Yaw
    slack: Slack


@dataclass(frozen=True)
class Settings:
    """The section ``anchor``, of which only the mode stable is told the part of its name; raises InputError without."""

    mode: Mode
    stable: Stable | None = None

    def __post_init__(self) -> None:
        if self.mode == "stable" and self.stable is None:
            raise InputError("the settings lack anchor.stable")


def anchored(frames: np.ndarray, landmarks: np.ndarray, settings: Settings) -> Anchors:
    """Return the anchors of a clip: clean frames uint8 (T, H, W, C), C 1 or 3 (BGR), and landmarks (T, 68, 2).

    By the mode ``stable`` they are the clip's median shape, moved as the skull moves; by ``clip`` the median over the
    clip's frames in every frame; by ``per_frame`` the landmarks themselves, as in arXiv 2107.05904; by
    ``author_compat`` the landmarks in whole pixels, as in the scripts released with it.

    Raises InputError, naming the frame counted from 0, for landmarks that are not finite, or of one point.
    """
    points = landmarks.astype(np.float64)
    wrong = np.flatnonzero(~np.isfinite(points).all(axis=(1, 2)))
    if len(wrong):
        raise InputError(
            f"frame {wrong[0]} of the clip, counted from 0: its landmarks are not finite numbers; run the faces stage "
            "again or take the clip out"
        )
    if settings.stable is not None and settings.mode == "stable":
        return _stable(frames, points, settings.stable)
    if settings.mode == "clip":
        points = np.broadcast_to(np.median(points, axis=0), points.shape)
    elif settings.mode == "author_compat":
        points = np.rint(points)
    return Anchors(points, mode=settings.mode)


def _stable(frames: np.ndarray, landmarks: np.ndarray, settings: Stable) -> Anchors:
    sigma, yaw = float(settings.smooth), settings.yaw

    motion = rigid.measure(landmarks)
    poses = smoothing.smooth(motion.poses, sigma, motion.units)
    done, warning = np.zeros(len(poses), bool), ""
    if settings.registration:
        skin = registration.rigid_skin(motion.shape)
        images = [registration.blurred(frame) for frame in frames]
        registered = registration.register(images, poses, skin, motion.centre, motion.units)
        parallax = relief.measure(images, landmarks, motion, registered, sigma)
        poses, done = fusion.fuse(motion, poses, sigma, registered, parallax)
        poses = smoothing.smooth(poses, _FINISH * sigma, motion.units)
        if len(done) > 1 and done.mean() < _FEW:
            warning = (
                f"only {done.sum()} of {len(done)} frames could be registered on the skin about nose and eyes; in the "
                "others the occluder follows landmarks alone, which shake 3 to 15 times as much. Look whether blur, "
                "bad light, hair or a hand hides that skin"
            )
    turn = np.rad2deg(np.ptp(smoothing.smooth(motion.turn, sigma, np.full(2, motion.units[0])), axis=0))
    if yaw == "auto":  # a face that is turned throughout has its half widths in the median already
        yaw = "tracked" if turn[0] > _TURNED else "median"
    rest = similarity.lift(poses, landmarks, motion.centre)
    shape = slack.loosen(motion.shape, rest, sigma, settings.slack.jaw, settings.slack.brow, yaw == "tracked")
    facts = {
        "landmark_residual": motion.residual,
        "registered_frames": int(done.sum()),
        "turn": turn,
        "yaw": yaw,
    }
    return Anchors(similarity.place(poses, shape, motion.centre), facts, warning, "stable")
