"""Lay an occluder over every frame of a subject's clips, and store them in gray (arXiv 2107.05904).

Pixels that the occluder neither covers nor shades are bit-identical to the clean frame's.
"""

import argparse
from pathlib import Path
from typing import Any

import cv2
import h5py
import numpy as np

from rrrn import asked, listing, stage, store
from rrrn.occlusion import compositing, conditions, truth, wearing
from rrrn.occlusion.wearing import Wearer, Worn
from rrrn.stage import InputError


def occlude(worn: Worn) -> tuple[np.ndarray, compositing.Layer]:
    """Return the occluded frames in gray, uint8 (T, H, W), and the layer of the first frame."""
    gray = np.empty(worn.frames.shape[:3], np.uint8)
    first = compositing.nothing()
    for index, layer in enumerate(worn.layers()):
        gray[index] = compositing.to_gray(worn.composite(index, layer))
        if index == 0:
            first = layer
    return gray, first


def occlude_clip(clean: h5py.Group, out: h5py.Group, condition: str, rank: int, settings: dict[str, Any]) -> None:
    """Write the occluded form of one clip of a faces shard into the group ``out``.

    ``rank`` is the clip's place among the clips of its subject. ``settings`` are the section ``occlude``. Beside the
    frames it writes what they hide at the onset: ``alpha`` in crop pixels, which are those that the flow is solved
    at; ``area_share`` of the face box; ``visible``, of each of the six regions; ``au_shares``, of each of ``aus``.
    """
    wearer = Wearer(str(clean.attrs["subject"]), str(clean.attrs["clip"]), rank)
    numbers = clean["numbers"][()]
    worn = wearing.wear(clean["frames"][()], numbers, clean["landmarks"][()], wearer, condition, settings)
    gray, first = occlude(worn)
    face = tuple(clean.attrs["face"].tolist())
    for name, value in clean.attrs.items():
        out.attrs[name] = value
    out.attrs["occluder"] = worn.occluder.name
    out.attrs["area_share"] = compositing.area_share(first, face)
    out.attrs["visible"] = truth.visible_shares(first, face)
    out.attrs["aus"] = np.array(truth.UNITS, np.int32)
    out.attrs["au_shares"] = truth.unit_shares(first, worn.anchors.points[0])
    for name, value in worn.facts.items():
        out.attrs[name] = value
    store.put(out, "frames", gray)
    store.put(out, "numbers", numbers, chunk_axes=0)
    store.put(out, "alpha", compositing.alpha_map(first, *gray.shape[1:]), chunk_axes=0, compress=True)


def main(args: argparse.Namespace) -> None:
    """Read a faces shard and write the occluded shard, clip by clip."""
    cv2.setNumThreads(1)
    if args.plugin:
        conditions.add(args.plugin)
    conditions.parse(args.condition)
    made = asked.asked(args, [args.faces])
    settings = args.settings.get("occlude", {})
    if made.other:
        art = Path(settings[conditions.parse(args.condition)[0]]["art"])
        made.check_found(str(art), listing.contents(art))
    with store.reading(args.faces) as faces, store.create(args.occluded, made.identity) as occluded:
        for rank, name in enumerate(sorted(faces)):
            try:
                occlude_clip(faces[name], occluded.create_group(name), args.condition, rank, settings)
            except InputError as error:
                raise InputError(f"{args.faces}, clip {name}, condition {args.condition}: {error}") from None


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("faces", type=Path, help="faces shard of a subject (HDF5)")
    parser.add_argument("occluded", type=Path, help="occluded shard to write (HDF5)")
    parser.add_argument("--condition", required=True, help="none, mask, glasses, random-01 to random-99 or a plugin's")
    parser.add_argument("--plugin", default="", help="the module, or file, of its kind if it is none of rrrn")
    stage.run(main, parser)
