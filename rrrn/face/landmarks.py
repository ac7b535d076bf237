"""dlib's face detector and 68-point shape predictor, as the face_recognition package ships them.

face_recognition itself is not imported: on any import error it prints a hint and exits with status 0, and it makes
Pillow accept truncated images. The detector is the one of its ``face_locations(model="hog")``, the predictor the one
of its ``face_landmarks``.
"""

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

import dlib
import numpy as np
from numpy.typing import NDArray

from rrrn.running.stage import InputError

Box = tuple[int, int, int, int]


def detect(image: NDArray[np.uint8], upsample: int, retries: int = 2) -> Box | None:
    """Return the largest face of an image (see ``detect_all``) or None."""
    return max(detect_all(image, upsample, retries), key=area, default=None)


def detect_all(image: NDArray[np.uint8], upsample: int, retries: int = 2) -> list[Box]:
    """Return every face of an image as (x0, y0, x1, y1) in pixels, x1 and y1 exclusive.

    ``image`` is (height, width) gray or (height, width, 3) RGB, uint8. The image is doubled ``upsample`` times before
    the search; where nothing is found, up to ``retries`` times more.
    """
    pixels = _contiguous(image)
    for doublings in range(upsample, upsample + retries + 1):
        faces = _detector()(pixels, doublings)
        if len(faces):
            return [(face.left(), face.top(), face.right() + 1, face.bottom() + 1) for face in faces]
    return []


def area(box: Box) -> int:
    """Return the area of a box in pixels."""
    return (box[2] - box[0]) * (box[3] - box[1])


def fit(image: NDArray[np.uint8], box: Box) -> NDArray[np.float32]:
    """Return the 68 landmarks, float32 (68, 2) as (x, y) in pixels, of the face in ``box``."""
    x0, y0, x1, y1 = box
    shape = _predictor()(_contiguous(image), dlib.rectangle(x0, y0, x1 - 1, y1 - 1))
    return np.array([(point.x, point.y) for point in shape.parts()], np.float32)


def _contiguous(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """dlib 20 gives wrong detections on views of arrays, without an error; so nothing else enters it."""
    return np.ascontiguousarray(image, dtype=np.uint8)


@cache
def _detector() -> Any:
    return dlib.get_frontal_face_detector()


@cache
def _predictor() -> Any:
    found = importlib.util.find_spec("face_recognition_models")
    if found is None or found.origin is None:
        raise InputError("the package face_recognition_models is not installed; pip install face_recognition_models")
    return dlib.shape_predictor(str(Path(found.origin).parent / "models" / "shape_predictor_68_face_landmarks.dat"))
