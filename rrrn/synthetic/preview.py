"""A contact sheet of synthetic clips: subjects by classes, each with its face at the apex and the true flow to it."""

import math
from collections.abc import Sequence

import cv2
import numpy as np

from rrrn.data import pictures
from rrrn.data.clips import Clip
from rrrn.synthetic.databases.layouts import Layout
from rrrn.synthetic.painting import action_units
from rrrn.synthetic.painting import face as faces
from rrrn.synthetic.painting.clip import SyntheticClip
from rrrn.synthetic.painting.presets import Preset

_FULL_COLOUR = 2.0 / 108  # IOD of motion at which a colour is fully saturated: 2 pixels in 640x480 images
_TIMES = (20, 50, 90)  # onset, apex and offset of the clips shown

_TILE = (128, 152)  # width and height of a face, pixels
_GAP = 3  # between a face and its flow
_CELL = (2 * _TILE[0] + _GAP + 14, _TILE[1] + 26)
_LEFT, _TOP, _BOTTOM, _BORDER = 104, 42, 122, 12  # room for subjects, classes and the legend
_WHEEL = 44  # radius of the legend's wheel of colours

_OUTLINE = (165, 165, 165)
_OUTLINES = ((0, 17), (17, 22), (22, 27), (27, 31), (31, 36), (36, 42), (42, 48), (48, 60), (60, 68))
_CLOSED = (36, 42, 48, 60)  # first landmarks of the outlines that end where they begin


