"""A table as CSV, to be read by programs: a value in each cell."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from rrrn.tables import no_skill
from rrrn.tables.layout import numbers
from rrrn.tables.layout.axes import Axes, Cells
from rrrn.tables.published import AVERAGE


def frame(cells: Cells, axes: Axes) -> pd.DataFrame:
    """Return the table in text: cells of several seeds are ``mean ± sd``.

    Rows of no skill follow: what each scores in every column, chance as an interval.
    """
    labels = dict(axes.groups)
    header = [axes.corner, *(f"{labels[group]} {metric}" for group, metric in axes.columns())]
    body = [
        [label, *(text_of_cell(cells[axes.key(row, group, metric)]) for group, metric in axes.columns())]
        for row, label in axes.rows
    ]
    body += [
        [line, *(text_of_line(line, cells[AVERAGE, line, metric]) for _, metric in axes.columns())]
        for line in no_skill.LINES
    ]
    return pd.DataFrame(body, columns=header)


def text(table: pd.DataFrame) -> str:
    """Return a table as CSV, numbers to six digits."""
    return table.to_csv(index=False, lineterminator="\n", float_format="%.6g")


def text_of_cell(cell: Mapping[Any, Any]) -> str:
    """Return the value of a cell, with its deviation if it has one."""
    return numbers.rounded(cell["value"]) + numbers.spread(cell)


def text_of_line(line: str, cell: Mapping[Any, Any]) -> str:
    """Return what a line of no skill scores; of chance it is the interval."""
    return numbers.interval(cell) if line == no_skill.CHANCE else text_of_cell(cell)
