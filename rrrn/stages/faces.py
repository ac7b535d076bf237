"""Detect, landmark and crop the faces of one subject's clips: clean frames, onset to offset.

One box per clip cuts all of its frames, so that the crop adds no motion of its own (Section III-B; the paper detects
"in each frame", which is the reading ``box: per_frame``).
"""

import argparse
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from rrrn.data import clips, frames, listing, store
from rrrn.data.clips import Clip
from rrrn.face import tracking
from rrrn.face.landmarks import Box
from rrrn.provenance import asked, frames_seen, sources, unchanged
from rrrn.running import stage, typed
from rrrn.running.stage import InputError

OfClip = Literal["onset", "median", "per_frame"]


@dataclass(frozen=True)
class Settings:
    """The section ``faces``."""

    box: OfClip
    upsample: int
    margin: float
    pad: float
    max_gap: int
    max_missing: int
    no_face: tracking.NoFace


@dataclass(frozen=True)
class Faces:
    """The faces of one clip of T frames, cropped.

    frames: uint8 (T, H, W, C), BGR or gray; numbers: int32 (T); landmarks: float32 (T, 68, 2) in crop pixels;
    found: bool (T), False where no face was found and the box is its neighbours'; box: the clip's box in the image;
    face: the same box in the crop.
    """

    frames: NDArray[np.uint8]
    numbers: NDArray[np.int32]
    landmarks: NDArray[np.float32]
    found: NDArray[np.bool_]
    box: Box
    face: Box


def choose_box(boxes: NDArray[np.float64], box: OfClip, margin: float) -> NDArray[np.int64]:
    """Return the box of each frame, int (T, 4): the first one's, the median, or its own, enlarged by ``margin``."""
    chosen = {"onset": boxes[:1], "median": np.median(boxes, axis=0, keepdims=True), "per_frame": boxes}[box]
    centre = (chosen[:, :2] + chosen[:, 2:]) / 2
    half = (chosen[:, 2:] - chosen[:, :2]) / 2 * (1 + margin)
    enlarged = np.rint(np.concatenate([centre - half, centre + half], axis=1)).astype(np.int64)
    return np.broadcast_to(enlarged, boxes.shape)


