"""``rrrn.occlude``: an occluder over a clip in memory, and the truth about what it hides."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from rrrn.experiment import conditions
from rrrn.face import tracking
from rrrn.face.landmarks import Box
from rrrn.occlusion import compositing, facts, framing, given, told, truth
from rrrn.occlusion.compositing import Layer
from rrrn.occlusion.framing import Framed
from rrrn.occlusion.holding import anchoring
from rrrn.running import in_python
from rrrn.running.stage import InputError


@dataclass(frozen=True)
class Shares:
    """What an occluder hides in a clip's first frame, in shares from 0 to 1, under the names of the workflow's files.

    ``face``: the face box (x0, y0, x1, y1) in pixels, right and lower ends excluded; ``area_share``: how much of it is
    covered; ``visible``: how much of each of RRRN's six regions of it is left open, float32 (6,): the whole, top left,
    top right, centre down, centre 0.9, centre 0.85; ``au_shares``: how much of the skin of each action unit is covered,
    by the unit's number.
    """

    face: Box
    area_share: float
    visible: np.ndarray
    au_shares: dict[int, float]


@dataclass(frozen=True)
class Occluded:
    """A clip of T frames under an occluder, and the truth about it.

    ``frames``: uint8, in the shape of those given; ``alpha``: how much the occluder covers of each pixel, float32
    (T, H, W) from 0 to 1, without its shadow; ``shares``: what it hides in the first frame; ``landmarks``: where the
    face was found, (T, 68, 2), for the clip's next condition; ``facts``: what ``rrrn occlude`` writes beside a clip:
    which occluder it is, how it is held, frames without a face, all settings.
    """

    frames: np.ndarray
    alpha: np.ndarray
    shares: Shares
    landmarks: np.ndarray
    facts: dict[str, Any]


def occlude(
    frames: np.ndarray,
    condition: str,
    *,
    severity: int | None = None,
    seed: int | None = None,
    anchor: anchoring.Mode | None = None,
    occluder: str | None = None,
    clip: str = "clip",
    landmarks: np.ndarray | None = None,
    face: Box | None = None,
    config: str | Path | None = None,
    upsample: int = 0,
    max_gap: int = 5,
) -> Occluded:
    """Lay a mask, sunglasses or a patch over the face of a clip, still on the skull, and tell what it hides.

    It computes what the command ``rrrn occlude`` does, to the same bytes for the same frames, name, seed and settings.

    >>> import rrrn
    >>> from rrrn.synthetic import example
    >>> frames, landmarks = example.clip()  # a drawn face: uint8 (13, 240, 320, 3), and (13, 68, 2)
    >>> worn = rrrn.occlude(frames, "mask", seed=3, landmarks=landmarks)
    >>> worn.frames.shape, worn.alpha.shape, worn.facts["occluder"]
    ((13, 240, 320, 3), (13, 240, 320), 'n95-cup')
    >>> worn.shares.au_shares[12] > 0.9, worn.shares.au_shares[1]  # lip corners and inner brows
    (True, 0.0)
    >>> patch = rrrn.occlude(frames, "random", severity=20, landmarks=landmarks)
    >>> patch.facts["share_of_landmark_box"]
    0.2

    Args:
        frames: the clip, uint8 (T, H, W, 3) in BGR, as OpenCV reads it, or gray, (T, H, W) or (T, H, W, 1). One in
            colour whose channels differ by 4 grey levels at most, everywhere, is a gray clip in three channels: it is
            made gray, gets a gray occluder, and comes back in three equal ones. The array is not changed.
        condition: "mask", "glasses", "random-01" to "random-99", a kind of a plugin that ``config`` names, or "none",
            which covers nothing.
        severity: the percentage of the landmarks' box (jaw and brows) that a patch covers, 1 to 99: ("random",
            severity=5) is "random-05". Masks and sunglasses have none: their size is the face's.
        seed: another one chooses and places others; None: that of the configuration, 7.
        anchor: how it is held: "stable" on the skull, "clip" in one place, "per_frame" on each frame's landmarks, or
            "author_compat"; None: that of the configuration, "stable".
        occluder: which mask or sunglasses, by name; None: one drawn by lot.
        clip: the clip's name, which all that is drawn by lot belongs to, beside the seed. Clips of one name wear the
            same mask, and have their patch in the same place.
        landmarks: (T, 68, 2), x and y in pixels, centres of pixels at integers, in iBUG order, of a detector of your
            own; None: dlib's are found.
        face: the face box (x0, y0, x1, y1) that ``Shares`` are of; None: dlib's in the first frame or, of landmarks
            that are given, the one about them.
        config: a file of configuration, laid over the default; its sections anchor and occlude count.
        upsample: doublings of a frame before a face is searched, 0 to 3.
        max_gap: frames in a row without a face that are interpolated.

    Raises ValueError, which names the frame, counted from 0, where one is to blame: for frames of another type or
    shape, a face that is not found, a condition, setting or landmarks that cannot be used, a head turned too far for
    the occluder, and an occluder that covers nothing of the face. Warns if most frames could not be registered.
    """
    with in_python.mistakes(_remedies(landmarks is not None, upsample)):
        images = given.clip(frames)
        in_python.text(clip, "clip")
        box = None if face is None else given.box(face, images)
        seed = None if seed is None else given.number(seed, "seed")
        if anchor is not None and anchor not in anchoring.MODES:
            raise InputError(f"anchor is {anchor!r}; it must be one of {', '.join(anchoring.MODES)}")
        settings = told.settings([] if config is None else [in_python.path(config, "config")], seed, anchor)
        condition = _with_severity(condition, severity)
        kind = conditions.kind_of(condition)
        if kind.name == conditions.CLEAR and occluder is not None:
            raise InputError(f"the condition none has no occluder; leave out {occluder!r}")
        art = told.pictures(kind, settings["occlude"])
        if landmarks is None:
            boxes, points, found = _located(images, upsample, max_gap)
            box = box or given.box(np.rint(boxes[0]).astype(int), images)
        else:
            points, found = given.points(landmarks, images), np.ones(len(images), bool)
            box = box or given.box(_about(points[0]), images)
        framed = framing.wear(images, np.arange(len(images)), points, clip, condition, settings, art, occluder)
        if framed.worn.anchors.warning:
            warnings.warn(framed.worn.anchors.warning, stacklevel=2)
        layers = framed.worn.layers()
        first = next(layers)
        out, alpha = _laid(framed, chain([first], layers))
        shares = _shares(framed, first, box)
        return Occluded(
            _as_given(out, frames), alpha, shares, points, facts.of(framed.worn, first, condition, settings, found)
        )


def _remedies(own_landmarks: bool, upsample: object) -> dict[str, str]:
    """Return what who calls ``occlude`` can do, by the phrase of the stages that it stands for."""
    front = "give a clip that shows the face from the front"
    look = f"; look at the frame, then {_raised(upsample)}give landmarks"
    look = "; look at the frame, and correct landmarks" if own_landmarks else look
    return {  # the longer phrase first
        "; check the landmarks, and picture and anchors": f"{look}, correct picture and anchors if they are your own, "
        f"or {front}",
        "; check the landmarks": f"{look}, or {front}",
        "; run the faces stage again": f"{look}, or {front}",
        "; correct 'art', or use built_in": "; correct 'art' in the file of config, or use built_in",
    }


def _laid(framed: Framed, layers: Iterable[Layer]) -> tuple[np.ndarray, np.ndarray]:
    """Return the frames, uint8 (T, H, W, C), under their layers, and the layers' alpha, float32 (T, H, W)."""
    out, alpha = np.empty_like(framed.frames), np.zeros(framed.frames.shape[:3], np.float32)
    for index, layer in enumerate(layers):
        out[index] = framed.composite(index, layer)
        compositing.covered(alpha[index], framed.placed(layer))[...] = layer.alpha
    return out, alpha


