"""Noise of a camera's sensor."""

import numpy as np

from rrrn.experiment import seeds

_PLAY = 256  # pixels by which one field of noise is displaced from frame to frame


class SensorNoise:
    """Standard normal noise, different in each frame, at a tenth of the cost of drawing each pixel anew."""

    def __init__(self, shape: tuple[int, ...], *owner: object) -> None:
        """Prepare noise for images of ``shape`` (H, W) or (H, W, C) that belong to ``owner``."""
        self._shape = shape
        self._owner = owner
        field = (shape[0] + _PLAY, shape[1] + _PLAY, *shape[2:])
        self._field = seeds.generator(*owner, "noise").standard_normal(field, dtype=np.float32)

    def frame(self, number: int) -> np.ndarray:
        """Return the noise of a frame, float32; equal at every call."""
        row, column = seeds.generator(*self._owner, "noise", number).integers(0, _PLAY, 2)
        return self._field[row : row + self._shape[0], column : column + self._shape[1]]
