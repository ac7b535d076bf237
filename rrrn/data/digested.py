"""CSV tables that one stage hands to another, with a checksum in them.

The last two columns have one value on every row. ``made`` says which table this is and what it was made from
(``identity.py``), ``digest`` is the checksum of the header and all rows without that column. So a table that lost rows
at its end, or in which a cell was edited, is an error and never another result; and it stays a plain table to every
other program.
"""

import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from rrrn.data.identity import by_hand
from rrrn.running import stage
from rrrn.running.stage import InputError

COLUMN, MADE = "digest", "made"


def write(
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    path: Path,
    made: Callable[[], str] = by_hand,
) -> None:
    """Write a table of one row at least, whole or not at all. ``made`` is asked at the end what it says of itself."""
    cells = [[str(cell) for cell in row] for row in rows]
    if not cells:
        raise ValueError("a table without rows has no place for its checksum")
    told = made()
    table = [[*header, MADE], *([*row, told] for row in cells)]
    digest = _digest(table)
    with stage.replacing(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        file.write(_csv([[*table[0], COLUMN], *([*row, digest] for row in table[1:])]))


def read(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table, without these two columns.

    Raises InputError if it is missing or not as it was written.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file, strict=True)
    except (OSError, ValueError, csv.Error) as error:  # no UTF-8 is a ValueError, and so is no header
        raise InputError(f"{path}: missing or damaged ({error}); delete it and run again") from None
    table = [row[:-1] for row in (header, *rows)]
    if not rows or header[-1:] != [COLUMN] or {tuple(row[-1:]) for row in rows} != {(_digest(table),)}:
        raise InputError(f"{path}: damaged, cut short or edited (other checksum); delete it and run again")
    if table[0][-1:] != [MADE]:
        raise InputError(f"{path}: does not say what it was made from; delete it and run again")
    return [dict(zip(table[0][:-1], row[:-1], strict=True)) for row in table[1:]]


def _digest(table: Sequence[Sequence[str]]) -> str:
    """Return the checksum of a table, after a name, so that no program takes it for a number."""
    return "blake2b-" + hashlib.blake2b(_csv(table).encode(), digest_size=16).hexdigest()


def _csv(table: Sequence[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(table)
    return text.getvalue()
