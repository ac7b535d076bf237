"""How many of each subject's clips are recognised: two subjects may carry a result."""

from collections import Counter

import altair as alt
import numpy as np
import pandas as pd

from rrrn.report import theme
from rrrn.report.figure import Figure, nothing
from rrrn.report.found import Found

NAME, TITLE = "subjects", "Recognised clips of each subject"


def draw(found: Found) -> Figure:
    """Return a panel of bars for each method, mean over conditions and seeds."""
    counts = found.counts.get("iv", {})
    panels, shown = [], []
    clips_of = Counter(clip.subject for clip in found.clips)
    for method in found.methods:
        own = [counts[method, name] for name in found.conditions if (method, name) in counts]
        if not own:
            continue
        right = np.mean([one.matrices.trace(axis1=2, axis2=3).mean(axis=0) for one in own], axis=0)
        counted = own[0].matrices[0].sum(axis=(1, 2))  # with protocol.view: augmented_pool all views of each clip
        rows = pd.DataFrame({"subject": list(own[0].subjects), "right": right / counted})
        rows["clips"] = [clips_of[subject] for subject in rows["subject"]]
        rows["named"] = [
            f"{subject} ({number})" for subject, number in zip(rows["subject"], rows["clips"], strict=True)
        ]
        rows = rows.sort_values(["right", "subject"], ascending=[False, True]).reset_index(drop=True)
        panels.append(_bars(rows, found.method(method)))
        shown.append(rows.drop(columns="named").assign(method=found.method(method)))
    if not panels:
        return nothing(NAME, TITLE, "no confusion matrix of Table IV is there")
    caption = (
        "Share of a subject's clips that were named rightly when the subject was tested (Table IV), mean over "
        f"conditions and seeds; in brackets the number of clips. {found.extent()}."
    )
    return Figure(NAME, TITLE, caption, panels, 4, pd.concat(shown, ignore_index=True))


def _bars(rows: pd.DataFrame, title: str) -> alt.Chart:
    return (
        alt.Chart(rows)
        .mark_bar(color=theme.COLOURS[0])
        .encode(
            x=alt.X("right:Q", title="share named rightly", scale=alt.Scale(domain=[0, 1])),
            y=alt.Y("named:N", sort=None, title=None, axis=alt.Axis(labelFontSize=9, labelLimit=130)),
            tooltip=["subject", "clips", alt.Tooltip("right:Q", format=".2f")],
        )
        .properties(width=170, height={"step": 13}, title=title)
    )
