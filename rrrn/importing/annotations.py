"""From a database's spreadsheets to one record for each clip that has an objective class.

The sheet with the published classes drives; times and action units are joined to it on (subject, clip). Hence rows of
a coding sheet without a class, which one version of CASME II has, change nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rrrn.importing import classes, folders, sheets, versions
from rrrn.importing.database import Database
from rrrn.importing.record import Record
from rrrn.importing.sheets import Row, Table
from rrrn.stage import InputError

SUBJECT, CLIP = frozenset({"subject"}), frozenset({"filename"})
CLASS = frozenset({"objectiveclass", "objectiveclasses"})
ONSET, APEX, OFFSET = frozenset({"onsetframe"}), frozenset({"apexframe"}), frozenset({"offsetframe"})
AUS = frozenset({"actionunits", "actionunit", "aus"})
_KEYS, _TIMES = (SUBJECT, CLIP), (ONSET, APEX, OFFSET)
_CODED = (*_TIMES, AUS)
_LISTED = 20  # differences between two versions of a sheet


@dataclass(frozen=True)
class Annotations:
    """What a database's spreadsheets say.

    ``records`` are the clips of classes I to V. ``n_other`` counts those of VI and VII, ``other`` names them, and
    ``unclassed`` names rows of the coding sheet without a class. ``files`` are the spreadsheets that were used,
    ``paths`` their files, ``fitting`` all files with a table of this database. ``notes`` are sentences on further
    versions of a sheet, and how they differ.
    """

    records: list[Record]
    n_other: dict[str, int]
    other: list[tuple[str, str]]
    unclassed: list[str]
    files: list[str]
    paths: set[Path]
    fitting: set[Path]
    notes: list[str]


def read(named: Sequence[Path], own: Sequence[Path], database: Database) -> Annotations:
    """Return the records of a database from its spreadsheets.

    Those that the user ``named`` go before those in the database's ``own`` folder. Raises InputError if no sheet has
    the classes or the times, if two differ and no name says which is newer, or if cells do not name a subject, a clip
    or a class.
    """
    drivers = _tables(named, database, (*_KEYS, CLASS)) or _tables(own, database, (*_KEYS, CLASS))
    codings = _tables(named, database, (*_KEYS, *_TIMES)) or _tables(own, database, (*_KEYS, *_TIMES))
    if not drivers or not codings:
        raise InputError(_nothing_found([*named, *own], database, bool(drivers)))
    driver, driver_notes = _choose(drivers, (CLASS,), database)
    coding, coding_notes = _choose(codings, _CODED, database)
    coded = _by_key(coding, database)
    records: dict[tuple[str, str], Record] = {}
    n_other = {name: 0 for name in classes.CLASSES if name not in classes.USED}
    other: list[tuple[str, str]] = []
    for key, rows in _by_key(driver, database).items():
        record = _record(database, key[0], rows, coded.get(key, []))
        if record.objective_class in classes.USED or record.problem:
            records[key] = record
        else:
            n_other[record.objective_class] += 1
            other.append((record.subject, record.clip))
    known = {*records, *(folders.key(*name) for name in other)}
    unclassed = [f"{key[0]}/{rows[0].text(CLIP)}" for key, rows in coded.items() if key not in known]
    return Annotations(
        list(records.values()),
        n_other,
        other,
        unclassed,
        files=sorted({driver.where, coding.where}),
        paths={driver.path, coding.path},
        fitting={table.path for table in (*drivers, *codings)},
        notes=list(dict.fromkeys(driver_notes + coding_notes)),
    )


def _tables(paths: Sequence[Path], database: Database, required: tuple[frozenset[str], ...]) -> list[Table]:
    """Return the tables with these columns whose clips are named as this database names them, in order of the files."""
    found = []
    for path in paths:
        for sheet in sheets.read(path):
            table = sheets.table(sheet, required)
            if table and any(database.clip_folder.fullmatch(row.text(CLIP)) for row in table.rows):
                found.append(table)
    return found


def _choose(tables: list[Table], columns: Sequence[frozenset[str]], database: Database) -> tuple[Table, list[str]]:
    """Return the newest of some tables by their files' names, and what the others have different in ``columns``."""
    newest = max(versions.of_file(table.path) for table in tables)
    chosen = next(table for table in tables if versions.of_file(table.path) == newest)
    if len(tables) == 1:
        return chosen, []
    wanted = _by_key(chosen, database)
    notes = []
    for table in tables:
        if table.where == chosen.where:
            continue
        differing = _differences(table, wanted, columns, database)
        if differing and versions.of_file(table.path) == newest and table.path != chosen.path:
            raise InputError(
                f"{chosen.where} and {table.where}: differ, and their names do not say which is newer "
                f"({differing[0]}); remove one, or name the other with --sheets"
            )
        more = f" and {len(differing) - _LISTED} more" if len(differing) > _LISTED else ""
        notes.append(f"not used: {table.where}; " + ("; ".join(differing[:_LISTED]) + more or "it says the same"))
    return chosen, notes


