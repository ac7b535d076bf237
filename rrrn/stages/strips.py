"""Draw a strip of pictures of each clip under one condition, for the report: onset, apex, occluder, and flow.

A recorded face is a person: of clips that were not drawn, onset and apex are left out unless ``report.faces`` is true.

The file has, as in rrrn/data/shards.py: ``subject`` and ``clip``, text (N); ``wheel``, uint8, a WebP file with the
colours of flow; ``@full``, float64, the flow that is a pure colour, in units of the stored flow; and for each clip
``strip/ROW``, uint8, a WebP file, with ``@cells``, the names of its pictures from left to right.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import cv2
import h5py
import numpy as np
from numpy.typing import NDArray

from rrrn.data import pictures, rows, shards, store
from rrrn.data.flow_store import FlowReader
from rrrn.provenance import asked
from rrrn.running import stage, typed

SIDE = 96  # pixels of each picture
FULL = 0.5  # of the flow's scale: this and more is a pure colour, in all clips alike
_WEBP = (cv2.IMWRITE_WEBP_QUALITY, 80)
_ORIGINAL = 0  # the view of the official apex, not turned


@dataclass(frozen=True)
class Settings:
    """The section ``report``."""

    faces: bool


def cells(group: h5py.Group, flow: NDArray[np.float32], faces: bool) -> dict[str, NDArray[np.uint8]]:
    """Return the pictures of a clip by name, uint8 (SIDE, SIDE, 3) BGR each, cut to the face box.

    ``group`` is a clip of an occluded shard, ``flow`` its field, (2, H, W). Without ``faces`` there is no picture
    of the frames.
    """
    x0, y0, x1, y1 = (int(end) for end in group.attrs["face"])
    found = {}
    if faces:
        clip = shards.occluded(group)
        for name in ("onset", "apex"):
            frame = clip.frames[int(np.flatnonzero(clip.numbers == group.attrs[name])[0])]
            found[name] = cv2.cvtColor(_sized(frame[y0:y1, x0:x1]), cv2.COLOR_GRAY2BGR)
    alpha = group["alpha"][()][y0:y1, x0:x1]
    name = "occluder" if alpha.any() else "no occluder"  # white, so that all strips are aligned
    found[name] = cv2.cvtColor(255 - _sized(alpha), cv2.COLOR_GRAY2BGR)
    found["flow"] = _sized(pictures.colours(flow, FULL))
    return found


def _sized(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.uint8)


def wheel(side: int = 2 * SIDE) -> NDArray[np.uint8]:
    """Return the colours of flow: a disc, uint8 (side, side, 3) BGR on white, whose rim is FULL."""
    y, x = (np.indices((side, side), np.float32) + 0.5) * (2 / side) - 1
    disc = pictures.colours(np.stack([x, y]) * FULL, FULL)
    disc[np.hypot(x, y) > 1] = 255
    return disc


def encoded(found: dict[str, NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Return pictures side by side as the bytes of a WebP file, uint8 (N,)."""
    done, code = cv2.imencode(".webp", np.concatenate(list(found.values()), axis=1), _WEBP)
    if not done:
        raise RuntimeError("a strip cannot be encoded as WebP")
    return code.ravel()


def main(args: argparse.Namespace) -> None:
    """Write the strips in the order of the clip table."""
    settings = typed.section(Settings, args.settings, "report")
    made = asked.asked(args, [*args.occluded, *args.flow])
    table = made.clips(args.clips)
    seals = {path: store.verified(path) for path in [*args.occluded, *args.flow]}
    occluded = rows.of_shards({path: seals[path] for path in args.occluded}, table)
    flows = rows.of_shards({path: seals[path] for path in args.flow}, table)
    with store.create(args.output, made.identity) as file:
        rows.put(file, table)
        file.attrs["full"] = FULL
        store.put(file, "wheel", encoded({"wheel": wheel()}), chunk_axes=0)
        for number, clip in enumerate(table):
            where = flows[rows.key(clip)]
            with FlowReader(where, f"{clip.clip}/flow", seals[where]) as reader:
                flow = reader.read(0)  # the original view is stored first
            shard = occluded[rows.key(clip)]
            with store.reading(shard, seals[shard]) as source:
                found = cells(source[clip.clip], flow, settings.faces or clip.source != "recorded")
            store.put(file, f"strip/{number}", encoded(found), chunk_axes=0)
            file[f"strip/{number}"].attrs["cells"] = ",".join(found)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("output", type=Path, help="the strips (HDF5)")
    parser.add_argument("--occluded", type=Path, nargs="+", required=True, help="occluded shards of all subjects")
    parser.add_argument("--flow", type=Path, nargs="+", required=True, help="flow shards of all subjects")
    parser.add_argument("--clips", type=Path, required=True, help="clip table")
    stage.run(main, parser)
