"""Any other database, from a table that its user writes: subject, clip, onset, apex, offset, class and folder."""

import re
from pathlib import Path

from rrrn.importing import casme2, cells, folders, samm, sheets
from rrrn.importing.record import Record
from rrrn.importing.sheets import Row
from rrrn.running.stage import InputError

_NAMES: dict[str, frozenset[str]] = {
    "subject": frozenset({"subject"}),
    "clip": frozenset({"clip", "filename"}),
    "onset": frozenset({"onset", "onsetframe"}),
    "apex": frozenset({"apex", "apexframe"}),
    "offset": frozenset({"offset", "offsetframe"}),
    "objective_class": frozenset({"class", "objectiveclass", "emotion"}),
    "folder": frozenset({"folder", "frames"}),
}
_DATABASE = frozenset({"database"})
_AUS = frozenset({"actionunits", "aus"})
_SOURCE = frozenset({"source"})
_NOT_IN_CLASS = re.compile(r"[,;{}/\\\s]")


def read(path: Path) -> list[Record]:
    """Return a record for each row of a table, in its order.

    Columns are found by name, whatever their order; ``database`` may be left out and is then the file's name. Folders
    are absolute or relative to the table. Raises InputError, naming the row, for cells that cannot name a clip, and
    for a workbook with several tables.
    """
    found = sheets.read(path)
    tables = [table for sheet in found if (table := sheets.table(sheet, _NAMES.values()))]
    if not tables:
        raise InputError(sheets.lacking(found, _NAMES.values()) if found else f"{path}: has no sheet")
    if len(tables) > 1:
        places = " and ".join(table.where for table in tables)
        raise InputError(f"{places}: all have the columns of a table of clips; leave one, or save each as .csv")
    table = tables[0]
    records: dict[tuple[str, str, str], Record] = {}
    for row in table.rows:
        record = _record(row, path)
        earlier = records.setdefault(record.key, record)
        if earlier is not record:
            _check_twice(earlier, record)
            earlier.flags.add("duplicate_row")
    if not records:
        raise InputError(f"{table.where}: the table has no rows")
    return list(records.values())


def _record(row: Row, path: Path) -> Record:
    values = {name: row.cell(names) for name, names in _NAMES.items()}
    shown = {name: cells.text(value) for name, value in values.items()}
    for name in ("subject", "clip", "objective_class", "folder"):
        if not shown[name]:
            raise InputError(f"{row.where}: the cell {min(_NAMES[name])} is empty")
    if _NOT_IN_CLASS.search(shown["objective_class"]):
        raise InputError(
            f"{row.where}: class {shown['objective_class']!r} becomes a column's name; write it without blanks, "
            "commas, semicolons, slashes and braces"
        )
    database = row.text(_DATABASE) or path.stem
    folder = path.parent / shown["folder"]
    rendered = _is_rendered(row, folder)
    if rendered and database in (casme2.DATABASE.name, samm.DATABASE.name):
        raise InputError(f"{row.where}: drawn clips cannot be called {database}; name the database syn{database}")
    return Record(
        where=row.where,
        database=database,
        subject=shown["subject"].removeprefix(f"{database}-"),
        clip=shown["clip"],
        objective_class=shown["objective_class"],
        onset=values["onset"],
        apex=values["apex"],
        offset=values["offset"],
        action_units=row.cell(_AUS),
        folder=folder,
        rendered=rendered,
    )


def _is_rendered(row: Row, folder: Path) -> bool:
    """Return whether the renderer drew a clip: its folder's marker says so, or its row, which must not contradict."""
    said, marked = row.text(_SOURCE), folders.is_rendered(folder)
    if said not in ("", "recorded", "rendered"):
        raise InputError(f"{row.where}: source {said!r} is neither recorded nor rendered; correct or empty the cell")
    if said == "recorded" and marked:
        raise InputError(f"{row.where}: says recorded, but a file {folders.MARKER} above {folder} says drawn")
    return marked or said == "rendered"


def _check_twice(one: Record, two: Record) -> None:
    for name in ("objective_class", "onset", "apex", "offset", "folder", "action_units", "rendered"):
        if cells.text(getattr(one, name)) != cells.text(getattr(two, name)):
            raise InputError(f"{one.where} and {two.where}: stand for the same clip and differ in {name}; remove one")
