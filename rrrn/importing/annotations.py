"""From a database's spreadsheets to one record for each clip that has an objective class.

The sheet with the published classes drives; times and action units are joined to it on (subject, clip). Hence rows of
a coding sheet without a class, which one version of CASME II has, change nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rrrn.importing import action_units, cells, classes, folders, sheets, versions
from rrrn.importing.database import Database
from rrrn.importing.listed import listed
from rrrn.importing.record import Record
from rrrn.importing.sheets import Row, Table
from rrrn.running.stage import InputError

SUBJECT, CLIP = frozenset({"subject"}), frozenset({"filename"})
CLASS = frozenset({"objectiveclass", "objectiveclasses"})
ONSET, APEX, OFFSET = frozenset({"onsetframe"}), frozenset({"apexframe"}), frozenset({"offsetframe"})
AUS = frozenset({"actionunits", "actionunit", "aus"})
_KEYS, _TIMES = (SUBJECT, CLIP), (ONSET, APEX, OFFSET)
_CODED = (*_TIMES, AUS)


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
    drivers, other_drivers = _of_these(named, own, database, (*_KEYS, CLASS))
    codings, other_codings = _of_these(named, own, database, (*_KEYS, *_TIMES))
    if not drivers or not codings:
        raise InputError(_nothing_found([*named, *own], database, bool(drivers)))
    driver, notes = _choose(drivers, other_drivers, (CLASS,), database, None)
    driving = _by_key(driver, database, (CLASS,))
    used = {key for key, rows in driving.items() if classes.of_cell(rows[0].cell(CLASS)) in classes.USED}
    coding, coding_notes = _choose(codings, other_codings, _CODED, database, used)
    coded = _by_key(coding, database, _TIMES)
    records: dict[tuple[str, str], Record] = {}
    n_other = {name: 0 for name in classes.CLASSES if name not in classes.USED}
    other: list[tuple[str, str]] = []
    for key, rows in driving.items():
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
        notes=list(dict.fromkeys(notes + coding_notes)),
    )


def _tables(paths: Sequence[Path], database: Database, required: tuple[frozenset[str], ...]) -> list[Table]:
    """Return the tables with these columns whose clips are named as this database names them, in order of the files."""
    found = []
    for path in paths:
        if CLASS in required and database.has_other_classes(path):
            continue
        for sheet in sheets.read(path):
            table = sheets.table(sheet, required)
            if table and any(database.clip_folder.fullmatch(row.text(CLIP)) for row in table.rows):
                found.append(table)
    return found


def _of_these(
    named: Sequence[Path], own: Sequence[Path], database: Database, required: tuple[frozenset[str], ...]
) -> tuple[list[Table], list[Table]]:
    """Return the tables to choose from, the user's before the database's own, and those that are passed over."""
    first = _tables(named, database, required)
    if not first:
        return _tables(own, database, required), []
    rest = []
    for path in own:
        try:
            rest += _tables([path], database, required)
        except InputError:  # of no matter, since another was named
            continue
    return first, [table for table in rest if table.where not in {used.where for used in first}]


def _choose(
    tables: list[Table],
    others: list[Table],
    columns: Sequence[frozenset[str]],
    database: Database,
    keys: set[tuple[str, str]] | None,
) -> tuple[Table, list[str]]:
    """Return the newest of ``tables`` by their files' names, and what these and ``others`` have different.

    Compared are ``columns`` of the clips ``keys``, or of all. Raises InputError for two of one version that differ.
    In one workbook the first sheet counts, unless a further one has clips that it lacks.
    """
    newest = max(versions.of_file(table.path) for table in tables)
    chosen = next(table for table in tables if versions.of_file(table.path) == newest)
    ours = _by_key(chosen, database, columns)
    notes = []
    for table in (*tables, *others):
        if table.where == chosen.where:
            continue
        theirs = _by_key(table, database, None)
        compared = sorted((ours.keys() | theirs.keys()) if keys is None else keys)
        changed = [
            _change(ours[key], theirs[key], columns, key[0]) for key in compared if key in ours and key in theirs
        ]
        more = [f"{_shown(theirs[key], key[0])} is only there" for key in compared if key in theirs and key not in ours]
        less = [f"{_shown(ours[key], key[0])} is only here" for key in compared if key in ours and key not in theirs]
        differing = [*filter(None, changed), *more, *less]
        one_book = table.path == chosen.path
        if table in tables and versions.of_file(table.path) == newest and (more if one_book else differing):
            raise InputError(
                f"{chosen.where} and {table.where}: differ, and their names do not say which is newer "
                f"({(more if one_book else differing)[0]}); remove one, or name the other with --sheets"
            )
        notes.append(f"not used: {table.where}; {listed(differing, '; ') or 'it says the same'}")
    return chosen, notes


def _shown(rows: list[Row], subject: str) -> str:
    return f"{subject}/{rows[0].text(CLIP)}"


def _change(ours: list[Row], theirs: list[Row], columns: Sequence[frozenset[str]], subject: str) -> str:
    """Return how the rows of a clip differ in two sheets; nothing if they mean the same."""
    here, there = ({tuple(_meaning(row, column) for column in columns) for row in rows} for rows in (ours, theirs))
    if here == there:
        return ""
    shown = [", ".join(row.text(column) for column in columns) for row in (theirs[0], ours[0])]
    return f"{_shown(ours, subject)} is {shown[0]} there and {shown[1]} here"


def _meaning(row: Row, column: frozenset[str]) -> object:
    cell = row.cell(column)
    if column == CLASS:
        return classes.of_cell(cell) or cells.text(cell)
    if column == AUS:
        return action_units.parse(cells.text(cell))
    number = cells.integer(cell)
    return cells.text(cell) if number is None else number


def _by_key(
    table: Table, database: Database, columns: Sequence[frozenset[str]] | None
) -> dict[tuple[str, str], list[Row]]:
    """Return the rows of each (subject folder, clip), by ``folders.key``.

    Rows that name no clip are remarks if ``columns`` are empty too, and else an error; without ``columns`` they are
    left out.
    """
    grouped: dict[tuple[str, str], list[Row]] = {}
    for row in table.rows:
        subject, clip = database.subject(row.cell(SUBJECT)), row.text(CLIP)
        if subject is not None and clip:
            grouped.setdefault(folders.key(subject, clip), []).append(row)
        elif columns is not None and any(row.text(column) for column in (SUBJECT, CLIP, *columns)):
            raise InputError(
                f"{row.where}: Subject {row.text(SUBJECT)!r} and Filename {clip!r} do not name a clip of "
                f"{database.title}, such as {database.subject_name.format(6)}; correct the cells or remove the row"
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
    looked = f"none of {', '.join(path.name for path in paths)} is one" if paths else "there is no .xlsx or .xls file"
    codings = [path.name for path in paths if database.has_other_classes(path)]
    others = f"; a column of classes in {' and '.join(codings)} gives others and is not used" if codings else ""
    source = f". The objective classes come from {database.class_sheet}{others}"
    return (
        f"{database.title}: needed is a spreadsheet with the columns {wanted} in one row, and {looked}"
        f"{source if database.class_sheet and not has_classes else ''}; "
        "copy the official spreadsheets into the database's folder or name them with --sheets"
    )
