"""A drawn clip for examples: its frames, and where its face is."""

from typing import NamedTuple

import numpy as np

from rrrn.data.clips import Clip
from rrrn.synthetic.databases import layouts
from rrrn.synthetic.painting import face
from rrrn.synthetic.painting.clip import SyntheticClip
from rrrn.synthetic.painting.presets import PRESETS

_SEED, _SCALE = 1, 0.5
_ROW = Clip("syncasme2", "syncasme2-sub02", "EP01", 12, 16, 20, "III", "", "synthetic")


class Example(NamedTuple):
    """``frames``: uint8 (13, 240, 320, 3), BGR; ``landmarks``: the true ones, float64 (13, 68, 2), in pixels."""

    frames: np.ndarray
    landmarks: np.ndarray


def clip() -> Example:
    """Return a clip of an expression in colour, at 200 frames per second, always the same one."""
    layout = layouts.of_database(_ROW.database)
    painted = face.paint(_SEED, _ROW.subject, layout.eye_distance, _SCALE)
    drawn = SyntheticClip(painted, _ROW, layout, PRESETS["easy"], _SEED, _SCALE)
    numbers = drawn.numbers.tolist()
    return Example(np.stack([drawn.render(n) for n in numbers]), np.stack([drawn.landmarks(n) for n in numbers]))
