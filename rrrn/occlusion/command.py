"""``rrrn occlude``: lay an occluder over any clip, a folder of frames or a video, without the workflow."""

import argparse
import json
import logging
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from rrrn import defaults, pictures, stage, tracking
from rrrn import frames as images
from rrrn.listing import listing
from rrrn.occlusion import anchoring, compositing, conditions, preview, truth, wearing
from rrrn.occlusion.wearing import Wearer, Worn
from rrrn.stage import InputError

VIDEOS = {".mp4": "mp4v", ".mov": "mp4v", ".mkv": "FFV1", ".avi": "FFV1"}  # and how they are encoded
_MOST_BYTES = 4_000_000_000  # of a clip's pixels; anchoring sees the whole clip at once
_AROUND = 0.6  # of the landmarks' extent: what is cut out on each side, room for straps and temples


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    add = parser.add_argument
    add("clip", type=Path, metavar="CLIP", help="a folder of numbered images, or a video")
    add(
        "out",
        type=Path,
        metavar="OUT",
        help=f"a new folder for lossless PNG frames, or a video ({', '.join(VIDEOS)}; .mkv and .avi are lossless, odd "
        "sides get one pixel more)",
    )
    add("--condition", default="mask", help="mask, glasses or random-01 to random-99 (mask)")
    add("--occluder", metavar="NAME", help="which mask or glasses; by the seed unless given")
    add("--seed", type=int, help="another seed chooses and places others (that of the configuration)")
    add("--anchor", choices=anchoring.MODES, help="how it is held on the face (that of the configuration)")
    add("--config", type=Path, help="a configuration whose section occlude is laid over the default")
    add("--preview", action="store_true", help="also draw OUT's contact sheet: every occluder at onset, apex, and flow")
    add("--apex", type=int, metavar="N", help="the apex frame of the contact sheet (the middle one)")
    add("--upsample", type=int, default=0, help="doublings of a frame before a face is searched (0)")
    add("--max-gap", type=int, default=5, help="frames in a row without a face that are interpolated (5)")


def main(args: argparse.Namespace) -> None:
    """Read the clip, occlude it, and write it whole."""
    cv2.setNumThreads(1)
    settings = _settings(args)
    kind, _ = conditions.parse(args.condition)
    if kind == "none":
        raise InputError("the condition none leaves every frame as it is; name mask, glasses or random-NN")
    _check_out(args.out)
    frames, numbers, rate = read(args.clip)
    remedy = f"raise --upsample (now {args.upsample}) or --max-gap (now {args.max_gap})"
    _, landmarks, found = tracking.locate(
        list(frames), numbers, args.upsample, args.max_gap, "error", f"{args.clip}", remedy
    )
    window = _window(landmarks, frames.shape[1], frames.shape[2])
    corner = np.array([window[1].start, window[0].start])
    name = args.clip.resolve().stem
    worn = wearing.wear(
        np.ascontiguousarray(frames[(slice(None), *window)]),
        np.array(numbers),
        landmarks - corner,
        Wearer(name, name, 0),
        args.condition,
        settings,
        args.occluder,
    )
    if worn.anchors.warning:
        print(f"warning: {args.clip}: {worn.anchors.warning}", file=sys.stderr)
    if args.preview:
        sheet = preview.contact_sheet(worn, settings, _apex(args.apex, numbers))
        with stage.replacing(preview_path(args.out)) as partial:
            pictures.save(sheet, partial)
    with stage.replacing(args.out) as partial:
        if args.out.suffix.lower() in VIDEOS:
            _write_video(_whole(frames, window, worn), args.out, partial, rate)
        else:
            partial.mkdir()
            for number, frame in zip(numbers, _whole(frames, window, worn), strict=True):
                pictures.save(frame, partial / f"{number:05d}.png")
    with stage.replacing(facts_path(args.out)) as partial:
        partial.write_text(json.dumps(_facts(worn, args, found), indent=2) + "\n", encoding="utf-8")
    logging.info("%s: %s on %d frames, %s", args.out, worn.occluder.name, len(frames), facts_path(args.out).name)


def facts_path(out: Path) -> Path:
    """Return where the facts about an occlusion are written: beside it."""
    return out.with_name(f"{out.name}.json")


def preview_path(out: Path) -> Path:
    """Return where the contact sheet of an occlusion is drawn: beside it."""
    return out.with_name(f"{out.name}_preview.png")


