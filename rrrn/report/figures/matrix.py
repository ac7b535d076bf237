"""The train × test matrix: a panel for each method, the conditions trained on in rows and those tested in columns."""

import altair as alt
import pandas as pd

from rrrn.report import theme
from rrrn.report.figure import Figure, nothing
from rrrn.report.found import Found

NAME, TITLE = "matrix", "Trained on one condition, tested on another"
_CELL = 20  # pixels, of which two digits take fourteen


def draw(found: Found) -> Figure:
    """Return a panel for each method, F1 in the folds of Table IV."""
    told = found.results.get("matrix")
    if told is None or told.empty:
        return nothing(NAME, TITLE, "each training was tested under its own condition alone ('protocol.test_all')")
    rows = told[told["metric"] == "F1"].reset_index(drop=True)
    names = [found.condition(name) for name in found.conditions]
    panels = [_matrix(own, names, str(method)) for method, own in rows.groupby("method", sort=False)]
    caption = (
        "F1 in the folds of Table IV, in hundredths, mean over seeds. Rows are what was trained on, columns what was "
        f"tested; framed is what was trained on the tested condition. The darker, the higher. {found.extent()}."
    )
    columns = ["method", "trained_on", "condition", "value", "low", "high"]
    return Figure(NAME, TITLE, caption, panels, 3, rows[columns])


def _matrix(rows: pd.DataFrame, names: list[str], title: str) -> alt.LayerChart:
    axis = alt.Axis(orient="top", labelAngle=-60, domain=False, ticks=False)
    base = alt.Chart(rows).encode(
        x=alt.X("condition:N", sort=names, title="tested on", axis=axis),
        y=alt.Y("trained_on:N", sort=names, title="trained on", axis=alt.Axis(domain=False, ticks=False)),
    )
    scale = alt.Scale(domain=[0, 1], range=theme.CELLS)
    numbers = [alt.Tooltip(f"{name}:Q", format=".3f") for name in ("value", "low", "high")]
    cells = base.mark_rect(stroke="#ffffff").encode(
        color=alt.Color("value:Q", scale=scale, legend=None), tooltip=["trained_on", "condition", *numbers]
    )
    alike = base.transform_filter("datum.trained_on == datum.condition")
    frames = alike.mark_rect(stroke="#000000", strokeWidth=1.4, fillOpacity=0)
    dark = f"datum.value > {theme.DARK}"
    text = (
        base.transform_calculate(shown="format(100 * datum.value, '.0f')")
        .mark_text(fontSize=10)
        .encode(text="shown:N", color=alt.condition(dark, alt.value("white"), alt.value("black")))
    )
    step = {"step": _CELL}
    return alt.layer(cells, frames, text).properties(width=step, height=step, title=title)
