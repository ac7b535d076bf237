"""A map of the clips by a descriptor's features and a network's answers (t-SNE): together by class, or by subject?"""

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from rrrn.data.rows import Key
from rrrn.experiment.conditions import CLEAR
from rrrn.experiment.methods import METHODS
from rrrn.report import theme
from rrrn.report.figure import Figure, nothing
from rrrn.report.found import Found

NAME, TITLE = "features", "Clips by their features"
_PERPLEXITY, _COMPONENTS, _FEWEST = 30, 30, 5
_LEAST = 1e-6  # probability, below which nothing is nearer to nothing


def draw(found: Found) -> Figure:
    """Return the map twice, by class and by subject, of a descriptor's features and of what a network says."""
    maps = {found.method(name): (clips, values) for name, clips, values in filter(None, (found.features, _said(found)))}
    if not maps:
        return nothing(
            NAME, TITLE, "un-occluded clips have neither a descriptor's features nor a network's answers here"
        )
    if min(len(clips) for clips, _ in maps.values()) < _FEWEST:
        return nothing(NAME, TITLE, f"fewer than {_FEWEST} clips have no map")
    of_clip = {(clip.subject, clip.clip): clip.objective_class for clip in found.clips}
    names, panels, shown = found.subjects, [], []
    for label, (clips, values) in maps.items():
        rows = pd.DataFrame(clips, columns=["subject", "clip"]).assign(of=label)
        rows[["x", "y"]] = _placed(values)
        rows["class"] = [of_clip[key] for key in clips]
        panels.append(_map(rows, "class", found.classes, f"{label}, by class", legend=True))
        panels.append(_map(rows, "subject", names, f"{label}, by subject", legend=len(names) <= 6))
        shown.append(rows)
    caption = (
        f"t-SNE of un-occluded clips, perplexity {_perplexity(len(shown[0])):.3g}, seed 0; axes mean nothing, nearness "
        "does. Of a descriptor its features; of a network the logarithms of its probabilities, mean over seeds, since "
        "each fold has a network and features of its own. Clips that lie together by subject and not by class show "
        f"what a classifier may learn instead. {found.extent()}."
    )
    return Figure(NAME, TITLE, caption, panels, 2, pd.concat(shown, ignore_index=True))


def _said(found: Found) -> tuple[str, Sequence[Key], NDArray[np.float32]] | None:
    """Return the last network that has answers, its clips, and the centred logarithms of what it says of each."""
    networks = [name for name in found.methods if METHODS[name].kind == "network" and (name, CLEAR) in found.answers]
    if not networks:
        return None
    told = found.answers[networks[-1], CLEAR]
    columns = [name for name in told.columns if str(name).startswith("p_")]
    logs = told[columns].clip(lower=_LEAST).apply(np.log)
    means = logs.sub(logs.mean(axis=1), axis=0).groupby([told["subject"], told["clip"]]).mean()
    return networks[-1], list(means.index), means.to_numpy(np.float32)


def _perplexity(clips: int) -> float:
    return min(_PERPLEXITY, (clips - 1) / 3)


def _placed(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return where clips lie, (N, 2)."""
    centred = PCA(min(_COMPONENTS, *values.shape), random_state=0).fit_transform(np.asarray(values, float))
    placed = TSNE(2, perplexity=_perplexity(len(values)), init="pca", random_state=0).fit_transform(centred)
    return np.asarray(placed, np.float32)


def _map(rows: pd.DataFrame, by: str, names: list[str], title: str, legend: bool) -> alt.Chart:
    def scale(options: tuple[object, ...]) -> alt.Scale:
        return alt.Scale(domain=names, range=theme.spread(options, len(names)))

    shown = alt.Legend(title=None, columns=3) if legend else None
    return (
        alt.Chart(rows)
        .mark_point(filled=True, size=48, opacity=0.85)
        .encode(
            x=alt.X("x:Q", axis=None, scale=alt.Scale(zero=False, padding=9)),
            y=alt.Y("y:Q", axis=None, scale=alt.Scale(zero=False, padding=9)),
            color=alt.Color(f"{by}:N", sort=names, scale=scale(theme.COLOURS), legend=shown),
            shape=alt.Shape(f"{by}:N", sort=names, scale=scale(theme.SHAPES), legend=shown),
            tooltip=["subject", "clip", "class"],
        )
        .properties(width=theme.WIDTH, height=theme.WIDTH, title=title)
    )
