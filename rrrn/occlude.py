"""Lay an occluder over every frame of a subject's clips, and store them in gray (arXiv 2107.05904).

Pixels outside of the occluder are bit-identical to the clean frame's.
"""

import argparse
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import h5py
import numpy as np

from rrrn import stage, store
from rrrn.occlusion import anchoring, compositing
from rrrn.occlusion.scene import Occluder, Scene, option
from rrrn.stage import InputError

KINDS = ("none", "mask", "glasses", "random")


def parse(condition: str) -> tuple[str, int | None]:
    """Split a condition into kind and percentage: ("random", 5) for ``random-05``, ("mask", None) for ``mask``.

    Raises InputError for an unknown kind, or a percentage that is not 01 to 99.
    """
    found = re.fullmatch(r"([a-z]+)(?:-([0-9]{2}))?", condition)
    kind, level = found.groups() if found else ("", None)
    if kind not in KINDS or level == "00":
        raise InputError(f"condition {condition!r} is unknown; use none, mask, glasses or random-01 to random-99")
    return kind, None if level is None else int(level)


def layers(occluder: Occluder, points: np.ndarray, numbers: np.ndarray) -> Iterator[compositing.Layer]:
    """Yield the occluder's layer for each frame's anchored landmarks, points (T, 68, 2).

    It is drawn anew only where the landmarks move. Raises InputError with the frame's number, of ``numbers`` (T).
    """
    layer = None
    for index in range(len(points)):
        if layer is None or not np.array_equal(points[index], points[index - 1]):
            try:
                layer = occluder.draw(points[index])
            except InputError as error:
                raise InputError(f"frame {numbers[index]}: {error}") from None
        yield layer


def occlude(
    frames: np.ndarray, numbers: np.ndarray, occluder: Occluder, points: np.ndarray
) -> tuple[np.ndarray, compositing.Layer]:
    """Return the occluded frames in gray, uint8 (T, H, W), and the layer of the first frame.

    ``frames`` uint8 (T, H, W, C) with C 1 or 3 (BGR), ``numbers`` (T) their frame numbers; ``points``
    (T, 68, 2) landmarks, anchored, in pixels of the frames.
    """
    gray = np.empty(frames.shape[:3], np.uint8)
    first = compositing.nothing()
    for index, layer in enumerate(layers(occluder, points, numbers)):
        gray[index] = compositing.to_gray(compositing.composite(frames[index], layer))
        if index == 0:
            first = layer
    return gray, first


def occlude_clip(clean: h5py.Group, out: h5py.Group, condition: str, rank: int, settings: dict[str, Any]) -> None:
    """Write the occluded form of one clip of a faces shard into the group ``out``.

    ``rank`` is the clip's place among the clips of its subject. ``settings`` are the section ``occlude``.
    """
    kind, level = parse(condition)
    mode = option(settings, anchoring.MODES, "anchor") if kind != "none" else "clip"
    frames, numbers = clean["frames"][()], clean["numbers"][()]
    points = anchoring.anchored(clean["landmarks"][()], mode)
    # The kind is imported by name: a drawing then concerns the conditions of its own kind alone.
    module = importlib.import_module(f"rrrn.occlusion.{kind}")
    scene = Scene(str(clean.attrs["subject"]), str(clean.attrs["clip"]), rank, level, frames[0], points[0])
    occluder = module.prepare(scene, settings)
    gray, first = occlude(frames, numbers, occluder, points)
    if occluder.name and not first.alpha.any():
        raise InputError("the occluder lies outside of the crop; check the landmarks or take the clip out")
    for name, value in clean.attrs.items():
        out.attrs[name] = value
    out.attrs["occluder"] = occluder.name
    out.attrs["area_share"] = compositing.area_share(first, tuple(clean.attrs["face"].tolist()))
    for name, value in occluder.facts.items():
        out.attrs[name] = value
    store.put(out, "frames", gray)
    store.put(out, "numbers", numbers, chunk_axes=0)
    store.put(out, "alpha", compositing.alpha_map(first, *gray.shape[1:]), chunk_axes=0, compress=True)


def main(args: argparse.Namespace) -> None:
    """Read a faces shard and write the occluded shard, clip by clip."""
    cv2.setNumThreads(1)
    parse(args.condition)
    settings = args.settings.get("occlude", {})
    with store.reading(args.faces) as faces, store.create(args.occluded) as occluded:
        for rank, name in enumerate(sorted(faces)):
            try:
                occlude_clip(faces[name], occluded.create_group(name), args.condition, rank, settings)
            except InputError as error:
                raise InputError(f"{args.faces}, clip {name}, condition {args.condition}: {error}") from None


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("faces", type=Path, help="faces shard of a subject (HDF5)")
    parser.add_argument("occluded", type=Path, help="occluded shard to write (HDF5)")
    parser.add_argument("--condition", required=True, help="none, mask, glasses or random-01 to random-99")
    stage.run(main, parser)
