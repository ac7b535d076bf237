"""Measure how occluders lie on moving faces: python -m benchmarks.occlusion, in the repository's root.

Synthetic clips with true landmarks and true motion. What it printed, and what that means, is in docs/occlusion.md.
"""

import argparse
import math
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise, product
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray
from scipy.spatial import ConvexHull
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.mask_the_face import Pasted, corners
from benchmarks.rigid_head import RigidHead
from rrrn.data import pictures
from rrrn.data.clips import Clip
from rrrn.experiment import seeds
from rrrn.face import landmarks, tracking
from rrrn.flow.parameters import Parameters
from rrrn.occlusion import compositing, wearing
from rrrn.occlusion.command import command
from rrrn.occlusion.compositing import Layer
from rrrn.occlusion.drawings import glasses_art, mask_art
from rrrn.occlusion.holding import anchoring, rigid, similarity
from rrrn.occlusion.holding.anchors import Anchors
from rrrn.occlusion.kinds import drawings, glasses, mask, random
from rrrn.occlusion.look import skin
from rrrn.occlusion.wearing import Wearer, Worn
from rrrn.provenance import sources
from rrrn.running import stage, typed
from rrrn.running.stage import InputError
from rrrn.stages import flow
from rrrn.synthetic.databases import layouts
from rrrn.synthetic.painting import face as faces
from rrrn.synthetic.painting.clip import SyntheticClip
from rrrn.synthetic.painting.motion import HeadMotion
from rrrn.synthetic.painting.presets import PRESETS

RATE = 200  # frames per second
STILL = 60  # frames of a still clip
MOVING = 120  # frames of a moving one, in which a head turns to one side and half way to the other
SPEED, TURN = 5.0, 10.0  # pixels per second, degrees
NOISE = 0.5  # pixels (sd) of simulated landmarks
MODES = ("stable", "stable, no registration", "clip", "per_frame", "author_compat", "MaskTheFace")
KINDS = {"mask": mask, "glasses": glasses}
MOVES = ("5 px/s", "roll ±10°", "yaw ±10°")
JAW = range(17)
ROOM = 0.35  # of the landmarks' extent, cut out about the face
SEED = 1
PATCH = 6  # side of the patches of noise that the probe sees, pixels

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Filmed:
    """A clip cut to the face: frames uint8 (T, H, W, 3), true landmarks (T, 68, 2), true flow from first to last."""

    frames: NDArray[np.uint8]
    truth: Floats


@dataclass(frozen=True)
class Found:
    """One number: which table, row (mode), column, and its value."""

    table: str
    row: str
    column: str
    value: float


# ------------------------------------------------------------------------------------------------------------ clips


def film(subject: str, move: str, count: int, expression: bool = False, whole: bool = False) -> Filmed:
    """Film a subject: still, moving as ``move`` says, or with the expression of a class and a still head.

    The frames are cut to the face unless they are wanted ``whole``.
    """
    layout = layouts.of_database(subject)
    painted = faces.paint(SEED, subject, layout.eye_distance, 1.0)
    onset = 10 if expression else count + 20
    row = Clip("syncasme2", subject, "measured", onset, onset + count - 12, onset + count + 20, "II", "", "synthetic")
    clip = RigidHead if move else SyntheticClip
    drawn = clip(painted, row, layout, PRESETS["still"], SEED, recording=(1, max(count, row.offset)))
    drawn.head_motion = _moved(drawn.head_motion, move)
    truth = np.stack([drawn.landmarks(number) for number in range(1, count + 1)])
    low, high = truth.min(axis=(0, 1)), truth.max(axis=(0, 1))
    room = ROOM * (high - low)
    width, height = layout.size(1.0)
    x0, y0 = np.clip(low - room, 0, None).astype(int) * (not whole)
    x1, y1 = (width, height) if whole else np.clip(high + room, None, (width, height)).astype(int)
    frames = np.stack([drawn.render(number)[y0:y1, x0:x1] for number in range(1, count + 1)])
    return Filmed(frames, truth - (x0, y0))


