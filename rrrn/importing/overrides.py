"""The user's own corrections of annotations: a CSV file keyed by (database, subject, clip)."""

from pathlib import Path

from rrrn.importing import cells, sheets
from rrrn.importing.record import Record
from rrrn.importing.sheets import Row
from rrrn.running.stage import InputError

KEYS = ("database", "subject", "clip")
CORRECTED = ("onset", "apex", "offset")


def apply(path: Path, records: list[Record]) -> None:
    """Put the non-empty cells of an overrides file in the place of the annotated ones, and flag them.

    ``subject`` may be ``sub04`` or ``casme2-sub04``; columns other than keys, onset, apex and offset are for notes.
    Raises InputError for a row that names no clip, names one twice, or holds what is no frame number.
    """
    sheet, required = _only_sheet(path), [frozenset({name}) for name in KEYS]
    table = sheets.table(sheet, required)
    if table is None:
        raise InputError(sheets.lacking([sheet], required))
    if not table.columns & set(CORRECTED):
        raise InputError(f"{path}: the header names none of {', '.join(CORRECTED)}")
    by_key = {record.key: record for record in records}
    seen: set[tuple[str, ...]] = set()
    for row in table.rows:
        key = _key(row)
        if key not in by_key:
            raise InputError(
                f"{row.where}: there is no clip {'/'.join(key)} of classes I to V; correct or remove the row"
            )
        if key in seen:
            raise InputError(f"{row.where}: {'/'.join(key)} stands twice; remove one row")
        seen.add(key)
        _correct(by_key[key], row)


def _only_sheet(path: Path) -> sheets.Sheet:
    found = sheets.read(path)
    if len(found) != 1:
        raise InputError(f"{path}: an overrides file has one sheet, and this has {len(found)}; remove the others")
    return found[0]


def _key(row: Row) -> tuple[str, str, str]:
    database, subject, clip = (cells.text(row.cells[name]) for name in KEYS)
    return database, subject.removeprefix(f"{database}-"), clip


def _correct(record: Record, row: Row) -> None:
    for name in CORRECTED:
        cell = row.cells.get(name)
        if not cells.text(cell):
            continue
        if cells.integer(cell) is None:
            raise InputError(f"{row.where}: {name} {cells.text(cell)!r} is not a frame number")
        setattr(record, name, cell)
        record.overridden.add(name)
        record.flags.add(f"override:{name}")