def read(clip: Path) -> tuple[np.ndarray, list[int], float]:
    """Return frames uint8 (T, H, W, C), C 1 or 3 (BGR), their numbers, and the rate, 200 for a folder of images.

    Raises InputError for a clip that is not there, not whole, of several sizes, or too large to be held in memory.
    """
    if not clip.exists():
        raise InputError(f"{clip}: there is no such folder of frames and no such video")
    files = listing(clip) if clip.is_dir() else {}
    capture = None if files else cv2.VideoCapture(str(clip))
    rate = 200.0 if capture is None else float(capture.get(cv2.CAP_PROP_FPS)) or 25.0
    kept: list[np.ndarray] = []
    for image in map(images.read, files.values()) if capture is None else _decode(capture):
        if kept and image.shape != kept[0].shape:
            sizes = f"frame {len(kept) + 1} is {image.shape}, the first {kept[0].shape}"
            raise InputError(f"{clip}: {sizes}; all frames must have one size, and be gray or colour")
        if (len(kept) + 1) * image.nbytes > _MOST_BYTES:
            raise InputError(f"{clip}: more than {_MOST_BYTES // 10**9} GB of pixels; cut the clip into shorter ones")
        kept.append(image)
    if not kept:
        raise InputError(f"{clip}: is no video that can be decoded; convert it, for example into a folder of PNG")
    return np.stack(kept), list(files) or list(range(1, len(kept) + 1)), rate


def _decode(capture: cv2.VideoCapture) -> Iterator[np.ndarray]:
    while True:
        done, image = capture.read()
        if not done:
            return
        yield np.asarray(image, np.uint8)


def _settings(args: argparse.Namespace) -> dict[str, Any]:
    """Return the configuration with what the command line says."""
    settings = defaults.section("occlude", args.config)
    for name in ("seed", "anchor"):
        if getattr(args, name) is not None:
            settings[name] = getattr(args, name)
    return settings


def _check_out(out: Path) -> None:
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise InputError(f"{out}: exists and is not an empty folder; name a new one, or remove it")
    if out.suffix and out.suffix.lower() not in VIDEOS:
        raise InputError(f"{out}: frames go into a folder, whose name has no suffix, or a video: {', '.join(VIDEOS)}")
    out.parent.mkdir(parents=True, exist_ok=True)


def _window(landmarks: np.ndarray, height: int, width: int) -> tuple[slice, slice]:
    """Return rows and columns that hold the face and what it wears in all frames."""
    low, high = landmarks.min(axis=(0, 1)), landmarks.max(axis=(0, 1))
    room = _AROUND * (high - low)
    x0, y0 = np.clip(np.floor(low - room), 0, [width - 1, height - 1]).astype(int).tolist()
    x1, y1 = np.clip(np.ceil(high + room), [x0 + 1, y0 + 1], [width, height]).astype(int).tolist()
    return slice(y0, y1), slice(x0, x1)


def _whole(frames: np.ndarray, window: tuple[slice, slice], worn: Worn) -> Iterator[np.ndarray]:
    for index, layer in enumerate(worn.layers()):
        whole = frames[index].copy()
        whole[window] = worn.composite(index, layer)
        yield whole


def _apex(number: int | None, numbers: list[int]) -> int:
    if number is None:
        return len(numbers) // 2
    if number not in numbers:
        raise InputError(f"--apex {number}: the clip has the frames {numbers[0]} to {numbers[-1]}")
    return numbers.index(number)


def _write_video(frames: Iterator[np.ndarray], out: Path, partial: Path, rate: float) -> None:
    first = next(frames)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as folder:
        path = Path(folder) / f"video{out.suffix.lower()}"  # the container follows from the suffix
        code = cv2.VideoWriter.fourcc(*VIDEOS[out.suffix.lower()])
        odd = first.shape[0] % 2, first.shape[1] % 2  # OpenCV would cut these off
        writer = cv2.VideoWriter(str(path), code, rate, (first.shape[1] + odd[1], first.shape[0] + odd[0]))
        if not writer.isOpened():
            raise InputError(f"{out}: this OpenCV cannot write such videos; name a folder instead")
        for frame in (first, *frames):
            colour = frame if frame.shape[2] == 3 else cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR)
            writer.write(cv2.copyMakeBorder(colour, 0, odd[0], 0, odd[1], cv2.BORDER_REPLICATE))
        writer.release()
        path.replace(partial)


def _facts(worn: Worn, args: argparse.Namespace, found: np.ndarray) -> dict[str, Any]:
    """Return what was done, for a file beside the output."""
    first = worn.layer(0)
    points = worn.anchors.points[0]
    low, high = np.floor(points.min(axis=0)).astype(int), np.ceil(points.max(axis=0)).astype(int)
    shares = zip(truth.UNITS, truth.unit_shares(first, points), strict=True)
    return {
        "clip": str(args.clip),
        "condition": args.condition,
        "occluder": worn.occluder.name,
        "frames": len(worn.frames),
        "frames_without_a_face": [int(number) for number in worn.numbers[~found]],
        "share_of_landmark_box": round(compositing.area_share(first, (*low.tolist(), *high.tolist())), 4),
        "covered_action_units": [unit for unit, share in shares if share >= truth.COVERED],
        **{name: value.tolist() if hasattr(value, "tolist") else value for name, value in worn.facts.items()},
    }