def _moved(motion: HeadMotion, move: str) -> HeadMotion:
    seconds = np.arange(len(motion.roll)) / RATE
    swing = math.radians(TURN) * np.sin(2 * np.pi * seconds)
    changes = {"5 px/s": {"shift_x": SPEED * seconds}, "roll ±10°": {"roll": swing}, "yaw ±10°": {"yaw": swing}}
    return replace(motion, **changes.get(move, {}))


def noisy(truth: Floats, correlation: float, *names: object) -> Floats:
    """Return landmarks with noise of NOISE pixels, whose neighbouring frames correlate by ``correlation``."""
    fresh = seeds.generator(SEED, "landmark noise", correlation, *names).normal(size=truth.shape)
    noise = fresh.copy()
    for t in range(1, len(noise)):
        noise[t] = correlation * noise[t - 1] + math.sqrt(1 - correlation**2) * fresh[t]
    return truth + NOISE * noise


def detected(frames: NDArray[np.uint8]) -> Floats:
    """Return dlib's landmarks (T, 68, 2), from its own box in each frame."""
    points = []
    for frame in frames:
        image = frame[..., ::-1]
        box = landmarks.detect(image, 0)
        if box is None:
            raise InputError("a rendered face was not found")
        points.append(landmarks.fit(image, box))
    return np.stack(points).astype(np.float64)


# -------------------------------------------------------------------------------------------------------- occluders


def anchor(mode: str) -> anchoring.Settings:
    """Return the default section ``anchor`` with another mode."""
    told = _section("anchor")
    told["mode"] = mode.partition(",")[0]
    told["stable"] |= {"registration": mode == "stable", "yaw": "median"}  # the true motion is a similarity
    return typed.of(anchoring.Settings, told, "anchor")


def _section(name: str) -> dict[str, Any]:
    with (sources.HOME / "config.yaml").open(encoding="utf-8") as file:
        told: dict[str, Any] = yaml.safe_load(file)[name]
    return told


def worn(film: Filmed, points: Floats, mode: str, kind: str, name: str, **look: Any) -> Worn:
    """Return an occluder on a clip in one of our modes."""
    numbers, told = np.arange(len(film.frames)), _section("occlude")
    told["look"] |= look
    wearer, art = Wearer("measured", "measured", 0), drawings.of(kind, "built_in")
    anchors = anchoring.anchored(film.frames, points, anchor(mode))
    return wearing.wear(film.frames, numbers, points, anchors, wearer, kind, told, art, name)


def placed_corners(film: Filmed, points: Floats, mode: str, kind: str) -> Floats:
    """Return the occluder's corners in each frame, (T, 4, 2)."""
    place = KINDS[kind].place
    if mode == "MaskTheFace":
        pasted = _pasted(points)
        return np.stack([pasted.corners(one) for one in points])
    anchors = anchoring.anchored(film.frames, points, anchor(mode))
    return np.stack([corners(place(one, 1.2, mode == "author_compat")) for one in anchors.points])


def ends(film: Filmed, points: Floats, mode: str, kind: str, name: str) -> tuple[list[Layer], list[NDArray[np.uint8]]]:
    """Return the layers of the first and last frame and these under them."""
    if mode == "MaskTheFace":
        pasted = _pasted(points, name)
        chosen = [pasted.layer(points[t], *film.frames.shape[1:3]) for t in (0, -1)]
        return chosen, [compositing.composite(film.frames[t], layer) for t, layer in zip((0, -1), chosen, strict=True)]
    dressed = worn(film, points, mode, kind, name)
    indices = (0, len(points) - 1)
    chosen = [dressed.layer(t) for t in indices]
    return chosen, [dressed.composite(t, layer) for t, layer in zip(indices, chosen, strict=True)]


def _pasted(points: Floats, name: str = "surgical-blue") -> Pasted:
    mean = np.median(points, axis=0)
    return Pasted(mask_art.template(name), mean, mask.place(mean, 1.2))


def _modes(kind: str) -> tuple[str, ...]:
    return MODES if kind == "mask" else MODES[:-1]


# ------------------------------------------------------------------------------------------------------- geometry


