"""What was done to a clip, as numbers and names for the file beside it."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rrrn.experiment import conditions
from rrrn.occlusion import truth
from rrrn.occlusion.compositing import Layer
from rrrn.occlusion.kinds import random
from rrrn.occlusion.wearing import Worn


def of(worn: Worn, first: Layer, condition: str, settings: Mapping[str, Any], found: np.ndarray) -> dict[str, Any]:
    """Return the facts of an occluded clip; ``first`` is the layer of its first frame, ``found`` (T) where a face was.

    ``settings`` are the sections ``anchor`` and ``occlude`` that it was made with.
    """
    points = worn.anchors.points[0]
    shares = zip(truth.UNITS, truth.unit_shares(first, points), strict=True)
    return {
        "condition": condition,
        "percentage": conditions.parse(condition)[1],
        "occluder": worn.occluder.name,
        "seed": settings["occlude"]["seed"],
        "anchor": worn.anchors.mode,
        "frames": len(worn.frames),
        "frames_without_a_face": [int(number) for number in worn.numbers[~found]],
        "share_of_landmark_box": round(share(first, random.landmark_box(points)), 4),
        "covered_action_units": [unit for unit, covered in shares if covered >= truth.COVERED],
        **{name: value.tolist() if hasattr(value, "tolist") else value for name, value in worn.facts.items()},
        "settings": settings,
    }


def share(layer: Layer, box: np.ndarray) -> float:
    """Return the share of ``box``, [[x0, y0], [x1, y1]] in pixels whose centres are at integers, that a layer covers.

    Of a pixel that the box cuts, what is covered counts as far as it fits into the box.
    """
    rows, columns = layer.alpha.shape
    inside = np.outer(_inside(layer.y, rows, *box[:, 1]), _inside(layer.x, columns, *box[:, 0]))
    return float(np.minimum(layer.alpha, inside).sum() / np.prod(box[1] - box[0]))


def _inside(first: int, count: int, low: float, high: float) -> np.ndarray:
    """The part of each of ``count`` pixels that lies between ``low`` and ``high``."""
    centres = np.arange(first, first + count)
    return np.clip(np.minimum(centres + 0.5, high) - np.maximum(centres - 0.5, low), 0, 1)
