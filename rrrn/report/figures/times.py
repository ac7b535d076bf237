"""What each stage took: seconds of work, the largest memory of a job, and bytes on disk."""

import altair as alt
import pandas as pd

from rrrn.report import theme
from rrrn.report.figure import Figure, nothing
from rrrn.report.found import Found

NAME, TITLE = "times", "Times and sizes of the stages"


def draw(found: Found) -> Figure:
    """Return bars of time, memory and size."""
    panels, shown = [], []
    if not found.times.empty:
        grouped = found.times.groupby("rule", sort=False)
        rows = pd.DataFrame({"seconds": grouped["s"].sum(), "jobs": grouped.size(), "memory": grouped["max_rss"].max()})
        rows = rows.reset_index().sort_values("seconds", ascending=False).reset_index(drop=True)
        panels.append(_bars(rows, "seconds", "seconds of all its jobs", "Time"))
        panels.append(_bars(rows.dropna(subset=["memory"]), "memory", "MB of its largest job", "Memory"))
        shown.append(rows)
    if not found.sizes.empty:
        panels.append(
            _bars(found.sizes.rename(columns={"folder": "rule"}), "megabytes", "MB on disk", "Size of results")
        )
        shown.append(found.sizes)
    if not panels:
        return nothing(NAME, TITLE, "neither times nor sizes are there")
    caption = (
        "What Snakemake measured of the jobs that made the files, as they are in the folder of logs: a job that was "
        f"not run again counts as it was. Not of this machine alone, if several had a part. {found.extent()}."
    )
    return Figure(NAME, TITLE, caption, panels, 3, pd.concat(shown, ignore_index=True))


def _bars(rows: pd.DataFrame, column: str, title: str, name: str) -> alt.Chart:
    return (
        alt.Chart(rows)
        .mark_bar(color=theme.COLOURS[0])
        .encode(
            x=alt.X(f"{column}:Q", title=title, axis=alt.Axis(tickCount=4)),
            y=alt.Y("rule:N", sort=alt.EncodingSortField(column, order="descending"), title=None),
            tooltip=["rule", alt.Tooltip(f"{column}:Q", format=",.1f")],
        )
        .properties(width=200, height={"step": 16}, title=name)
    )
