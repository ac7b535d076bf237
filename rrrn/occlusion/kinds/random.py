"""Rectangular blocks that cover a given share of the face, at a random place on it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import cv2
import numpy as np

from rrrn.experiment import seeds
from rrrn.occlusion import compositing
from rrrn.occlusion.compositing import Layer
from rrrn.occlusion.kinds import hull
from rrrn.occlusion.scene import Occluder, Scene, setting
from rrrn.running import typed
from rrrn.running.stage import InputError

KIND = {
    "name": "random",
    "label": "Occ",
    "level": "must",
    "defaults": {"region": "landmark_box", "placement": "nested", "fill": "black"},
    "order": 3,
}

Region = Literal["landmark_box", "face_hull"]
Placement = Literal["nested", "independent"]
Fill = Literal["black", "mean_skin", "noise"]
REGIONS: tuple[Region, ...] = get_args(Region)
PLACEMENTS: tuple[Placement, ...] = get_args(Placement)
FILLS: tuple[Fill, ...] = get_args(Fill)

_JAW_AND_BROWS = slice(0, 27)
_NOSE = 31  # the landmark that a block follows, as released by the authors of arXiv 2107.05904
_NESTED_LEVEL = 50  # the paper's largest percentage: the common centre lets a block of this size fit
_CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
_HALVINGS = 24  # of the sides' range, in the search for a size
_NOISE_CELLS = 32  # along each side of the landmark box
_NOT_SKIN = (slice(36, 42), slice(42, 48), slice(48, 60))  # eyes and mouth


@dataclass(frozen=True)
class Settings:
    """The section ``occlude.random``."""

    region: Region
    placement: Placement
    fill: Fill


@dataclass(frozen=True)
class Block:
    """An axis-aligned rectangle: ``centre`` and ``size`` are (2,) in pixels."""

    centre: np.ndarray
    size: np.ndarray


def prepare(scene: Scene, settings: Mapping[str, Any]) -> Occluder:
    """Return the clip's block; settings: ``seed`` and ``random`` with ``region``, ``placement`` and ``fill``.

    The block is placed on the first frame's landmarks, and later follows landmark 31 at a fixed distance and in one
    size. Its centre and size, in crop pixels, are stored with it.
    """
    assert scene.level is not None  # as all of its conditions have
    if scene.occluder is not None:
        raise InputError("random patches have no names; leave out the occluder's")
    own = typed.section(Settings, settings, "occlude.random")
    identity = (setting(settings, "seed"), scene.subject, scene.clip, "random")
    draw_of = (*identity, "centre") if own.placement == "nested" else (*identity, "centre", scene.level)
    drawn = seeds.generator(*draw_of).random(2)
    if own.region == "face_hull":
        block = place_on_hull(scene.track, scene.level, own.placement, drawn)
    else:
        block = place(scene.points, scene.level, own.placement, drawn)
    if scene.anchor == "author_compat":
        block = in_whole_pixels(block)

    rows, columns = scene.frame.shape[:2]
    offset = block.centre - scene.points[_NOSE]
    box = landmark_box(scene.points)
    texture = _texture(own.fill, scene, identity)

    def draw(points: np.ndarray) -> Layer:
        if not np.isfinite(points[_NOSE]).all():
            raise InputError("landmark 31 is not finite; run the faces stage again or take the clip out")
        moved = points[_NOSE] + offset - block.centre
        return block_layer(Block(block.centre + moved, block.size), texture, box + moved, rows, columns)

    return Occluder(own.fill, draw, {"centre": block.centre.astype(np.float32), "size": block.size.astype(np.float32)})


def landmark_box(points: np.ndarray) -> np.ndarray:
    """Return the bounding box of jaw and brows (landmarks 0 to 26), [[x0, y0], [x1, y1]] in pixels.

    Raises InputError if it has no area.
    """
    box = np.stack([points[_JAW_AND_BROWS].min(axis=0), points[_JAW_AND_BROWS].max(axis=0)])
    if not np.isfinite(points).all() or (box[1] - box[0]).min() <= 0:
        raise InputError("the landmarks of jaw and brows span no area; check the landmarks or take the clip out")
    return box


def place(points: np.ndarray, level: int, placement: Placement, drawn: np.ndarray) -> Block:
    """Return the block that covers ``level`` percent of the landmark box, inside of it and with its aspect.

    ``points`` (68, 2) are landmarks. ``drawn`` (2,) in 0..1 places it: under ``independent`` the whole range lets this
    block touch the box's sides, under ``nested`` a block of 50 percent; there blocks grow about one centre, and larger
    ones slide inwards from the box's side, so that a block always contains all smaller ones.
    """
    box = landmark_box(points)
    sides = box[1] - box[0]
    area = sides.prod()  # cancels, but not in the last bit, on which whole pixels may hang
    fitting = sides * np.sqrt(_fitting_level(level, placement) / 100 * area / area)
    return _block(box, fitting, drawn, sides * np.sqrt(level / 100 * area / area))


def place_on_hull(track: np.ndarray, level: int, placement: Placement, drawn: np.ndarray) -> Block:
    """Return the block that covers ``level`` percent of the landmarks' convex hull, in the median over all frames.

    ``track`` (T, 68, 2) are the landmarks of all frames. The block has the aspect of the first frame's landmark box,
    lies as it does there at a fixed distance from landmark 31, and keeps its size. Its place is ``drawn`` as in the
    landmark box, among those where a block of the fitting size covers the fitting percentage of the hull.
    """
    box = landmark_box(track[0])
    sides = box[1] - box[0]
    polygons = hull.outlines(track)
    polygons += (track[0, _NOSE] - track[:, _NOSE])[:, None]

    def covered(size: float, fitting: float, drawn: np.ndarray, frames: slice) -> float:
        block = _block(box, fitting * sides, drawn, size * sides)
        low, high = block.centre - block.size / 2, block.centre + block.size / 2
        return float(np.median(hull.covered(polygons[frames], low, high)))

    def least(size: float) -> float:  # of all blocks in the box, one in a corner covers least: the hull is convex
        return min(covered(size, size, corner, slice(1)) for corner in _CORNERS)

    fitting = _reaching(least, _fitting_level(level, placement) / 100)
    size = _reaching(lambda size: covered(size, fitting, drawn, slice(None)), level / 100)
    return _block(box, fitting * sides, drawn, size * sides)


def _fitting_level(level: int, placement: Placement) -> int:
    return level if placement == "independent" else _NESTED_LEVEL


def _block(box: np.ndarray, fitting: np.ndarray, drawn: np.ndarray, size: np.ndarray) -> Block:
    """The block of a size about the place that is drawn for a ``fitting`` one, moved into the box as far as it is."""
    sides = box[1] - box[0]
    centre = box[0] + fitting / 2 + drawn * (sides - fitting)
    slack = np.maximum(sides - size, 0) / 2
    middle = box.mean(axis=0)
    return Block(np.clip(centre, middle - slack, middle + slack), size)


def _reaching(share: Callable[[float], float], wanted: float) -> float:
    """The least size at which ``share``, which grows with it from 0 to 1, is the wanted one."""
    low, high = 0.0, 1.0
    while share(high) < wanted:
        low, high = high, 2 * high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if share(middle) < wanted else (low, middle)
    return high


def in_whole_pixels(block: Block) -> Block:
    """Return the block with its size and corner cut to whole pixels, as the released scripts have it."""
    size = np.maximum(np.floor(block.size), 1)
    return Block(np.floor(block.centre - block.size / 2) + size / 2 - 0.5, size)


def block_layer(block: Block, texture: np.ndarray, box: np.ndarray, height: int, width: int) -> Layer:
    """Draw a block on a frame of the given size; its edges cover pixels in part, so that its area is exact.

    ``texture`` float32 (n, m, 3) in 0..255 spans ``box`` [[x0, y0], [x1, y1]]. What reaches over the frame's edge is
    cut off.
    """
    low, high = block.centre - block.size / 2, block.centre + block.size / 2
    x0, y0 = np.clip(np.floor(low + 0.5), 0, [width, height]).astype(int)
    x1, y1 = np.clip(np.floor(high + 0.5) + 1, 0, [width, height]).astype(int)
    if x0 >= x1 or y0 >= y1:
        return compositing.nothing()
    alpha = np.outer(_coverage(y0, y1, low[1], high[1]), _coverage(x0, x1, low[0], high[0])).astype(np.float32)
    per_cell = (box[1] - box[0]) / texture.shape[1::-1]
    columns, rows = (((np.arange(a, b) - o) / p - 0.5).astype(np.float32) for a, b, o, p in
                     zip((x0, y0), (x1, y1), box[0], per_cell, strict=True))  # fmt: skip
    x, y = np.meshgrid(columns, rows)
    colour = cv2.remap(texture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return Layer(int(x0), int(y0), colour * alpha[..., None], alpha)


def _coverage(first: int, end: int, low: float, high: float) -> np.ndarray:
    """The part of each of the pixels first..end - 1 that lies between ``low`` and ``high``."""
    centres = np.arange(first, end)
    return np.clip(np.minimum(centres + 0.5, high) - np.maximum(centres - 0.5, low), 0, 1)


def _texture(fill: Fill, scene: Scene, identity: tuple[object, ...]) -> np.ndarray:
    if fill == "noise":
        cells = seeds.generator(*identity, "noise").integers(0, 256, (_NOISE_CELLS, _NOISE_CELLS, 3))
        return cells.astype(np.float32)
    colour = mean_skin(scene.frame, scene.points) if fill == "mean_skin" else np.zeros(3)
    return np.broadcast_to(colour, (2, 2, 3)).astype(np.float32)


def mean_skin(frame: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the mean BGR (3,) of a frame uint8 (H, W, C) inside the hull of its landmarks, without eyes and mouth.

    Raises InputError if no such pixel is in the frame.
    """
    skin = np.zeros(frame.shape[:2], np.uint8)
    corners = np.clip(np.round(points), -30000, 30000).astype(np.int32)
    cv2.fillConvexPoly(skin, cv2.convexHull(corners), 1)
    for part in _NOT_SKIN:
        cv2.fillConvexPoly(skin, cv2.convexHull(corners[part]), 0)
    if not skin.any():
        raise InputError("no skin is inside of the crop; check the landmarks or take the clip out")
    return np.broadcast_to(frame[skin > 0].mean(axis=0), (3,))