def _shares(framed: Framed, first: Layer, face: Box) -> Shares:
    units = truth.unit_shares(first, framed.worn.anchors.points[0]).tolist()
    whole = framed.placed(first)
    return Shares(
        face,
        compositing.area_share(whole, face),
        truth.visible_shares(whole, face),
        dict(zip(truth.UNITS, units, strict=True)),
    )


def _as_given(out: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """Return a clip (T, H, W, C) in the shape of the one that was given."""
    if frames.ndim == 4 and out.shape[3] < frames.shape[3]:  # gray in three channels
        return np.repeat(out, frames.shape[3], axis=3)
    return out.reshape(frames.shape)


def _with_severity(condition: str, severity: int | None) -> str:
    """Return the condition's whole name; raises InputError for a severity that it does not have, or lacks."""
    in_python.text(condition, "condition")
    kind = conditions.KINDS.get(condition)
    if severity is None:
        if kind is not None and kind.level == "must":
            raise InputError(f"the condition {condition} needs a severity, the percentage of the face that it covers")
        return condition
    percent = given.number(severity, "severity", 1, 99)
    if kind is None:
        named = conditions.kind_of(condition).name
        raise InputError(f"{condition} has its severity in its name; leave the other out, or write {named!r}")
    if kind.level == "never":
        raise InputError(f"the condition {condition} has no severity, its size is that of the face; leave it out")
    return f"{condition}-{percent:02d}"


def _raised(upsample: object) -> str:
    return "" if upsample == given.MOST_DOUBLINGS else f"raise upsample (now {upsample!r}) or "


def _located(images: np.ndarray, upsample: int, max_gap: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return boxes (T, 4) and landmarks (T, 68, 2) by dlib, and in which frames (T) they were found."""
    doublings, gap = given.number(upsample, "upsample", 0, given.MOST_DOUBLINGS), given.number(max_gap, "max_gap", 0)
    remedy = f"{_raised(doublings) or 'raise '}max_gap (now {gap}), or give landmarks"
    return tracking.locate(list(images), range(len(images)), doublings, gap, "error", "frames", remedy)


def _about(points: np.ndarray) -> list[int]:
    """Return the box of the pixels about landmarks (68, 2)."""
    low, high = np.floor(points.min(axis=0)).astype(int), np.ceil(points.max(axis=0)).astype(int) + 1
    return [*low.tolist(), *high.tolist()]
