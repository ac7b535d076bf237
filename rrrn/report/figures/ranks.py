"""The critical-difference picture: mean ranks of methods over subjects, and which lie too near to be told apart."""

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from rrrn.report import theme
from rrrn.report.figure import Figure, nothing
from rrrn.report.found import Found
from rrrn.tables.published import AVERAGE

NAME, TITLE = "ranks", "Mean ranks and the critical difference"
LEVEL = 0.05
_WIDTH = 150  # pixels; there may be as many panels as conditions


def critical_difference(methods: int, subjects: int) -> float:
    """Return how far apart mean ranks of two methods must be to differ, by Nemenyi's test (Demšar, 2006)."""
    q = float(stats.studentized_range.ppf(1 - LEVEL, methods, np.inf)) / np.sqrt(2)
    return float(q * np.sqrt(methods * (methods + 1) / (6 * subjects)))


def draw(found: Found) -> Figure:
    """Return panels, over all conditions and for each: a method's mean rank, with a bar of the critical difference."""
    counts = found.counts.get("iv", {})
    there = [m for m in found.methods if all((m, name) in counts for name in found.conditions)]
    if len(there) < 2:
        return nothing(NAME, TITLE, "fewer than two methods have confusion matrices under all conditions")
    subjects = counts[there[0], found.conditions[0]].subjects
    if len(subjects) < 2:
        return nothing(NAME, TITLE, "ranks over subjects need more than one subject")
    shares = np.array([[_shares(found, method, name) for method in there] for name in found.conditions])
    gap = critical_difference(len(there), len(subjects))
    labels = [found.method(name) for name in there]
    named = {AVERAGE: shares.mean(axis=0)}
    if len(found.conditions) > 1:
        named |= {found.condition(name): own for name, own in zip(found.conditions, shares, strict=True)}
    rows = pd.concat([_ranked(labels, own, gap).assign(condition=name) for name, own in named.items()])
    order = rows[rows["condition"] == AVERAGE].sort_values("rank")["method"].tolist()
    ends = [min(1.0, float(rows["low"].min())), max(float(len(there)), float(rows["high"].max()))]
    panels = [_bars(rows[rows["condition"] == name], order, ends, name, _friedman(own)) for name, own in named.items()]
    caption = (
        "Ranks of the methods within each subject by the share of its clips named rightly (Table IV, mean over seeds; "
        "1 is the best), mean over subjects: over all conditions, and under each. Bars are as long as the critical "
        f"difference, {gap:.2f}: methods whose bars overlap cannot be told apart by Nemenyi's test at {LEVEL:g}. It "
        "allows for the pairs of a panel, not for the number of panels; p of the comparisons does for all. "
        f"{found.extent()}."
    )
    columns = ["condition", "method", "rank", "low", "high"]
    return Figure(NAME, TITLE, caption, panels, 4, rows[columns].reset_index(drop=True))


def _shares(found: Found, method: str, condition: str) -> NDArray[np.float64]:
    """Return the share of each subject's clips that a method names rightly under a condition, mean over seeds."""
    matrices = found.counts["iv"][method, condition].matrices
    shares: NDArray[np.float64] = matrices.trace(axis1=2, axis2=3).mean(axis=0) / matrices[0].sum(axis=(1, 2))
    return shares


def _ranked(labels: list[str], shares: NDArray[np.float64], gap: float) -> pd.DataFrame:
    """Return method, rank, low and high, best first; ``shares`` are of methods by subjects."""
    ranks = stats.rankdata(-shares.round(9), axis=0).mean(axis=1)  # means of equal shares differ in their last bits
    rows = pd.DataFrame({"method": labels, "rank": ranks, "low": ranks - gap / 2, "high": ranks + gap / 2})
    return rows.sort_values("rank", kind="stable")


def _friedman(shares: NDArray[np.float64]) -> float:
    """Return p of Friedman's test, of three methods or more of which two differ for a subject; else not a number."""
    if len(shares) < 3 or not np.ptp(shares.round(9), axis=0).any():
        return float("nan")
    return float(stats.friedmanchisquare(*shares.round(9)).pvalue)


def _bars(rows: pd.DataFrame, order: list[str], ends: list[float], condition: str, p: float) -> alt.LayerChart:
    base = alt.Chart(rows).encode(y=alt.Y("method:N", sort=order, title=None))
    bars = base.mark_rule(strokeWidth=6, color=theme.COLOURS[0], opacity=0.35).encode(
        x=alt.X("low:Q", title="mean rank", scale=alt.Scale(domain=ends, nice=False)), x2="high:Q"
    )
    points = base.mark_point(filled=True, size=60, color=theme.COLOURS[0], opacity=1).encode(
        x="rank:Q", tooltip=["method", alt.Tooltip("rank:Q", format=".2f")]
    )
    name = "All conditions" if condition == AVERAGE else condition
    title = alt.TitleParams(name, subtitle=f"Friedman: p = {p:.2g}") if np.isfinite(p) else name
    return alt.layer(bars, points).properties(width=_WIDTH, height={"step": 18}, title=title)