def _differences(
    table: Table, wanted: dict[tuple[str, str], list[Row]], columns: Sequence[frozenset[str]], database: Database
) -> list[str]:
    found = _by_key(table, database, strict=False)
    differing = []
    for key, rows in wanted.items():
        shown = f"{key[0]}/{rows[0].text(CLIP)}"
        if key not in found:
            differing.append(f"{shown} is not in it")
            continue
        ours, theirs = ([row[key][0].text(column) for column in columns] for row in (wanted, found))
        if ours != theirs:
            differing.append(f"{shown} is {', '.join(theirs)} there and {', '.join(ours)} here")
    return differing


def _by_key(table: Table, database: Database, strict: bool = True) -> dict[tuple[str, str], list[Row]]:
    """Return the rows of each (subject folder, clip), by ``folders.key``.

    Rows that name no clip are an error, or are left out if not ``strict``.
    """
    grouped: dict[tuple[str, str], list[Row]] = {}
    for row in table.rows:
        if not row.text(SUBJECT) and not row.text(CLIP):
            continue  # a remark below or beside the table
        subject, clip = database.subject(row.cell(SUBJECT)), row.text(CLIP)
        if subject is not None and clip:
            grouped.setdefault(folders.key(subject, clip), []).append(row)
        elif strict:
            shown = row.text(SUBJECT), clip
            raise InputError(
                f"{row.where}: Subject {shown[0]!r} and Filename {shown[1]!r} do not name a clip of {database.title}, "
                f"such as {database.subject_name.format(6)}; correct the cells or remove the row"
            )
    return grouped


def _record(database: Database, subject: str, rows: list[Row], coded: list[Row]) -> Record:
    row = rows[0]
    name = classes.of_cell(row.cell(CLASS))
    record = Record(row.where, database.name, subject, row.text(CLIP), name or "")
    if len({other.text(CLASS) for other in rows}) > 1:
        record.problem = f"{_places(rows)}: stand for the same clip with different classes; remove the wrong row"
    elif name is None:
        record.problem = f"{row.where}: objective class {row.text(CLASS)!r} is none of 1 to 7; correct it in the sheet"
    elif name not in classes.USED:
        return record  # its times are of no matter
    elif not coded:
        record.problem = f"{row.where}: has a class but no row with onset, apex and offset; add it to the coding sheet"
    else:
        if len({tuple(other.text(column) for column in _CODED) for other in coded}) > 1:
            record.problem = f"{_places(coded)}: stand for the same clip and differ; remove the wrong row"
        record.where = coded[0].where
        record.onset, record.apex, record.offset, record.action_units = (coded[0].cell(column) for column in _CODED)
    if len(rows) > 1 or len(coded) > 1:
        record.flags.add("duplicate_row")
    return record


def _places(rows: list[Row]) -> str:
    return " and ".join(row.where for row in rows)


def _nothing_found(paths: list[Path], database: Database, has_classes: bool) -> str:
    wanted = "Subject, Filename, " + (
        "OnsetFrame, ApexFrame and OffsetFrame" if has_classes else "Objective Class (or Objective Classes)"
    )
    looked = f"none of {', '.join(path.name for path in paths)} has one" if paths else "there is no .xlsx or .xls file"
    return (
        f"{database.title}: needed is a spreadsheet with the columns {wanted} in one row, and {looked}; "
        "copy the official spreadsheets into the database's folder or name them with --sheets"
    )
