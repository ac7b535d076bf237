"""Medical and cloth masks over nose, mouth and chin."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rrrn.occlusion import mask_art, own_art, placing
from rrrn.occlusion.choice import choose
from rrrn.occlusion.compositing import Layer
from rrrn.occlusion.scene import Occluder, Scene, setting
from rrrn.stage import InputError


def prepare(scene: Scene, settings: Mapping[str, Any]) -> Occluder:
    """Return the clip's mask; settings: ``seed`` and ``mask`` with ``width`` and ``art``."""
    if scene.level is not None:
        raise InputError("the condition mask takes no percentage")
    art = str(setting(settings, "mask", "art"))
    own = {} if art == "built_in" else own_art.read(Path(art))
    names = tuple(own) or mask_art.NAMES
    name = choose(names, setting(settings, "seed"), scene.subject, "mask", scene.rank)
    template = own_art.template(own[name]) if own else mask_art.template(name)
    width = float(setting(settings, "mask", "width"))
    rows, columns = scene.frame.shape[:2]

    def draw(points: np.ndarray) -> Layer:
        return placing.render(template, place(points, width), rows, columns)

    return Occluder(name, draw)


def place(points: np.ndarray, width: float) -> placing.Placement:
    """Place a mask on landmarks (68, 2): from the nose bridge (28) to the chin (8), ``width`` times as far to each
    side as the jaw (2 and 14) lies from that axis.

    The geometry is that of the scripts which the authors of arXiv 2107.05904 released, with the tilt that the paper
    describes and the scripts lack.
    """
    return placing.on_axis(points[28], points[8], points[2], points[14], width)
