"""All views of a clip end to end: what each way of saving work costs, and how true its flow is."""

import functools
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import displaced, rendered
from benchmarks.rendered import Rendered
from rrrn.data import clips
from rrrn.face.rotation import turn_and_cut
from rrrn.flow import clip_views
from rrrn.flow.clip_views import Key
from rrrn.flow.numba import numba_engine
from rrrn.flow.opencv import opencv_engine
from rrrn.flow.parameters import Parameters

COLUMNS = (
    "flow of the 70 views",
    "processor s per clip",
    "times OpenCV",
    "EPE, px",
    "EPE of OpenCV's views, px",
    "difference from numba, px (largest view)",
)
_TABLE = Path(__file__).resolve().parents[1] / "data/clips_paper_shape.csv"
_ROWS = (3, 120, 240)  # of the table: both layouts
_OPENCV_ANGLES = (-15, 0, 10)  # of the official apex; OpenCV would take a minute for all views of a clip

Flows = dict[Key, NDArray[np.float32]]
_solve = functools.partial(numba_engine.solve, parameters=Parameters())
_refine = functools.partial(numba_engine.refine, parameters=Parameters())


def opencv(clip: Rendered) -> Flows:
    """Solve a few views, each on its own."""
    flows = {}
    for view in clip.plan:
        if view.apex == clip.plan[0].apex and view.angle in _OPENCV_ANGLES:
            pair = [
                turn_and_cut(clip.frames[number], clip.face, view.angle)[None] for number in (view.onset, view.apex)
            ]
            flows[view.onset, view.apex, view.angle] = opencv_engine.solve(pair[0], pair[1], Parameters())[0]
    return flows


def numba(clip: Rendered, rotation: str, warm: bool) -> Flows:
    """Solve all distinct views as the flow stage does."""
    refine = _refine if warm else None
    return dict(clip_views.solve_views(clip.frames, clip.face, clip.plan, _solve, rotation=rotation, refine=refine))


WAYS: Mapping[str, Callable[[Rendered], Flows]] = {
    "OpenCV, each view": opencv,
    "numba": functools.partial(numba, rotation="frames", warm=False),
    "numba, warm start": functools.partial(numba, rotation="frames", warm=True),
    "numba, field turned": functools.partial(numba, rotation="field", warm=False),
    "numba, field turned, warm start": functools.partial(numba, rotation="field", warm=True),
}


def rows(rounds: int) -> list[list[str]]:
    """Return the rows under ``COLUMNS``: medians over rounds in which the ways take turns, with their extremes."""
    table = clips.read(_TABLE)
    films = [rendered.render(table[k]) for k in _ROWS]
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    flows: dict[str, list[Flows]] = {}
    for _ in range(rounds):
        for name, way in WAYS.items():
            start = time.process_time()
            flows[name] = [way(film) for film in films]
            taken = (time.process_time() - start) / len(films)
            seconds[name].append(taken * len(films[0].plan) / len(_OPENCV_ANGLES) if way is opencv else taken)
    some = [set(found) for found in flows["OpenCV, each view"]]
    result = []
    for name in WAYS:
        taken = np.array(seconds[name])
        ratios = np.array(seconds["OpenCV, each view"]) / taken
        every = "" if name.startswith("OpenCV") else f"{_error(films, flows[name]):.4f}"
        few = _error(films, [{key: found[key] for key in keys} for found, keys in zip(flows[name], some, strict=True)])
        apart = [
            displaced.end_point_error(flow, plain[key])
            for found, plain in zip(flows[name], flows["numba"], strict=True)
            for key, flow in found.items()
        ]
        distance = "" if name == "numba" else f"{np.mean(apart):.4f} ({max(apart):.4f})"
        result.append([name, _spread(taken, 2), _spread(ratios, 0), every, f"{few:.4f}", distance])
    return result


def _error(films: list[Rendered], flows: list[Flows]) -> float:
    return float(
        np.mean(
            [
                displaced.end_point_error(flow, rendered.true_flow(film, key))
                for film, found in zip(films, flows, strict=True)
                for key, flow in found.items()
            ]
        )
    )


def _spread(values: NDArray[np.float64], digits: int) -> str:
    return f"{np.median(values):.{digits}f} ({values.min():.{digits}f} to {values.max():.{digits}f})"
