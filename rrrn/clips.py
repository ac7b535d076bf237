"""The clip table: every clip of an experiment, one row each (``data/clips.csv``).

Read by the Snakefile in every job, hence the standard library only.
"""

import csv
import hashlib
import io
import itertools
import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rrrn import separators
from rrrn.stage import InputError

COLUMNS = ("database", "subject", "clip", "onset", "apex", "offset", "objective_class", "frames", "source")
MOST_BYTES = {"database": 98, "subject": 200, "clip": 200}  # of a name; a fold of two databases is one file's name
SOURCES = ("recorded", "synthetic", "rendered")
MOST_FRAMES = 2000  # of a clip: ten seconds at 200 a second. Its images are held in memory, 1.8 GB of 640 x 480 pixels

_PERIODIC = re.compile(r"(.+)\1{19}$")  # as in Snakemake's search for recursive rules


@dataclass(frozen=True)
class Clip:
    """One row of the clip table.

    ``onset``, ``apex`` and ``offset`` are frame numbers as in the file names, onset < apex <= offset.
    ``subject`` is unique over all databases (``casme2-sub06``). ``frames`` is the folder of the clip's images,
    relative to the working directory or absolute. ``source`` says what made them: a camera (``recorded``), the rule
    ``render`` of the workflow (``synthetic``), or the renderer beforehand, by ``rrrn synthesize`` (``rendered``).
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


def read(path: Path | str) -> list[Clip]:
    """Return the rows of a clip table in file order.

    Raises InputError, naming file and row, for a missing, empty or contradictory table.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such clip table; set 'clips' in the configuration") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a UTF-8 table ({error})") from None
    if "\0" in text:
        raise InputError(f"{path}: holds NUL bytes; save the clip table as CSV text")
    lines = io.StringIO(text, newline="").readlines()  # splitlines() would cut cells at marks of other scripts
    reader = csv.DictReader(lines, strict=True)
    clips: list[Clip] = []
    ended = 0  # line that the last row ends in
    try:
        reader.fieldnames = _header([name.strip() for name in reader.fieldnames or []], text, path)
        ended = reader.line_num
        for row in reader:
            clips.append(_placed(row, path, _begins(lines, ended), reader.line_num))
            ended = reader.line_num
    except csv.Error as error:
        reason = "a quote is opened and not closed" if "end of data" in str(error) else str(error)
        raise InputError(f"{path}, line {_begins(lines, ended)}: not a CSV row ({reason})") from None
    if not clips:
        raise InputError(f"{path}: the clip table has no rows")
    _check_whole(clips, path)
    return clips


def write(clips: Iterable[Clip], path: Path) -> None:
    """Write a clip table which ``read`` returns unchanged."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: getattr(clip, name) for name in COLUMNS} for clip in clips)


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
    """Return what all spellings of a name in case and composition have in common."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


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
    texts = {name: values[name] for name in ("database", "subject", "clip", "objective_class", "frames", "source")}
    return Clip(onset=onset, apex=apex, offset=offset, **texts)


def _frame_number(text: str, where: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InputError(f"{where} {text!r} is not a frame number")
    return int(text)


def _check_whole(clips: list[Clip], path: Path) -> None:
    seen: set[tuple[str, str]] = set()
    database: dict[str, str] = {}
    source: dict[str, str] = {}
    spelled: dict[tuple[str, str], str] = {}
    for clip in clips:
        key = (clip.subject, clip.clip)
        if key in seen:
            raise InputError(f"{path}: clip {clip.subject}/{clip.clip} stands twice")
        seen.add(key)
        for kind, name in (
            ("database", clip.database),
            ("subject", clip.subject),
            (f"clip of {clip.subject}", clip.clip),
        ):
            other = spelled.setdefault((kind, folded(name)), name)
            if other != name:
                raise InputError(
                    f"{path}: the {kind} is called {other!r} and {name!r}, which differ in case or in the encoding of "
                    "accents only and are one file on some systems; write it one way, or rename one"
                )
        if database.setdefault(clip.subject, clip.database) != clip.database:
            raise InputError(
                f"{path}: subject {clip.subject} stands in {database[clip.subject]} and in {clip.database}; "
                "name subjects apart, for example casme2-sub06 and samm-006"
            )
        other = source.setdefault(clip.subject, clip.source)
        if (other == "synthetic") != (clip.source == "synthetic"):
            raise InputError(
                f"{path}: subject {clip.subject} has {other} and {clip.source} clips; the workflow draws all clips of "
                "a subject or none: call the drawn ones another subject's, or correct the column source"
            )
