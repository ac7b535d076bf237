"""The clip table: every clip of an experiment, one row each (``data/clips.csv``).

Read by the Snakefile in every job, hence the standard library only.
"""

import csv
import hashlib
import io
import itertools
import json
import os
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rrrn.data import separators
from rrrn.running.stage import InputError

COLUMNS = ("database", "subject", "clip", "onset", "apex", "offset", "objective_class", "frames", "source")
DIGEST = "frames_digest"  # a column that may be left out
# what an import adds: where its values come from
ORIGIN = ("apex_source", "offset_source", "au_raw", "aus", "au_class", "n_on_disk", "first", "last", "flags")
MOST_BYTES = {"database": 98, "subject": 200, "clip": 200}  # of a name; a fold of two databases is one file's name
SOURCES = ("recorded", "synthetic", "rendered")
ALIKE = (
    "which differ in case, in leading zeros or in the encoding of accents only; write it one way if it is one, or "
    "rename one"
)
MOST_FRAMES = 2000  # of a clip: ten seconds at 200 per second. Its images are in memory, 1.8 GB of 640 x 480 pixels

_REMEDY = "remove a row, or correct its folder, its frame numbers or its names"
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_OF_FRAMES = re.compile(r"blake2b-[0-9a-f]{32}")
_PERIODIC = re.compile(r"(.+)\1{19}$")  # as in Snakemake's search for recursive rules


@dataclass(frozen=True)
class Clip:
    """One row of the clip table.

    ``onset``, ``apex`` and ``offset`` are frame numbers as in the file names, onset < apex <= offset.
    ``subject`` is unique over all databases (``casme2-sub06``). ``frames`` is the folder of the clip's images,
    relative to the working directory or absolute. ``source`` says what made them: a camera (``recorded``), the rule
    ``render`` of the workflow (``synthetic``), or the renderer beforehand, by ``rrrn synthesize`` (``rendered``).
    ``frames_digest`` is what ``listing.digest`` gave for its frames when they were imported, or empty.
    """

    database: str
    subject: str
    clip: str
    onset: int
    apex: int
    offset: int
    objective_class: str
    frames: str
    source: str
    frames_digest: str = ""


