"""Turn a face in its frame, or the flow of a face that was not turned."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray


def turn_and_cut(frame: NDArray[np.uint8], face: Sequence[int], angle: float) -> NDArray[np.uint8]:
    """Return the face box (x0, y0, x1, y1) of a gray frame after turning the frame about the box's centre.

    ``angle`` in degrees, positive counter-clockwise on the screen; 0 copies pixels. Outside of it its border repeats.
    """
    x0, y0, x1, y1 = (int(value) for value in face)
    if angle == 0:
        return frame[y0:y1, x0:x1]
    turn = cv2.getRotationMatrix2D(((x0 + x1 - 1) / 2, (y0 + y1 - 1) / 2), angle, 1.0)
    turn[:, 2] -= (x0, y0)
    return cv2.warpAffine(frame, turn, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def turn_flow(flow: NDArray[np.float32], angle: float) -> NDArray[np.float32]:
    """Return a flow, float32 (2, H, W) in pixels, turned about its centre: where its vectors are, and these.

    ``angle`` as in ``turn_and_cut``; 0 returns ``flow``. Corners that turn in from outside get the border's flow.
    """
    if angle == 0:
        return flow
    height, width = flow.shape[1:]
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.0)
    u, v = (
        cv2.warpAffine(component, turn, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        for component in flow
    )
    cosine, sine = turn[0, :2].astype(np.float32)
    return np.stack([cosine * u + sine * v, cosine * v - sine * u])
