"""``rrrn predict``: what a saved model says of any clip, a folder of frames or a video, or of a table of many."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
from tqdm import tqdm

from rrrn.data import pictures
from rrrn.data.video import names
from rrrn.data.video.encode import encode
from rrrn.experiment import conditions
from rrrn.models import asked, card, filmed, pictured, told
from rrrn.models.answer import Answer, answer
from rrrn.models.asked import Asked
from rrrn.models.predictor import Predictor
from rrrn.running import stage, writable
from rrrn.running.stage import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.epilog = card.LIMITS
    add = parser.add_argument
    add(
        "clip",
        type=Path,
        metavar="CLIP",
        help="a folder of numbered images, a video, or a CSV of many: frames, and subject, clip, onset, apex, offset",
    )
    add("--model", type=Path, required=True, metavar="FILE", help="what rrrn fit wrote")
    add("--onset", type=int, metavar="N", help="a frame by the number in its name; a video's count from 1")
    add("--apex", type=int, metavar="N", help="likewise")
    add("--offset", type=int, metavar="N", help="likewise")
    add(
        "--condition",
        nargs="+",
        default=[conditions.CLEAR],
        metavar="NAME",
        help="laid over the face first: mask, glasses, random-01 to random-99; several are asked for in turn (none)",
    )
    add("--picture", type=Path, metavar="PNG", help="also draw it: onset, apex, flow, classes and region weights")
    add(
        "--video",
        type=Path,
        metavar="FILE",
        help=f"also film it in slow motion ({', '.join(names.WRITTEN)}), under the first condition",
    )
    add("--json", action="store_true", help="print JSON, an object in a line for each clip and condition")
    add("--plugin", type=Path, nargs="+", default=[], metavar="FILE", help="of a method or occluder of your own")


def main(args: argparse.Namespace) -> None:
    """Load the model, and say of each clip what it says."""
    cv2.setNumThreads(1)
    _check_outputs(args)
    predictor = Predictor.load(args.model, args.plugin)
    if other := card.stranger(args.model):
        print(f"warning: {other}: is the card of another model, and says nothing of {args.model}", file=sys.stderr)
    for name in args.condition:
        conditions.kind_of(name)
    if args.clip.suffix.lower() == ".csv" and not args.clip.is_dir():
        _many(args, predictor)
        return
    found = answer(predictor, asked.one(args.clip, args.onset, args.apex, args.offset), args.condition)
    title = f"{predictor.about.label} ({args.model.name})"
    if args.picture:
        with stage.replacing(args.picture) as partial:
            pictures.save(pictured.draw(found, title), partial)
    if args.video:
        with stage.replacing(args.video) as partial:
            named = partial.with_name(f"{partial.name}{args.video.suffix}")  # which tells the format
            try:
                encode(filmed.frames(found, title), named, filmed.RATE)
                named.replace(partial)
            finally:
                named.unlink(missing_ok=True)
    _say(found, args.json)


def _check_outputs(args: argparse.Namespace) -> None:
    """Raise InputError for a place that cannot be written, before the work."""
    for path, endings in ((args.picture, (".png",)), (args.video, names.WRITTEN)):
        if path is None:
            continue
        if args.clip.suffix.lower() == ".csv":
            raise InputError(f"{path}: is of one clip, and {args.clip} is a table of many; name a folder or a video")
        writable.check_output(path, endings, [args.clip, args.model])


def _many(args: argparse.Namespace, predictor: Predictor) -> None:
    """Say of each clip of a table as soon as it is known; at the end raise InputError if there was none for some."""
    if given := [f"--{name}" for name in ("onset", "apex", "offset") if getattr(args, name) is not None]:
        raise InputError(f"{given[0]}: the table {args.clip} has such numbers in its columns; leave it out")
    clips: Sequence[Asked] = asked.table(args.clip)
    failed = 0
    for one in tqdm(clips, unit=" clips", disable=None, leave=False):
        try:
            found = answer(predictor, one, args.condition)
        except (InputError, OSError) as error:
            failed += 1
            why = f"{one.path}: {error}" if isinstance(error, OSError) else str(error)
            if args.json:
                tqdm.write(json.dumps({"clip": one.name, "error": why}), file=sys.stdout)
            tqdm.write(f"{one.name}: no prediction: {why}", file=sys.stderr)
            continue
        _say(found, args.json)
    if failed:
        raise InputError(f"{args.clip}: of {len(clips)} clips, {failed} have no prediction; it says above why")


def _say(found: Answer, as_json: bool) -> None:
    if as_json:
        text = "\n".join(json.dumps(told.as_json(one)) for one in found.predicted)
    else:
        text = told.words(found.predicted)
    tqdm.write(text, file=sys.stdout)
    sys.stdout.flush()
