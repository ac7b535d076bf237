"""Every clip: its pictures under each condition, what each method says of it, and its region weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from rrrn.data import rows
from rrrn.data.clips import Clip
from rrrn.data.rows import Key
from rrrn.face.region_names import REGIONS
from rrrn.report.figures.strips import data_uri
from rrrn.report.found import Cell, Found
from rrrn.report.page import Page, address

NAME, TITLE = "clips", "Clips"


@dataclass(frozen=True)
class Said:
    """What a method says of a clip: its label, the class that is likeliest, whether that is right, probabilities."""

    method: str
    named: str
    right: bool
    probabilities: Sequence[float]


@dataclass(frozen=True)
class Under:
    """A clip under a condition: its pictures, what is said of it, its region weights by method, visible shares."""

    condition: str
    picture: str
    cells: Sequence[str]
    said: Sequence[Said]
    weights: Sequence[tuple[str, Sequence[float]]]
    visible: Sequence[float]


def page(found: Found) -> Page:
    """Return the page of clips."""
    answers = {cell: _means(frame, "p_") for cell, frame in found.answers.items()}
    weights = {cell: _means(frame, "alpha_") for cell, frame in found.weights.items()}
    visible = {name: _means(frame, "visible_") for name, frame in found.visible.items()}
    listed = [_clip(found, clip, answers, weights, visible) for clip in found.clips]
    told = {
        "clips": listed,
        "classes": found.classes,
        "regions": REGIONS,
        "withheld": found.withheld,
        "full": found.full_scale(),
    }
    return Page(NAME, TITLE, (), told)


def _means(frame: pd.DataFrame, prefix: str) -> dict[Key, list[float]]:
    """Return {(subject, clip): the numbers in columns of a prefix}, means over seeds."""
    columns = [name for name in frame.columns if name.startswith(prefix)]
    means = frame.groupby(["subject", "clip"], sort=False)[columns].mean()
    return {(str(key[0]), str(key[1])): own for key, own in zip(means.index, means.to_numpy().tolist(), strict=True)}


def _clip(
    found: Found,
    clip: Clip,
    answers: Mapping[Cell, Mapping[Key, list[float]]],
    weights: Mapping[Cell, Mapping[Key, list[float]]],
    visible: Mapping[str, Mapping[Key, list[float]]],
) -> dict[str, Any]:
    key, under = rows.key(clip), []
    for name in found.conditions:
        strip = found.strips.get(name, {}).get(key)
        said = [
            _said(found, method, clip, own[key])
            for method in found.methods
            if key in (own := answers.get((method, name), {}))
        ]
        weighed = [
            (found.method(method), own[key])
            for method in found.attending
            if key in (own := weights.get((method, name), {}))
        ]
        under.append(
            Under(
                found.condition(name),
                data_uri(strip.data) if strip else "",
                strip.cells if strip else (),
                said,
                weighed,
                visible.get(name, {}).get(key, ()),
            )
        )
    right = sum(one.right for each in under for one in each.said)
    return {
        "address": address(clip),
        "clip": clip,
        "name": f"{clip.subject} {clip.clip}",
        "class": clip.objective_class,
        "under": under,
        "right": right,
        "answers": sum(len(each.said) for each in under),
        "of": {"subject": clip.subject, "class": clip.objective_class, "database": clip.database},
    }


def _said(found: Found, method: str, clip: Clip, probabilities: list[float]) -> Said:
    named = found.classes[max(range(len(probabilities)), key=probabilities.__getitem__)]
    return Said(found.method(method), named, named == clip.objective_class, probabilities)
