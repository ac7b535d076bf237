"""Lay an occluder over every frame of a subject's clips, and store them in gray (arXiv 2107.05904).

Pixels that the occluder neither covers nor shades are bit-identical to the clean frame's.
"""

import argparse
import importlib
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import cv2
import h5py
import numpy as np

from rrrn.data import store
from rrrn.experiment import conditions
from rrrn.occlusion import compositing, kinds, truth, wearing
from rrrn.occlusion.holding import anchors
from rrrn.occlusion.holding.anchors import Anchors
from rrrn.occlusion.scene import Art
from rrrn.occlusion.wearing import Wearer, Worn
from rrrn.provenance import asked
from rrrn.running import stage
from rrrn.running.stage import InputError


def occlude(worn: Worn) -> tuple[np.ndarray, compositing.Layer]:
    """Return the occluded frames in gray, uint8 (T, H, W), and the layer of the first frame."""
    gray = np.empty(worn.frames.shape[:3], np.uint8)
    first = compositing.nothing()
    for index, layer in enumerate(worn.layers()):
        gray[index] = compositing.to_gray(worn.composite(index, layer))
        if index == 0:
            first = layer
    return gray, first


def occlude_clip(
    clean: h5py.Group,
    out: h5py.Group,
    held: Anchors,
    condition: str,
    rank: int,
    settings: dict[str, Any],
    art: Art | None = None,
) -> None:
    """Write the occluded form of one clip of a faces shard into the group ``out``.

    ``held`` are its anchors, ``rank`` is its place among the clips of its subject. ``settings`` are the section
    ``occlude``, ``art`` the pictures of the condition's kind. Beside the frames it writes what they hide at the onset:
    ``alpha`` in crop pixels, which are those that the flow is solved at; ``area_share`` of the face box; ``visible``,
    of each of the six regions; ``au_shares``, of each of ``aus``.
    """
    wearer = Wearer(str(clean.attrs["subject"]), str(clean.attrs["clip"]), rank)
    numbers = clean["numbers"][()]
    landmarks = clean["landmarks"][()]
    worn = wearing.wear(clean["frames"][()], numbers, landmarks, held, wearer, condition, settings, art)
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


def _pictures(file: h5py.File) -> Art:
    """Return the pictures of a kind.

    Imported by a name that is put together, so that this code counts where the recipe names it, and for no other kind.
    """
    art: Art = importlib.import_module(f"{kinds.__name__}.art_shard").get(file)
    return art


def main(args: argparse.Namespace) -> None:
    """Read a faces shard, its anchors and the pictures of the kind, and write the occluded shard, clip by clip."""
    cv2.setNumThreads(1)
    if args.plugin:
        conditions.add(args.plugin)
    kind = conditions.kind_of(args.condition)
    for needed, path, option in (
        (kind.name != conditions.CLEAR, args.anchors, "anchors"),
        (kind.pictures, args.art, "art"),
    ):
        if needed and path is None:
            raise InputError(f"the condition {args.condition} needs --{option}")
    made = asked.asked(args, [path for path in (args.faces, args.anchors, args.art) if path])
    settings = args.settings.get("occlude", {})
    with ExitStack() as stack:
        faces = stack.enter_context(store.reading(args.faces))
        anchored = stack.enter_context(store.reading(args.anchors)) if args.anchors else None
        art = _pictures(stack.enter_context(store.reading(args.art))) if args.art else None
        occluded = stack.enter_context(store.create(args.occluded, made.identity))
        for rank, name in enumerate(sorted(faces)):
            clean = faces[name]
            try:
                held = anchors.get(anchored, clean) if anchored else Anchors(clean["landmarks"][()].astype(np.float64))
                occlude_clip(clean, occluded.create_group(name), held, args.condition, rank, settings, art)
            except InputError as error:
                raise InputError(f"{args.faces}, clip {name}, condition {args.condition}: {error}") from None


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("faces", type=Path, help="faces shard of a subject (HDF5)")
    parser.add_argument("occluded", type=Path, help="occluded shard to write (HDF5)")
    parser.add_argument("--anchors", type=Path, nargs="?", help="anchors shard of the subject; none needs none")
    parser.add_argument("--art", type=Path, nargs="?", help="pictures of the kind, of masks and glasses")
    parser.add_argument("--condition", required=True, help="none, mask, glasses, random-01 to random-99 or a plugin's")
    parser.add_argument("--plugin", default="", help="the module, or file, of its kind if it is none of rrrn")
    stage.run(main, parser)
