"""Find by which landmarks an occluder is held in each frame of a subject's clips: once for all occluders."""

import argparse
from pathlib import Path

import cv2

from rrrn.data import store
from rrrn.occlusion.holding import anchoring, anchors
from rrrn.provenance import asked
from rrrn.running import stage, typed, warned
from rrrn.running.stage import InputError


def main(args: argparse.Namespace) -> None:
    """Read a faces shard and write the anchors shard, clip by clip."""
    cv2.setNumThreads(1)
    settings = typed.section(anchoring.Settings, args.settings, "anchor")
    made = asked.asked(args, [args.faces])
    doubtful: dict[str, str] = {}
    with store.reading(args.faces) as faces, store.create(args.anchors, made.identity) as file:
        for name in sorted(faces):
            clean = faces[name]
            try:
                found = anchoring.anchored(clean["frames"][()], clean["landmarks"][()], settings)
            except InputError as error:
                raise InputError(f"{args.faces}, clip {name}: {error}") from None
            anchors.put(file.create_group(name), found, clean)
            if found.warning:
                doubtful[name] = found.warning
    if doubtful:
        first, *others = doubtful
        likewise = f"; likewise {', '.join(others)}" if others else ""
        warned.warn(f"{args.faces.stem}, clip {first}: {doubtful[first]}{likewise}", args.log)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("faces", type=Path, help="faces shard of a subject (HDF5)")
    parser.add_argument("anchors", type=Path, help="anchors shard to write (HDF5)")
    stage.run(main, parser)