def jitter(found: Floats) -> float:
    """Return the RMS displacement of corners (T, 4, 2) from their means, per point of the plane, pixels."""
    return float(np.sqrt(((found - found.mean(axis=0)) ** 2).sum(axis=-1).mean()))


def against_head(film: Filmed, found: Floats) -> tuple[float, float, float]:
    """Return slip (RMS), lag (along the motion, mean) in pixels and error of the angle (RMS) in degrees.

    Corners are carried back into the first frame by the true motion of the head: the similarity that fits the true
    landmarks of the skull. A head that turns to the side moves by none; which landmarks are fitted then matters, and
    they are those that the anchors use.
    """
    poses, centre = head_poses(film.truth)
    back = similarity.lift(poses, found, centre)
    motion = np.gradient(poses[:, 2:], axis=0)
    speed = np.hypot(*motion.T)
    off = back.mean(axis=1) - back.mean(axis=(0, 1))
    moving = speed > 0.5 * speed.max()
    lag = float(-(off * motion / np.maximum(speed, 1e-9)[:, None]).sum(1)[moving].mean()) if speed.max() > 1e-3 else 0.0
    edge = back[:, 1] - back[:, 0]
    angle = np.unwrap(np.arctan2(edge[:, 1], edge[:, 0]))
    return jitter(back), lag, float(np.rad2deg(np.std(angle)))


def head_poses(truth: Floats) -> tuple[Floats, Floats]:
    """Return the poses (T, 4) of a head, and their centre: least squares on true landmarks, jaw with half weight."""
    weights = np.where(np.isin(rigid.INDICES, JAW), 0.5, 1.0) * np.ones((len(truth), 1))
    shape = np.median(truth, axis=0)
    for _ in range(4):
        centre = np.average(shape[rigid.INDICES], axis=0, weights=weights[0])
        poses = similarity.fit(shape[rigid.INDICES], truth[:, rigid.INDICES], weights, centre)
        shape = np.median(similarity.lift(poses, truth, centre), axis=0)
    return poses, centre


# ----------------------------------------------------------------------------------------------------------- pixels


def tvl1(pair: Sequence[NDArray[np.uint8]]) -> Floats:
    """Return the flow of two frames, (2, H, W)."""
    with (sources.HOME / "config.yaml").open(encoding="utf-8") as file:
        told = Parameters.of_section(yaml.safe_load(file)["flow"])
    gray = [np.ascontiguousarray(compositing.to_gray(frame)) for frame in pair]
    return np.asarray(flow.tvl1(*gray, **told.section()), np.float64)


def flow_errors(
    film: Filmed, clean: Floats, points: Floats, mode: str, kind: str, name: str
) -> tuple[float, float, float]:
    """Return, from first to last frame, mean |flow| inside of the occluder, the clean clip's there, and the end-point
    error outside of it against the ``clean`` flow (2, H, W).
    """
    chosen, pair = ends(film, points, mode, kind, name)
    occluded = tvl1(pair)
    covered = [compositing.alpha_map(layer, *film.frames.shape[1:3]) for layer in chosen]
    inside = cv2.erode(np.minimum(*covered), np.ones((5, 5), np.uint8)) > 200
    outside = cv2.dilate(np.maximum(*covered), np.ones((11, 11), np.uint8)) == 0
    error = np.hypot(*(occluded - clean))
    size, floor = np.hypot(*occluded), np.hypot(*clean)
    return float(size[inside].mean()), float(floor[inside].mean()), float(error[outside].mean())


