"""``rrrn describe``: the descriptor of any clip, a folder of frames or a video, without the workflow.

From onset to offset, where no frame between is missing, its numbers are those of the workflow's un-occluded features:
the same face box, cut and scaled in the same way.
"""

import argparse
import csv
import io
import logging
import math
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rrrn.data import pictures
from rrrn.descriptors import bars
from rrrn.descriptors.estimators.base import Place
from rrrn.descriptors.estimators.of_video import HOG3D, LBPSIP, LBPTOP, OfVideo
from rrrn.experiment import defaults
from rrrn.occlusion import compositing
from rrrn.occlusion.command import footage
from rrrn.running import options, reworded, stage, typed, writable
from rrrn.running.stage import InputError
from rrrn.stages import describe, faces

_KINDS: Mapping[str, tuple[str, type[Any]]] = {
    "lbp-top": ("lbp_top", LBPTOP),
    "lbp-sip": ("lbp_sip", LBPSIP),
    "hog3d": ("hog3d", HOG3D),
}
_LEAST_FRAMES = 2  # of a clip: a descriptor would see copies of a single one
_NO_FACE = (
    "; look at them, then lay a --configfile over it that has, in its section faces, a higher upsample or max_gap, or "
    "no_face: full_image for frames that were cropped beforehand"
)
_COLUMNS = ("block", "plane", "bin", "value")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    presets = "; ".join(f"{name}: {', '.join(kind.PRESETS)}" for name, (_, kind) in _KINDS.items())
    parser.epilog = (
        f"Presets of {presets}. docs/descriptors.md says where they are from. Beside a FILE.npy, FILE.layout.csv says "
        "where each of its numbers stands: block, plane and bin, in the vector's order."
    )
    add = parser.add_argument
    add("clip", type=Path, metavar="CLIP", help="a folder of numbered images, or a video")
    add(
        "--onset",
        type=int,
        metavar="N",
        help="the frame to begin with, by the number in its name; a video's count from 1 (the first that there is)",
    )
    add("--offset", type=int, metavar="N", help="the frame to end with (the last); without both, all frames count")
    add("--descriptor", choices=list(_KINDS), required=True, help="what describes it")
    add("--preset", metavar="NAME", help="a published variant (the section describe of the configuration)")
    add("--blocks", type=int, metavar="N", help="blocks per side (the preset's, or describe.blocks)")
    add(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="the numbers: .csv with block, plane and bin of each, or .npy with these in FILE.layout.csv beside it",
    )
    add("--picture", type=Path, metavar="PNG", help="draw them, a field of bars for each block")
    options.configfile(parser, "the sections faces and describe count")


def main(args: argparse.Namespace) -> None:
    """Read the clip, find and cut its face, describe it, and write."""
    cv2.setNumThreads(1)
    for path, endings in ((args.output, (".npy", ".csv")), (args.picture, (".png",))):
        if path:
            writable.check_output(path, endings, [args.clip])
    if layout := _layout_path(args.output):
        writable.check_output(layout, read=[args.clip])
    section = defaults.section("describe", args.configfile)
    descriptor = _descriptor(args, section)
    clip = footage.read(args.clip, args.onset, args.offset, reduced=False)
    for remark in clip.remarks:
        print(f"warning: {args.clip}: {remark}", file=sys.stderr)
    if len(clip.frames) < _LEAST_FRAMES:
        raise InputError(f"{args.clip}: is a single frame, and nothing moves in one; give a clip of two at least")
    settings = typed.of(faces.Settings, defaults.section("faces", args.configfile), "faces")
    with reworded.remedies({"; look at them, then raise faces.upsample": _NO_FACE}):
        found = faces.faces(list(clip.frames), clip.numbers, settings, str(args.clip))
    gray = np.stack([compositing.to_gray(frame) for frame in found.frames])
    try:
        volume = describe.face_volume(gray, np.array(found.face, np.int32), section["size"])
        volume = describe.timed(volume, section["tim_frames"], descriptor.least()[0])
        vector = descriptor.vector(volume)
    except InputError as error:
        raise InputError(f"{args.clip}, its face at describe.size {section['size']}: {error}") from None
    if args.output:
        _write(args.output, vector, descriptor.layout())
    if args.picture:
        with stage.replacing(args.picture) as partial:
            pictures.save(bars.draw(vector, descriptor.layout(), _title(args, section, descriptor)), partial)
    blocks, planes = descriptor.parts()
    logging.info(
        "%s: %s, %d blocks, %d numbers (%s of each block)",
        args.clip,
        _seen(args, clip.numbers, len(volume)),
        len(blocks),
        len(vector),
        ", ".join(f"{plane} {bins}" for plane, bins in planes.items()),
    )


