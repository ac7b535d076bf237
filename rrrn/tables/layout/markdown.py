"""A grid in Markdown, with the tables and footnotes of GitHub and Pandoc."""

from collections.abc import Sequence

from rrrn.tables.layout.grid import Entry, Grid


def text(grid: Grid) -> str:
    """Return the title, the table, its notes as a list, and footnotes."""
    labels = dict(grid.axes.groups)
    header = [grid.axes.corner, *(f"{labels[group]} {metric}" for group, metric in grid.axes.columns())]
    body = [[_safe(line.label), *map(_entry, line.entries)] for block in grid.blocks for line in block]
    rule = [":--", *["--:"] * (len(header) - 1)]
    table = "\n".join(_row(cells) for cells in ([_safe(name) for name in header], rule, *body))
    notes = "\n".join(f"- {_safe(note)}" for note in grid.notes)
    footnotes = "\n".join(f"[^{mark}]: {_safe(reason)}" for mark, reason in grid.footnotes.items())
    return "\n\n".join(part for part in (f"# {_safe(grid.title)}", table, notes, footnotes) if part) + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _entry(entry: Entry) -> str:
    value = f"**{entry.text}**" if entry.bold else entry.text
    return _safe(value + entry.rest, "*") + "".join(f"[^{mark}]" for mark in entry.marks)


def _safe(text: str, but: str = "") -> str:
    """Return a text in which no letter but ``but`` is one of Markdown's."""
    return "".join(f"\\{letter}" if letter in "\\|*_`[]<>" and letter not in but else letter for letter in text)
