"""The classes: how many clips each has, and how many of them each method finds."""

from collections import Counter

from rrrn.report.found import Found
from rrrn.report.page import Page
from rrrn.report.table import Cell, Row, Table, cell

NAME, TITLE = "classes", "Classes"


def page(found: Found) -> Page:
    """Return the page of classes."""
    counts = Counter(clip.objective_class for clip in found.clips)
    notes = [f"No clip is of class {name}; its recall is no number." for name in found.classes if not counts[name]]
    return Page(NAME, TITLE, (), {"tables": [_balance(found), _recall(found)], "notes": notes})


def _balance(found: Found) -> Table:
    databases = list(dict.fromkeys(clip.database for clip in found.clips))
    counts = Counter((clip.objective_class, clip.database) for clip in found.clips)
    people: dict[str, set[str]] = {}
    for clip in found.clips:
        people.setdefault(clip.objective_class, set()).add(clip.subject)
    rows = []
    for name in found.classes:
        own = [counts[name, database] for database in databases]
        cells = [Cell(name, name), *map(cell, own), cell(sum(own)), cell(len(people.get(name, ())))]
        rows.append(Row(cells, {"class": name}))
    return Table("Clips of each class.", ["Class", *databases, "All", "Subjects"], rows)


def _recall(found: Found) -> Table:
    rows = []
    for method in found.methods:
        for condition in found.conditions:
            one = found.counts.get("iv", {}).get((method, condition))
            if one is None:
                continue
            matrix = one.matrices.sum(axis=1).mean(axis=0)
            shares = [float(matrix[k, k] / total) if (total := matrix[k].sum()) else None for k in range(len(matrix))]
            labels = found.method(method), found.condition(condition)
            cells = [*(Cell(label, label) for label in labels), *(cell(share, ".2f") for share in shares)]
            rows.append(Row(cells, {"method": labels[0], "condition": labels[1]}))
    caption = "Recall: the share of a class's clips that was named rightly (Table IV), mean over seeds."
    of = {name: {"class": name} for name in found.classes}
    return Table(caption, ["Method", "Condition", *found.classes], rows, of)
