"""A table of a page: cells as text, with what they are sorted and filtered by."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from rrrn.tables.layout import numbers
from rrrn.tables.published import AVERAGE

ABSENT = "–"
ROUNDED = ".3f"  # half up, as in all tables


@dataclass(frozen=True)
class Cell:
    """A cell: its text, by what it is sorted, where it leads, if anywhere, and lines below that are not strong."""

    text: str
    order: str = ""
    href: str = ""
    strong: bool = False
    below: str = ""


@dataclass(frozen=True)
class Row:
    """A row; ``of`` says of which methods, conditions, classes, subjects or databases it is, as filters ask."""

    cells: Sequence[Cell]
    of: Mapping[str, str | Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """A table with a caption; the first column names the row.

    ``of`` says of columns, by heading, what ``of`` of a row says of it.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Row]
    of: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def cell(value: Any, form: str = ROUNDED, strong: bool = False) -> Cell:
    """Return the cell of a value: numbers in a form, what is missing as a dash."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return Cell(ABSENT)
    if isinstance(value, float):
        return Cell(numbers.rounded(value) if form == ROUNDED else format(value, form), repr(value), strong=strong)
    return Cell(str(value), str(value), strong=strong)


def of_frame(
    frame: pd.DataFrame,
    caption: str,
    names: Mapping[str, str],
    filters: Mapping[str, Sequence[str]] | None = None,
    form: str = ROUNDED,
) -> Table:
    """Return a table of the columns ``names``, {column: heading}; ``filters`` are {what is filtered: columns}."""
    rows = [
        Row(
            [cell(told[name], form) for name in names],
            {kind: [str(told[column]) for column in columns] for kind, columns in (filters or {}).items()},
        )
        for told in frame.to_dict("records")
    ]
    return Table(caption, list(names.values()), rows)


def wide(
    frame: pd.DataFrame, caption: str, index: str, heading: str, columns: Sequence[str], rows: Sequence[str], kind: str
) -> Table:
    """Return values by row and column, which is a method; the largest of each row is strong, but for their average.

    ``frame`` has the columns ``index``, column, value and text, of which the first line is the value.
    """
    found = {(one[index], one["column"]): one for one in frame.to_dict("records")}
    listed = []
    for name in rows:
        values = {column: found.get((name, column)) for column in columns}
        printed = {column: float(numbers.rounded(one["value"])) for column, one in values.items() if one}
        best = max((value for column, value in printed.items() if column != AVERAGE), default=math.nan)
        cells = []
        for column, one in values.items():
            strong = column != AVERAGE and printed.get(column) == best
            text, _, below = one["text"].partition("\n") if one else (ABSENT, "", "")
            cells.append(Cell(text, repr(one["value"]), strong=strong, below=below) if one else Cell(ABSENT))
        listed.append(Row([Cell(name, name), *cells], {kind: name}))
    return Table(caption, [heading, *columns], listed, {name: {"method": name} for name in columns if name != AVERAGE})
