"""A synthetic head that turns far, as a rigid body.

The renderer moves heads to first order in the angles, which is exact enough for the milliradians of its own clips. A
head so turned by 10 degrees is sheared and 1.5 % larger, and no occluder could move as it does.
"""

import math
from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from rrrn.synthetic.painting import maps, shape
from rrrn.synthetic.painting.clip import SyntheticClip
from rrrn.synthetic.painting.maps import Map


class RigidHead(SyntheticClip):
    """A clip without expression whose head is shifted, rolled and turned as ``head_motion`` says, seen from afar."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._rest = self._pose, self._from_centre
        seen = super().landmarks(int(self.numbers[0])) - [self._head[1].start, self._head[0].start]
        columns, rows = np.float32(seen.T)[:, None]
        self._depths = cv2.remap(self._height, columns, rows, cv2.INTER_LINEAR)[0].astype(float)

    def landmarks(self, number: int) -> np.ndarray:
        """Return the 68 landmarks, those of the far cheek also where it is hidden behind the face.

        There the map has no inverse: what would be found moves by pixels against the skull.
        """
        t, (pose, _) = self._index(number), self._rest
        moved = self.head_motion
        yaw, roll = pose.yaw + float(moved.yaw[t]), pose.roll + float(moved.roll[t])
        x, y = shape.landmarks(self._face.identity).T
        u, v = x * math.cos(yaw) + self._depths * math.sin(yaw), y - self._depths * math.sin(pose.pitch)
        cosine, sine = math.cos(roll), math.sin(roll)
        offset = np.stack([cosine * u - sine * v, sine * u + cosine * v], -1) * self._face.image_density
        return offset + pose.centre + [float(moved.shift_x[t]), float(moved.shift_y[t])]

    def _rigid_map(self, t: int) -> Map:
        pose, (right, down) = self._rest
        moved = self.head_motion
        self._pose = replace(pose, roll=pose.roll + float(moved.roll[t]), yaw=pose.yaw + float(moved.yaw[t]))
        self._from_centre = right - np.float32(moved.shift_x[t]), down - np.float32(moved.shift_y[t])
        self._base = maps.to_texture(self._face.canvas, *self._static_map()[0])
        self._eyes = self._eye_rectangle()
        return self._base
