"""Describe every clip of one condition by a handcrafted descriptor.

The descriptors are modules of ``rrrn.descriptors``, or a user's own (``rrrn.descriptors.needs``). They see the gray
face box of every frame from onset to offset at one size.
"""

import argparse
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rrrn.data import rows, shards, store
from rrrn.descriptors import needs
from rrrn.experiment import outside
from rrrn.provenance import asked
from rrrn.running import stage, typed


@dataclass(frozen=True)
class Settings:
    """The section ``describe``, of whose descriptors one: ``own`` are the keyword arguments of its functions."""

    size: int
    blocks: int
    tim_frames: int
    own: Mapping[str, Any]

    @classmethod
    def of(cls, section: Mapping[str, Any], descriptor: str) -> "Settings":
        """Return what is told of a descriptor; raises InputError if it is not all there."""
        if descriptor not in section:
            raise stage.InputError(f"the settings lack describe.{descriptor}")
        told = {key: section[key] for key in ("size", "blocks", "tim_frames") if key in section}
        return typed.of(cls, told | {"own": section[descriptor]}, "describe")


def face_volume(frames: NDArray[np.uint8], face: NDArray[np.int32], size: int) -> NDArray[np.uint8]:
    """Cut the box ``face`` (x0, y0, x1, y1) out of gray frames (T, H, W) and scale it to (T, size, size).

    Shrinking averages areas, enlarging interpolates linearly. Raises InputError for a box outside of the frames.
    """
    x0, y0, x1, y1 = (int(value) for value in face)
    _, height, width = frames.shape
    if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
        raise stage.InputError(f"the face box {(x0, y0, x1, y1)} does not lie inside of the {width} x {height} frames")
    shrinks = min(x1 - x0, y1 - y0) >= size
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    volume = np.empty((len(frames), size, size), np.uint8)
    for frame, scaled in zip(frames, volume, strict=True):
        cv2.resize(frame[y0:y1, x0:x1], (size, size), dst=scaled, interpolation=method)
    return volume


def interpolated(volume: NDArray[np.uint8], n_frames: int) -> NDArray[np.uint8]:
    """Interpolate a volume (T, H, W) linearly in time to ``n_frames`` evenly spaced frames, the ends kept."""
    position = np.linspace(0, len(volume) - 1, n_frames)
    before = np.floor(position).astype(np.intp)
    after = np.minimum(before + 1, len(volume) - 1)
    share = (position - before).astype(np.float32)[:, None, None]
    blend = volume[before] * (1 - share) + volume[after] * share
    return np.floor(blend + np.float32(0.5)).astype(np.uint8)


def timed(volume: NDArray[np.uint8], tim_frames: int, least: int) -> NDArray[np.uint8]:
    """Bring a volume (T, H, W) to ``tim_frames`` frames (0 keeps all), and to ``least`` if it has fewer.

    Raises InputError if ``tim_frames`` itself is less than the descriptor needs.
    """
    if 0 < tim_frames < least:
        raise stage.InputError(
            f"describe.tim_frames {tim_frames} is less than the {least} frames that this descriptor needs; "
            f"set it to 0 or to {least} at least, or lower the radius in time"
        )
    wanted = tim_frames or max(len(volume), least)
    return volume if wanted == len(volume) else interpolated(volume, wanted)


def descriptor(name: str, module: str = "") -> ModuleType:
    """Return the module of a descriptor, that of its name unless told; raises InputError if there is none."""
    module = module or f"rrrn.descriptors.{name}"
    try:
        found = outside.load(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise stage.InputError(f"there is no descriptor {name!r}") from None
    if not hasattr(found, "describe"):
        raise stage.InputError(f"there is no descriptor {name!r}")
    return found


def clip_features(
    frames: NDArray[np.uint8], face: NDArray[np.int32], name: str, settings: Settings, module: str = ""
) -> NDArray[np.float32]:
    """Return the descriptor (D,) of the gray frames (T, H, W) of one clip."""
    computing = descriptor(name, module)
    volume = face_volume(frames, face, settings.size)
    volume = timed(volume, settings.tim_frames, needs.frames(computing, settings.own))
    found = computing.describe(volume, blocks=settings.blocks, **settings.own)
    return np.asarray(found, np.float32)


def main(args: argparse.Namespace) -> None:
    """Write the features of all clips, in the order of the clip table."""
    cv2.setNumThreads(1)
    module = descriptor(args.descriptor, args.module)
    settings = Settings.of(args.settings.get("describe", {}), args.descriptor)
    made = asked.asked(args, args.shards)
    table = made.clips(args.clips)
    seals = {path: store.verified(path) for path in args.shards}
    shard_of = rows.of_shards(seals, table)
    least = needs.frames(module, settings.own)
    found, stretched = [], []
    for clip in table:
        shard = shard_of[rows.key(clip)]
        with store.reading(shard, seals[shard]) as file:
            frames, _, face = shards.occluded(file[clip.clip])
        if not settings.tim_frames and len(frames) < least:
            stretched.append(f"{clip.subject}/{clip.clip}")
        try:
            found.append(clip_features(frames, face, args.descriptor, settings, args.module))
        except stage.InputError as error:
            raise stage.InputError(f"{shard}: clip {clip.subject}/{clip.clip}: {error}") from None
    features = np.stack(found)
    if not np.isfinite(features).all():
        clip = table[int(np.flatnonzero(~np.isfinite(features).all(axis=1))[0])]
        raise stage.InputError(f"clip {clip.subject}/{clip.clip}: the descriptor is not finite; look at its frames")
    with store.create(args.output, made.identity) as file:
        store.put(file, "features", features)
        rows.put(file, table)
    if stretched:
        logging.info("stretched to %d frames, which the descriptor needs: %s", least, ", ".join(stretched))
    logging.info("%s: %d clips, %d numbers each", args.descriptor, *features.shape)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("shards", nargs="+", type=Path, help="results/occluded/CONDITION/SUBJECT.h5 of all subjects")
    parser.add_argument("output", type=Path, help="results/features/DESCRIPTOR/CONDITION.h5")
    parser.add_argument("--clips", required=True, type=Path, help="the clip table")
    parser.add_argument("--descriptor", required=True, help="its name: lbp_top, lbp_sip, hog3d or a plugin's")
    parser.add_argument("--module", default="", help="the module that computes it, or its file (rrrn.descriptors.NAME)")
    stage.run(main, parser)