def _seen(args: argparse.Namespace, numbers: Sequence[int], described: int) -> str:
    """Say which frames were described, and whether they were brought to another number of them."""
    which = "all that there are, " if args.onset is None and args.offset is None else ""
    text = f"{len(numbers)} frames ({which}{numbers[0]} to {numbers[-1]})"
    if described == len(numbers):
        return text
    return f"{text}, {'stretched' if described > len(numbers) else 'shrunk'} in time to {described}"


def _descriptor(args: argparse.Namespace, section: Mapping[str, Any]) -> OfVideo:
    """Return the transformer that the command line and the section ``describe`` ask for; raises InputError."""
    name, kind = _KINDS[args.descriptor]
    told = {"preset": args.preset} if args.preset else dict(section[name])
    made = kind(**told)
    chosen = kind.PRESETS.get(made.preset)
    has_own = bool(getattr(chosen, "blocks", None))
    if args.blocks is not None or not has_own:
        made.set_params(blocks=section["blocks"] if args.blocks is None else args.blocks)
    side = made.least()[1]  # refuses what cannot be
    if section["size"] < side:
        raise InputError(
            f"describe.size is {section['size']}, and {args.descriptor} with {_side(made)} x {_side(made)} blocks "
            f"needs {side} pixels per side; lower --blocks or describe.blocks, or raise the size in a --configfile"
        )
    return made


def _side(descriptor: OfVideo) -> int:
    return math.isqrt(len(descriptor.parts().blocks))


def _title(args: argparse.Namespace, section: Mapping[str, Any], descriptor: OfVideo) -> str:
    own = section[_KINDS[args.descriptor][0]]
    told = args.preset or ", ".join(f"{key} {value}" for key, value in own.items())
    blocks, size = _side(descriptor), section["size"]
    return f"{args.descriptor}, {told}, {blocks} x {blocks} blocks, face of {size} x {size}"


def _layout_path(output: Path | None) -> Path | None:
    """Return where the layout of a vector is written, if its own file does not have it."""
    return output.with_suffix(".layout.csv") if output and output.suffix.lower() == ".npy" else None


def _write(output: Path, vector: NDArray[np.float32], layout: Sequence[Place]) -> None:
    """Write the vector, and its layout into the same file or beside it, where no layout of other numbers stays."""
    beside = _layout_path(output)
    with ExitStack() as both:
        if not beside:
            values = [f"{value:.9g}" for value in vector]
            rows = [(*place, value) for place, value in zip(layout, values, strict=True)]
            both.enter_context(stage.replacing(output)).write_bytes(_csv(_COLUMNS, rows))
            return
        partial_layout, partial = (both.enter_context(stage.replacing(path)) for path in (beside, output))
        partial_layout.write_bytes(_csv(_COLUMNS[:-1], layout))
        partial.write_bytes(_npy(vector))
        beside.unlink(missing_ok=True)  # the vector takes its place first, its layout after it


def _npy(vector: NDArray[np.float32]) -> bytes:
    file = io.BytesIO()
    np.save(file, vector, allow_pickle=False)
    return file.getvalue()


def _csv(header: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return file.getvalue().encode()
