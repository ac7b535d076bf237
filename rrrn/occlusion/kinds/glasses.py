"""Sunglasses over eyes and brows."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rrrn.occlusion import placing
from rrrn.occlusion.drawings import glasses_art
from rrrn.occlusion.kinds import picture, released
from rrrn.occlusion.scene import Occluder, Scene
from rrrn.running.stage import InputError

KIND = {
    "name": "glasses",
    "label": "Glass",
    "pictures": True,
    "dressed": True,
    "defaults": {"art": "built_in", "width": 1.2},
    "order": 2,
}
NAMES, template = glasses_art.NAMES, glasses_art.template


def prepare(scene: Scene, settings: Mapping[str, Any]) -> Occluder:
    """Return the clip's sunglasses; settings: ``seed`` and ``glasses`` with ``width``."""
    return picture.prepare("glasses", place, scene, settings)


def place(points: np.ndarray, width: float, as_released: bool = False) -> placing.Placement:
    """Place sunglasses on landmarks (68, 2): about the middle of the nose bridge (27 and 28) and along it, as high as
    the brow (19) is from landmark 28, ``width`` times as far to each side as the temples (0 and 16) lie from that
    axis.

    The geometry is that of the scripts which the authors of arXiv 2107.05904 released, with the tilt that the paper
    describes and the scripts lack; ``as_released`` pastes it as they do.
    """
    bridge = points[28] - points[27]
    length = float(np.hypot(*bridge))
    if length == 0:
        raise InputError("landmarks 27 and 28 of the nose bridge coincide; check the landmarks or take the clip out")
    middle = (points[27] + points[28]) / 2
    half = bridge / length * float(np.hypot(*(points[19] - points[28]))) / 2
    placement = placing.on_axis(middle - half, middle + half, points[0], points[16], width)
    return released.pasted(points[27], points[28], placement) if as_released else placement
