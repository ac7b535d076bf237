"""What a page documents: the first column of one of its tables, and the names in its cells."""

import re

from scaffold import HOME


def cells(heading: str, page: str = "docs/reference/files.md") -> dict[str, str]:
    """The rows of a table by their first cells; ``heading`` is that of this column."""
    _, found, rest = (HOME / page).read_text(encoding="utf-8").partition(f"| {heading} |")
    assert found, heading
    rows = [line.strip("|").split("|", 1) for line in rest.partition("\n\n")[0].splitlines()[2:]]
    return {first.strip(): second.strip() for first, second in rows}


def named(cell: str) -> list[str]:
    """The names in a cell, each once; ``null`` is none."""
    return [name for name in dict.fromkeys(re.findall(r"`(\w+)`", cell)) if name != "null"]


def names(heading: str) -> list[str]:
    """The names in the first column of a table, in order."""
    return [name for first in cells(heading) for name in named(first)]
