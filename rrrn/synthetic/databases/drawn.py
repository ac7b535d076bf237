"""A drawn database before it is written: of every clip its row in the sheet, its files, and what an import must read.

The clips themselves come from ``sheet``; ``quirks`` changes what is planned here.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rrrn.data.clips import COLUMNS, ORIGIN, Clip
from rrrn.experiment import seeds
from rrrn.synthetic.databases import tree
from rrrn.synthetic.databases.durations import Range
from rrrn.synthetic.databases.sheet import CLASSES
from rrrn.synthetic.painting import motion
from rrrn.synthetic.painting.presets import Preset

TABLE = "drawn.csv"
_COLUMNS = (*COLUMNS, *ORIGIN)  # an import adds the digest of the frames
_SEPARATORS = {"casme2": "+", "samm": " + "}
_TAIL = (10, 40)  # frames of a whole recording after the offset

Cell = int | str | None


class Unit(NamedTuple):
    """An action unit that a clip shows: its number, the person's stronger side, L or R, and its strength, A to E."""

    au: int
    side: str
    strength: str


@dataclass(frozen=True)
class Row:
    """A row of the annotation as it stands in the sheet."""

    subject: int | str
    clip: str
    onset: Cell
    apex: Cell
    offset: Cell
    aus: Cell
    objective_class: int
    copies: int = 1


@dataclass(frozen=True)
class Reading:
    """What an import must make of a clip's row and files."""

    onset: int
    apex: int
    offset: int
    aus: frozenset[int]
    au_class: str
    apex_source: str = "sheet"
    offset_source: str = "sheet"
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Entry:
    """One clip of a database.

    ``clip`` is what is drawn, with its folder relative to the databases', and ``units`` are its class's action units.
    ``recording`` are the first and last frame that are drawn, ``on_disk`` those that have a file, with their numbers
    padded to ``digits`` where the layout pads.
    """

    clip: Clip
    units: tuple[Unit, ...]
    row: Row
    reading: Reading
    recording: Range
    on_disk: Range
    digits: int = 5


@dataclass(frozen=True)
class Database:
    """A database as it is going to be written.

    ``entries`` are the clips of classes I to V. ``unlisted`` are on disk and in no sheet; ``other_classes`` (VI, VII)
    and ``unclassed`` (which have no class) are rows without files. ``planted`` lists quirks, each with its place.
    """

    layout: str
    entries: tuple[Entry, ...]
    unlisted: tuple[Entry, ...] = ()
    other_classes: tuple[Row, ...] = ()
    unclassed: tuple[Row, ...] = ()
    preamble: bool = True
    blanks_in_headers: bool = False
    older_coding: bool = False
    stray_files: bool = False
    planted: dict[str, str] = field(default_factory=dict)


def plan(layout: str, clips: Iterable[Clip], seed: int, preset: Preset, frames: str) -> Database:
    """Return the database of ``clips`` without a quirk. ``frames`` is one of ``tree.FRAMES``."""
    return Database(layout, tuple(_entry(layout, clip, seed, preset, frames) for clip in clips))


def au_text(layout: str, tokens: Sequence[str]) -> str:
    """Return the cell of a list of action units in the manner of a database: ``4+L10`` or ``4 + L10``."""
    return _SEPARATORS[layout].join(tokens)


def table(databases: Iterable[Database]) -> list[dict[str, str]]:
    """Return the rows that an import must make of the databases, in its order; ``frames`` are relative to theirs."""
    entries = [entry for database in databases for entry in database.entries]
    entries.sort(key=lambda entry: (entry.clip.database, entry.clip.subject, entry.clip.clip))
    return [_table_row(entry) for entry in entries]


def write_table(databases: Iterable[Database], path: Path) -> None:
    """Write ``table`` as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, _COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(table(databases))


def _entry(layout: str, clip: Clip, seed: int, preset: Preset, frames: str) -> Entry:
    if layout == "casme2" and seeds.generator(seed, "film", clip.subject, clip.clip).random() < 0.5:
        clip = replace(clip, clip=f"{clip.clip}f")
    clip = replace(clip, frames=tree.clip_folder(layout, frames, clip.subject, clip.clip), source="rendered")
    recording = clip.onset, clip.offset
    if (layout, frames) == ("casme2", "raw"):
        tail = seeds.generator(seed, "tail", clip.subject, clip.clip).integers(*_TAIL, endpoint=True)
        recording = 1, clip.offset + int(tail)
    units = _units(seed, clip, preset)
    row = Row(
        subject=tree.subject_number(clip.subject),
        clip=clip.clip,
        onset=clip.onset,
        apex=clip.apex,
        offset=clip.offset,
        aus=au_text(layout, [str(unit.au) for unit in units]),
        objective_class=CLASSES.index(clip.objective_class) + 1,
    )
    reading = Reading(
        clip.onset, clip.apex, clip.offset, aus=frozenset(unit.au for unit in units), au_class=clip.objective_class
    )
    return Entry(clip, units, row, reading, recording, on_disk=recording)


def _units(seed: int, clip: Clip, preset: Preset) -> tuple[Unit, ...]:
    apex = np.array([clip.apex], np.int32)
    units = []
    for activation in motion.draw_expression(seed, clip, preset, apex):
        if activation.of_class:
            side = "R" if activation.sides[0] >= activation.sides[1] else "L"  # a person's right is the image's left
            strength = "ABCDE"[min(4, int(4 * activation.intensity[0]))]
            units.append(Unit(int(activation.au), side, strength))
    return tuple(sorted(units))


def _table_row(entry: Entry) -> dict[str, str]:
    clip, reading = entry.clip, entry.reading
    first, last = entry.on_disk
    values = {
        "database": clip.database,
        "subject": clip.subject,
        "clip": clip.clip,
        "onset": reading.onset,
        "apex": reading.apex,
        "offset": reading.offset,
        "objective_class": clip.objective_class,
        "frames": clip.frames,
        "source": clip.source,
        "apex_source": reading.apex_source,
        "offset_source": reading.offset_source,
        "au_raw": entry.row.aus,
        "aus": "+".join(map(str, sorted(reading.aus))),
        "au_class": reading.au_class,
        "n_on_disk": last - first + 1,
        "first": first,
        "last": last,
        "flags": ";".join(sorted(reading.flags)),
    }
    return {name: str(values[name]) for name in _COLUMNS}
