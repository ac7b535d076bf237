"""A prediction as a picture: onset and apex as the model saw them, the flow between, classes and regions."""

from collections.abc import Mapping
from textwrap import wrap

import cv2
import numpy as np
from numpy.typing import NDArray

from rrrn.data import pictures
from rrrn.experiment import labels
from rrrn.models.answer import Answer
from rrrn.models.predictor import Predicted
from rrrn.models.seeing import Gray
from rrrn.stages import flow

SIDE = 190  # pixels of each image
_GAP, _TOP, _LINE = 14, 64, 20
_LETTER, _BAR, _VALUES = 8, 150, 46  # widths of a letter of a bar's name, of the bar, and of its value
_FULL = 1.0  # % of the width of the face box: this displacement and more is a pure colour
BARS, _BEST, _REGIONS = (200, 180, 160), (150, 90, 30), (140, 170, 120)  # BGR
NOTE = "Classes of muscle movements, and no emotion. No lie detector."


def draw(answer: Answer, model: str) -> NDArray[np.uint8]:
    """Return the picture, uint8 (H, W, 3) BGR on white, a row for each condition; ``model`` is what it is called."""
    first = answer.predicted[0]
    columns = 3 * (SIDE + _GAP) + sum(
        _width(values) + _GAP for values in (first.probabilities, first.regions) if values
    )
    deep = max(SIDE, _LINE * (1 + max(len(first.probabilities), len(first.regions))))
    high = deep + 44
    remarks = [line for remark in first.remarks for line in wrap(f"Note: {remark}", columns // 7)]
    picture = np.full((_TOP + high * len(answer.predicted) + 22 + 18 * len(remarks), columns + _GAP, 3), 255, np.uint8)
    spotted = f" ({', '.join(first.spotted)} spotted)" if first.spotted else ""
    fitted(picture, f"{first.clip}: {model}", (_GAP, 24), 0.55)
    times = f"onset {first.onset}, apex {first.apex}, offset {first.offset}{spotted}"
    pictures.write(picture, times, (_GAP, 46), ink=pictures.FAINT)
    for row, (one, gray) in enumerate(zip(answer.predicted, answer.gray, strict=True)):
        _row(picture, _TOP + row * high, answer, one, gray)
    for number, line in enumerate([NOTE, *remarks]):
        pictures.write(picture, line, (_GAP, picture.shape[0] - 10 - 18 * (len(remarks) - number)), ink=pictures.FAINT)
    return picture


def _row(picture: NDArray[np.uint8], top: int, answer: Answer, one: Predicted, gray: Gray) -> None:
    covered = f", {one.covered.occluder}: {one.covered.area_share:.0%} of the face box covered" if one.covered else ""
    pictures.write(picture, f"{labels.condition(one.condition)}{covered}", (_GAP, top + 10))
    top += 20
    onset, apex = (face(answer, gray, number) for number in (one.onset, one.apex))
    field = flow.tvl1(onset, apex, engine="numba")  # one small pair, for which no GPU need have room
    colours = pictures.colours(field * np.float32(100 / onset.shape[1]), _FULL)
    for number, (name, image) in enumerate((("onset", onset), ("apex", apex), ("flow", colours))):
        x = _GAP + number * (SIDE + _GAP)
        _paste(picture, image, x, top)
        told = f"flow: full colour is {_FULL:g} % of the face's width" if name == "flow" else name
        pictures.write(picture, told, (x, top + SIDE + 15), 0.36, ink=pictures.FAINT)
    x = _GAP + 3 * (SIDE + _GAP)
    bars(picture, x, top, "class", one.probabilities, one.named, BARS)
    if one.regions:
        bars(picture, x + _width(one.probabilities) + _GAP, top, "weight of region", one.regions, "", _REGIONS)


def _width(values: Mapping[str, float]) -> int:
    """Return how wide bars are with names and values."""
    return _LETTER * (1 + max(map(len, values))) + _BAR + _VALUES


def face(answer: Answer, gray: Gray, number: int) -> NDArray[np.uint8]:
    """Return the face box of a frame as the model saw it, gray uint8 (H, W)."""
    found = answer.seen.faces
    x0, y0, x1, y1 = found.face
    return gray.frames[int(np.flatnonzero(found.numbers == number)[0])][y0:y1, x0:x1]


def _paste(picture: NDArray[np.uint8], image: NDArray[np.uint8], x: int, y: int) -> None:
    how = cv2.INTER_AREA if image.shape[0] >= SIDE else cv2.INTER_CUBIC
    sized = cv2.resize(image, (SIDE, SIDE), interpolation=how)
    picture[y : y + SIDE, x : x + SIDE] = sized if sized.ndim == 3 else sized[..., None]


def fitted(picture: NDArray[np.uint8], text: str, place: tuple[int, int], size: float = 0.42) -> None:
    """Write text from ``place`` on, smaller where it would not end within the picture."""
    (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, 1)
    pictures.write(picture, text, place, size * min(1.0, (picture.shape[1] - _GAP - place[0]) / max(1, width)))


def bars(
    picture: NDArray[np.uint8],
    x: int,
    y: int,
    title: str,
    values: Mapping[str, float],
    best: str,
    ink: tuple[int, int, int],
) -> None:
    """Draw values from 0 to 1 as bars with their names; the ``best`` one is dark."""
    pictures.write(picture, title, (x, y + 12), 0.38, ink=pictures.FAINT)
    for number, (name, value) in enumerate(values.items(), 1):
        low = y + number * _LINE
        pictures.write(picture, name, (x, low + 14), 0.4)
        left = x + _width(values) - _BAR - _VALUES
        cv2.rectangle(picture, (left, low + 3), (left + _BAR, low + 16), (240, 240, 240), cv2.FILLED)
        end = left + round(_BAR * min(max(value, 0.0), 1.0))
        cv2.rectangle(picture, (left, low + 3), (end, low + 16), _BEST if name == best else ink, cv2.FILLED)
        pictures.write(picture, f"{value:.3f}", (left + _BAR + 6, low + 14), 0.4)
