"""Videos frame by frame: decoded whole or not at all, and encoded."""

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import cv2
import numpy as np

from rrrn import container, frames
from rrrn.stage import InputError

ENCODERS = {".mp4": "mp4v", ".mov": "mp4v", ".mkv": "FFV1", ".avi": "FFV1"}
OTHERS = (".3gp", ".flv", ".gif", ".m2ts", ".m4v", ".mpeg", ".mpg", ".mts", ".ogv", ".ts", ".webm", ".wmv")
_COUNTED = (".avi", ".m4v", ".mov", ".mp4")  # containers with an index; in others OpenCV guesses from duration and rate
_USUAL_RATE = 25.0


def rate(path: Path) -> float:
    """Return the frames a second that a video tells, 25 if none."""
    told = float(cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FPS))
    return told if 0 < told < float("inf") else _USUAL_RATE


def decode(path: Path) -> Iterator[np.ndarray]:
    """Yield the frames of a video, uint8 (H, W, 3) BGR.

    Raises InputError, after the last that can be read, if there is none, or less than the file says: where it is
    shorter than it must be by its own headers, or where its container counts frames and one is missing.
    """
    capture = _opened(path)
    count, read = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0
    while True:
        done, image = capture.read()
        if not done:
            break
        read += 1
        yield np.asarray(image, np.uint8)
    size, wanted = path.stat().st_size, container.announced(path)
    found = f"{read} of {count} frames can be read" if count >= max(read, 1) else f"{read} frames can be read"
    if wanted is not None and size < wanted:
        raise InputError(f"{path}: is cut short, {size} of at least {wanted} bytes are there; {found}. Copy it again")
    if read == 0:
        raise InputError(f"{path}: is no video that can be decoded; convert it, for example into a folder of PNG")
    if path.suffix.lower() in _COUNTED and read < count:
        raise InputError(f"{path}: {found}; copy it again, or convert what is there into a folder of PNG")


def _opened(path: Path) -> cv2.VideoCapture:
    """Open a video by FFmpeg. Raises InputError for another file, which might send it to others, or a giant's size."""
    if path.suffix.lower() not in (*ENCODERS, *OTHERS) or not path.is_file():
        known = " ".join(sorted((*ENCODERS, *OTHERS)))
        raise InputError(f"{path}: is no video by its name; name a folder of frames, or a file with one of {known}")
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    width, height = (capture.get(side) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
    if width * height > frames.MAX_PIXELS:
        raise InputError(f"{path}: claims {width:.0f}x{height:.0f} pixels, more than any camera here; replace the file")
    return capture


def encode(images: Iterable[np.ndarray], path: Path, rate: float) -> bool:
    """Write images, uint8 (H, W, C) with C 1 or 3 (BGR), as the video that the suffix of ``path`` asks for.

    Returns False, and writes nothing, if this OpenCV cannot. Videos have even sides: odd ones get one pixel more.
    """
    images = iter(images)
    first = next(images)
    odd = first.shape[0] % 2, first.shape[1] % 2  # OpenCV would cut these off
    code = cv2.VideoWriter.fourcc(*ENCODERS[path.suffix.lower()])
    writer = cv2.VideoWriter(str(path), code, rate, (first.shape[1] + odd[1], first.shape[0] + odd[0]))
    if not writer.isOpened():
        return False
    for frame in chain([first], images):
        colour = frame if frame.shape[2] == 3 else cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR)
        writer.write(cv2.copyMakeBorder(colour, 0, odd[0], 0, odd[1], cv2.BORDER_REPLICATE))
    writer.release()
    return True
