"""A synthetic head that turns far, as a rigid body.

The renderer moves heads to first order in the angles, which is exact enough for the milliradians of its own clips. A
head so turned by 10 degrees is sheared and 1.5 % larger, and no occluder could move as it does.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from rrrn.synthetic import maps
from rrrn.synthetic.clip import SyntheticClip
from rrrn.synthetic.maps import Map


class RigidHead(SyntheticClip):
    """A clip without expression whose head is shifted, rolled and turned as ``head_motion`` says, seen from afar."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._rest = self._pose, self._from_centre

    def _rigid_map(self, t: int) -> Map:
        pose, (right, down) = self._rest
        moved = self.head_motion
        self._pose = replace(pose, roll=pose.roll + float(moved.roll[t]), yaw=pose.yaw + float(moved.yaw[t]))
        self._from_centre = right - np.float32(moved.shift_x[t]), down - np.float32(moved.shift_y[t])
        self._base = maps.to_texture(self._face.canvas, *self._static_map()[0])
        self._eyes = self._eye_rectangle()
        return self._base
