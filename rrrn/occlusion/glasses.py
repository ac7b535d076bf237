"""Sunglasses over eyes and brows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rrrn.occlusion import glasses_art, own_art, placing
from rrrn.occlusion.choice import choose
from rrrn.occlusion.compositing import Layer
from rrrn.occlusion.scene import Occluder, Scene, setting
from rrrn.stage import InputError


def prepare(scene: Scene, settings: Mapping[str, Any]) -> Occluder:
    """Return the clip's sunglasses; settings: ``seed`` and ``glasses`` with ``width`` and ``art``."""
    if scene.level is not None:
        raise InputError("the condition glasses takes no percentage")
    art = str(setting(settings, "glasses", "art"))
    own = {} if art == "built_in" else own_art.read(Path(art))
    names = tuple(own) or glasses_art.NAMES
    name = choose(names, setting(settings, "seed"), scene.subject, "glasses", scene.rank)
    template = own_art.template(own[name]) if own else glasses_art.template(name)
    width = float(setting(settings, "glasses", "width"))
    rows, columns = scene.frame.shape[:2]

    def draw(points: np.ndarray) -> Layer:
        return placing.render(template, place(points, width), rows, columns)

    return Occluder(name, draw)


def place(points: np.ndarray, width: float) -> placing.Placement:
    """Place sunglasses on landmarks (68, 2): about the middle of the nose bridge (27 and 28) and along it, as high as
    the brow (19) is from landmark 28, ``width`` times as far to each side as the temples (0 and 16) lie from that
    axis.

    The geometry is that of the scripts which the authors of arXiv 2107.05904 released, with the tilt that the paper
    describes and the scripts lack.
    """
    bridge = points[28] - points[27]
    length = float(np.hypot(*bridge))
    if length == 0:
        raise InputError("landmarks 27 and 28 of the nose bridge coincide; check the landmarks or take the clip out")
    middle = (points[27] + points[28]) / 2
    half = bridge / length * float(np.hypot(*(points[19] - points[28]))) / 2
    return placing.on_axis(middle - half, middle + half, points[0], points[16], width)
