"""Measure what a face box of each frame does to the optical flow: python -m benchmarks.boxes, in the repository's root.

What it printed, and what that means, is in docs/explanation/one_box.md.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from benchmarks.occlusion import Floats
from rrrn.data import clips
from rrrn.data.clips import Clip
from rrrn.experiment import defaults
from rrrn.face import landmarks
from rrrn.flow import engines
from rrrn.flow.parameters import Parameters
from rrrn.stages import faces
from rrrn.synthetic.databases import layouts
from rrrn.synthetic.painting import face
from rrrn.synthetic.painting.clip import SyntheticClip
from rrrn.synthetic.painting.presets import PRESETS

SHEET = Path("data/clips_paper_shape.csv")
SEED = 1
WAYS = ("onset", "per_frame")


def first_of_each_subject() -> list[Clip]:
    """Return a clip of each of the 47 subjects of the paper's shape."""
    return list({clip.subject: clip for clip in reversed(clips.read(SHEET))}.values())[::-1]


def measured(clip: Clip, preset: str) -> Floats:
    """Return of onset and apex: how far the box moves, how far the face does, and the mean flow of each of WAYS."""
    layout = layouts.of_database(clip.database)
    drawn = SyntheticClip(
        face.paint(SEED, clip.subject, layout.eye_distance, 1.0), clip, layout, PRESETS[preset], SEED, 1
    )
    images = [drawn.render(number) for number in (clip.onset, clip.apex)]
    boxes = np.array([landmarks.detect(image, 0) for image in images], float)
    points = np.stack([drawn.landmarks(number) for number in (clip.onset, clip.apex)])
    moved = np.abs(boxes[1] - boxes[0]).max()
    own = np.linalg.norm((points[1] - points[0])[17:].mean(axis=0))
    return np.array([moved, own, *(_flow(images, boxes, points, way) for way in WAYS)])


def _flow(images: list, boxes: Floats, points: Floats, way: faces.OfClip) -> float:
    cut, _, box = faces.crop(
        [np.atleast_3d(image) for image in images], faces.choose_box(boxes, way, 0.0), np.float32(points), 1.0
    )
    gray = [image[..., 0] if image.shape[2] == 1 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) for image in cut]
    settings = Parameters.of_section(defaults.section("flow"))
    (flow,) = engines.solver("numba", 1)(gray[0][None], gray[1][None], settings)
    return float(np.hypot(*flow)[box[1] : box[3], box[0] : box[2]].mean())


def main(args: argparse.Namespace) -> None:
    """Measure and print."""
    found = np.array([measured(clip, args.preset) for clip in first_of_each_subject()])
    jumps = found[:, 0] > 0
    print(f"{len(found)} clips, of which the box of the apex is another than that of the onset in {jumps.sum()}")
    print("| clips | box moves by, px | face moves by, px | mean flow, one box, px | mean flow, own boxes, px |")
    print("| --- | --- | --- | --- | --- |")
    for name, rows in (("the box stays", found[~jumps]), ("the box jumps", found[jumps])):
        cells = [f"{np.median(column):.2f} ({column.max():.2f})" for column in rows.T] if len(rows) else ["–"] * 4
        print(f"| {name}: {len(rows)} | {' | '.join(cells)} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--preset", choices=list(PRESETS), default="default", help="how hard the clips are")
    main(parser.parse_args())
