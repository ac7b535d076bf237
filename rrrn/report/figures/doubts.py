"""What a headline would be if the epoch were chosen on test, and by other definitions of F1, beside what it is."""

import altair as alt
import pandas as pd

from rrrn.experiment.conditions import CLEAR
from rrrn.report import theme
from rrrn.report.figure import Figure, nothing
from rrrn.report.found import Found
from rrrn.tables import definitions
from rrrn.tables.published import AVERAGE

NAME, TITLE = "doubts", "What headlines would be otherwise"
_MARKS = {
    "value": "last epoch, as in the table",
    "oracle_epoch": "best epoch of all folds",
    "oracle_fold": "best epoch of each fold",
}


def draw(found: Found) -> Figure:
    """Return a panel for un-occluded clips and one for the mean over conditions, F1 of Table IV."""
    told = found.results.get("leak")
    if told is None or told.empty:
        return nothing(NAME, TITLE, "the leak meter is not there")
    own = told[(told["table"] == "iv") & (told["metric"] == "F1")]
    names = [found.condition(CLEAR)] if CLEAR in found.conditions else []
    panels, shown = [], []
    for condition in [*names, AVERAGE]:
        rows = own[own["condition"] == condition]
        panels.append(_panel(found, rows, "Mean over conditions" if condition == AVERAGE else condition))
        shown.append(rows)
    rows = pd.concat(shown, ignore_index=True)
    asked = "" if rows["oracle_fold"].notna().any() else " No training was scored after every epoch."
    caption = (
        "F1 of Table IV. Grey bars reach from the least to the largest of six definitions of F1 for the same "
        f"predictions. Open marks choose the epoch by the tested clips, which nobody may.{asked} {found.extent()}."
    )
    columns = ["condition", "method", *_MARKS, *definitions.NAMES]
    return Figure(NAME, TITLE, caption, panels, 2, rows[columns])


def _panel(found: Found, rows: pd.DataFrame, title: str) -> alt.LayerChart:
    labels = [found.method(name) for name in found.methods]
    y = alt.Y("method:N", sort=labels, title=None)
    ends = rows.assign(low=rows[list(definitions.NAMES)].min(axis=1), high=rows[list(definitions.NAMES)].max(axis=1))
    bars = alt.Chart(ends[["method", "low", "high"]]).mark_rule(strokeWidth=9, color=theme.BAR)
    marks = rows.melt(["method"], list(_MARKS), "mark", "F1").dropna(subset="F1")
    marks["mark"] = marks["mark"].map(_MARKS)
    kinds = list(_MARKS.values())
    scale = alt.Scale(domain=kinds, range=["circle", "square", "triangle-up"])
    colours = alt.Scale(domain=kinds, range=[theme.COLOURS[0], theme.GREY, theme.COLOURS[1]])
    fills = alt.Scale(domain=kinds, range=[theme.COLOURS[0], "transparent", "transparent"])
    legend = alt.Legend(columns=1, labelLimit=220, symbolStrokeWidth=1.8)  # open marks have nothing but their line
    points = (
        alt.Chart(marks)
        .mark_point(size=64, strokeWidth=1.8, opacity=1)
        .encode(
            x="F1:Q",
            y=y,
            shape=alt.Shape("mark:N", title=None, scale=scale, legend=legend),
            color=alt.Color("mark:N", title=None, scale=colours, legend=legend),
            fill=alt.Fill("mark:N", title=None, scale=fills, legend=legend),
            tooltip=["method", "mark", alt.Tooltip("F1:Q", format=".3f")],
        )
    )
    spread = bars.encode(x=alt.X("low:Q", title="F1", scale=alt.Scale(domain=[0, 1])), x2="high:Q", y=y)
    return alt.layer(spread, points).properties(width=theme.WIDTH, height={"step": 26}, title=title)