def halo(film: Filmed, points: Floats, kind: str, name: str) -> float:
    """Return by how much the ring of 3 pixels about an occluder's edge leaves the range of what it lies between.

    In each channel: light that mixes between two colours may well be brighter than both in gray.
    """
    dressed = worn(film, points, "stable", kind, name, noise=False, shadow=0.0)
    layer = dressed.layer(0)
    out, under = dressed.composite(0, layer).astype(float), film.frames[0].astype(float)
    alpha = compositing.alpha_map(layer, *under.shape[:2])
    kernel = np.ones((7, 7), np.uint8)
    ring = (cv2.dilate(alpha, kernel) > 0) & (cv2.erode(alpha, kernel) < 255)
    own = np.zeros(under.shape)
    rows, columns = layer.alpha.shape
    own[layer.y : layer.y + rows, layer.x : layer.x + columns] = layer.colour / np.maximum(layer.alpha, 1e-3)[..., None]
    solid = (alpha > 0)[..., None]
    high = cv2.dilate(np.maximum(under, np.where(solid, own, -1)), kernel)
    low = cv2.erode(np.minimum(under, np.where(solid, own, 256)), kernel)
    return float(np.maximum(out - high, low - out)[ring].max())


def flicker(film: Filmed, points: Floats, kind: str, name: str) -> float:
    """Return how much an occluder's brightness changes in time, relative to its mean, in parts of the skin's."""
    dressed = worn(film, points, "stable", kind, name)
    chosen = list(dressed.layers())
    shown = np.stack([compositing.to_gray(dressed.composite(t, layer)) for t, layer in enumerate(chosen)]).astype(float)
    alpha = compositing.alpha_map(chosen[0], *shown.shape[1:])
    clear = skin.visible(skin.skin(points[0], *alpha.shape), alpha > 0, points[0])
    around = skin.ring(clear, alpha > 0, points[0])
    occluder, ring = (shown[:, where].mean(axis=1) for where in (alpha > 127, around))
    return float((occluder.std() / occluder.mean()) / (ring.std() / ring.mean()))


def noise_auc(film: Filmed, points: Floats, kind: str, name: str, noise: bool) -> float:
    """Return how well a linear probe tells the occluder's noise from the skin's: area under its ROC curve."""
    dressed = worn(film, points, "stable", kind, name, noise=noise)
    chosen = list(dressed.layers())
    shown = [compositing.to_gray(dressed.composite(t, layer)).astype(float) for t, layer in enumerate(chosen)]
    alpha = compositing.alpha_map(chosen[0], *film.frames.shape[1:3])
    clear = skin.visible(skin.skin(points[0], *alpha.shape), alpha > 0, points[0])
    rests = [b - a for a, b in pairwise(shown)]
    sets = []
    for part in (slice(0, None, 2), slice(1, None, 2)):
        ours, theirs = (
            np.concatenate([_patches(rest, where) for rest in rests[part]]) for where in (alpha > 127, clear)
        )
        sets.append((np.concatenate([ours, theirs]), np.repeat([1, 0], [len(ours), len(theirs)])))
    probe = make_pipeline(StandardScaler(), LogisticRegression()).fit(*sets[0])
    return float(roc_auc_score(sets[1][1], probe.decision_function(sets[1][0])))


