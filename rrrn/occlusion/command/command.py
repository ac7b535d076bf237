"""``rrrn occlude``: lay an occluder over any clip, a folder of frames or a video, without the workflow."""

import argparse
import logging
import sys
from collections.abc import Callable, Iterable
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from rrrn.data.video import names
from rrrn.experiment import conditions
from rrrn.face import tracking
from rrrn.occlusion import facts, framing, told
from rrrn.occlusion.command import footage, preview
from rrrn.occlusion.command.output import Output
from rrrn.occlusion.given import MOST_DOUBLINGS
from rrrn.occlusion.holding import anchoring
from rrrn.occlusion.wearing import Worn
from rrrn.running import options, reworded
from rrrn.running.stage import InputError

_FRONT = "or give a clip that shows the face from the front"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    add = parser.add_argument
    add("clip", type=Path, metavar="CLIP", help="a folder of numbered images, or a video")
    add(
        "out",
        type=Path,
        metavar="OUT",
        help=f"a new folder for lossless PNG frames, or a video ({', '.join(names.WRITTEN)}; .mkv and .avi are "
        "lossless; in the others odd sides get one pixel more)",
    )
    add(
        "--condition",
        default="mask",
        metavar="NAME",
        help="mask, glasses, random-01 to random-99 or a plugin's of --configfile (mask)",
    )
    add("--occluder", metavar="NAME", help="which mask or glasses; by the seed unless given")
    add("--seed", type=int, metavar="N", help="another seed chooses and places others (that of the configuration)")
    add("--anchor", choices=anchoring.MODES, help="how it is held on the face (that of the configuration)")
    options.configfile(parser, "the sections anchor and occlude count")
    add("--preview", action="store_true", help="also draw OUT's contact sheet: every occluder at onset, apex, and flow")
    add("--apex", type=int, metavar="N", help="the apex frame of the contact sheet (the middle one)")
    add(
        "--upsample",
        type=_whole_number(MOST_DOUBLINGS),
        default=0,
        metavar="N",
        help="doublings of a frame before a face is searched (0)",
    )
    add(
        "--max-gap",
        type=_whole_number(None),
        default=5,
        metavar="N",
        help="frames in a row without a face that are interpolated (5)",
    )


def main(args: argparse.Namespace) -> None:
    """Read the clip, occlude it, and write it whole."""
    cv2.setNumThreads(1)
    output = Output(args.out)
    output.check(args.preview)
    settings = told.settings(args.configfile, args.seed, args.anchor)
    kind = conditions.kind_of(args.condition)
    if kind.name == conditions.CLEAR:
        raise InputError("the condition none leaves every frame as it is; name mask, glasses or random-NN")
    art = told.pictures(kind, settings["occlude"])
    with output.aside(), reworded.remedies(_remedies(args.upsample)):
        clip = footage.read(args.clip)
        for remark in clip.remarks:
            print(f"warning: {args.clip}: {remark}", file=sys.stderr)
        if clip.deinterlaced:
            logging.info(
                "%s: %d interlaced frames made progressive, as of their first field", args.clip, clip.deinterlaced
            )
        apex = _apex(args.apex, clip.numbers)
        frames, numbers = clip.frames, clip.numbers
        remedy = f"raise --upsample (now {args.upsample}) or --max-gap (now {args.max_gap})"
        _, landmarks, found = tracking.locate(
            list(frames), numbers, args.upsample, args.max_gap, "error", f"{args.clip}", remedy, _bar("faces", numbers)
        )
        framed = framing.wear(
            frames, np.array(numbers), landmarks, clip.name, args.condition, settings, art, args.occluder
        )
        worn = framed.worn
        if worn.anchors.warning:
            print(f"warning: {args.clip}: {worn.anchors.warning}", file=sys.stderr)
        layers = worn.layers()
        first = next(layers)
        described = facts.of(worn, first, args.condition, settings, found)
        if args.preview:
            output.write_preview(preview.contact_sheet(worn, settings["occlude"], apex))
        occluded = (framed.composite(index, layer) for index, layer in enumerate(chain([first], layers)))
        output.write_clip(_bar("frames", numbers)(occluded), numbers, clip.rate)
        searched = {"clip": str(args.clip), "upsample": args.upsample, "max_gap": args.max_gap}
        searched |= {"deinterlaced_frames": clip.deinterlaced, "remarks": list(clip.remarks)}
        output.write_facts(searched | described)
        output.put_in_place()
    done = f"{worn.occluder.name} on {len(frames)} frames{_turned(worn)}"
    beside = [output.facts.name, *([output.preview.name] if args.preview else [])]
    logging.info("%s: %s, %s", args.out, done, ", ".join(beside))


def _remedies(upsample: int) -> dict[str, str]:
    """Return what a user of this command can do, by the phrase of the stages that it stands for."""
    look = f"; look at the frame, then raise --upsample (now {upsample})"
    return {  # the longer phrase first
        "; check the landmarks, and picture and anchors": f"{look}, correct picture and anchors if they are your own, "
        f"{_FRONT}",
        "; check the landmarks": f"{look}, {_FRONT}",
        "; run the faces stage again": f"{look}, {_FRONT}",
    }


def _bar(what: str, numbers: list[int]) -> Callable[[Iterable[Any]], Iterable[Any]]:
    """Return what shows on a terminal how many of a clip's frames went through."""
    return partial(tqdm, desc=what, total=len(numbers), unit="", disable=None, leave=False)


def _whole_number(most: int | None) -> Callable[[str], int]:
    """Return a type of argument: whole numbers from 0."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdecimal()) or (most is not None and int(text) > most):
            limits = "0 or more" if most is None else f"from 0 to {most}"
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number {limits}")
        return int(text)

    return parse


def _turned(worn: Worn) -> str:
    """How far the head turns to the side, and what the occluder makes of it, where anchoring tells."""
    facts = worn.anchors.facts
    if "yaw" not in facts:
        return ""
    return f" (the head turns by {facts['turn'][0]:.1f} degrees to the side: half widths {facts['yaw']})"


def _apex(number: int | None, numbers: list[int]) -> int:
    if number is None:
        return len(numbers) // 2
    if number not in numbers:
        raise InputError(f"--apex {number}: the clip has the frames {numbers[0]} to {numbers[-1]}")
    return numbers.index(number)
