"""The loss of each training over its epochs: does it fall, and to where? No test clip has a part in it."""

import altair as alt
import pandas as pd

from rrrn.experiment.conditions import CLEAR
from rrrn.report import theme
from rrrn.report.figure import Figure, nothing
from rrrn.report.found import Found

NAME, TITLE = "training", "Training curves"


def draw(found: Found) -> Figure:
    """Return a panel for each network, with a thin line for each fold of its first training set and seed."""
    told = found.histories
    if told.empty:
        return nothing(NAME, TITLE, "no history of a training is in the folder of logs")
    panels, shown = [], []
    for network in [name for name in found.methods if name in set(told["network"])]:
        own = told[told["network"] == network]
        first = min(own["trained_on"], key=lambda name: (name != CLEAR, name))
        own = own[(own["trained_on"] == first) & (own["seed"] == own["seed"].min())]
        rows = own[["epoch", "total", "fold"]].reset_index(drop=True)
        panels.append(_curves(rows, f"{found.method(network)}, {found.condition(first)}"))
        shown.append(rows.assign(network=found.method(network), trained_on=first))
    if not panels:
        return nothing(NAME, TITLE, "no history of one of the methods is in the folder of logs")
    caption = (
        "Loss on training clips, mean over the samples of an epoch; a line for each fold, of the first seed and of "
        "what the title says it was trained on; dashed: their median. The last epoch is the one that is tested, in "
        f"all folds. {found.extent()}."
    )
    return Figure(NAME, TITLE, caption, panels, 4, pd.concat(shown, ignore_index=True))


def _curves(rows: pd.DataFrame, title: str) -> alt.LayerChart:
    base = alt.Chart(rows).encode(
        x=alt.X("epoch:Q", title="epoch", axis=alt.Axis(values=_ticks(int(rows["epoch"].max())), format="d")),
        y=alt.Y("total:Q", title="loss"),
    )
    alone = rows["epoch"].nunique() == 1  # of which no line is seen
    thin = base.mark_line(strokeWidth=0.8, opacity=0.6, color=theme.COLOURS[0], point=alone).encode(
        detail="fold:N", tooltip=["fold"]
    )
    middle = base.mark_line(strokeWidth=2.2, color=theme.COLOURS[1], strokeDash=[6, 3]).encode(y="median(total):Q")
    return alt.layer(thin, middle).properties(width=theme.WIDTH, height=150, title=title)


def _ticks(last: int) -> list[int]:
    """Return about six whole epochs."""
    return list(range(1, last + 1, max(1, round(last / 6))))
