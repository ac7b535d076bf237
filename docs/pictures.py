"""Draw docs/occlusion.png from a finished default run: python -m docs.pictures, in the repository's root."""

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rrrn.data import clips, pictures, store
from rrrn.data.clips import Clip
from rrrn.data.flow_store import FlowReader
from rrrn.experiment import labels
from rrrn.running import stage
from rrrn.running.stage import InputError

# One clip per row: two subjects of each database, different faces and classes.
SHOWN = (
    ("syncasme2-sub04", "EP01_04"),
    ("syncasme2-sub05", "EP01_05"),
    ("synsamm-006", "006_1_1"),
    ("synsamm-009", "009_1_1"),
)
FACES = ("none", "mask", "glasses", "random-20", "random-50")
FLOWS = ("none", "mask")

TILE, GAP, HEAD, MARGIN = 128, 4, 24, 76  # pixels
FULL_COLOUR = 0.3  # of the normalised flow: where a colour is fully saturated
TITLE = {"none": "un-occluded", "mask": "mask", "glasses": "glasses"}


def apex_face(condition: str, clip: Clip) -> NDArray[np.uint8]:
    """Return the apex frame of a clip under a condition, cut to the face box, uint8 (TILE, TILE, 3)."""
    with store.reading(Path(f"results/occluded/{condition}/{clip.subject}.h5")) as shard:
        group = shard[clip.clip]
        index = int(np.flatnonzero(group["numbers"][()] == clip.apex)[0])
        frame = group["frames"][index]
    return cv2.cvtColor(cv2.resize(frame, (TILE, TILE), interpolation=cv2.INTER_AREA), cv2.COLOR_GRAY2BGR)


def flow_picture(condition: str, clip: Clip) -> NDArray[np.uint8]:
    """Return the flow from onset to apex under a condition, uint8 (TILE, TILE, 3)."""
    with FlowReader(Path(f"results/flow/{condition}/{clip.subject}.h5"), f"{clip.clip}/flow") as reader:
        flow = reader.read(0)
    return cv2.resize(pictures.colours(flow, FULL_COLOUR), (TILE, TILE), interpolation=cv2.INTER_LINEAR)


def draw(rows: list[Clip]) -> NDArray[np.uint8]:
    """Return the whole picture: a row for each clip, a column for each condition and flow."""
    titles = [TITLE.get(name, labels.condition(name)) for name in FACES]
    titles += [f"flow, {TITLE[name]}" for name in FLOWS]
    step = TILE + GAP
    picture = np.full((HEAD + len(rows) * step, MARGIN + len(titles) * step, 3), 255, np.uint8)
    for column, title in enumerate(titles):
        pictures.write(picture, title, (MARGIN + column * step + TILE // 2, HEAD - 8), align=0.5)
    for row, clip in enumerate(rows):
        top = HEAD + row * step
        pictures.write(picture, clip.database, ((MARGIN - GAP) // 2, top + TILE // 2 - 4), align=0.5)
        pictures.write(picture, f"class {clip.objective_class}", ((MARGIN - GAP) // 2, top + TILE // 2 + 14), align=0.5)
        tiles = [apex_face(name, clip) for name in FACES] + [flow_picture(name, clip) for name in FLOWS]
        for column, tile in enumerate(tiles):
            left = MARGIN + column * step
            picture[top : top + TILE, left : left + TILE] = tile
    return picture


def main(args: argparse.Namespace) -> None:
    table = {(clip.subject, clip.clip): clip for clip in clips.read("data/clips.csv")}
    missing = [name for name in SHOWN if name not in table]
    if missing:
        raise InputError(f"data/clips.csv has no clip {'/'.join(missing[0])}; choose another in docs/pictures.py")
    if not cv2.imwrite(str(args.output), draw([table[name] for name in SHOWN]), [cv2.IMWRITE_PNG_COMPRESSION, 9]):
        raise InputError(f"{args.output}: cannot be written")


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("output", type=Path, nargs="?", default=Path("docs/occlusion.png"))
    stage.run(main, parser)
