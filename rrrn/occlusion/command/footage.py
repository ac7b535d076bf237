"""A clip on disk, a folder of numbered images or a video, as frames in memory."""

import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rrrn.data import frames as images
from rrrn.data.listing import listing
from rrrn.data.video.decode import Video
from rrrn.occlusion.gray import in_one_channel, is_gray
from rrrn.running.stage import InputError

_RATE = 200.0  # of images, frames per second, as in CASME II and SAMM
_MOST_BYTES = 4_000_000_000  # of a clip's pixels; anchoring sees the whole clip at once
_NAMED = 8  # frames in a remark


@dataclass(frozen=True)
class Footage:
    """A clip: its name, frames uint8 (T, H, W, C), C 1 or 3 (BGR), their numbers, and frames per second.

    ``deinterlaced`` of its frames were interlaced; ``remarks`` are what else its user should know.
    """

    name: str
    frames: np.ndarray
    numbers: list[int]
    rate: float
    deinterlaced: int = 0
    remarks: tuple[str, ...] = ()


def read(clip: Path, onset: int | None = None, offset: int | None = None, reduced: bool = True) -> Footage:
    """Read a folder of numbered images, or a video, from the frame ``onset`` to ``offset`` (None: from first to last).

    These are numbers as in file names; a video's frames count from 1. If ``reduced``, a clip whose channels agree in
    all frames is gray and gets one channel. Frames that are equal to the one before, bit by bit, are remarked on.
    Raises InputError for a clip that is not there, not whole, of several sizes, too large to be held in memory, or
    without one of the frames told, and for a video all of whose frames, if there are more than two, are equal.
    """
    if not clip.exists():
        raise InputError(f"{clip}: there is no such folder of frames and no such video")
    if onset is not None and offset is not None and onset > offset:
        raise InputError(f"{clip}: the onset {onset} lies behind the offset {offset}; exchange or correct them")
    kept: list[np.ndarray] = []
    numbers: list[int] = []
    equal: list[int] = []
    gray = reduced
    wanted = range(onset or 0, sys.maxsize if offset is None else offset + 1)
    files = listing(clip) if clip.is_dir() else {}
    film = None if files else Video(clip)
    if film is None:
        _check_there(clip, files, onset, offset)
    seen = 0  # frames of a video: all are decoded, since only its end tells whether it is whole
    for number, image in enumerate(film, 1) if film else _images(files, wanted):
        seen = number
        if number not in wanted:
            continue
        if kept and image.shape != kept[0].shape:
            sizes = f"frame {number} is {_form(image)}, the first {_form(kept[0])}"
            raise InputError(f"{clip}: {sizes}; all frames must have one size, and all be gray, or all in colour")
        if (len(kept) + 1) * image.nbytes > _MOST_BYTES:
            raise InputError(f"{clip}: more than {_MOST_BYTES // 10**9} GB of pixels; cut the clip into shorter ones")
        if kept and np.array_equal(image, kept[-1]):
            equal.append(number)
        gray = gray and is_gray(image)
        kept.append(image)
        numbers.append(number)
    if film:
        _check_there(clip, range(1, seen + 1), onset, offset)
    if film and len(equal) == len(kept) - 1 > 1:
        raise InputError(
            f"{clip}: all {len(kept)} frames are equal, bit by bit, which a camera's never are; look whether the video "
            "plays. A still is given as a folder of images"
        )
    if gray:
        kept = in_one_channel(kept)
    remarks = _repeated(equal, len(kept))
    own = clip.resolve()
    if film is None:  # the whole name: "ep1.5" has no suffix
        return Footage(own.name, np.stack(kept), numbers, _RATE, 0, remarks)
    return Footage(own.stem, np.stack(kept), numbers, film.rate, film.deinterlaced, (*film.remarks, *remarks))


def _form(image: np.ndarray) -> str:
    return f"{image.shape[1]} x {image.shape[0]} pixels {'in colour' if image.shape[2] > 1 else 'in gray'}"


def _images(files: Mapping[int, Path], wanted: range) -> Iterator[tuple[int, np.ndarray]]:
    return ((number, images.read(path)) for number, path in files.items() if number in wanted)


def _check_there(clip: Path, numbers: Collection[int], onset: int | None, offset: int | None) -> None:
    for name, number in (("onset", onset), ("offset", offset)):
        if number is not None and number not in numbers:
            held = f"{min(numbers)} to {max(numbers)}"
            raise InputError(f"{clip}: there is no frame {number}, the {name}; the clip's frames are {held}")


def _repeated(equal: list[int], count: int) -> tuple[str, ...]:
    if not equal:
        return ()
    named = ", ".join(map(str, equal[:_NAMED])) + (f" and {len(equal) - _NAMED} more" if equal[_NAMED:] else "")
    return (
        f"{len(equal)} of {count} frames are equal to the one before, bit by bit ({named}), which a camera's never "
        "are: repeated to reach another rate, or a paused recording; nothing moves between them",
    )
