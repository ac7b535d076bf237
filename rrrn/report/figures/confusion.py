"""Confusion matrices: of un-occluded clips, of all occluded ones, and how the second differs from the first."""

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rrrn.experiment.conditions import CLEAR
from rrrn.report import theme
from rrrn.report.figure import Figure, nothing
from rrrn.report.found import Found

NAME, TITLE = "confusion", "Confusion matrices and their change"
_SIDE = 140


def draw(found: Found) -> Figure:
    """Return up to three matrices of each method: clean, occluded, and the change."""
    panels, shown = [], []
    for method in found.methods:
        clean = _mean(found, method, [CLEAR])
        hidden = _mean(found, method, [name for name in found.conditions if name != CLEAR])
        label = found.method(method)
        for part, matrix in (("un-occluded", clean), ("occluded", hidden)):
            if matrix is not None:
                rows = _rows(found, matrix, _shares(matrix)).assign(method=label, part=part)
                panels.append(_matrix(found, rows, f"{label}, {part}"))
                shown.append(rows)
        if clean is not None and hidden is not None:
            rows = _rows(found, hidden, _shares(hidden) - _shares(clean)).assign(method=label, part="change")
            panels.append(_matrix(found, rows, f"{label}, change", change=True))
            shown.append(rows)
    if not panels:
        return nothing(NAME, TITLE, "no confusion matrix of Table IV is there")
    caption = (
        "Table IV, all folds pooled. Rows are true classes, columns what was said; numbers and shades are shares of a "
        "row, mean over seeds and, where occluded, over conditions. Change: occluded less un-occluded, in points of a "
        f"hundred. A row without clips is empty. {found.extent()}."
    )
    each = max(len(set(rows["part"])) for _, rows in pd.concat(shown).groupby("method"))
    return Figure(NAME, TITLE, caption, panels, 2 * each, pd.concat(shown, ignore_index=True))


def _mean(found: Found, method: str, conditions: list[str]) -> NDArray[np.float64] | None:
    """Return the matrix of all subjects, mean over seeds and conditions, (classes, classes); None if one is missing."""
    counts = [found.counts.get("iv", {}).get((method, name)) for name in conditions]
    matrices = [one.matrices.sum(axis=1).mean(axis=0) for one in counts if one is not None]
    return np.mean(matrices, axis=0) if matrices and len(matrices) == len(conditions) else None


def _shares(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    total = matrix.sum(axis=1, keepdims=True)
    return np.divide(matrix, total, out=np.full_like(matrix, np.nan), where=total > 0)


def _rows(found: Found, counts: NDArray[np.float64], shares: NDArray[np.float64]) -> pd.DataFrame:
    cells = [
        {"true": true, "said": said, "share": shares[row, column], "clips": counts[row, column]}
        for row, true in enumerate(found.classes)
        for column, said in enumerate(found.classes)
    ]
    return pd.DataFrame(cells)


def _matrix(found: Found, rows: pd.DataFrame, title: str, change: bool = False) -> alt.LayerChart:
    scale = alt.Scale(domain=[-1, 0, 1], range=theme.CHANGE) if change else _blues()
    base = alt.Chart(rows).encode(
        x=alt.X("said:N", sort=found.classes, title="said", axis=alt.Axis(orient="top", labelAngle=0, domain=False)),
        y=alt.Y("true:N", sort=found.classes, title="true", axis=alt.Axis(domain=False)),
    )
    cells = base.mark_rect(stroke="#ffffff").encode(
        color=alt.Color("share:Q", scale=scale, legend=None),
        tooltip=["true", "said", alt.Tooltip("share:Q", format=".2f"), alt.Tooltip("clips:Q", format=".1f")],
    )
    dark = f"abs(datum.share) > {theme.DARK}"
    form = "(abs(datum.share) < 0.005 ? '.0f' : '+.0f')" if change else "'.0f'"
    shown = f"isValid(datum.share) ? format(100 * datum.share, {form}) : ''"
    text = (
        base.transform_calculate(shown=shown)
        .mark_text(fontSize=11)
        .encode(text="shown:N", color=alt.condition(dark, alt.value("white"), alt.value("black")))
    )
    return alt.layer(cells, text).properties(width=_SIDE, height=_SIDE, title=title)


def _blues() -> alt.Scale:
    return alt.Scale(domain=[0, 1], range=theme.CELLS)
