"""Medical and cloth masks over nose, mouth and chin."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rrrn.occlusion import placing
from rrrn.occlusion.drawings import mask_art
from rrrn.occlusion.kinds import picture, released
from rrrn.occlusion.scene import Occluder, Scene

KIND = {
    "name": "mask",
    "label": "Mask",
    "pictures": True,
    "dressed": True,
    "defaults": {"art": "built_in", "width": 1.2},
    "order": 1,
}
NAMES, template = mask_art.NAMES, mask_art.template


def prepare(scene: Scene, settings: Mapping[str, Any]) -> Occluder:
    """Return the clip's mask; settings: ``seed`` and ``mask`` with ``width``."""
    return picture.prepare("mask", place, scene, settings)


def place(points: np.ndarray, width: float, as_released: bool = False) -> placing.Placement:
    """Place a mask on landmarks (68, 2): from the nose bridge (28) to the chin (8), ``width`` times as far to each
    side as the jaw (2 and 14) lies from that axis.

    The geometry is that of the scripts which the authors of arXiv 2107.05904 released, with the tilt that the paper
    describes and the scripts lack; ``as_released`` pastes it as they do.
    """
    placement = placing.on_axis(points[28], points[8], points[2], points[14], width)
    return released.pasted(points[28], points[8], placement) if as_released else placement
