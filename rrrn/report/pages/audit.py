"""The data: what was repaired, flagged and left out, as the import of the clips says it."""

import csv
from pathlib import Path

from rrrn.data import clips
from rrrn.report.found import Found
from rrrn.report.page import Page, address
from rrrn.report.table import Cell, Row, Table, cell

NAME, TITLE = "audit", "Data"


def page(found: Found) -> Page:
    """Return the page of the data, with the audit that lies beside the clip table if there is one."""
    path = Path(found.settings["clips"])
    beside = path.with_name(f"{path.stem}_audit.md")
    text = beside.read_text(encoding="utf-8") if beside.exists() else ""
    told = {"tables": [_listed(found, _origin(path))], "audit": text, "beside": beside.name, "kind": found.kind}
    return Page(NAME, TITLE, (), told)


def _origin(path: Path) -> dict[tuple[str, str], dict[str, str]]:
    """Return what the import says of each clip, in columns of the table beside those that the workflow reads."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return {(row["subject"].strip(), row["clip"].strip()): row for row in csv.DictReader(file)}
    except (OSError, KeyError, AttributeError):  # moved since the run; what was read of it stands
        return {}


def _listed(found: Found, origin: dict[tuple[str, str], dict[str, str]]) -> Table:
    more = [name for name in clips.ORIGIN if any(row.get(name) for row in origin.values())]
    listed = []
    for clip in found.clips:
        own = origin.get((clip.subject, clip.clip), {})
        name = f"{clip.subject} {clip.clip}"
        cells = [
            Cell(name, name, "#" + address(clip)),
            *(
                cell(text)
                for text in (clip.database, clip.objective_class, clip.onset, clip.apex, clip.offset, clip.source)
            ),
            *(cell((own.get(column) or "").replace(",", ", ").replace(";", "; ") or None) for column in more),
        ]
        of = {"subject": clip.subject, "class": clip.objective_class, "database": clip.database}
        listed.append(Row(cells, of))
    columns = [
        "Clip",
        "Database",
        "Class",
        "Onset",
        "Apex",
        "Offset",
        "Source",
        *(name.replace("_", " ") for name in more),
    ]
    caption = "Every clip of the experiment, as the clip table has it."
    return Table(caption, columns, listed)
