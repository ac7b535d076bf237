"""Which landmarks an occluder is placed by in each frame of a clip.

Landmarks found frame by frame shake by more than a micro-expression moves; an occluder that follows them adds motion
of its own to the optical flow.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rrrn.occlusion import scene
from rrrn.occlusion.holding import fusion, registration, relief, rigid, similarity, slack, smoothing
from rrrn.occlusion.holding.anchors import Anchors
from rrrn.running.stage import InputError

MODES = ("stable", "clip", "per_frame", "author_compat")
_FINISH = 0.125  # of the landmarks' sigma: registration's noise is that much less and independent from frame to frame
YAW = ("auto", "median", "tracked")
# Degrees between the extremes of a clip, as measured. By 13 (10 true ones) the median's half widths are off by 0.09 eye
# distances, nearly all that masks leave of the cheeks; still heads, by dlib's landmarks, seem to turn by 1.5 at most.
_TURNED = 10.0
_FEW = 0.5  # share of a clip's frames; where fewer could be registered, what follows the head is mostly landmarks


def anchored(frames: np.ndarray, landmarks: np.ndarray, settings: Mapping[str, Any]) -> Anchors:
    """Return the anchors of a clip: clean frames uint8 (T, H, W, C), C 1 or 3 (BGR), and landmarks (T, 68, 2).

    ``settings`` are the section ``anchor``: the ``mode``, and for one of them the part of its name. ``stable``: the
    clip's median shape, moved as the skull moves. ``clip``: the median over the clip's frames in every frame.
    ``per_frame``: the landmarks themselves, as in arXiv 2107.05904. ``author_compat``: the landmarks in whole pixels,
    as in the scripts released with it.

    Raises InputError, naming the frame counted from 0, for landmarks that are not finite, or of one point.
    """
    mode = scene.option(settings, MODES, "mode", section="anchor")
    points = landmarks.astype(np.float64)
    wrong = np.flatnonzero(~np.isfinite(points).all(axis=(1, 2)))
    if len(wrong):
        raise InputError(
            f"frame {wrong[0]} of the clip, counted from 0: its landmarks are not finite numbers; run the faces stage "
            "again or take the clip out"
        )
    if mode == "stable":
        return _stable(frames, points, settings)
    if mode == "clip":
        points = np.broadcast_to(np.median(points, axis=0), points.shape)
    elif mode == "author_compat":
        points = np.rint(points)
    return Anchors(points, mode=mode)


def _stable(frames: np.ndarray, landmarks: np.ndarray, settings: Mapping[str, Any]) -> Anchors:
    sigma = float(_setting(settings, "smooth"))
    yaw = scene.option(settings, YAW, "stable", "yaw", section="anchor")
    jaw, brow = (float(_setting(settings, "slack", part)) for part in ("jaw", "brow"))

    motion = rigid.measure(landmarks)
    poses = smoothing.smooth(motion.poses, sigma, motion.units)
    done, warning = np.zeros(len(poses), bool), ""
    if _setting(settings, "registration"):
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
    shape = slack.loosen(motion.shape, rest, sigma, jaw, brow, yaw == "tracked")
    facts = {
        "landmark_residual": motion.residual,
        "registered_frames": int(done.sum()),
        "turn": turn,
        "yaw": yaw,
    }
    return Anchors(similarity.place(poses, shape, motion.centre), facts, warning, "stable")


def _setting(settings: Mapping[str, Any], *path: str) -> Any:
    return scene.setting(settings, "stable", *path, section="anchor")
