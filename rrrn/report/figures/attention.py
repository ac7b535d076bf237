"""Mean region weights, drawn on the six boxes over the outline of a face that is nobody's."""

import altair as alt
import numpy as np
import pandas as pd

from rrrn.face import region_boxes
from rrrn.face.region_names import REGIONS
from rrrn.report import theme
from rrrn.report.figure import Figure, nothing
from rrrn.report.found import Found

NAME, TITLE = "attention", "Region weights on the face"
_SIDE = 200
_MOST = 6  # conditions that are drawn
_LABELS = ((0.04, 0.97), (0.04, 0.05), (0.96, 0.05), (0.5, 0.955), (0.12, 0.5), (0.88, 0.5))  # where each weight stands


def draw(found: Found) -> Figure:
    """Return a face with six boxes for each of some conditions, of the first method with region weights."""
    if not found.attending:
        return nothing(NAME, TITLE, "no method with region weights is among the methods, or its weights are not there")
    method = found.attending[0]
    there = [name for name in found.conditions if (method, name) in found.weights]
    chosen = _chosen(there)
    rows = pd.concat([_boxes(found.weights[method, name]).assign(condition=found.condition(name)) for name in chosen])
    ends = [float(rows["weight"].min()), float(rows["weight"].max())]
    panels = [_face(rows[rows["condition"] == found.condition(name)], found.condition(name), ends) for name in chosen]
    left = len(there) - len(chosen)
    more = f" {left} more conditions are in the figure of the weights." if left else ""
    regions = ", ".join(f"{number} {name}" for number, name in enumerate(REGIONS))
    caption = (
        f"{found.method(method)}: mean weight of each region over clips, folds and seeds; the wider and redder a box, "
        f"the larger, from {ends[0]:.3f} to {ends[1]:.3f}. Regions: {regions}.{more} {found.extent()}."
    )
    return Figure(NAME, TITLE, caption, panels, 3, rows.reset_index(drop=True))


def _chosen(names: list[str]) -> list[str]:
    """Return the clean condition and, of the others, evenly as many as are drawn."""
    if len(names) <= _MOST:
        return names
    places = np.linspace(0, len(names) - 1, _MOST).round().astype(int)
    return [names[place] for place in places]


def _boxes(frame: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for number, (x0, y0, x1, y1) in enumerate(region_boxes.FRACTIONS):
        weight = float(frame[f"alpha_{number}"].mean())
        place = {"label_x": _LABELS[number][0], "label_y": _LABELS[number][1]}
        rows.append(
            {
                "region": REGIONS[number],
                "label": f"{number}: {weight:.2f}",
                "weight": weight,
                "x0": x0,
                "y0": y0,
                "x1": x1,
                "y1": y1,
                **place,
            }
        )
    return pd.DataFrame(rows)


def _face(rows: pd.DataFrame, title: str, ends: list[float]) -> alt.LayerChart:
    unit = alt.Scale(domain=[-0.02, 1.02])
    down = alt.Scale(domain=[1.02, -0.02])
    base = alt.Chart(rows)
    shade = alt.Scale(domain=ends if ends[0] < ends[1] else [0, 1], range=["#5b93b8", "#c2410c"])
    width = alt.Scale(domain=ends if ends[0] < ends[1] else [0, 1], range=[1, 5])
    boxes = base.mark_rect(filled=False).encode(
        x=alt.X("x0:Q", scale=unit, axis=None),
        x2="x1:Q",
        y=alt.Y("y0:Q", scale=down, axis=None),
        y2="y1:Q",
        stroke=alt.Stroke("weight:Q", scale=shade, legend=None),
        strokeWidth=alt.StrokeWidth("weight:Q", scale=width, legend=None),
        tooltip=["region", alt.Tooltip("weight:Q", format=".3f")],
    )
    labels = base.encode(x="label_x:Q", y="label_y:Q", text="label:N")
    text = labels.mark_text(fontSize=10, fontWeight=600, color=theme.INK)
    halo = labels.mark_text(fontSize=10, fontWeight=600, color=theme.HALO, stroke=theme.HALO, strokeWidth=4)
    return alt.layer(_outline(unit, down), boxes, halo, text).properties(width=_SIDE, height=_SIDE, title=title)


def _outline(unit: alt.Scale, down: alt.Scale) -> alt.Chart:
    """Return chin, brows, eyes, nose and mouth as lines."""
    turn = np.linspace(0, 2 * np.pi, 33)
    parts = {
        "head": (0.5 + 0.4 * np.cos(turn), 0.5 + 0.48 * np.sin(turn)),
        "left eye": (0.33 + 0.07 * np.cos(turn), 0.38 + 0.03 * np.sin(turn)),
        "right eye": (0.67 + 0.07 * np.cos(turn), 0.38 + 0.03 * np.sin(turn)),
        "left brow": (np.array([0.24, 0.33, 0.42]), np.array([0.3, 0.27, 0.3])),
        "right brow": (np.array([0.58, 0.67, 0.76]), np.array([0.3, 0.27, 0.3])),
        "nose": (np.array([0.5, 0.46, 0.5, 0.54]), np.array([0.42, 0.6, 0.62, 0.6])),
        "mouth": (0.5 + 0.13 * np.cos(turn), 0.77 + 0.04 * np.sin(turn)),
    }
    rows = [
        {"part": part, "order": order, "x": float(x), "y": float(y)}
        for part, (xs, ys) in parts.items()
        for order, (x, y) in enumerate(zip(xs, ys, strict=True))
    ]
    return (
        alt.Chart(pd.DataFrame(rows))
        .mark_line(color=theme.FAINT, strokeWidth=1)
        .encode(
            x=alt.X("x:Q", scale=unit, axis=None),
            y=alt.Y("y:Q", scale=down, axis=None),
            detail="part:N",
            order="order:Q",
        )
    )