def read(path: Path | str) -> list[Clip]:
    """Return the rows of a clip table by database, subject and clip: their order in the file is of no matter.

    Raises InputError, naming file and rows, for a missing, empty or contradictory table.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such clip table; set 'clips' in the configuration") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a UTF-8 table ({error}); save it as CSV in UTF-8") from None
    if "\0" in text:
        raise InputError(f"{path}: holds NUL bytes; save the clip table as CSV text")
    text_lines = io.StringIO(text, newline="").readlines()  # splitlines() would cut cells at marks of other scripts
    reader = csv.DictReader(text_lines, strict=True)
    clips: list[Clip] = []
    lines: list[int] = []
    ended = 0  # line that the last row ends in
    try:
        reader.fieldnames = _header([name.strip() for name in reader.fieldnames or []], text, path)
        ended = reader.line_num
        for row in reader:
            clips.append(_placed(row, path, _begins(text_lines, ended), reader.line_num))
            lines.append(reader.line_num)
            ended = reader.line_num
    except csv.Error as error:
        reason = "a quote is opened and not closed" if "end of data" in str(error) else str(error)
        raise InputError(f"{path}, line {_begins(text_lines, ended)}: not a CSV row ({reason})") from None
    if not clips:
        raise InputError(f"{path}: the clip table has no rows")
    if found := _contradiction(clips) or overlap(clips) or copies(clips):
        one, two, why = found
        raise InputError(f"{path}, lines {lines[one]} and {lines[two]}: {why}")
    return sorted(clips, key=lambda clip: (clip.database, clip.subject, clip.clip))


def write(clips: Sequence[Clip], path: Path) -> None:
    """Write a clip table of which ``read`` returns the rows; with the digests of frames if there are any."""
    columns = (*COLUMNS, DIGEST) if any(clip.frames_digest for clip in clips) else COLUMNS
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: getattr(clip, name) for name in columns} for clip in clips)


def objection(name: str, most_bytes: int = MOST_BYTES["clip"]) -> str:
    """Return why a database, subject or clip cannot be called so, for a message; nothing if it can.

    The names become files, wildcards of Snakemake and items of lists; the longest file name has 255 bytes, some of
    which stages need for suffixes.
    """
    bad = sorted({character for character in name if character in "/,{}" or not character.isprintable()})
    if not name:
        return "is empty"
    if bad:
        return f"holds {' '.join(map(ascii, bad))}; leave out slashes, commas, braces and control characters"
    if name[0] in ".-":
        return f"begins with {name[0]!r}; put a letter or digit in front"
    if name != name.strip():
        return "begins or ends with a blank; remove it"
    if len(name.encode()) > most_bytes:
        return f"has {len(name.encode())} bytes; shorten it to {most_bytes}"
    if _PERIODIC.search(name):
        return "ends in the same characters 20 times, which Snakemake takes for a mistake; shorten it"
    return ""


def folded(name: str) -> str:
    """Return what all spellings of a name have in common, in case, composition and leading zeros of its numbers.

    On some systems they are one file, and people who type spreadsheets mean one thing by them. Zeros after the point
    of a decimal number lead nothing: 1.05 is not 1.5, but 01.5 is. What more points part, as in dates, are whole
    numbers.
    """
    return _NUMBER.sub(_shortest, unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()))


def _shortest(number: re.Match[str]) -> str:
    whole, *rest = number[0].split(".")
    return ".".join([_without_zeros(whole), *(rest if len(rest) == 1 else map(_without_zeros, rest))])


def _without_zeros(digits: str) -> str:
    return digits.lstrip("0") or "0"


def overlap(table: Sequence[Clip]) -> tuple[int, int, str] | None:
    """Return two rows that show the same frames though they cannot, as indices, and why; None if there are none.

    Folders are compared after following links. No two subjects share a frame. Clips of one subject may, as two
    movements at a time do in long recordings; but no frame is of two classes, unless one clip ends on it and the next
    begins, and no clip stands under two names.
    """
    folders: dict[str, list[int]] = {}
    for index, clip in enumerate(table):
        folders.setdefault(os.path.realpath(clip.frames), []).append(index)
    for folder, indices in folders.items():
        going_on: list[int] = []
        for index in sorted(indices, key=lambda index: (table[index].onset, index)):
            clip = table[index]
            going_on = [other for other in going_on if table[other].offset >= clip.onset]
            for other in going_on:
                if kind := _clash(table[other], clip):
                    one, two = sorted((other, index))
                    names = " and ".join(f"{table[i].subject}/{table[i].clip}" for i in (one, two))
                    shared = f"{clip.onset} to {min(clip.offset, table[other].offset)}"
                    return one, two, f"{names} are {kind}, and both show the frames {shared} of {folder}; {_REMEDY}"
            going_on.append(index)
    return None


def _clash(earlier: Clip, later: Clip) -> str:
    """Return what two clips of one folder cannot be, of which the later begins before the earlier ends."""
    if earlier.subject != later.subject:
        return "two subjects"
    if earlier.objective_class != later.objective_class and later.onset < earlier.offset:
        return "two classes"
    if (earlier.onset, earlier.offset) == (later.onset, later.offset):
        return "one clip with two names"
    return ""


def copies(table: Sequence[Clip]) -> tuple[int, int, str] | None:
    """Return two rows of one recording that lies in two folders, as indices, and why; None if there are none.

    Told by the digests of an import, of frame numbers and bytes: rows without one are left out. A copy under another
    subject would be trained on and tested, one of the same subject and class would count twice.
    """
    first: dict[str, int] = {}
    for index, clip in enumerate(table):
        if not clip.frames_digest:
            continue
        other = first.setdefault(clip.frames_digest, index)
        if other != index:
            names = f"{table[other].subject}/{table[other].clip} and {clip.subject}/{clip.clip}"
            why = f"{names} are {_unlike(table[other], clip)}, and both have the same frames, byte by byte ({DIGEST})"
            return other, index, f"{why}: one is a copy; {_REMEDY}, and import again"
    return None


def _unlike(one: Clip, two: Clip) -> str:
    """Return what two clips with the same frames cannot be."""
    if one.subject != two.subject:
        return "two subjects"
    return "two classes" if one.objective_class != two.objective_class else "one clip with two names"


def of_subject(clips: Iterable[Clip], subject: str) -> list[Clip]:
    """Return the clips of one subject in table order."""
    return [clip for clip in clips if clip.subject == subject]


def digest(clips: Iterable[Clip], *columns: str) -> str:
    """Return 12 hexadecimal digits for the named columns: what a rule depends on of the table."""
    rows = [[getattr(clip, name) for name in columns] for clip in clips]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:12]


def _header(names: list[str], text: str, path: Path) -> list[str]:
    """Return the names of a header, or raise InputError that says what is wrong with it."""
    if missing := [name for name in COLUMNS if name not in names]:
        if mark := separators.other(text.partition("\n")[0], COLUMNS.__contains__):
            raise InputError(f"{path}: the columns are separated by {mark}; save the clip table with commas")
        raise InputError(f"{path}: the header lacks {', '.join(missing)}; it must name {', '.join(COLUMNS)}")
    if doubled := [name for name in COLUMNS if names.count(name) > 1]:
        raise InputError(f"{path}: the header names {doubled[0]} twice; remove one of the columns")
    return names


def _begins(lines: list[str], ended: int) -> int:
    """Return the line that a row begins in, after a row that ended in line ``ended``: blank ones are between."""
    blank = itertools.takewhile(lambda line: not line.strip("\r\n"), lines[ended:])
    return ended + 1 + len(list(blank))


def _placed(row: dict[str, str | None], path: Path, first: int, last: int) -> Clip:
    """Return the clip of a row in the lines from ``first`` to ``last``, of which a quote can make several."""
    try:
        return _clip(row, f"{path}, line {first}")
    except InputError as error:
        if first == last:
            raise
        raise InputError(f"{error} (a quote makes one row of the lines {first} to {last})") from None


def _clip(row: dict[str, str | None], where: str) -> Clip:
    values = {name: (row.get(name) or "").strip() for name in COLUMNS}
    if row.get(None):  # type: ignore[call-overload]  # csv puts surplus cells under the key None
        raise InputError(f"{where}: more cells than the header has columns")
    for name in COLUMNS:
        if not values[name]:
            raise InputError(f"{where}: the cell {name} is empty")
    for name, most_bytes in MOST_BYTES.items():
        if reason := objection(values[name], most_bytes):
            raise InputError(f"{where}: {name} {values[name]!r} cannot name a file: it {reason}")
    numbers = {name: _frame_number(values[name], f"{where}: {name}") for name in ("onset", "apex", "offset")}
    onset, apex, offset = numbers["onset"], numbers["apex"], numbers["offset"]
    if not onset < apex <= offset:
        raise InputError(
            f"{where}: clip {values['subject']}/{values['clip']} has apex {apex} outside of its clip "
            f"(onset {onset}, offset {offset}); needed is onset < apex <= offset"
        )
    if (count := offset - onset + 1) > MOST_FRAMES:
        raise InputError(
            f"{where}: clip {values['subject']}/{values['clip']} has {count} frames (onset {onset}, offset {offset}), "
            f"and {MOST_FRAMES} at most can be read; correct the numbers, or cut the clip around its expression"
        )
    if values["source"] not in SOURCES:
        raise InputError(f"{where}: source {values['source']!r} is neither of {', '.join(SOURCES)}")
    digest = (row.get(DIGEST) or "").strip()
    if digest and not _OF_FRAMES.fullmatch(digest):
        raise InputError(f"{where}: {DIGEST} {digest!r} is none that an import wrote; import again, or empty the cell")
    texts = {name: values[name] for name in ("database", "subject", "clip", "objective_class", "frames", "source")}
    return Clip(onset=onset, apex=apex, offset=offset, frames_digest=digest, **texts)


def _frame_number(text: str, where: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InputError(f"{where} {text!r} is not a frame number")
    return int(text)


def _contradiction(table: Sequence[Clip]) -> tuple[int, int, str] | None:
    """Return two rows whose names contradict each other, as indices, and why; None if there are none."""
    clips: dict[tuple[str, str], int] = {}
    subjects: dict[str, int] = {}
    sources: dict[str, int] = {}
    spelled: dict[tuple[str, str], tuple[int, str]] = {}
    for index, clip in enumerate(table):
        other = clips.setdefault((clip.subject, clip.clip), index)
        if other != index:
            return other, index, f"clip {clip.subject}/{clip.clip} stands twice; remove one row"
        for kind, name in (
            ("database", clip.database),
            ("subject", clip.subject),
            (f"clip of {clip.subject}", clip.clip),
            ("class", clip.objective_class),
        ):
            other, called = spelled.setdefault((kind, folded(name)), (index, name))
            if called != name:
                return other, index, f"the {kind} is called {called!r} and {name!r}, {ALIKE}"
        other = subjects.setdefault(clip.subject, index)
        if table[other].database != clip.database:
            return (
                other,
                index,
                (
                    f"subject {clip.subject} stands in {table[other].database} and in {clip.database}; "
                    "name subjects apart, for example casme2-sub06 and samm-006"
                ),
            )
        other = sources.setdefault(clip.subject, index)
        if (table[other].source == "synthetic") != (clip.source == "synthetic"):
            return (
                other,
                index,
                (
                    f"subject {clip.subject} has {table[other].source} and {clip.source} clips; the workflow draws all "
                    "clips of a subject or none: call the drawn ones another subject's, or correct the column source"
                ),
            )
    return None
