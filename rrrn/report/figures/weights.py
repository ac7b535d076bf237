"""Region weights under each condition, beside how much of each region is visible."""

import altair as alt
import pandas as pd

from rrrn.experiment.conditions import CLEAR
from rrrn.face.region_names import REGIONS
from rrrn.report import theme
from rrrn.report.figure import Figure, nothing
from rrrn.report.found import Found

NAME, TITLE = "weights", "Region weights beside what is visible"


def draw(found: Found) -> Figure:
    """Return a table of weights for each method that has them, and one of visible shares, both as shades."""
    if not found.attending:
        return nothing(NAME, TITLE, "no method with region weights is among the methods, or its weights are not there")
    panels, shown = [], []
    for method in found.attending:
        rows = pd.concat(
            [_mean(frame, "alpha", found.condition(name)) for (m, name), frame in found.weights.items() if m == method]
        )
        ends = [float(rows["value"].min()), float(rows["value"].max())]
        panels.append(_shades(found, rows, f"{found.method(method)}: mean weight", ends))
        shown.append(rows.assign(of=found.method(method)))
    seen = [_mean(frame, "visible", found.condition(name)) for name, frame in found.visible.items()]
    if seen:
        clear = pd.DataFrame({"condition": found.condition(CLEAR), "region": REGIONS, "value": 1.0})
        rows = pd.concat([*([clear] if CLEAR in found.conditions else []), *seen])
        panels.append(_shades(found, rows, "Visible share of each region", [0, 1]))
        shown.append(rows.assign(of="visible"))
    caption = (
        "Means over clips, folds and seeds, of the folds of Table IV. Weights are as the network gives them, shades "
        "from the least to the largest in the panel; visible shares are shaded from 0 to 1. If weights followed what "
        "is visible, a region's would be smallest where the least of it is, down each column. "
        f"{found.extent()}."
    )
    return Figure(NAME, TITLE, caption, panels, 2, pd.concat(shown, ignore_index=True))


def _mean(frame: pd.DataFrame, prefix: str, condition: str) -> pd.DataFrame:
    values = [float(frame[f"{prefix}_{number}"].mean()) for number in range(len(REGIONS))]
    return pd.DataFrame({"condition": condition, "region": REGIONS, "value": values})


def _shades(found: Found, rows: pd.DataFrame, title: str, ends: list[float]) -> alt.LayerChart:
    dark = ends[0] + theme.DARK * (ends[1] - ends[0])
    base = alt.Chart(rows).encode(
        x=alt.X("region:N", sort=list(REGIONS), title=None, axis=alt.Axis(labelAngle=-50, domain=False)),
        y=alt.Y("condition:N", sort=[found.condition(name) for name in found.conditions], title=None),
    )
    scale = alt.Scale(domain=ends, range=theme.CELLS)
    cells = base.mark_rect(stroke="#ffffff").encode(color=alt.Color("value:Q", scale=scale, legend=None))
    text = base.mark_text(fontSize=10).encode(
        text=alt.Text("value:Q", format=".2f"),
        color=alt.condition(f"datum.value > {dark}", alt.value("white"), alt.value("black")),
    )
    return alt.layer(cells, text).properties(width=theme.WIDTH - 20, height={"step": 20}, title=title)
