"""Draw the masks or the sunglasses that clips wear, or read the user's own: once for all clips."""

import argparse
from pathlib import Path

import cv2

from rrrn.data import listing, store
from rrrn.experiment import conditions
from rrrn.occlusion.kinds import art_shard, drawings
from rrrn.occlusion.scene import setting
from rrrn.provenance import asked
from rrrn.running import stage


def main(args: argparse.Namespace) -> None:
    """Write all pictures of a kind."""
    cv2.setNumThreads(1)
    if args.plugin:
        conditions.add(args.plugin)
    wanted = str(setting(args.settings.get("occlude", {}), args.kind, "art"))
    made = asked.asked(args)
    if made.other:
        made.check_found(wanted, listing.contents(Path(wanted)))
    with store.create(args.output, made.identity) as file:
        art_shard.put(file, drawings.of(args.kind, wanted))


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("output", type=Path, help="the pictures of a kind of occluder (HDF5)")
    parser.add_argument("--kind", required=True)
    parser.add_argument("--plugin", default="", help="the module, or file, of the kind if it is none of rrrn")
    stage.run(main, parser)
