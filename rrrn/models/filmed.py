"""A prediction as a video: the face in slow motion, where in the clip it is, and from the apex on what is said."""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from rrrn.data import pictures
from rrrn.experiment import labels
from rrrn.models import pictured
from rrrn.models.answer import UNSURE, Answer

RATE = 25.0  # frames per second that are shown
_SIDE, _WIDE, _GAP = 320, 330, 16
_MARKS = {"onset": (150, 150, 150), "offset": (150, 150, 150), "apex": (40, 40, 200)}  # BGR, the last on top


def frames(answer: Answer, model: str) -> Iterator[NDArray[np.uint8]]:
    """Yield a picture for each frame from onset to offset, uint8 (H, W, 3) BGR, under the first of the conditions."""
    one, gray = answer.predicted[0], answer.gray[0]
    numbers = answer.seen.faces.numbers.tolist()
    for number in numbers:
        picture = np.full((_SIDE + 2 * _GAP + 66, _SIDE + _WIDE + 3 * _GAP, 3), 255, np.uint8)
        image = pictured.face(answer, gray, number)
        sized = cv2.resize(image, (_SIDE, _SIDE), interpolation=cv2.INTER_CUBIC)
        picture[_GAP : _GAP + _SIDE, _GAP : _GAP + _SIDE] = sized[..., None]
        x = _SIDE + 2 * _GAP
        pictured.fitted(picture, f"{one.clip}: {model}", (x, _GAP + 14))
        worn = labels.condition(one.condition)
        slow = f"{worn}, {answer.rate / RATE:.3g} times slower" if answer.rate > RATE else worn
        pictures.write(picture, slow, (x, _GAP + 34), ink=pictures.FAINT)
        if one.spotted:
            unsure = ", and that is unsure" if any(remark.startswith(UNSURE) for remark in one.remarks) else ""
            pictures.write(picture, f"{', '.join(one.spotted)} spotted{unsure}", (x, _GAP + 52), ink=pictures.FAINT)
        if number >= one.apex:
            pictured.bars(picture, x, _GAP + 68, "class", one.probabilities, one.named, pictured.BARS)
        else:
            pictures.write(picture, "before the apex nothing is said", (x, _GAP + 80), 0.38, ink=pictures.FAINT)
        pictures.write(picture, pictured.NOTE, (_GAP, picture.shape[0] - 8), 0.38, ink=pictures.FAINT)
        _timeline(picture, numbers, number, {name: getattr(one, name) for name in _MARKS})
        yield picture


def _timeline(picture: NDArray[np.uint8], numbers: list[int], now: int, marks: dict[str, int]) -> None:
    low, left, right = _SIDE + _GAP + 22, _GAP, picture.shape[1] - _GAP
    width = right - left

    def at(number: int) -> int:
        return left + round(width * (number - numbers[0]) / max(1, numbers[-1] - numbers[0]))

    cv2.rectangle(picture, (left, low), (right, low + 6), (235, 235, 235), cv2.FILLED)
    cv2.rectangle(picture, (left, low), (at(now), low + 6), (200, 180, 160), cv2.FILLED)
    for name, number in marks.items():
        high = low - 8 if name == "apex" else low + 22  # so that names of frames side by side do not meet
        cv2.line(picture, (at(number), low - 4), (at(number), low + 10), _MARKS[name], 2)
        align = (at(number) - left) / width  # so that none is cut off
        pictures.write(picture, f"{name} {number}", (at(number), high), 0.36, align, pictures.FAINT)
