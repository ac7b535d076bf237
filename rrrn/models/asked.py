"""Which clips a model is asked for: a folder of frames, a video, or a table of many; and their frames."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rrrn.data import clips, separators
from rrrn.data.clips import Clip
from rrrn.occlusion.command import footage
from rrrn.running.stage import InputError
from rrrn.stages import faces

_TIMES = ("onset", "apex", "offset")
_COLUMNS = ("frames", "subject", "clip", *_TIMES)
_IGNORED = {*clips.COLUMNS, clips.DIGEST, *clips.ORIGIN, ""}  # of a clip table, or an index
_RATE = 200.0  # frames per second of folders, as of CASME II and SAMM


@dataclass(frozen=True)
class Asked:
    """A clip: a folder or video ``path``, of a ``subject``, with the frame numbers that are known.

    ``rank`` is its place among the clips of its subject in the table, by name: occluders are dealt out by it.
    """

    path: Path
    subject: str
    clip: str
    onset: int | None = None
    apex: int | None = None
    offset: int | None = None
    rank: int = 0

    @property
    def name(self) -> str:
        """Return what the clip is called."""
        return self.clip if self.subject == self.clip else f"{self.subject}/{self.clip}"


@dataclass(frozen=True)
class Frames:
    """Frames, uint8 (H, W, C) each, with their numbers and their rate per second, and what is odd about them."""

    images: Sequence[NDArray[np.uint8]]
    numbers: list[int]
    rate: float
    remarks: tuple[str, ...] = ()


def one(path: Path, onset: int | None, apex: int | None, offset: int | None) -> Asked:
    """Return a clip by itself: it and its subject are called as the folder or, without its suffix, the video."""
    own = path.resolve()
    name = own.name if path.is_dir() else own.stem
    return Asked(path, name, name, onset, apex, offset)


def table(path: Path) -> list[Asked]:
    """Return the clips of a table, CSV with a header: ``frames`` names the folder or video of each.

    It may have ``subject``, ``clip``, ``onset``, ``apex`` and ``offset``, each empty where it is not known, and the
    further columns of a clip table, which are of no matter. So a clip table is one. Where all six are there, none is
    misspelt, and any further column is ignored. Relative paths start in the working directory. Raises InputError,
    naming file and column or line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            names = [name.strip() for name in reader.fieldnames or []]
            reader.fieldnames = names
            rows = [(reader.line_num, row) for row in reader]
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such table of clips") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); correct its permissions, or copy it") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is no text in UTF-8 ({error}); save the table as CSV in UTF-8") from None
    except csv.Error as error:
        raise InputError(f"{path}: cannot be read as a CSV table ({error}); save it as CSV in UTF-8") from None
    if twice := [name for name in _COLUMNS if names.count(name) > 1]:
        raise InputError(f"{path}: the header has '{twice[0]}' twice; take one out")
    if "frames" not in names:
        mark = separators.other(",".join(names), lambda cell: cell in _COLUMNS)
        has = f"{mark} in place of commas; save it with commas" if mark else ", ".join(names) or "nothing"
        raise InputError(f"{path}: the header lacks 'frames', the folder or video of each clip; it has {has}")
    unknown = [name for name in names if name not in (*_COLUMNS, *_IGNORED)]
    if unknown and not set(_COLUMNS) <= set(names):
        raise InputError(
            f"{path}: unknown column {unknown[0]!r}; known are {', '.join(_COLUMNS)}: rename it, or take it out"
        )
    if not rows:
        raise InputError(f"{path}: the table has no rows")
    found = [_of_row(row, f"{path}, line {line}") for line, row in rows]
    ranks = {
        (asked.subject, asked.clip): rank
        for subject in {asked.subject for asked in found}
        for rank, asked in enumerate(sorted((a for a in found if a.subject == subject), key=lambda a: a.clip))
    }
    return [replace(asked, rank=ranks[asked.subject, asked.clip]) for asked in found]


