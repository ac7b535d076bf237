"""The subjects: how many clips each has, and how many are recognised."""

from collections import Counter

from rrrn.report.found import Found
from rrrn.report.page import Page
from rrrn.report.table import Cell, Row, Table, cell

NAME, TITLE = "subjects", "Subjects"


def page(found: Found) -> Page:
    """Return the page of subjects."""
    return Page(NAME, TITLE, ["subjects"], {"tables": [_listed(found)]})


def _listed(found: Found) -> Table:
    rows = []
    right = {method: _right(found, method) for method in found.methods}
    for subject in found.subjects:
        own = [clip for clip in found.clips if clip.subject == subject]
        counts = Counter(clip.objective_class for clip in own)
        cells = [
            Cell(subject, subject),
            Cell(own[0].database, own[0].database),
            cell(len(own)),
            *(cell(counts[name]) for name in found.classes),
            *(cell(right[method].get(subject), ".2f") for method in found.methods),
        ]
        rows.append(Row(cells, {"subject": subject, "database": own[0].database}))
    columns = ["Subject", "Database", "Clips", *found.classes, *(found.method(name) for name in found.methods)]
    caption = (
        "Clips of each class, and the share of them that each method names rightly, mean over conditions and seeds."
    )
    of = {name: {"class": name} for name in found.classes} | {
        found.method(name): {"method": found.method(name)} for name in found.methods
    }
    return Table(caption, columns, rows, of)


def _right(found: Found, method: str) -> dict[str, float]:
    """Return {subject: share of its clips that are named rightly}, mean over conditions and seeds."""
    counts = found.counts.get("iv", {})
    shares: dict[str, list[float]] = {}
    for condition in found.conditions:
        if one := counts.get((method, condition)):
            hits = one.matrices.trace(axis1=2, axis2=3).mean(axis=0) / one.matrices[0].sum(axis=(1, 2))
            for subject, share in zip(one.subjects, hits, strict=True):
                shares.setdefault(subject, []).append(float(share))
    return {subject: sum(own) / len(own) for subject, own in shares.items()}
