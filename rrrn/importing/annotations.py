"""From a database's spreadsheets to one record for each clip that has an objective class.

The sheet with the published classes drives; times and action units are joined to it on (subject, clip). Hence rows of
a coding sheet without a class, which one version of CASME II has, change nothing.
"""

from dataclasses import dataclass
from pathlib import Path

from rrrn.importing import classes, folders, sheets
from rrrn.importing.database import Database
from rrrn.importing.record import Record
from rrrn.importing.sheets import Row, Table
from rrrn.stage import InputError

SUBJECT, CLIP = frozenset({"subject"}), frozenset({"filename"})
CLASS = frozenset({"objectiveclass", "objectiveclasses"})
ONSET, APEX, OFFSET = frozenset({"onsetframe"}), frozenset({"apexframe"}), frozenset({"offsetframe"})
AUS = frozenset({"actionunits", "actionunit", "aus"})
_KEYS, _TIMES = (SUBJECT, CLIP), (ONSET, APEX, OFFSET)


@dataclass(frozen=True)
class Annotations:
    """What a database's spreadsheets say.

    ``records`` are the clips of classes I to V. ``n_other`` counts those of VI and VII, ``other`` names them, and
    ``unclassed`` names rows of the coding sheet without a class. ``files`` are the spreadsheets that were used,
    ``unused`` older versions beside them.
    """

    records: list[Record]
    n_other: dict[str, int]
    other: list[tuple[str, str]]
    unclassed: list[str]
    files: list[str]
    unused: list[str]


def read(paths: list[Path], database: Database) -> Annotations:
    """Return the records of a database from its spreadsheets.

    Raises InputError if no sheet has the classes or the times, or if cells do not name a subject, a clip or a class.
    """
    drivers = _tables(paths, database, (*_KEYS, CLASS))
    codings = _tables(paths, database, (*_KEYS, *_TIMES))
    if not drivers or not codings:
        raise InputError(_nothing_found(paths, database, bool(drivers)))
    driver, coding = drivers[-1], codings[-1]
    coded = _by_key(coding, database)
    records: dict[tuple[str, str], Record] = {}
    n_other = {name: 0 for name in classes.CLASSES if name not in classes.USED}
    other: list[tuple[str, str]] = []
    for (subject, clip), rows in _by_key(driver, database).items():
        record = _record(database, subject, clip, rows, coded.get((subject, clip), []))
        if record.objective_class in classes.USED or record.problem:
            records[subject, clip] = record
        else:
            n_other[record.objective_class] += 1
            other.append((subject, clip))
    known = {folders.key(*name) for name in (*records, *other)}
    unclassed = [f"{subject}/{clip}" for subject, clip in coded if folders.key(subject, clip) not in known]
    used = {driver.where, coding.where}
    unused = [table.where for table in (*drivers, *codings) if table.where not in used]
    return Annotations(list(records.values()), n_other, other, unclassed, sorted(used), sorted(set(unused)))


def _tables(paths: list[Path], database: Database, required: tuple[frozenset[str], ...]) -> list[Table]:
    """Return the tables with these columns whose clips are named as this database names them, in order of the files."""
    found = []
    for path in paths:
        for sheet in sheets.read(path):
            table = sheets.table(sheet, required)
            if table and any(database.clip_folder.fullmatch(row.text(CLIP)) for row in table.rows):
                found.append(table)
    return found


def _by_key(table: Table, database: Database) -> dict[tuple[str, str], list[Row]]:
    """Return the rows of each (subject folder, clip)."""
    grouped: dict[tuple[str, str], list[Row]] = {}
    for row in table.rows:
        if not row.text(SUBJECT) and not row.text(CLIP):
            continue  # a remark below or beside the table
        subject, clip = database.subject(row.cell(SUBJECT)), row.text(CLIP)
        if subject is None or not clip:
            shown = row.text(SUBJECT), clip
            raise InputError(
                f"{row.where}: Subject {shown[0]!r} and Filename {shown[1]!r} do not name a clip of {database.title}, "
                f"such as {database.subject_name.format(6)}; correct the cells or remove the row"
            )
        grouped.setdefault((subject, clip), []).append(row)
    return grouped


def _record(database: Database, subject: str, clip: str, rows: list[Row], coded: list[Row]) -> Record:
    row = rows[0]
    name = classes.of_cell(row.cell(CLASS))
    record = Record(row.where, database.name, subject, clip, name or "")
    if len({other.text(CLASS) for other in rows}) > 1:
        record.problem = f"{_places(rows)}: stand for the same clip with different classes; remove the wrong row"
    elif name is None:
        record.problem = f"{row.where}: objective class {row.text(CLASS)!r} is none of 1 to 7; correct it in the sheet"
    elif not coded:
        record.problem = f"{row.where}: has a class but no row with onset, apex and offset; add it to the coding sheet"
    else:
        columns = (ONSET, APEX, OFFSET, AUS)
        if len({tuple(other.text(column) for column in columns) for other in coded}) > 1:
            record.problem = f"{_places(coded)}: stand for the same clip and differ; remove the wrong row"
        record.where = coded[0].where
        record.onset, record.apex, record.offset, record.action_units = (coded[0].cell(column) for column in columns)
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
