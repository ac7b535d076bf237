"""Spreadsheets as rows of named cells, whatever stands above, beside or between them.

Reads .xlsx, .xls and .csv. Columns are addressed by ``cells.header`` of their names, never by position.
"""

import codecs
import csv
import io
import os
import zipfile
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rrrn.data import separators
from rrrn.importing import cells
from rrrn.running.stage import InputError

SUFFIXES = (".xlsx", ".xls", ".csv")
_SEARCHED_ROWS = 60  # for the header; SAMM's stands in row 14
_MOST_ROWS, _MOST_COLUMNS = 100_000, 200
_MOST_BYTES = 200_000_000  # unpacked; a workbook that claims more is not an annotation


@dataclass(frozen=True)
class Sheet:
    """A sheet's cells, row by row, and where they stand (``file, sheet name``)."""

    path: Path
    where: str
    rows: list[Sequence[object]]


@dataclass(frozen=True)
class Row:
    """One row below a header: where it stands (``file, sheet, row``), and its cells by ``cells.header`` names."""

    where: str
    cells: dict[str, object]

    def cell(self, column: Collection[str]) -> object:
        """Return the cell of the column that has one of the names; None if there is none."""
        return next((self.cells[name] for name in self.cells if name in column), None)

    def text(self, column: Collection[str]) -> str:
        """Return ``cell`` as text."""
        return cells.text(self.cell(column))


@dataclass(frozen=True)
class Table:
    """The rows below a header, and the names of all columns."""

    path: Path
    where: str
    columns: frozenset[str]
    rows: list[Row]


def read(path: Path) -> list[Sheet]:
    """Return all sheets of a workbook, or the one of a CSV file.

    Raises InputError, naming the file, for one that is missing, of another kind, or cannot be read whole.
    """
    if not path.is_file():
        raise InputError(f"{path}: there is no such spreadsheet")
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path}: a spreadsheet is one of {', '.join(SUFFIXES)}; save it as such")
    if path.stat().st_size > _MOST_BYTES:
        raise InputError(_too_large(path))
    readers = {".xlsx": _read_xlsx, ".xls": _read_xls, ".csv": _read_csv}
    try:
        sheets = readers[path.suffix.lower()](path)
    except InputError:
        raise
    except Exception as error:  # the libraries let many kinds through for a damaged file
        raise InputError(
            f"{path}: cannot be read as a spreadsheet ({type(error).__name__}: {error}); "
            "copy it again, or open it and save it as .xlsx"
        ) from None
    left = _MOST_ROWS
    for sheet in sheets:
        left -= len(sheet.rows)
        if left < 0:
            raise InputError(
                f"{sheet.where}: the file has more than {_MOST_ROWS} rows; remove those that are not clips"
            )
    return sheets


def table(sheet: Sheet, required: Iterable[frozenset[str]]) -> Table | None:
    """Return the rows below the first header that has one name of each set in ``required``; None without such a row.

    Blank rows are left out. Raises InputError for a required column that stands twice.
    """
    for index, row in enumerate(sheet.rows[:_SEARCHED_ROWS]):
        names = [cells.header(cell) for cell in row]
        found = set(names)
        if not all(found & alternatives for alternatives in required):
            continue
        for alternatives in required:
            if sum(name in alternatives for name in names) > 1:
                twice = [cells.text(cell) for cell, name in zip(row, names, strict=True) if name in alternatives]
                raise InputError(
                    f"{sheet.where}, row {index + 1}: the columns {' and '.join(map(repr, twice))} mean the same; "
                    "remove or rename one"
                )
        columns = {name: i for i, name in reversed(list(enumerate(names))) if name}
        rows = [
            Row(f"{sheet.where}, row {number}", {name: _at(below, i) for name, i in columns.items()})
            for number, below in enumerate(sheet.rows[index + 1 :], index + 2)
            if any(cells.text(cell) for cell in below)
        ]
        return Table(sheet.path, sheet.where, frozenset(columns), rows)
    return None


def lacking(found: Sequence[Sheet], required: Collection[frozenset[str]]) -> str:
    """Return why no row of some sheets, one at least, is a header with one name of each set in ``required``.

    That is the row which comes nearest and the columns that it lacks, or what separates the columns instead of commas.
    """
    heads = [(sheet, index, row) for sheet in found for index, row in enumerate(sheet.rows[:_SEARCHED_ROWS], 1)]
    known = frozenset().union(*required)

    def missing(row: Sequence[object]) -> list[str]:
        names = {cells.header(cell) for cell in row}
        return [min(alternatives) for alternatives in required if not names & alternatives]

    if heads:
        sheet, index, row = min(heads, key=lambda head: len(missing(head[2])))
        lacks = missing(row)
        if len(lacks) < len(required):
            columns = "columns" if len(lacks) > 1 else "column"
            return f"{sheet.where}, row {index}: the header lacks the {columns} {', '.join(lacks)}"
    for sheet, index, row in heads:
        line = ",".join(map(cells.text, row))
        if mark := separators.other(line, lambda cell: cells.header(cell) in known):
            return f"{sheet.where}, row {index}: the columns are separated by {mark}; save the table with commas"
    names = ", ".join(sorted(map(min, required)))
    return f"{found[0].where}: no row is a header; it must name {names}"


def _at(row: Sequence[object], index: int) -> object:
    return row[index] if index < len(row) else None


def _read_xlsx(path: Path) -> list[Sheet]:
    import openpyxl

    with zipfile.ZipFile(path) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES:
            raise InputError(_too_large(path))
    workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
    found, left = [], _MOST_ROWS
    try:
        for sheet in workbook.worksheets:
            rows: list[Sequence[object]] = list(
                sheet.iter_rows(max_row=left + 1, max_col=_MOST_COLUMNS, values_only=True)
            )
            found.append(Sheet(path, f"{path}, sheet {sheet.title}", rows))
            left -= len(rows)
            if left < 0:
                break  # ``read`` refuses the file
    finally:
        workbook.close()
    return found


def _read_xls(path: Path) -> list[Sheet]:
    import xlrd

    def value(cell: xlrd.sheet.Cell) -> object:
        """What the cell shows; xlrd gives errors such as #DIV/0!, and booleans, as integers."""
        if cell.ctype == xlrd.XL_CELL_ERROR:
            return xlrd.error_text_from_code.get(cell.value, "#ERROR!")
        return bool(cell.value) if cell.ctype == xlrd.XL_CELL_BOOLEAN else cell.value

    with (
        Path(os.devnull).open("w") as nowhere,
        xlrd.open_workbook(str(path), logfile=nowhere, ragged_rows=True) as workbook,
    ):  # a single cell far out would else fill the sheet up to it
        return [
            Sheet(path, f"{path}, sheet {sheet.name}", [[value(cell) for cell in row] for row in sheet.get_rows()])
            for sheet in workbook.sheets()
        ]


def _too_large(path: Path) -> str:
    return f"{path}: has more than {_MOST_BYTES // 10**6} MB unpacked; this is not an annotation of clips"


def _read_csv(path: Path) -> list[Sheet]:
    data = path.read_bytes()
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InputError(f"{path}: is in UTF-16 ('Unicode text'); save the table as CSV in UTF-8")
    if b"\0" in data:
        raise InputError(f"{path}: holds NUL bytes, as text in UTF-16 does; save the table as CSV in UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{path}, row {row}: is not in UTF-8 (byte {data[error.start]:#x}), but maybe in an encoding of Windows or "
            "of a Mac; save the table as CSV in UTF-8"
        ) from None
    return [Sheet(path, str(path), list(csv.reader(io.StringIO(text, newline=""), strict=True)))]
