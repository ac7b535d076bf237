"""A table to be read by people: under each value its interval and the paper's, the best in bold, footnotes.

Markdown and LaTeX write the same grid.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from string import ascii_lowercase
from typing import Any

import pandas as pd

from rrrn.tables import no_skill
from rrrn.tables.layout import comma, numbers
from rrrn.tables.layout.axes import Axes, Cells, Key
from rrrn.tables.published import AVERAGE

INTERVAL, PAPER = "95 %", "paper"  # what lines under a value are called


@dataclass(frozen=True)
class Entry:
    """A text, in bold or not, what follows it, and the marks of its footnotes."""

    text: str = ""
    rest: str = ""
    bold: bool = False
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """A line of a table: its label and an entry for each column."""

    label: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Grid:
    """A table under its ``title``: ``blocks`` of lines that belong together, ``notes`` below and footnotes by mark."""

    title: str
    axes: Axes
    blocks: tuple[tuple[Line, ...], ...]
    notes: tuple[str, ...] = ()
    footnotes: Mapping[str, str] = field(default_factory=dict)


def grid(title: str, cells: Cells, axes: Axes, notes: Sequence[str] = ()) -> Grid:
    """Return the table of ``cells``, which have ``value``, ``sd``, ``low`` and ``high``; ``paper``, the value that may
    stand beside, and ``note``, what is wrong with it, in lines.

    The best of the methods under each condition is bold, of equal printed ones each. Equal notes have one footnote.
    """
    best, marks = _best(cells, axes), _Marks()
    blocks = []
    for row, label in axes.rows:
        own = {key: cells[key] for key in (axes.key(row, group, metric) for group, metric in axes.columns())}
        lines = [Line(label, tuple(_value(cell, key in best) for key, cell in own.items()))]
        if any(pd.notna(cell["low"]) for cell in own.values()):
            lines.append(Line(INTERVAL, tuple(Entry(numbers.interval(cell)) for cell in own.values())))
        if any(pd.notna(cell["paper"]) for cell in own.values()):
            lines.append(Line(PAPER, tuple(_paper(cell, marks) for cell in own.values())))
        blocks.append(tuple(lines))
    blocks.append(tuple(_without_skill(line, cells, axes) for line in no_skill.LINES))
    return Grid(title, axes, tuple(blocks), tuple(notes), marks.reasons())


class _Marks:
    """Footnotes, in the order in which they are first needed."""

    def __init__(self) -> None:
        self._found: dict[str, str] = {}

    def of(self, reasons: Sequence[str]) -> tuple[str, ...]:
        for reason in reasons:
            self._found.setdefault(reason, _letters(len(self._found)))
        return tuple(sorted(self._found[reason] for reason in reasons))

    def reasons(self) -> dict[str, str]:
        return {mark: reason for reason, mark in self._found.items()}


def _letters(number: int) -> str:
    """Return a, b … z, aa, ab …"""
    rest, last = divmod(number, len(ascii_lowercase))
    return (_letters(rest - 1) if rest else "") + ascii_lowercase[last]


def _best(cells: Cells, axes: Axes) -> set[Key]:
    """Return the cells with the largest printed value of all methods under one condition."""
    conditions, methods = (axes.groups, axes.rows) if axes.by_method else (axes.rows, axes.groups)
    found = set()
    for condition, _ in conditions:
        for metric in axes.metrics:
            own = {(condition, name, metric): None for name, _ in methods if name != AVERAGE}
            printed = {key: float(numbers.rounded(cells[key]["value"])) for key in own}
            found |= {key for key, value in printed.items() if value == max(printed.values()) and len(printed) > 1}
    return found


def _value(cell: Mapping[Any, Any], bold: bool) -> Entry:
    return Entry(numbers.rounded(cell["value"]), numbers.spread(cell), bold)


def _paper(cell: Mapping[Any, Any], marks: _Marks) -> Entry:
    if pd.isna(cell["paper"]):
        return Entry()
    difference = numbers.signed(cell["value"] - cell["paper"])
    return Entry(numbers.rounded(cell["paper"]), f" ({difference})", marks=marks.of(cell["note"].splitlines()))


def _without_skill(line: str, cells: Cells, axes: Axes) -> Line:
    own = (cells[AVERAGE, line, metric] for _, metric in axes.columns())
    return Line(line, tuple(Entry(comma.text_of_line(line, cell)) for cell in own))
