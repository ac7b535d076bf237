"""Box and landmarks of the face in every frame of a clip; frames without a face lie between their neighbours."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rrrn import landmarks
from rrrn.stage import InputError


def locate(
    images: Sequence[NDArray[np.uint8]], numbers: Sequence[int], upsample: int, max_gap: int, no_face: str, where: str
) -> tuple[NDArray[np.float64], NDArray[np.float32], NDArray[np.bool_]]:
    """Return boxes (T, 4), landmarks (T, 68, 2) and found (T) of a clip's images, gaps interpolated.

    Raises InputError, naming clip and folder by ``where`` and the frames by ``numbers``, if more than ``max_gap``
    neighbouring frames show no face. With ``no_face="full_image"`` such a gap keeps the interpolated box, or the whole
    image if the clip shows no face at all, and its landmarks are fitted in that box.
    """
    boxes = np.zeros((len(images), 4))
    points = np.zeros((len(images), 68, 2), np.float32)
    found = np.zeros(len(images), bool)
    for t, image in enumerate(images):
        box = landmarks.detect(_for_dlib(image), upsample)
        if box is not None:
            boxes[t], points[t], found[t] = box, landmarks.fit(_for_dlib(image), box), True
    long = [(first, last) for first, last in gaps(found) if last - first > max_gap or not found.any()]
    if long and no_face == "error":
        first, last = max(long, key=lambda gap: gap[1] - gap[0])
        raise InputError(
            f"{where}: no face in {last - first} frames in a row, {numbers[first]} to {numbers[last - 1]}; look at "
            f"them, then raise faces.upsample, or faces.max_gap (now {max_gap}), or set faces.no_face: full_image for "
            "frames that were cropped beforehand"
        )
    if found.any():
        boxes, points = _interpolate(boxes, found), _interpolate(points, found).astype(np.float32)
    else:
        boxes[:] = (0, 0, images[0].shape[1], images[0].shape[0])
    for first, last in long:
        for t in range(first, last):
            x0, y0, x1, y1 = np.rint(boxes[t]).astype(int).tolist()
            points[t] = landmarks.fit(_for_dlib(images[t]), (x0, y0, x1, y1))
    return boxes, points, found


def _for_dlib(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """RGB, or gray without its channel axis."""
    return image[..., 0] if image.shape[2] == 1 else image[..., ::-1]


def gaps(found: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Start and end (exclusive) of every run of False."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], ~found, [False]]).astype(np.int8)))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]


def _interpolate(values: NDArray, found: NDArray[np.bool_]) -> NDArray:
    """Fill the rows that were not found linearly between their neighbours, at the ends by the nearest."""
    flat = values.reshape(len(values), -1).astype(np.float64)
    t = np.arange(len(values))
    for column in flat.T:
        column[~found] = np.interp(t[~found], t[found], column[found])
    return flat.reshape(values.shape)
