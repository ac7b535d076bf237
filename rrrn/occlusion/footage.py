"""A clip on disk, a folder of numbered images or a video, as frames in memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from rrrn import frames as images
from rrrn import video
from rrrn.listing import listing
from rrrn.occlusion import compositing
from rrrn.stage import InputError

_RATE = 200.0  # of images, frames a second, as in CASME II and SAMM
_MOST_BYTES = 4_000_000_000  # of a clip's pixels; anchoring sees the whole clip at once
_GRAY = 4  # grey levels that the channels of a gray clip may differ by: codecs round colour (MPEG-4 makes 3, VP9 4)


@dataclass(frozen=True)
class Footage:
    """A clip: its name, frames uint8 (T, H, W, C), C 1 or 3 (BGR), their numbers, and frames a second."""

    name: str
    frames: np.ndarray
    numbers: list[int]
    rate: float


def read(clip: Path) -> Footage:
    """Read a folder of numbered images, or a video.

    A clip whose channels agree in all frames is gray and gets one channel. Raises InputError for a clip that is not
    there, not whole, of several sizes, or too large to be held in memory.
    """
    if not clip.exists():
        raise InputError(f"{clip}: there is no such folder of frames and no such video")
    kept: list[np.ndarray] = []
    gray = True
    files = listing(clip) if clip.is_dir() else {}
    found: Iterator[np.ndarray] = map(images.read, files.values()) if files else video.decode(clip)
    for image in found:
        if kept and image.shape != kept[0].shape:
            sizes = f"frame {len(kept) + 1} is {image.shape}, the first {kept[0].shape}"
            raise InputError(f"{clip}: {sizes}; all frames must have one size, and be gray or colour")
        if (len(kept) + 1) * image.nbytes > _MOST_BYTES:
            raise InputError(f"{clip}: more than {_MOST_BYTES // 10**9} GB of pixels; cut the clip into shorter ones")
        gray = gray and _is_gray(image)
        kept.append(image)
    if gray:
        kept = [compositing.to_gray(image)[..., None] for image in kept]
    own = clip.resolve()
    if files:  # the whole name: "ep1.5" has no suffix
        return Footage(own.name, np.stack(kept), list(files), _RATE)
    return Footage(own.stem, np.stack(kept), list(range(1, len(kept) + 1)), video.rate(clip))


def _is_gray(image: np.ndarray) -> bool:
    if image.shape[2] == 1:
        return True
    blue, green, red = cv2.split(image)
    spread = cv2.max(cv2.max(blue, green), red) - cv2.min(cv2.min(blue, green), red)
    return int(spread.max()) <= _GRAY
