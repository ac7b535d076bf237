"""A table on a terminal that it is too wide for: one for each metric, with the columns that fit."""

from collections.abc import Iterator, Sequence

import pandas as pd

from rrrn.tables import no_skill, titles

_GAP = "  "
_SPREAD = " ± "  # between a value and its deviation
_METRICS = {metric for metrics in titles.METRICS.values() for metric in metrics}


def fits(text: str, width: int) -> bool:
    """Return whether no line of a text is wider than ``width`` letters."""
    return all(len(line) <= width for line in text.splitlines())


def has_metrics(table: pd.DataFrame) -> bool:
    """Return whether all columns but the first are called ``NAME METRIC``, as those of a table of results are."""
    return len(table.columns) > 1 and all(_metric(name) in _METRICS for name in table.columns[1:])


def text(table: pd.DataFrame, width: int) -> str:
    """Return a table of texts that ``has_metrics`` for a terminal of ``width`` letters.

    Deviations are left out where they do not fit. What scores the same in every column, of no skill, is a line below;
    so is a metric that is another one in every cell. A column that is too wide alone stands alone.
    """
    by_metric = {
        metric: table.iloc[:, [0, *(at for at, name in enumerate(table.columns) if at and _metric(name) == metric)]]
        for metric in dict.fromkeys(map(_metric, table.columns[1:]))
    }
    for metric, part in by_metric.items():
        part.columns = [table.columns[0], *(_group(name) for name in part.columns[1:])]
        by_metric[metric] = part.reset_index(drop=True)
    told: dict[str, pd.DataFrame] = {}
    blocks: list[str] = []
    for metric, part in by_metric.items():
        same = next((name for name, earlier in told.items() if earlier.equals(part)), None)
        if same:
            blocks.append(f"{metric} is {same} in every cell.")
        else:
            blocks += [metric, *_of_metric(part, width)]
            told[metric] = part
    return "\n\n".join(blocks)


def _metric(name: str) -> str:
    return str(name).rpartition(" ")[2]


def _group(name: str) -> str:
    return str(name).rpartition(" ")[0]


def _of_metric(part: pd.DataFrame, width: int) -> Iterator[str]:
    """Yield the parts of a metric's table, then what is no row of it."""
    below = part[part.iloc[:, 0].isin(no_skill.LINES) & (part.iloc[:, 1:].nunique(axis=1) == 1)]
    rows = part.drop(below.index)
    notes = [f"{row[0]}: {row[1]}" for row in below.itertuples(index=False)]
    if len(_fitting(rows, width)) > 1 and rows.iloc[:, 1:].map(lambda cell: _SPREAD in cell).any(axis=None):
        rows = rows.map(lambda cell: cell.partition(_SPREAD)[0])
        notes.append("Deviations over seeds (±) did not fit; the file has them")
    for places in _fitting(rows, width):
        yield _lines(rows.iloc[:, [0, *places]])
    if notes:
        yield "\n".join(notes)


def _fitting(table: pd.DataFrame, width: int) -> list[list[int]]:
    """Return the places of columns that fit beside the first and each other, each place once."""
    widths = [_width(table.iloc[:, place]) for place in range(len(table.columns))]
    found: list[list[int]] = [[]]
    for place in range(1, len(widths)):
        needed = widths[0] + sum(len(_GAP) + widths[other] for other in [*found[-1], place])
        if found[-1] and needed > width:
            found.append([])
        found[-1].append(place)
    return found


def _width(column: pd.Series) -> int:
    return max(map(len, [*str(column.name).split(" "), *column]))


def _lines(table: pd.DataFrame) -> str:
    """Return a table with a rule under its heads, which have a line for each word."""
    columns = [table.iloc[:, place] for place in range(len(table.columns))]
    heads = [str(column.name).split(" ") for column in columns]
    deep = max(map(len, heads))
    padded = [[*head, *[""] * (deep - len(head))] for head in heads]
    rule = ["-" * _width(column) for column in columns]
    rows: list[Sequence[str]] = [*zip(*padded, strict=True), rule, *zip(*columns, strict=True)]
    return "\n".join(
        _GAP.join(cell.ljust(len(line)) for cell, line in zip(row, rule, strict=True)).rstrip() for row in rows
    )
