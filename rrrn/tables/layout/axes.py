"""Which cell of a table stands where: the paper's layout, by condition, and that of an ablation, by method."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from rrrn.experiment.labels import Labels
from rrrn.tables.published import AVERAGE

Key = tuple[str, str, str]  # condition, method, metric
Cells = Mapping[Key, Mapping[Any, Any]]


@dataclass(frozen=True)
class Axes:
    """``rows`` under ``corner``, and ``groups`` of columns, one column for each of ``metrics``: names and labels."""

    corner: str
    rows: tuple[tuple[str, str], ...]
    groups: tuple[tuple[str, str], ...]
    metrics: tuple[str, ...]
    by_method: bool

    def columns(self) -> list[tuple[str, str]]:
        """Return the group and metric of each column."""
        return [(group, metric) for group, _ in self.groups for metric in self.metrics]

    def key(self, row: str, group: str, metric: str) -> Key:
        """Return which cell stands in a row and column."""
        return (group, row, metric) if self.by_method else (row, group, metric)


def by_condition(methods: Sequence[str], conditions: Sequence[str], metrics: Sequence[str], named: Labels) -> Axes:
    """Return the paper's layout: a row for each condition and Avg., columns method x metric and Avg."""
    return Axes(
        "Condition", _conditions(conditions, named), _methods([*methods, AVERAGE], named), tuple(metrics), False
    )


def by_method(methods: Sequence[str], conditions: Sequence[str], metrics: Sequence[str], named: Labels) -> Axes:
    """Return the layout of an ablation: a row for each method, columns condition x metric and Avg."""
    return Axes("Method", _methods(methods, named), _conditions(conditions, named), tuple(metrics), True)


def cells(rows: pd.DataFrame) -> Cells:
    """Return {(condition, method, metric): cell} of the rows of a table."""
    return {
        (str(cell["condition"]), str(cell["method"]), str(cell["metric"])): cell for cell in rows.to_dict("records")
    }


def _conditions(names: Sequence[str], named: Labels) -> tuple[tuple[str, str], ...]:
    return tuple((name, named.condition(name)) for name in [*names, AVERAGE])


def _methods(names: Sequence[str], named: Labels) -> tuple[tuple[str, str], ...]:
    return tuple((name, named.method(name)) for name in names)
