"""The geometry that MaskTheFace published (peer of the occluders here), written anew for measurement only.

Six anchors on whole-pixel landmarks of a single frame, and a homography through them: the mask's shape and place
depend on every one of them, frame by frame.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from rrrn.occlusion import compositing
from rrrn.occlusion.compositing import Layer
from rrrn.occlusion.placing import Placement, Template

_JAW = slice(0, 17)
_LOWER_LIP = [48, *range(54, 61), *range(64, 68)]


def anchors(landmarks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the six anchors (6, 2) of landmarks (68, 2): top left, top centre, top right, bottom right, chin, left."""
    points = np.rint(landmarks)
    left_eye, right_eye = points[36:42].mean(0), points[42:48].mean(0)
    along = right_eye - left_eye
    nose = points[30, 1] - points[27, 1]
    top = (points[27] + points[30]) / 2
    upper = _across_jaw(points, left_eye + (0, nose), along)
    lower = _across_jaw(points, np.array([left_eye[0], points[_LOWER_LIP, 1].max()]), along)
    middle = (points[27] + points[30]) / 2
    square = np.array([-along[1], along[0]])
    straight = _across_jaw(points, middle, square)[-1]
    lips = _across_jaw(points, points[27], points[_LOWER_LIP].mean(0) - points[27])[-1]
    return np.array([upper[0], top, upper[-1], lower[-1], (straight + lips) / 2, lower[0]])


def _across_jaw(points: NDArray[np.float64], start: NDArray[np.float64], along: NDArray[np.float64]) -> NDArray:
    """Return where a line meets the polyline of the jaw, (n, 2) in the jaw's order; its ends if it meets it once."""
    jaw = points[_JAW]
    side = (jaw - start) @ np.array([-along[1], along[0]])
    crossing = np.flatnonzero(np.sign(side[:-1]) * np.sign(side[1:]) <= 0)
    share = side[crossing] / np.where(side[crossing] == side[crossing + 1], 1, side[crossing] - side[crossing + 1])
    met = jaw[crossing] + share[:, None] * (jaw[crossing + 1] - jaw[crossing])
    return met if len(met) else jaw[[0, -1]]


class Pasted:
    """A template pasted on each frame by the homography through the six anchors.

    Its own anchors are where those of the ``mean`` shape (68, 2) lie under ``placement``, so that on a still face
    without noise it lies where the placement says.
    """

    def __init__(self, template: Template, mean: NDArray[np.float64], placement: Placement) -> None:
        self._template = template
        self._source = _in_template(template, placement, anchors(mean))
        self._corners = _in_template(template, placement, corners(placement))

    def homography(self, landmarks: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the 3x3 matrix from template pixels to pixels of the frame with these landmarks (68, 2)."""
        found, _ = cv2.findHomography(self._source, anchors(landmarks))
        return np.asarray(found)

    def corners(self, landmarks: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the four corners (4, 2) in a frame."""
        return np.asarray(cv2.perspectiveTransform(self._corners[None], self.homography(landmarks))[0])

    def layer(self, landmarks: NDArray[np.float64], height: int, width: int) -> Layer:
        """Return the layer on a frame of this size."""
        image = cv2.warpPerspective(self._template.image, self.homography(landmarks), (width, height))
        return Layer(0, 0, image[..., :3], image[..., 3]) if image[..., 3].any() else compositing.nothing()


def corners(placement: Placement) -> NDArray[np.float64]:
    """Return the corners (4, 2) of a placed template: upper left and right, lower right and left."""
    across = np.array([placement.down[1], -placement.down[0]])
    ends = placement.top, placement.top + placement.down * placement.height
    left, right = -placement.left * across, placement.right * across
    return np.array([ends[0] + left, ends[0] + right, ends[1] + right, ends[1] + left])


def _in_template(template: Template, placement: Placement, points: NDArray[np.float64]) -> NDArray[np.float64]:
    across = np.array([placement.down[1], -placement.down[0]])
    off, along = (points - placement.top) @ across, (points - placement.top) @ placement.down
    per_left = (template.seam - template.left) / placement.left
    per_right = (template.right - template.seam) / placement.right
    x = template.seam + off * np.where(off < 0, per_left, per_right)
    y = template.top + along * (template.bottom - template.top) / placement.height
    return np.stack([x, y], axis=1)