def crop(
    images: Sequence[NDArray[np.uint8]], boxes: NDArray[np.int64], points: NDArray[np.float32], pad: float
) -> tuple[NDArray[np.uint8], NDArray[np.float32], Box]:
    """Cut every image around its box, with room to rotate, at the size of the first box.

    Returns frames (T, H, W, C), landmarks in crop pixels, and the box in the crop. Where the box moves only whole
    pixels, pixels are copied; where its size changes too, it is resampled. Beyond the image its border is repeated.
    """
    width, height = boxes[0, 2:] - boxes[0, :2]
    room = np.ceil(np.array([width, height]) * (pad - 1) / 2).astype(int)
    size = (int(width + 2 * room[0]), int(height + 2 * room[1]))
    cut = np.empty((len(images), size[1], size[0], images[0].shape[2]), np.uint8)
    moved = np.empty_like(points)
    for t, image in enumerate(images):
        scale = np.array([width, height]) / (boxes[t, 2:] - boxes[t, :2])
        # pixel centres: crop = (image + 0.5 - box corner) * scale + room - 0.5
        shift = (0.5 - boxes[t, :2]) * scale + room - 0.5
        warp = np.array([[scale[0], 0, shift[0]], [0, scale[1], shift[1]]])
        warped = cv2.warpAffine(image, warp, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        cut[t] = warped.reshape(cut[t].shape)
        moved[t] = points[t] * scale + shift
    x, y = int(room[0]), int(room[1])
    return cut, moved, (x, y, x + int(width), y + int(height))


def faces(images: Sequence[NDArray[np.uint8]], numbers: Sequence[int], settings: Settings, where: str) -> Faces:
    """Return the cropped faces and landmarks of one clip's images (each uint8 (H, W, C)); ``where`` names it.

    Of several faces in view it is one in all frames, whatever ``settings.box`` is (see ``tracking.locate``).
    """
    remedy = (
        f"raise faces.upsample, or faces.max_gap (now {settings.max_gap}), or set faces.no_face: full_image for frames "
        "that were cropped beforehand"
    )
    found_boxes, points, found = tracking.locate(
        images, numbers, settings.upsample, settings.max_gap, settings.no_face, where, remedy
    )
    boxes = choose_box(found_boxes, settings.box, settings.margin)
    cut, moved, face = crop(images, boxes, points, settings.pad)
    x0, y0, x1, y1 = (int(value) for value in boxes[0])
    return Faces(cut, np.array(numbers, np.int32), moved, found, (x0, y0, x1, y1), face)


def read_clip(clip: Clip, max_missing: int) -> tuple[list[NDArray[np.uint8]], list[int], list[int]]:
    """Return the images of a clip from onset to offset, their frame numbers, and which of these are not on disk.

    For up to ``max_missing`` frames in a row inside of the clip, the nearest on disk stands in, of two the earlier
    Raises InputError, naming folder and frames, if more are missing, or onset, apex or offset, or if an
    image is unreadable or of another size.
    """
    folder = Path(clip.frames)
    files = listing.listing(folder)
    wanted = range(clip.onset, clip.offset + 1)
    present = np.array([number for number in files if number in wanted])
    far = np.diff(present).max(initial=1) - 1 > max_missing
    if {clip.onset, clip.apex, clip.offset} - files.keys() or far:
        missing = list(islice((number for number in wanted if number not in files), 9))
        raise InputError(
            f"{folder}: clip {clip.subject}/{clip.clip} lacks frame {', '.join(map(str, missing[:8]))}"
            f"{' and more' if len(missing) > 8 else ''} of {clip.onset} to {clip.offset}; the folder holds "
            f"{min(files)} to {max(files)}. Copy the frames again, or correct the row in the clip table"
            + (f", or raise faces.max_missing (now {max_missing})" if far else "")
        )
    missing = [number for number in wanted if number not in files]
    images: list[NDArray[np.uint8]] = []
    for number in wanted:
        path = files[int(present[np.abs(present - number).argmin()])]
        images.append(frames.read(path))
        if images[-1].shape != images[0].shape:
            raise InputError(
                f"{path}: its size {images[-1].shape} is not {images[0].shape}, the clip's first frame's; all frames "
                "must have one size, and all be gray, or all in colour"
            )
    return images, list(wanted), missing


def main(args: argparse.Namespace) -> None:
    cv2.setNumThreads(1)
    settings = typed.section(Settings, args.settings, "faces")
    made = asked.asked(args, args.rendered)
    table = clips.of_subject(made.clips(args.clips), args.subject)
    with store.create(args.output, made.identity) as file:
        if made.other:
            seen = frames_seen.Seen(sources.STATE / "frames")
            made.check_found(f"frames of {args.subject}", seen.fingerprint(frames_seen.stretches(table)))
        for clip in unchanged.with_digests(table, args.rendered):
            images, numbers, missing = read_clip(clip, settings.max_missing)
            unchanged.check(clip)
            result = faces(images, numbers, settings, f"{clip.frames}: clip {clip.subject}/{clip.clip}")
            group = file.create_group(clip.clip)
            for name in ("database", "subject", "clip", "onset", "apex", "offset"):
                group.attrs[name] = getattr(clip, name)
            group.attrs["box"] = np.array(result.box, np.int32)
            group.attrs["face"] = np.array(result.face, np.int32)
            store.put(group, "frames", result.frames, compress=True)
            store.put(group, "numbers", result.numbers)
            store.put(group, "landmarks", result.landmarks)
            store.put(group, "found", result.found)
            logging.info(
                "%s: %d frames, face box %s, %d without a face%s",
                clip.clip,
                len(numbers),
                result.box,
                (~result.found).sum(),
                f", not on disk and taken from the nearest: {missing}" if missing else "",
            )


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("output", type=Path, help="the subject's shard of faces")
    parser.add_argument("--clips", type=Path, required=True, help="clip table")
    parser.add_argument("--subject", required=True)
    parser.add_argument("--rendered", type=Path, nargs="*", default=[], help="the folder that was rendered, if any")
    stage.run(main, parser)
