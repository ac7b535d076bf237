"""``rrrn describe``: the descriptor of any clip, a folder of frames or a video, without the workflow.

Its numbers are those of the workflow's un-occluded features: the same face box, cut and scaled in the same way.
"""

import argparse
import csv
import io
import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rrrn.data import pictures
from rrrn.descriptors import bars, estimators
from rrrn.descriptors.estimators import OfVideo, Place
from rrrn.experiment import defaults
from rrrn.occlusion import compositing
from rrrn.occlusion.command import footage
from rrrn.running import stage, typed
from rrrn.running.stage import InputError
from rrrn.stages import describe, faces

_KINDS: Mapping[str, tuple[str, type[Any]]] = {
    "lbp-top": ("lbp_top", estimators.LBPTOP),
    "lbp-sip": ("lbp_sip", estimators.LBPSIP),
    "hog3d": ("hog3d", estimators.HOG3D),
}
_COLUMNS = ("block", "plane", "bin", "value")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    presets = "; ".join(f"{name}: {', '.join(kind.PRESETS)}" for name, (_, kind) in _KINDS.items())
    parser.epilog = f"Presets of {presets}. docs/descriptors.md says where they are from."
    add = parser.add_argument
    add("clip", type=Path, metavar="CLIP", help="a folder of numbered images, or a video")
    add("--descriptor", choices=list(_KINDS), required=True, help="what describes it")
    add("--preset", metavar="NAME", help="a published variant (the section describe of the configuration)")
    add("--blocks", type=int, metavar="N", help="blocks per side (the preset's, or describe.blocks)")
    add(
        "-o", "--output", type=Path, metavar="FILE", help="the numbers: .npy, or .csv with block, plane and bin of each"
    )
    add("--picture", type=Path, metavar="PNG", help="draw them, a field of bars for each block")
    add("--config", type=Path, help="a configuration, laid over the default; its sections faces and describe count")


def main(args: argparse.Namespace) -> None:
    """Read the clip, find and cut its face, describe it, and write."""
    cv2.setNumThreads(1)
    section = defaults.section("describe", args.config)
    descriptor = _descriptor(args, section)
    layout = descriptor.layout()
    _check_outputs(args)
    clip = footage.read(args.clip)
    for remark in clip.remarks:
        print(f"warning: {args.clip}: {remark}", file=sys.stderr)
    settings = typed.of(faces.Settings, defaults.section("faces", args.config), "faces")
    found = faces.faces(list(clip.frames), clip.numbers, settings, str(args.clip))
    gray = np.stack([compositing.to_gray(frame) for frame in found.frames])
    try:
        volume = describe.face_volume(gray, np.array(found.face, np.int32), section["size"])
        volume = describe.timed(volume, section["tim_frames"], descriptor.least()[0])
        vector = descriptor.vector(volume)
    except InputError as error:
        raise InputError(f"{args.clip}, its face at describe.size {section['size']}: {error}") from None
    if args.output:
        with stage.replacing(args.output) as partial:
            partial.write_bytes(_npy(vector) if _suffix(args.output) == ".npy" else _csv(vector, layout))
    if args.picture:
        with stage.replacing(args.picture) as partial:
            pictures.save(bars.draw(vector, layout, _title(args, section)), partial)
    frames = f"{len(gray)} frames" + (f", brought to {len(volume)}" if len(volume) != len(gray) else "")
    planes = list(dict.fromkeys(place.plane for place in layout))
    logging.info(
        "%s: %s, %d blocks, %d numbers (%s)",
        args.clip,
        frames,
        len({place.block for place in layout}),
        len(vector),
        ", ".join(f"{plane} {sum(p.plane == plane and p.block == 0 for p in layout)}" for plane in planes)
        + " of each block",
    )


def _descriptor(args: argparse.Namespace, section: Mapping[str, Any]) -> OfVideo:
    """Return the transformer that the command line and the section ``describe`` ask for; raises InputError."""
    name, kind = _KINDS[args.descriptor]
    told = {"preset": args.preset} if args.preset else dict(section[name])
    made = kind(**told)
    chosen = kind.PRESETS.get(made.preset)
    has_own = bool(getattr(chosen, "blocks", None))
    if args.blocks is not None or not has_own:
        made.set_params(blocks=section["blocks"] if args.blocks is None else args.blocks)
    made.layout()  # refuses what cannot be
    return made


def _title(args: argparse.Namespace, section: Mapping[str, Any]) -> str:
    own = section[_KINDS[args.descriptor][0]]
    told = args.preset or ", ".join(f"{key} {value}" for key, value in own.items())
    return f"{args.descriptor}, {told}"


def _check_outputs(args: argparse.Namespace) -> None:
    for path, known in ((args.output, (".npy", ".csv")), (args.picture, (".png",))):
        if path and _suffix(path) not in known:
            raise InputError(f"{path}: its name must end in {' or '.join(known)}")
        if path and path.is_dir():
            raise InputError(f"{path}: is a folder; name a file")


def _suffix(path: Path) -> str:
    return path.suffix.lower()


def _npy(vector: NDArray[np.float32]) -> bytes:
    file = io.BytesIO()
    np.save(file, vector, allow_pickle=False)
    return file.getvalue()


def _csv(vector: NDArray[np.float32], layout: Sequence[Place]) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows((*place, f"{value:.9g}") for place, value in zip(layout, vector, strict=True))
    return file.getvalue().encode()
