"""The MEGC 2018 composite: what was imported against the paper's Table II, and each subject's published classes."""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rrrn.experiment import megc2018
from rrrn.importing.classes import USED
from rrrn.importing.database import Database
from rrrn.importing.record import Record
from rrrn.running import resources


@dataclass(frozen=True)
class Comparison:
    """One database's part of Table II beside what was found; ``differences`` is empty if all agrees.

    ``rows`` are (database, class or Total or Subjects, expected, found). ``differences`` are sentences on cells of
    Table II, then one on each subject of whom a class has more or fewer clips than published, with the clips that it
    has. A ``rendered`` database need not agree.
    """

    title: str
    rendered: bool
    rows: list[tuple[str, str, int, int]]
    differences: list[str]


def compare(records: Sequence[Record], database: Database, rendered: bool) -> Comparison:
    """Return the comparison of a database's usable ``records`` with Table II, and with each subject's classes."""
    expected = _table_ii()
    rows = [(database.title, cell, expected[database.title, cell], found) for cell, found in _count(records).items()]
    differences = [
        f"{title}, {_spelled(cell)}: {found} instead of {wanted}"
        for title, cell, wanted, found in rows
        if found != wanted
    ]
    if database.class_sheet and any(cell in USED and found != wanted for _, cell, wanted, found in rows):
        differences.append(
            f"{database.title}: the objective classes come from {database.class_sheet}, and from no other sheet"
        )
    return Comparison(database.title, rendered, rows, differences + _subjects(records, database))


def _subjects(records: Sequence[Record], database: Database) -> list[str]:
    published = megc2018.counts(database.name)
    clips: dict[str, dict[str, list[str]]] = {}
    for record in records:
        clips.setdefault(record.subject, {}).setdefault(record.objective_class, []).append(record.clip)
    sentences = []
    for subject in sorted(published.keys() | clips.keys()):
        wanted, found = published.get(subject, {}), clips.get(subject, {})
        differing = [
            f"{len(found.get(name, []))} of class {name} instead of {wanted.get(name, 0)}"
            + (f" ({' '.join(sorted(found[name]))})" if name in found else "")
            for name in USED
            if len(found.get(name, [])) != wanted.get(name, 0)
        ]
        if differing:
            sentences.append(f"{database.title}, subject {subject}: {', '.join(differing)}")
    return sentences


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