def contact_sheet(subjects: Sequence[str], seed: int, layout: Layout, preset: Preset, scale: float) -> np.ndarray:
    """Return a picture, uint8 (H, W, 3) BGR, with a row for each of ``subjects`` and a column for each class.

    A cell shows the apex frame's face, beside it the true flow from onset to apex (hue: direction, saturation:
    magnitude on one scale for the whole sheet), and below the action units; in brackets what is not the class's.
    """
    classes = list(action_units.CLASSES)
    width = _LEFT + len(classes) * _CELL[0] + _BORDER
    picture = np.full((_TOP + len(subjects) * _CELL[1] + _BOTTOM, width, 3), 255, np.uint8)
    full = _FULL_COLOUR * layout.eye_distance * scale
    for column, name in enumerate(classes):
        centre = _LEFT + column * _CELL[0] + _TILE[0] + _GAP // 2
        pictures.write(picture, f"class {name}", (centre, _TOP - 14), size=0.56, align=0.5)
    for row, subject in enumerate(subjects):
        top = _TOP + row * _CELL[1]
        pictures.write(picture, subject.rpartition("-")[2], (_LEFT - 16, top + _TILE[1] // 2 + 5), size=0.5, align=1.0)
        face = faces.paint(seed, subject, layout.eye_distance, scale)
        for column, name in enumerate(classes):
            shown = Clip(subject.partition("-")[0], subject, f"preview_{name}", *_TIMES, name, "", "synthetic")
            clip = SyntheticClip(face, shown, layout, preset, seed, scale)
            left = _LEFT + column * _CELL[0]
            _draw_cell(picture, (left, top), clip, full)
            _draw_units(picture, (left, top + _TILE[1] + 17), clip)
    _draw_legend(picture, (_LEFT, picture.shape[0] - _BOTTOM), full)
    return picture


def face_window(landmarks: np.ndarray, above: float) -> tuple[slice, slice]:
    """Return rows and columns, around 68 landmarks in pixels, of a face from ``above`` IOD over its eyes to its chin.

    The window is 2.4 IOD wide and ends 1.95 IOD below the eyes.
    """
    eyes = landmarks[36:42].mean(0), landmarks[42:48].mean(0)
    (x, y), distance = (eyes[0] + eyes[1]) / 2, float(np.linalg.norm(eyes[1] - eyes[0]))
    left, top = round(x - 1.2 * distance), round(y - above * distance)
    return (
        slice(max(0, top), max(0, top) + round((above + 1.95) * distance)),
        slice(max(0, left), max(0, left) + round(2.4 * distance)),
    )


def _draw_cell(picture: np.ndarray, corner: tuple[int, int], clip: SyntheticClip, full: float) -> None:
    """Draw the face of a clip's apex frame and the flow that led there, side by side."""
    onset, apex, _ = _TIMES
    points = clip.landmarks(onset)
    window = face_window(points, above=0.9)
    image = clip.render(apex)
    image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if image.ndim == 2 else image
    flow = clip.flow(onset, apex)[(slice(None), *window)]
    tiles = [_resized(image[window]), pictures.colours(np.stack([_resized(component) for component in flow]), full)]
    corner_of_window = np.array([window[1].start, window[0].start])
    _draw_outlines(tiles[1], (points - corner_of_window + 0.5) * (_TILE[0] / flow.shape[2], _TILE[1] / flow.shape[1]))
    for i, tile in enumerate(tiles):
        left = corner[0] + i * (_TILE[0] + _GAP)
        picture[corner[1] : corner[1] + _TILE[1], left : left + _TILE[0]] = tile
        cv2.rectangle(picture, (left - 1, corner[1] - 1), (left + _TILE[0], corner[1] + _TILE[1]), (215, 215, 215))


def _resized(image: np.ndarray) -> np.ndarray:
    shrinks = image.shape[0] > _TILE[1]
    return cv2.resize(image, _TILE, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)


def _draw_outlines(tile: np.ndarray, points: np.ndarray) -> None:
    """Draw contour, brows, nose, eyes and mouth through 68 landmarks in tile pixels, so that one sees what moved."""
    for first, end in _OUTLINES:
        line = np.round((points[first:end] - 0.5) * 16).astype(np.int32)
        cv2.polylines(tile, [line], first in _CLOSED, _OUTLINE, 1, cv2.LINE_AA, 4)


def _draw_units(picture: np.ndarray, place: tuple[int, int], clip: SyntheticClip) -> None:
    of_class = [unit.au for unit in clip.expression if unit.of_class]
    stray = [unit.au for unit in clip.expression if not unit.of_class]
    end = pictures.write(picture, f"AU {'+'.join(of_class)}", place)
    if stray:
        pictures.write(picture, f"(and {'+'.join(stray)})", (end + 6, place[1]), ink=pictures.FAINT)


def _draw_legend(picture: np.ndarray, corner: tuple[int, int], full: float) -> None:
    """Draw the wheel of colours with its scale, and say what the sheet shows."""
    x, y = corner[0] + _WHEEL, corner[1] + 12 + _WHEEL
    across, down = np.meshgrid(np.arange(-_WHEEL, _WHEEL + 1), np.arange(-_WHEEL, _WHEEL + 1))
    disc = np.hypot(across, down) <= _WHEEL
    wheel = pictures.colours(np.stack([across, down]) * (full / _WHEEL), full)
    picture[y - _WHEEL : y + _WHEEL + 1, x - _WHEEL : x + _WHEEL + 1][disc] = wheel[disc]
    for radius in (_WHEEL // 2, _WHEEL):
        cv2.circle(picture, (x, y), radius, _OUTLINE, 1, cv2.LINE_AA)
    for part, up in ((1.0, _WHEEL - 4), (0.5, 16), (0.0, 0)):
        rim = x + round(math.sqrt((part * _WHEEL) ** 2 - up**2))
        cv2.line(picture, (rim, y - up), (x + _WHEEL + 12, y - up), pictures.FAINT, 1, cv2.LINE_AA)
        pictures.write(picture, f"{part * full:.1f} px", (x + _WHEEL + 18, y - up + 4))
    lines = (
        "Synthetic faces: nobody is shown.",
        "Left: the apex frame. Right: the true flow from onset to apex, of head and skin; outlines at the onset.",
        f"A colour's place in the wheel is where the skin moves to; {full:.1f} pixels or more are fully saturated.",
        "AU: the action units of the class; in brackets, a weak one that does not belong to it.",
    )
    for i, line in enumerate(lines):
        pictures.write(picture, line, (x + _WHEEL + 100, corner[1] + 28 + 21 * i))
