"""The spreadsheets of a drawn database, in the form of the real ones: file names, headers, preamble, blank columns."""

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from rrrn.synthetic.databases.drawn import Cell, Database, Row
from rrrn.synthetic.databases.tree import ROOTS

CODING, OLDER_CODING = "CASME2-coding-20190701.xlsx", "CASME2-coding-20140508.xlsx"
OBJECTIVE_CLASSES = "CASME2-ObjectiveClasses.xlsx"
SAMM_CODES = "SAMM_Micro_FACS_Codes_v2.xlsx"
SHEET = "Sheet1"

_CODING_HEADER = (
    "Subject", "Filename", None, "OnsetFrame", "ApexFrame", "OffsetFrame", None, "Action Units", "Estimated Emotion",
)  # fmt: skip
_CLASSES_HEADER = ("Subject", "Filename", "Objective Class")
_SAMM_HEADER = (
    "Subject", "Filename", "Inducement Code", "Onset Frame", "Apex Frame", "Offset Frame", "Duration", "Micro",
    "Action Units", "Estimated Emotion", "Objective Classes", "Notes",
)  # fmt: skip
_PREAMBLE = (
    "Drawn faces in the form of SAMM's sheet of micro-movements. No person was recorded.",
    None,
    "Frames are counted from the start of a recording at 200 frames per second.",
    "Onset: the first frame in which the face moves.",
    "Apex: the frame of the strongest expression.",
    "Offset: the last frame before the face is at rest again.",
    "Duration: number of frames from onset to offset.",
    "L and R: action units of one side of the person's face.",
    "A to E: intensity of an action unit.",
    "Objective classes: 1 to 7, by action units alone.",
    None,
    "Emotions are those that the objective classes are named after.",
    None,
)
# Named after the emotions that Davison et al. (2018) relate the classes to.
_EMOTIONS = ("Happiness", "Surprise", "Anger", "Disgust", "Sadness", "Fear", "Other")
_ERRATA = 3  # frames by which the older coding is wrong
_EPOCH = (1980, 1, 1, 0, 0, 0)  # of zip files: no clock, no difference

Cells = Sequence[Cell]


def write(database: Database, out: Path) -> None:
    """Write the workbooks of a database into its folder, which exists, below ``out``."""
    folder = out / ROOTS[database.layout]
    for name, rows in _workbooks(database).items():
        (folder / name).write_bytes(_workbook(rows))


def _workbooks(database: Database) -> dict[str, list[Cells]]:
    rows = [row for entry in database.entries for row in [entry.row] * entry.row.copies]
    rows = _sorted([*rows, *database.other_classes])
    if database.layout == "samm":
        preamble: list[Cells] = [[text] for text in _PREAMBLE] if database.preamble else []
        return {SAMM_CODES: [*preamble, _header(database, _SAMM_HEADER), *map(_samm_cells, rows)]}
    coded = _sorted([*rows, *database.unclassed])
    header = _header(database, _CODING_HEADER)
    codings = {CODING if database.older_coding else OLDER_CODING: [header, *map(_coding_cells, coded)]}
    if database.older_coding:
        codings[OLDER_CODING] = [header, *(_coding_cells(_mistaken(row)) for row in coded)]
    unique = _sorted([*(entry.row for entry in database.entries), *database.other_classes])
    classes = [[row.subject, row.clip, row.objective_class] for row in unique]
    return {**codings, OBJECTIVE_CLASSES: [_header(database, _CLASSES_HEADER), *classes]}


def _sorted(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (int(row.subject), row.clip))


def _header(database: Database, names: Cells) -> Cells:
    if not database.blanks_in_headers:
        return names
    pads = (" {}", "{} ", "{}", "  {} ")
    return [name and pads[i % len(pads)].format(name) for i, name in enumerate(names)]


def _coding_cells(row: Row) -> Cells:
    emotion = _EMOTIONS[row.objective_class - 1].lower()
    return [row.subject, row.clip, None, row.onset, row.apex, row.offset, None, row.aus, emotion]


def _samm_cells(row: Row) -> Cells:
    stimulus = int(row.clip.split("_")[1])
    duration = row.offset - row.onset + 1 if isinstance(row.offset, int) and isinstance(row.onset, int) else None
    emotion = _EMOTIONS[row.objective_class - 1]
    return [
        row.subject, row.clip, stimulus, row.onset, row.apex, row.offset, duration, "Micro", row.aus, emotion,
        row.objective_class, None,
    ]  # fmt: skip


def _mistaken(row: Row) -> Row:
    def late(cell: Cell) -> Cell:
        return cell + _ERRATA if isinstance(cell, int) else cell

    return replace(row, onset=late(row.onset), apex=late(row.apex), offset=late(row.offset))


def _workbook(rows: Iterable[Cells]) -> bytes:
    """Return an .xlsx file with one sheet. Equal rows give equal bytes."""
    import openpyxl

    workbook = openpyxl.Workbook()
    sheet = workbook.create_sheet(SHEET, 0)
    workbook.remove(workbook.worksheets[1])
    for row in rows:
        sheet.append(list(row))
    written = io.BytesIO()
    workbook.save(written)
    return _without_clock(written)


def _without_clock(written: io.BytesIO) -> bytes:
    """Return a workbook without the times at which it and its parts were written."""
    timeless = io.BytesIO()
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(timeless, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "docProps/core.xml":
                data = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"1980-01-01T00:00:00Z", data)
            target.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)
    return timeless.getvalue()
