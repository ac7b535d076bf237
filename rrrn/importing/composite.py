"""The MEGC 2018 composite: what was imported against the paper's Table II, cell by cell."""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rrrn import resources
from rrrn.importing.classes import USED
from rrrn.importing.database import Database
from rrrn.importing.record import Record


@dataclass(frozen=True)
class Comparison:
    """One database's part of Table II beside what was found; ``differences`` is empty if they agree.

    ``rows`` are (database, class or Total or Subjects, expected, found). ``suspects`` are the clips in cells and of
    subjects that differ. A ``rendered`` database need not agree.
    """

    title: str
    rendered: bool
    rows: list[tuple[str, str, int, int]]
    differences: list[str]
    suspects: list[str]


def compare(records: Sequence[Record], database: Database, rendered: bool) -> Comparison:
    """Return the comparison of a database's usable ``records`` with Table II, and with known numbers per subject."""
    expected = _table_ii()
    rows: list[tuple[str, str, int, int]] = []
    differences: list[str] = []
    suspects: list[str] = []
    for cell, found in _count(records).items():
        wanted = expected[database.title, cell]
        rows.append((database.title, cell, wanted, found))
        if found != wanted:
            differences.append(f"{database.title}, {_spelled(cell)}: {found} instead of {wanted}")
            suspects += [record.name for record in records if record.objective_class == cell]
    sizes = Counter(record.subject for record in records)
    for subject in sorted(sizes.keys() | database.known_subjects.keys() if database.known_subjects else ()):
        wanted, found = database.known_subjects.get(subject, 0), sizes[subject]
        if found != wanted:
            differences.append(f"{database.title}, subject {subject}: {found} clips instead of {wanted}")
            suspects += [record.name for record in records if record.subject == subject]
    return Comparison(database.title, rendered, rows, differences, sorted(set(suspects)))


def _count(records: Sequence[Record]) -> dict[str, int]:
    classes = Counter(record.objective_class for record in records)
    counts = {name: classes[name] for name in USED}
    return counts | {"Total": len(records), "Subjects": len({record.subject for record in records})}


def _spelled(cell: str) -> str:
    return {"Total": "clips", "Subjects": "subjects"}.get(cell, f"class {cell}")


def _table_ii() -> dict[tuple[str, str], int]:
    with resources.path("data/paper/table_ii.csv").open(encoding="utf-8") as file:
        return {
            (row["condition"], row["metric"].removeprefix("class ")): int(row["value"]) for row in csv.DictReader(file)
        }
