"""Measure how masks lie on heads that turn far to the side: python -m benchmarks.turned, in the repository's root.

What it printed, and what that means, is in docs/occlusion.md.
"""

import argparse
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.occlusion import Floats, anchor, detected
from benchmarks.rigid_head import RigidHead
from rrrn.data.clips import Clip
from rrrn.occlusion import compositing, placing
from rrrn.occlusion.drawings import mask_art
from rrrn.occlusion.holding import anchoring
from rrrn.occlusion.kinds import mask
from rrrn.running import stage
from rrrn.synthetic.databases import layouts
from rrrn.synthetic.painting import face as faces
from rrrn.synthetic.painting import shape
from rrrn.synthetic.painting.presets import PRESETS

FRAMES = 48
YAWS = (0, 10, 20, 25, 30, 40)  # degrees
HEIGHTS = (0.4, 0.5, 0.6, 0.7)  # of the mask's axis, where its edges are compared with the face's
WAY = 0.5 * np.arange(-300, 301)  # pixels across
ROOM = 0.45  # of the landmarks' extent, cut out about the face
SEED = 1


@dataclass(frozen=True)
class Turned:
    """A clip cut to the face: frames uint8 (T, H, W, 3), and how much of a pixel shows the face, (T, H, W)."""

    frames: NDArray[np.uint8]
    face: Floats


def film(subject: str, degrees: Floats) -> Turned:
    """Film a subject whose head is turned by so much in each frame."""
    layout = layouts.of_database(subject)
    painted = faces.paint(SEED, subject, layout.eye_distance, 1.0)
    row = Clip("syncasme2", subject, "measured", 60, 90, 130, "II", "", "synthetic")
    head = RigidHead(painted, row, layout, PRESETS["still"], SEED, recording=(1, row.offset))
    course = np.zeros(len(head.numbers))
    course[: len(degrees)] = np.deg2rad(degrees) - head._pose.yaw
    head.head_motion = replace(head.head_motion, yaw=course)
    numbers = range(1, len(degrees) + 1)
    truth = np.stack([head.landmarks(number) for number in numbers])
    low, high = truth.min(axis=(0, 1)), truth.max(axis=(0, 1))
    x0, y0 = np.maximum(low - ROOM * (high - low), 0).astype(int)
    x1, y1 = (high + ROOM * (high - low)).astype(int)
    window = slice(y0, y1), slice(x0, x1)
    frames = np.stack([head.render(number)[window] for number in numbers])
    return Turned(frames, np.stack([_face(head, number)[window] for number in numbers]))


def _face(head: RigidHead, number: int) -> Floats:
    """Where the image shows the face, without ears, hair and neck: what the far cheek hides is not there."""
    identity, canvas = head._face.identity, head._face.canvas
    y = np.linspace(identity.crown_y, identity.chin_y, 160)
    half = np.stack([shape.half_width(identity, y), y], 1)
    cover = canvas.polygon(np.concatenate([half * [-1, 1], half[::-1]]), 0.006).astype(np.float32)
    out = np.zeros(head._background.shape[:2])
    out[head._head] = cv2.remap(cover, *head._back_map(head._index(number)), cv2.INTER_LINEAR)
    return out


def edges(cover: Floats, where: placing.Placement) -> Floats:
    """Return how far a shape reaches from the mask's axis to the left and to the right, mean of HEIGHTS, pixels."""
    across = np.array([where.down[1], -where.down[0]])
    found = []
    for height in HEIGHTS:
        spots = where.top + where.down * where.height * height + WAY[:, None] * across
        x, y = np.float32(spots.T)[:, None]
        inside = WAY[cv2.remap(cover.astype(np.float32), x, y, cv2.INTER_LINEAR)[0] > 0.5]
        found.append((-inside.min(), inside.max()))
    return np.mean(found, axis=0)


def measure(clip: Turned, points: Floats, yaw: anchoring.Yaw) -> tuple[float, float, float]:
    """Return how far the mask reaches beyond the face's edges at most, and how far they reach beyond it, in pixels;
    and how much of the mask covers no face at most, in percent: of the first, the middle and the last frame.
    """
    told = anchor("stable")
    assert told.stable is not None
    wanted = replace(told, stable=replace(told.stable, yaw=yaw))
    anchors = anchoring.anchored(clip.frames, points, wanted).points
    template = mask_art.template("surgical-blue")
    assert template.straps is not None
    bare = replace(template, image=template.straps.body, min_ratio=0.0)
    beyond, off = [], []
    for t in (0, len(anchors) // 2, len(anchors) - 1):
        where = mask.place(anchors[t], 1.2)
        height, width = clip.face.shape[1:]
        layer = placing.layer(bare, where, height, width)
        cover = compositing.alpha_map(layer, height, width) / 255
        beyond.append(edges(cover, where) - edges(clip.face[t], where))
        off.append(100 * float((cover * (1 - clip.face[t])).sum() / cover.sum()))
    return float(np.max(beyond)), float(-np.min(beyond)), max(off)


def main(args: argparse.Namespace) -> None:
    """Measure and print: medians over the subjects, every other of which turns to the left."""
    cv2.setNumThreads(1)
    ease = np.clip((np.arange(FRAMES) - 8) / 24, 0, 1)
    courses = {"turns": ease * ease * (3 - 2 * ease), "turned": np.ones(FRAMES)}
    print("| the head | yaw | " + " | ".join(anchoring.YAW) + " |\n|" + " --- |" * (2 + len(anchoring.YAW)))
    for how, course in courses.items():
        for yaw in YAWS:
            found = []
            for number in range(1, args.subjects + 1):
                clip = film(f"syncasme2-sub{number:02d}", (-1) ** number * yaw * course)
                points = detected(clip.frames)
                found.append([measure(clip, points, mode) for mode in anchoring.YAW])
            cells = [f"{a:+.0f}, {b:+.0f}, {c:.1f} %" for a, b, c in np.median(found, axis=0)]
            print(f"| {how} | {yaw}° | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("--subjects", type=int, default=2, help="synthetic subjects (2)")
    stage.run(main, parser)
