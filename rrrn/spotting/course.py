"""How the regions of a face move against one frame of the clip, without what the head does."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rrrn.flow.pairs import Flows, Images
from rrrn.flow.parameters import Parameters
from rrrn.spotting import regions

PARAMETERS = Parameters(scales=3, warps=2)  # of TV-L1, as in config.yaml: after the shift little is left to find
_SIDE = 160  # pixels across a face; more costs time and finds nothing
_ROOM = 0.12  # of the landmarks' extent around them
_LEAST_RESPONSE = 0.1  # of phase correlation, from 0 to 1; below it the frames have nothing in common
_FARTHEST = 0.15  # distances between the eyes; a broad smile moves the corners of a mouth by as much, and nothing else
_UNLIKE = 25.0  # grey levels, ten times a camera's noise
_ROBUST = 1.5  # deviations from which on a pixel of rigid skin counts less
_STEPS = 10


Solve = Callable[[Images, Images, Parameters], Flows]


@dataclass(frozen=True)
class Course:
    """The motion of T frames against the reference, in distances between the eyes.

    ``motion`` (T, R, 2) is the mean displacement of each region of ``regions.WATCHED``, to the right and down, without
    that of the ``head`` (T, 4): shift right and down, turn in radians, and growth. ``lost`` (T,): the share of skin
    that is not in the frame any more, by its grey levels where the flow leads, or moves farther than an expression
    would: a hand or another image came in.
    """

    motion: NDArray[np.float64]
    head: NDArray[np.float64]
    lost: NDArray[np.float64]


def follow(
    frames: Sequence[NDArray[np.uint8]],
    points: NDArray[np.float64],
    solve: Solve,
    reference: int = 0,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> Course:
    """Return the course of gray frames, uint8 (H, W) each, of a face that has landmarks (68, 2) in the reference.

    The face is cut out and, if it is larger, brought to ``_SIDE`` pixels. Each frame is first shifted by whole pixels
    to where the nose is (as Zhao et al. do), then the flow from the reference to it is solved. On rigid skin (the nose,
    its bridge, the strips beside the eyes) a similarity is fitted to that flow, robustly, and subtracted everywhere.
    """
    box, scale = _box(points, frames[reference].shape)
    base = _cut(frames[reference], box, (0, 0), scale)
    placed = (points - box[:2] + 0.5) * scale - 0.5
    masks = regions.masks(placed, base.shape)
    unit = regions.eye_distance(placed)
    y, x = np.indices(base.shape)
    grid = np.stack([x - placed[30, 0], y - placed[30, 1]])
    near = np.stack(np.nonzero(masks.rigid))
    window = (slice(near[0].min(), near[0].max() + 1), slice(near[1].min(), near[1].max() + 1))
    motion, head, lost = [], [], []
    skin = masks.watched.any(axis=0) | masks.rigid
    shift = (0, 0)
    for t in progress(range(len(frames))):
        shift = _follow(base, frames[t], box, scale, shift, window)
        there = _cut(frames[t], box, shift, scale)
        flow = solve(base[None], there[None], PARAMETERS)[0].astype(np.float64)
        pose = _similarity(flow[:, masks.rigid], grid[:, masks.rigid])
        rest = flow - _moved(pose, grid)
        motion.append([rest[:, mask].mean(axis=1) if mask.any() else np.zeros(2) for mask in masks.watched])
        far = np.hypot(*rest) > _FARTHEST * unit
        lost.append(float((far | _unlike(base, there, flow))[skin].mean()))
        whole = np.array(shift) * scale
        head.append([(pose[0] + whole[0]) / unit, (pose[1] + whole[1]) / unit, pose[2], pose[3]])
    return Course(np.array(motion) / unit, np.array(head), np.array(lost))


def _box(points: NDArray[np.float64], shape: tuple[int, ...]) -> tuple[NDArray[np.int64], float]:
    """Return the box (x0, y0, x1, y1) about a face within an image, and by what it is scaled."""
    low, high = points.min(axis=0), points.max(axis=0)
    room = _ROOM * (high - low)
    low = np.clip(np.floor(low - room), 0, [shape[1] - 8, shape[0] - 8])
    high = np.clip(np.ceil(high + room), low + 8, [shape[1], shape[0]])
    return np.concatenate([low, high]).astype(np.int64), min(1.0, _SIDE / float(high[0] - low[0]))


def _cut(frame: NDArray[np.uint8], box: NDArray[np.int64], shift: tuple[int, int], scale: float) -> NDArray[np.uint8]:
    """Return the box of a frame, moved by ``shift`` whole pixels, scaled; beyond the image its border is repeated."""
    x0, y0, x1, y1 = (int(end) for end in box)
    rows = np.clip(np.arange(y0, y1) + shift[1], 0, frame.shape[0] - 1)
    columns = np.clip(np.arange(x0, x1) + shift[0], 0, frame.shape[1] - 1)
    cut = frame[np.ix_(rows, columns)]
    if scale == 1:
        return cut
    size = (max(8, round((x1 - x0) * scale)), max(8, round((y1 - y0) * scale)))
    return cv2.resize(cut, size, interpolation=cv2.INTER_AREA).astype(np.uint8)


def _follow(
    base: NDArray[np.uint8],
    frame: NDArray[np.uint8],
    box: NDArray[np.int64],
    scale: float,
    before: tuple[int, int],
    window: tuple[slice, slice],
) -> tuple[int, int]:
    """Return by how many whole pixels the nose has moved, by phase correlation about where it was ``before``."""
    here = _cut(frame, box, before, scale)[window].astype(np.float32)
    there = base[window].astype(np.float32)
    hann = cv2.createHanningWindow((there.shape[1], there.shape[0]), cv2.CV_32F)
    (dx, dy), response = cv2.phaseCorrelate(there, here, hann)
    if response < _LEAST_RESPONSE:
        return before
    return before[0] + round(dx / scale), before[1] + round(dy / scale)


def _unlike(base: NDArray[np.uint8], there: NDArray[np.uint8], flow: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return where an image (H, W), but for its light, does not show what it should by the flow (2, H, W) to it."""
    y, x = np.indices(base.shape, np.float32)
    u, v = flow.astype(np.float32)
    seen = cv2.remap(there.astype(np.float32), x + u, y + v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    gain = np.median(seen) / max(float(np.median(base)), 1.0)
    return np.asarray(np.abs(seen - gain * base) > _UNLIKE)


def _similarity(flow: NDArray[np.float64], grid: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return shift right and down, turn and growth that fit flow (2, N) at points (2, N), robustly (Huber)."""
    x, y = grid
    zero, one = np.zeros_like(x), np.ones_like(x)
    design = np.concatenate([np.stack([one, zero, -y, x], 1), np.stack([zero, one, x, y], 1)])
    wanted = flow.reshape(-1)
    pose = np.array([*np.median(flow, axis=1), 0.0, 0.0])  # whatever moves beside it
    for _ in range(_STEPS):
        away = np.hypot(*(wanted - design @ pose).reshape(2, -1))
        spread = max(1.4826 * float(np.median(away)), 1e-6)
        weighted = design * np.tile(np.minimum(1, _ROBUST * spread / np.maximum(away, 1e-12)), 2)[:, None]
        pose = np.linalg.solve(weighted.T @ design, weighted.T @ wanted)
    return pose


def _moved(pose: NDArray[np.float64], grid: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the flow (2, H, W) of a head that moves so, at points (2, H, W)."""
    x, y = grid
    return np.stack([pose[0] - pose[2] * y + pose[3] * x, pose[1] + pose[2] * x + pose[3] * y])
