"""The critical-difference picture: mean ranks of methods over subjects, and which lie too near to be told apart."""

import altair as alt
import numpy as np
import pandas as pd
from scipy import stats

from rrrn.report import theme
from rrrn.report.figure import Figure, nothing
from rrrn.report.found import Found

NAME, TITLE = "ranks", "Mean ranks and the critical difference"
LEVEL = 0.05


def critical_difference(methods: int, subjects: int) -> float:
    """Return how far apart mean ranks of two methods must be to differ, by Nemenyi's test (Demšar, 2006)."""
    q = float(stats.studentized_range.ppf(1 - LEVEL, methods, np.inf)) / np.sqrt(2)
    return float(q * np.sqrt(methods * (methods + 1) / (6 * subjects)))


def draw(found: Found) -> Figure:
    """Return one panel: each method at its mean rank, with a bar as long as the critical difference."""
    counts = found.counts.get("iv", {})
    there = [m for m in found.methods if all((m, name) in counts for name in found.conditions)]
    if len(there) < 2:
        return nothing(NAME, TITLE, "fewer than two methods have confusion matrices under all conditions")
    subjects = counts[there[0], found.conditions[0]].subjects
    if len(subjects) < 2:
        return nothing(NAME, TITLE, "ranks over subjects need more than one subject")
    shares = np.array([_shares(found, method) for method in there])
    ranks = stats.rankdata(-shares, axis=0).mean(axis=1)
    gap = critical_difference(len(there), len(subjects))
    friedman = float(stats.friedmanchisquare(*shares).pvalue) if len(there) > 2 and np.ptp(shares) > 0 else float("nan")
    rows = pd.DataFrame({"method": [found.method(name) for name in there], "rank": ranks})
    rows = rows.sort_values("rank").reset_index(drop=True)
    rows["low"], rows["high"] = rows["rank"] - gap / 2, rows["rank"] + gap / 2
    tested = f"; Friedman's test gives p = {friedman:.3g}" if np.isfinite(friedman) else ""
    caption = (
        "Ranks of the methods within each subject by the share of its clips named rightly (Table IV, mean "
        "over conditions and seeds; 1 is the best), mean over subjects. Bars are as long as the critical difference: "
        f"methods whose bars overlap cannot be told apart by Nemenyi's test at {LEVEL:g}. The critical difference is "
        f"{gap:.2f}{tested}. {found.extent()}."
    )
    return Figure(NAME, TITLE, caption, [_bars(rows, len(there))], 1, rows)


def _shares(found: Found, method: str) -> np.ndarray:
    own = [found.counts["iv"][method, name] for name in found.conditions]
    clips = own[0].matrices[0].sum(axis=(1, 2))
    return np.mean([one.matrices.trace(axis1=2, axis2=3).mean(axis=0) for one in own], axis=0) / clips


def _bars(rows: pd.DataFrame, number: int) -> alt.LayerChart:
    ends = [min(1.0, float(rows["low"].min())), max(float(number), float(rows["high"].max()))]
    base = alt.Chart(rows).encode(y=alt.Y("method:N", sort=None, title=None))
    bars = base.mark_rule(strokeWidth=6, color=theme.COLOURS[0], opacity=0.35).encode(
        x=alt.X("low:Q", title="mean rank", scale=alt.Scale(domain=ends, nice=False)), x2="high:Q"
    )
    points = base.mark_point(filled=True, size=70, color=theme.COLOURS[0], opacity=1).encode(
        x="rank:Q", tooltip=["method", alt.Tooltip("rank:Q", format=".2f")]
    )
    return alt.layer(bars, points).properties(width=theme.WIDTH, height={"step": 24}, title="Mean ranks")