def _of_row(row: Mapping[str, str | None], where: str) -> Asked:
    if None in row:  # csv's key of what stands behind the last column
        raise InputError(f"{where}: has more cells than the header; a name with a comma needs quotes")
    cells = {key: (value or "").strip() for key, value in row.items()}
    if odd := [name for name in _COLUMNS if "\0" in cells.get(name, "")]:
        raise InputError(
            f"{where}: the cell {odd[0]} is {cells[odd[0]]!r}; take the zero bytes out, or export it again"
        )
    if not cells.get("frames"):
        raise InputError(f"{where}: the cell frames is empty")
    numbers: dict[str, int | None] = {}
    for key in _TIMES:
        text = cells.get(key, "")
        if text and not (text.isascii() and text.isdecimal()):
            raise InputError(f"{where}: {key} {text!r} is not a frame number; empty the cell if it is not known")
        numbers[key] = int(text) if text else None
    bare = one(Path(cells["frames"]), numbers["onset"], numbers["apex"], numbers["offset"])
    clip = cells.get("clip") or bare.clip
    return replace(bare, subject=cells.get("subject") or clip, clip=clip)


def clip_of(asked: Asked, onset: int, apex: int, offset: int) -> Clip:
    """Return the row of a clip table that a clip would have; raises InputError for numbers that are none."""
    if not onset < apex <= offset:
        raise InputError(
            f"{asked.path}: onset {onset}, apex {apex} and offset {offset} are no clip; needed is "
            "onset < apex <= offset"
        )
    return Clip("", asked.subject, asked.clip, onset, apex, offset, "", str(asked.path), "recorded")


def check_order(asked: Asked) -> None:
    """Raise InputError for numbers that are told and cannot be a clip's, whatever the others are."""
    told = [(name, number) for name in _TIMES if (number := getattr(asked, name)) is not None]
    for (first, before), (second, after) in pairwise(told):
        if before > after or (before == after and first == "onset"):
            raise InputError(
                f"{asked.path}: {first} {before} and {second} {after} are no clip; needed is onset < apex <= offset"
            )


def whole(asked: Asked) -> Frames:
    """Return the frames of a clip from its onset to its offset, where they are told, else all that there are.

    Raises InputError as ``footage.read``, and for a single frame.
    """
    found = footage.read(asked.path, asked.onset, asked.offset, reduced=False)
    if len(found.frames) < 2:
        raise InputError(f"{asked.path}: is a single frame, and nothing moves in one; give a clip")
    return Frames(list(found.frames), found.numbers, found.rate, found.remarks)


def between(asked: Asked, clip: Clip, read: Frames | None, max_missing: int) -> Frames:
    """Return the frames of a clip from onset to offset, out of ``read``, or else from disk.

    Of a folder they are read as the stage ``faces`` does: for those that are missing the nearest. Raises InputError for
    numbers that there are no frames of, and as ``faces.read_clip``.
    """
    if read is None and asked.path.is_dir():
        images, numbers, missing = faces.read_clip(clip, max_missing)
        remarks = (f"not on disk, and taken from the nearest: {', '.join(map(str, missing))}",) if missing else ()
        return Frames(images, numbers, _RATE, remarks)
    read = read or whole(replace(asked, onset=clip.onset, offset=clip.offset))
    if lacking := [name for name in _TIMES if getattr(clip, name) not in read.numbers]:
        raise InputError(
            f"{asked.path}: there is no frame {getattr(clip, lacking[0])}, the {lacking[0]}; there are "
            f"{read.numbers[0]} to {read.numbers[-1]}"
        )
    kept = [place for place, number in enumerate(read.numbers) if clip.onset <= number <= clip.offset]
    images, numbers = [read.images[place] for place in kept], [read.numbers[place] for place in kept]
    return Frames(images, numbers, read.rate, read.remarks)
