"""Robustness curves: a score over how much is hidden, with intervals over subjects and what scores without looking."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from rrrn.experiment import conditions, control_conditions
from rrrn.report import theme
from rrrn.report.figure import Figure, nothing
from rrrn.report.found import Found, counted
from rrrn.tables import no_skill
from rrrn.tables.published import SHOWN, TITLES

NAME, TITLE = "robustness", "Scores under occlusion"
_SHORT = {"F1": "F1", "WF1": "weighted F1", "UAR": "UAR", "WAR": "WAR"}


def draw(found: Found) -> Figure:
    """Return a panel of all methods for each table, and one of each method with its interval in Table IV."""
    if not found.tables:
        return nothing(NAME, TITLE, "no table is there")
    panels, shown = [], []
    tables = sorted(found.tables.items(), key=lambda item: item[0] != "iv")
    for name, table in tables:
        metric = "F1" if name == "iv" else "UAR"
        rows = _rows(found, table, metric)
        title = f"{TITLES[name]}: {_SHORT[metric]}"
        panels.append(_all(found, rows, _lines(table, metric), title, metric))
        shown.append(rows.assign(table=name, metric=metric))
    if "iv" in found.tables:
        metric = SHOWN["iv"][0]
        rows, lines = _rows(found, found.tables["iv"], metric), _lines(found.tables["iv"], metric)
        panels += [_one(found, rows, lines, name, metric) for name in rows["method"].unique()]
    caption = (
        f"Lines join percentages of one kind of occluder; conditions without a percentage stand as marks. Bands hold "
        f"95 % over resampled subjects; dashed: always the most frequent tested class; grey: 95 % of random answers. "
        f"{_tested(tables)}; {found.seeds_told()}."
    )
    return Figure(NAME, TITLE, caption, panels, 4, pd.concat(shown, ignore_index=True))


def _tested(tables: Sequence[tuple[str, pd.DataFrame]]) -> str:
    """Return in words of how many clips and subjects each table is: those of Tables III are of one database."""
    numbers = [(TITLES[name], int(table["n_clips"].max()), int(table["n_subjects"].max())) for name, table in tables]
    said = [f"{title} of {counted(n, 'clip')} of {counted(m, 'subject')}" for title, n, m in numbers]
    return f"{', '.join(said[:-1])} and {said[-1]}" if said[1:] else said[0]


def _rows(found: Found, table: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return condition, method, value, low, high and line: which kind of occluder a point is joined in."""
    labels = {found.condition(name): name for name in found.conditions}
    methods = [found.method(name) for name in found.methods]
    rows = table[(table["metric"] == metric) & table["method"].isin(methods) & table["condition"].isin(labels)]
    leveled = [_parsed(labels[label]) for label in rows["condition"]]
    joined = [
        kind if level is not None else ("" if kind != conditions.CLEAR else _first(found)) for kind, level in leveled
    ]
    kept = rows[["condition", "method", "value", "low", "high"]].assign(line=joined)
    return kept.reset_index(drop=True)


def _parsed(name: str) -> tuple[str, int | None]:
    """Return kind and percentage of a condition; a control stands alone."""
    return ("", None) if control_conditions.split(name)[1] else conditions.parse(name)


def _first(found: Found) -> str:
    """Return the kind that un-occluded clips begin the line of: the first with percentages."""
    kinds = [_parsed(name) for name in found.conditions]
    return next((kind for kind, level in kinds if level is not None), "")


def _order(found: Found) -> list[str]:
    """Return the labels of conditions in the order of the axis: those of a line first."""
    joined = [name for name in found.conditions if name == conditions.CLEAR or _parsed(name)[1] is not None]
    return [found.condition(name) for name in [*joined, *(n for n in found.conditions if n not in joined)]]


def _lines(table: pd.DataFrame, metric: str) -> alt.LayerChart:
    """Return what scores without looking, as a band and a rule."""
    rows = table[table["metric"] == metric].set_index("method")
    chance, constant = rows.loc[no_skill.CHANCE], rows.loc[no_skill.TESTED_MAJORITY]
    band = alt.Chart(pd.DataFrame({"low": [chance["low"]], "high": [chance["high"]]}))
    rule = alt.Chart(pd.DataFrame({"value": [constant["value"]]}))
    return alt.layer(
        band.mark_rect(opacity=0.14, color=theme.FAINT).encode(y="low:Q", y2="high:Q"),
        rule.mark_rule(strokeDash=[5, 4], color=theme.GREY).encode(y="value:Q"),
    )


def _axes(found: Found, metric: str) -> dict[str, object]:
    return {
        "x": alt.X("condition:N", sort=_order(found), title=None, axis=alt.Axis(labelAngle=-60, grid=False)),
        "y": alt.Y("value:Q", title=_SHORT[metric], scale=alt.Scale(domain=[0, 1])),
    }


def _all(found: Found, rows: pd.DataFrame, lines: alt.LayerChart, title: str, metric: str) -> alt.LayerChart:
    names = list(rows["method"].unique())
    colour = alt.Color("method:N", sort=names, title=None, scale=_scale(names, theme.COLOURS))
    base = alt.Chart(rows).encode(**_axes(found, metric), color=colour)
    dash = alt.StrokeDash("method:N", sort=names, title=None, scale=_scale(names, theme.DASHES))
    shape = alt.Shape("method:N", sort=names, title=None, scale=_scale(names, theme.SHAPES))
    joined = (
        base.transform_filter("datum.line != ''").mark_line(strokeWidth=1.8).encode(strokeDash=dash, detail="line:N")
    )
    points = base.mark_point(size=42, filled=True, opacity=1).encode(
        shape=shape, tooltip=["method", "condition", alt.Tooltip("value:Q", format=".3f")]
    )
    return alt.layer(lines, joined, points).properties(width=theme.WIDTH, height=190, title=title)


def _scale(names: list[str], options: tuple[object, ...]) -> alt.Scale:
    return alt.Scale(domain=names, range=theme.spread(options, len(names)))


def _one(found: Found, rows: pd.DataFrame, lines: alt.LayerChart, method: str, metric: str) -> alt.LayerChart:
    others = alt.Chart(rows[(rows["method"] != method) & (rows["line"] != "")]).encode(**_axes(found, metric))
    own = alt.Chart(rows[rows["method"] == method]).encode(**_axes(found, metric))
    colour = theme.COLOURS[0]
    joined = own.transform_filter("datum.line != ''")
    layers = [
        lines,
        others.mark_line(strokeWidth=1, color=theme.FAINT, opacity=0.55).encode(detail=["method:N", "line:N"]),
        joined.mark_area(opacity=0.22, color=colour).encode(y="low:Q", y2="high:Q", detail="line:N"),
        joined.mark_line(strokeWidth=2, color=colour).encode(detail="line:N"),
        own.transform_filter("datum.line == ''").mark_rule(color=colour, strokeWidth=2).encode(y="low:Q", y2="high:Q"),
        own.mark_point(size=36, filled=True, color=colour, opacity=1).encode(
            tooltip=["condition", *(alt.Tooltip(f"{name}:Q", format=".3f") for name in ("value", "low", "high"))]
        ),
    ]
    return alt.layer(*layers).properties(width=theme.WIDTH, height=150, title=method)
