"""A contact sheet of one clip under every occluder: onset, apex, and the flow between them."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from rrrn.data import pictures
from rrrn.experiment import conditions
from rrrn.experiment.conditions import CLEAR, KINDS, Kind
from rrrn.occlusion import compositing, told, wearing
from rrrn.occlusion.wearing import Wearer, Worn
from rrrn.running.stage import InputError

_LEVELS = tuple(range(5, 55, 5))
_TILE = (132, 160)  # width and height, pixels
_GAP, _LABEL, _TOP = 4, 18, 64
_LINE, _LETTERS = 17, 52  # height of a line, and letters that fit in a cell's
_FULL = 1.0  # pixels of motion at which a colour of the flow is fully saturated


def contact_sheet(worn: Worn, settings: Mapping[str, Any], apex: int) -> np.ndarray:
    """Return a picture, uint8 (H, W, 3) BGR: a cell for each picture and size of every kind of occluder.

    A cell shows the first frame, the frame with index ``apex``, and the flow (hue: direction, saturation: magnitude).
    The first cell is the clean clip. An occluder that cannot be drawn leaves its cell empty but for the reason.
    """
    columns = [_cells(kind, settings) for kind in KINDS.values() if kind.name != CLEAR]
    rows = max(map(len, columns)) + 1
    cell = 3 * (_TILE[0] + _GAP) + 12, _TILE[1] + _LABEL + _GAP
    picture = np.full((_TOP + rows * cell[1], len(columns) * cell[0] + 12, 3), 255, np.uint8)
    pictures.write(picture, "Onset, apex, and the optical flow from the one to the other.", (12, 22), size=0.5)
    pictures.write(picture, f"White is rest, pure colours {_FULL:.0f} pixel or more.", (12, 44), size=0.5)
    pair = worn.frames[[0, apex]]
    box = _face(worn.anchors.points[0], pair.shape[1], pair.shape[2])
    _draw(picture, (12, _TOP), "no occluder", list(pair), box)
    for column, wanted in enumerate(columns):
        for row, (condition, name) in enumerate(wanted, start=1):
            corner = 12 + column * cell[0], _TOP + row * cell[1]
            try:
                shown = _under(worn, settings, condition, name, apex)
            except InputError as error:
                _explain(picture, corner, name or condition, str(error))
            else:
                _draw(picture, corner, name or condition, shown, box)
    return picture


def _cells(kind: Kind, settings: Mapping[str, Any]) -> Sequence[tuple[str, str | None]]:
    """Return condition and picture of all that a kind can be."""
    if kind.pictures:
        return _names(kind, settings)
    alone = [] if kind.level == "must" else [(kind.name, None)]
    return alone + [(f"{kind.name}-{level:02d}", None) for level in _LEVELS if kind.level != "never"]


def _names(kind: Kind, settings: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    """Return the pictures of a kind; of a folder that cannot be used, one without a name, which will say so."""
    try:
        return [(kind.name, name) for name in told.pictures(kind, settings)]
    except InputError:
        return [(kind.name, None)]


def _under(worn: Worn, settings: Mapping[str, Any], condition: str, name: str | None, apex: int) -> list[np.ndarray]:
    """Return onset and apex under an occluder that is anchored as the one given."""
    wearer, art = Wearer("preview", "preview", 0), told.pictures(conditions.kind_of(condition), settings)
    other = wearing.put_on(worn.frames, worn.numbers, worn.anchors, wearer, condition, settings, art, name)
    return [other.composite(index, other.layer(index)) for index in (0, apex)]


def _face(points: np.ndarray, height: int, width: int) -> tuple[slice, slice]:
    """Return rows and columns about the face in the shape of a tile."""
    centre = (points.min(axis=0) + points.max(axis=0)) / 2
    half = max(np.ptp(points[:, 0]) * 0.62, np.ptp(points[:, 1]) * 0.72 * _TILE[0] / _TILE[1])
    halves = np.array([half, half * _TILE[1] / _TILE[0]])
    x0, y0 = np.clip(np.floor(centre - halves), 0, [width - 2, height - 2]).astype(int).tolist()
    x1, y1 = np.clip(np.ceil(centre + halves), [x0 + 2, y0 + 2], [width, height]).astype(int).tolist()
    return slice(y0, y1), slice(x0, x1)


def _explain(picture: np.ndarray, corner: tuple[int, int], label: str, reason: str) -> None:
    """Write in a cell why nothing is drawn; the lettering has ASCII only."""
    lines = textwrap.wrap(reason.encode("ascii", "replace").decode(), _LETTERS)
    for number, line in enumerate(lines[: _TILE[1] // _LINE], start=1):
        pictures.write(picture, line, (corner[0], corner[1] + number * _LINE), ink=pictures.FAINT)
    pictures.write(picture, label, (corner[0], corner[1] + _TILE[1] + 13))


def _draw(
    picture: np.ndarray, corner: tuple[int, int], label: str, pair: list[np.ndarray], box: tuple[slice, slice]
) -> None:
    gray = [compositing.to_gray(frame)[box] for frame in pair]
    flow = cv2.optflow.DualTVL1OpticalFlow_create(nscales=3, warps=3).calc(*gray, None)  # type: ignore[attr-defined]
    tiles = [cv2.cvtColor(frame[box], cv2.COLOR_GRAY2BGR) if frame.shape[2] == 1 else frame[box] for frame in pair]
    tiles.append(pictures.colours(flow.transpose(2, 0, 1), _FULL))
    for index, tile in enumerate(tiles):
        left = corner[0] + index * (_TILE[0] + _GAP)
        shrinks = tile.shape[0] > _TILE[1]
        picture[corner[1] : corner[1] + _TILE[1], left : left + _TILE[0]] = cv2.resize(
            tile, _TILE, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        )
    pictures.write(picture, label, (corner[0], corner[1] + _TILE[1] + 13))
