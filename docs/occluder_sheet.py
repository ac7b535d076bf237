"""Draw docs/occluders.jpg, all built-in occluders on synthetic faces: python -m docs.occluder_sheet, in the
repository's root.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from rrrn.data.clips import Clip
from rrrn.occlusion import wearing
from rrrn.occlusion.drawings import glasses_art, mask_art
from rrrn.occlusion.holding import anchoring
from rrrn.occlusion.kinds import drawings
from rrrn.provenance import sources
from rrrn.running import stage, typed
from rrrn.running.stage import InputError
from rrrn.synthetic.databases import layouts
from rrrn.synthetic.painting import face as faces
from rrrn.synthetic.painting.clip import SyntheticClip
from rrrn.synthetic.painting.presets import PRESETS

SUBJECTS = ("syncasme2-sub01", "syncasme2-sub04", "syncasme2-sub05", "syncasme2-sub07", "syncasme2-sub10",
            "syncasme2-sub12")  # fmt: skip
SEED = 1
KINDS = {"mask": mask_art.NAMES, "glasses": glasses_art.NAMES}
COLUMNS = 5
OCCLUDER = 300  # pixels that an occluder is wide when its tile is drawn at full size
SHEET_IN_EYES = 2.5  # eye distances that the half widths of an occluder span on a mean face
TILE = (352, 400)  # width and height, pixels
ABOVE = 150  # pixels from a tile's upper end to the eyes
QUALITY = 84  # of the JPEG


@dataclass(frozen=True)
class Sitter:
    """A face with true landmarks: ``image`` uint8 (H, W, 3) BGR, ``points`` float64 (68, 2) in its pixels."""

    image: NDArray[np.uint8]
    points: NDArray[np.float64]


def sit(subject: str) -> Sitter:
    """Return a synthetic subject at rest, so large that an occluder is OCCLUDER pixels wide."""
    layout = layouts.of_database(subject)
    scale = OCCLUDER / SHEET_IN_EYES / layout.eye_distance
    face = faces.paint(SEED, subject, layout.eye_distance, scale)
    row = Clip("syncasme2", subject, "sheet", 20, 50, 90, "III", "", "synthetic")
    clip = SyntheticClip(face, row, layout, PRESETS["still"], SEED, scale)
    points = clip.landmarks(row.onset)
    eyes = points[36:48].mean(axis=0)
    left, top = np.round(eyes - np.array([TILE[0] / 2, ABOVE])).astype(int)
    window = slice(top, top + TILE[1]), slice(left, left + TILE[0])
    return Sitter(clip.render(row.onset)[window], points - (left, top))


def wear(sitter: Sitter, kind: str, name: str) -> NDArray[np.uint8]:
    """Return a sitter's image with one built-in occluder, as the default configuration composites it."""
    with (sources.HOME / "config.yaml").open(encoding="utf-8") as file:
        settings = yaml.safe_load(file)
    wearer, art = wearing.Wearer("sheet", name, 0), drawings.of(kind, "built_in")
    frames, points = sitter.image[None], sitter.points[None]
    anchors = anchoring.anchored(frames, points, typed.section(anchoring.Settings, settings, "anchor"))
    worn = wearing.wear(frames, np.arange(1), points, anchors, wearer, kind, settings["occlude"], art, name)
    return worn.composite(0, worn.layer(0))


def sheet(sitters: list[Sitter]) -> NDArray[np.uint8]:
    """Return the ten masks and ten sunglasses, each on the next of the sitters, COLUMNS a row."""
    shown = [(kind, name) for kind, names in KINDS.items() for name in names]
    rows, columns = np.min([sitter.image.shape[:2] for sitter in sitters], axis=0)
    tiles = [wear(sitters[i % len(sitters)], *occluder)[:rows, :columns] for i, occluder in enumerate(shown)]
    return np.vstack([np.hstack(tiles[i : i + COLUMNS]) for i in range(0, len(tiles), COLUMNS)])


def main(args: argparse.Namespace) -> None:
    picture = sheet([sit(subject) for subject in SUBJECTS])
    if not cv2.imwrite(str(args.output), picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY]):
        raise InputError(f"{args.output}: cannot be written")


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("output", type=Path, nargs="?", default=Path("docs/occluders.jpg"))
    stage.run(main, parser)