def _patches(rest: Floats, where: NDArray[np.bool_]) -> Floats:
    """Return strength and correlations of the patches that lie wholly ``where``, (n, 5)."""
    rows, columns = (size // PATCH * PATCH for size in rest.shape)

    def cut(image: NDArray) -> NDArray:
        parts = image[:rows, :columns].reshape(rows // PATCH, PATCH, columns // PATCH, PATCH)
        return parts.swapaxes(1, 2).reshape(-1, PATCH, PATCH)

    patches = cut(rest)[cut(where).all(axis=(1, 2))]
    patches = patches - patches.mean(axis=(1, 2), keepdims=True)
    power = (patches**2).mean(axis=(1, 2)) + 1e-3
    below = (patches[:, 1:] * patches[:, :-1]).mean(axis=(1, 2)) / power
    beside = (patches[:, :, 1:] * patches[:, :, :-1]).mean(axis=(1, 2)) / power
    peaks = (patches**4).mean(axis=(1, 2)) / power**2
    return np.stack([np.log(power), below, beside, np.abs(patches).mean(axis=(1, 2)) / np.sqrt(power), peaks], axis=1)


def area_error(film: Filmed, region: str) -> float:
    """Return the largest error, in percent of a region, of what random patches of 5 to 50 percent cover of it."""
    points = film.truth[0]
    low, high = random.landmark_box(points)
    outline = points if region == "face_hull" else np.array([low, [high[0], low[1]], high, [low[0], high[1]]])
    within, area = inside(outline, *film.frames.shape[1:3])
    wanted, anchors = _section("occlude"), Anchors(points[None])
    wanted["random"]["region"] = region
    errors = []
    for placement, level in product(random.PLACEMENTS, range(5, 55, 5)):
        wanted["random"]["placement"] = placement
        wearer, condition = Wearer("s", "c", 0), f"random-{level:02d}"
        one = wearing.wear(film.frames[:1], np.arange(1), points[None], anchors, wearer, condition, wanted)
        layer = one.layer(0)
        rows, columns = layer.alpha.shape
        part = within[layer.y : layer.y + rows, layer.x : layer.x + columns]
        covered = float(np.minimum(layer.alpha, part).sum(dtype=np.float64))  # exact along a common edge
        errors.append(abs(covered / area * 100 - level))
    return max(errors)


def inside(points: Floats, height: int, width: int) -> tuple[Floats, float]:
    """Return what part of each pixel lies in the convex hull of points (n, 2), summed over 16 lines, and its area."""
    hull = ConvexHull(points)
    y = (np.arange(16 * height) + 0.5) / 16 - 0.5
    (ax, ay), (bx, by) = (np.roll(points[hull.vertices], -k, axis=0).T[..., None] for k in (0, 1))
    crossed = (ay > y) != (by > y)
    x = ax + (y - ay) * (bx - ax) / np.where(ay == by, 1, by - ay)
    left, right = np.where(crossed, x, np.inf).min(axis=0), np.where(crossed, x, -np.inf).max(axis=0)
    pixel = np.arange(width)
    part = np.clip(np.minimum(pixel + 0.5, right[:, None]) - np.maximum(pixel - 0.5, left[:, None]), 0, 1)
    return part.reshape(height, 16, width).mean(axis=1), float(hull.volume)  # in the plane, the volume is the area


def command_seconds(subject: str, kind: str, name: str, suffix: str) -> float:
    """Return the seconds of one core that ``rrrn occlude`` takes for 60 frames of 640x480, but for the landmarks.

    They come from and go to a video, or folders of PNG if ``suffix`` is empty.
    """
    whole = film(subject, "", STILL, whole=True)
    points = noisy(whole.truth, 0.8, subject, kind).astype(np.float32)
    located = (None, points, np.ones(len(points), bool))
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / f"clip{suffix}"
        if suffix:
            height, width = whole.frames.shape[1:3]
            video = cv2.VideoWriter(str(clip), cv2.VideoWriter.fourcc(*"mp4v"), RATE, (width, height))
            for frame in whole.frames:
                video.write(frame)
            video.release()
        else:
            clip.mkdir()
            for number, frame in enumerate(whole.frames):
                pictures.save(frame, clip / f"{number}.png")
        args = parser.parse_args([str(clip), f"{folder}/out{suffix}", "--condition", kind, "--occluder", name])
        with mock.patch.object(tracking, "locate", return_value=located):
            start = time.process_time()
            command.main(args)
            return time.process_time() - start


# -------------------------------------------------------------------------------------------------------- a subject


def measure(subject: str, number: int) -> list[Found]:
    """Measure everything on one subject."""
    cv2.setNumThreads(1)
    names = {"mask": mask_art.NAMES[number % 10], "glasses": glasses_art.NAMES[number % 10]}
    still = film(subject, "", STILL)
    real = detected(still.frames)
    found: list[Found] = []
    for kind in KINDS:
        for mode in _modes(kind):
            row = f"{kind}, {mode}"
            for label, points in (
                ("white", noisy(still.truth, 0.0, subject, kind)),
                ("AR(1) 0.8", noisy(still.truth, 0.8, subject, kind)),
                ("dlib", real),
            ):
                found.append(Found("still", row, label, jitter(placed_corners(still, points, mode, kind))))
    expressive = film(subject, "", STILL, expression=True)
    seen = detected(expressive.frames)
    clean = [tvl1(one.frames[[0, -1]]) for one in (still, expressive)]
    for kind in KINDS:
        for mode in _modes(kind):
            row = f"{kind}, {mode}"
            for source, points in (
                ("AR(1) 0.8", (noisy(still.truth, 0.8, subject), noisy(expressive.truth, 0.8, subject))),
                ("dlib", (real, seen)),
            ):
                inside, floor, _ = flow_errors(still, clean[0], points[0], mode, kind, names[kind])
                _, _, outside = flow_errors(expressive, clean[1], points[1], mode, kind, names[kind])
                found.append(Found("flow", row, f"inside, {source}", inside))
                found.append(Found("flow", row, "clean, there", floor))
                found.append(Found("flow", row, f"outside, {source}", outside))
    for move in MOVES:
        moving = film(subject, move, MOVING)
        for source, points in (
            ("AR(1) 0.8", noisy(moving.truth, 0.8, subject, move)),
            ("dlib", detected(moving.frames)),
        ):
            for mode in MODES:
                slip, lag, angle = against_head(moving, placed_corners(moving, points, mode, "mask"))
                found.append(Found(f"moving, {source}", mode, f"{move}: slip", slip))
                found.append(Found(f"moving, {source}", mode, f"{move}: lag", abs(lag)))
                found.append(Found(f"moving, {source}", mode, f"{move}: angle", angle))
    for kind, name in names.items():
        points = noisy(still.truth, 0.8, subject, kind)
        found.append(Found("look", "halo, grey levels", kind, halo(still, points, kind, name)))
        found.append(Found("look", "flicker against skin", kind, flicker(still, points, kind, name)))
        found.append(Found("look", "probe AUC", kind, noise_auc(still, points, kind, name, True)))
        found.append(Found("look", "probe AUC without noise", kind, noise_auc(still, points, kind, name, False)))
        start = time.process_time()
        dressed = worn(still, points, "stable", kind, name)
        for t, layer in enumerate(dressed.layers()):
            dressed.composite(t, layer)
        found.append(Found("look", "60 frames, s of a core", kind, time.process_time() - start))
        for suffix in (".mp4", ""):
            row = f"60 frames, the whole command but for landmarks, {suffix or 'PNG'}, s of a core"
            found.append(Found("look", row, kind, command_seconds(subject, kind, name, suffix)))
    for region in random.REGIONS:
        found.append(Found("look", f"patch area, % of {region} off", "random", area_error(still, region)))
    return found


def table(found: list[Found], title: str, digits: int) -> str:
    """Return one table in Markdown: the median over subjects, in brackets the worst."""
    own = [one for one in found if one.table == title]
    columns = list(dict.fromkeys(one.column for one in own))
    lines = [f"| | {' | '.join(columns)} |", "|" + " --- |" * (len(columns) + 1)]
    for row in dict.fromkeys(one.row for one in own):
        cells = []
        for column in columns:
            values = [one.value for one in own if (one.row, one.column) == (row, column)]
            cells.append(f"{np.median(values):.{digits}f} ({max(values):.{digits}f})" if values else "")
        lines.append(f"| {row} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main(args: argparse.Namespace) -> None:
    """Measure and print."""
    if args.subjects < 1:
        raise InputError(f"--subjects {args.subjects}: at least one is needed")
    subjects = [f"syncasme2-sub{number:02d}" for number in range(1, args.subjects + 1)]
    start = time.perf_counter()
    with ProcessPoolExecutor(args.jobs) as pool:
        found = [one for ones in pool.map(measure, subjects, range(len(subjects))) for one in ones]
    for title, digits in (("still", 3), ("moving, AR(1) 0.8", 3), ("moving, dlib", 3), ("flow", 3), ("look", 2)):
        print(f"### {title}\n\n{table(found, title, digits)}\n")
    print(f"{len(subjects)} subjects; medians, in brackets the worst subject.")
    print(f"{time.perf_counter() - start:.0f} s on {args.jobs} processes", file=sys.stderr)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("--subjects", type=int, default=6, help="synthetic subjects (6)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    stage.run(main, parser)
