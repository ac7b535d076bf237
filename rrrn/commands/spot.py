"""``rrrn spot``: find onset, apex and offset of the expression in any clip, a folder of frames or a video."""

import argparse
import json
import logging
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
from tqdm import tqdm

from rrrn.occlusion.command import footage
from rrrn.spotting import spot

_MEASURED = (
    "How far off it is, in frames, and where it fails: docs/models.md. It finds the strongest rise and fall of the "
    "skin, whatever makes it."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.epilog = _MEASURED
    add = parser.add_argument
    add("clip", type=Path, metavar="CLIP", help="a folder of numbered images, or a video, of some seconds at most")
    add("--onset", type=int, metavar="N", help="if it is known: a frame by the number in its name; a video's from 1")
    add("--offset", type=int, metavar="N", help="likewise")
    add("--upsample", type=int, default=0, choices=range(4), help="doublings of a frame before a face is searched (0)")
    add("--json", action="store_true", help="print JSON")


def main(args: argparse.Namespace) -> None:
    """Read the clip, spot, and say what was found and whether it is sure."""
    cv2.setNumThreads(1)
    clip = footage.read(args.clip, args.onset, args.offset, reduced=False)
    for remark in clip.remarks:
        print(f"warning: {args.clip}: {remark}", file=sys.stderr)

    def shown(frames: Iterable[int]) -> Iterable[int]:
        return tqdm(frames, desc="frames", total=len(clip.frames), unit="", disable=None, leave=False)

    known = {"onset": args.onset, "offset": args.offset, "upsample": args.upsample, "progress": shown}
    found = spot.spot(list(clip.frames), clip.numbers, str(args.clip), **known)
    if args.json:
        times = {"onset": found.onset, "apex": found.apex, "offset": found.offset}
        told: dict[str, Any] = times if found.moves else dict.fromkeys(times)  # no guess where nothing moves
        told |= {"moves": found.moves, "sure": found.sure, "doubts": list(found.doubts), "amplitude": found.amplitude}
        print(json.dumps(told))
        return
    if not found.moves:
        logging.info("%s: %s; there is no expression to spot", args.clip, found.doubts[0])
        return
    sure = "sure" if found.sure else f"not sure: {'; '.join(found.doubts)}"
    logging.info(
        "%s: onset %d, apex %d, offset %d (%s); the skin moves by %.1f %% of the distance between the eyes",
        *(args.clip, found.onset, found.apex, found.offset, sure, 100 * found.amplitude),
    )
