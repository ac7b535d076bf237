"""A map of the clips by what a descriptor says of them (t-SNE): do they lie together by class, or by subject?"""

import altair as alt
import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from rrrn.report import theme
from rrrn.report.figure import Figure, nothing
from rrrn.report.found import Found

NAME, TITLE = "features", "Clips by their features"
_PERPLEXITY, _COMPONENTS, _FEWEST = 30, 30, 5


def draw(found: Found) -> Figure:
    """Return the map twice: by class and by subject."""
    if found.features is None:
        return nothing(NAME, TITLE, "no descriptor's features of un-occluded clips are there; networks keep none")
    method, clips, values = found.features
    if len(clips) < _FEWEST:
        return nothing(NAME, TITLE, f"fewer than {_FEWEST} clips have no map")
    perplexity = min(_PERPLEXITY, (len(clips) - 1) / 3)
    centred = PCA(min(_COMPONENTS, *values.shape), random_state=0).fit_transform(np.asarray(values, float))
    placed = TSNE(2, perplexity=perplexity, init="pca", random_state=0).fit_transform(centred)
    of_clip = {(clip.subject, clip.clip): clip.objective_class for clip in found.clips}
    rows = pd.DataFrame(clips, columns=["subject", "clip"]).assign(x=placed[:, 0], y=placed[:, 1])
    rows["class"] = [of_clip[key] for key in clips]
    names = found.subjects
    panels = [
        _map(rows, "class", found.classes, "by class", legend=True),
        _map(rows, "subject", names, "by subject", legend=len(names) <= 6),
    ]
    caption = (
        f"t-SNE of the {found.method(method)} of un-occluded clips, perplexity {perplexity:.3g}, seed 0; axes mean "
        "nothing, nearness does. Clips that lie together by subject and not by class show what a classifier may learn "
        f"instead. {len(clips)} clips, {len(names)} subjects."
    )
    return Figure(NAME, TITLE, caption, panels, 2, rows)


def _map(rows: pd.DataFrame, by: str, names: list[str], title: str, legend: bool) -> alt.Chart:
    def scale(options: tuple[object, ...]) -> alt.Scale:
        return alt.Scale(domain=names, range=theme.spread(options, len(names)))

    shown = alt.Legend(title=None, columns=3) if legend else None
    return (
        alt.Chart(rows)
        .mark_point(filled=True, size=48, opacity=0.85)
        .encode(
            x=alt.X("x:Q", axis=None),
            y=alt.Y("y:Q", axis=None),
            color=alt.Color(f"{by}:N", sort=names, scale=scale(theme.COLOURS), legend=shown),
            shape=alt.Shape(f"{by}:N", sort=names, scale=scale(theme.SHAPES), legend=shown),
            tooltip=["subject", "clip", "class"],
        )
        .properties(width=theme.WIDTH, height=theme.WIDTH, title=title)
    )
