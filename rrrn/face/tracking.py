"""Box and landmarks of one face in every frame of a clip; frames without it lie between their neighbours."""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rrrn.face import landmarks
from rrrn.face.landmarks import Box
from rrrn.running.stage import InputError

NoFace = Literal["error", "full_image"]  # what a gap that is too long is
_LEAST_OVERLAP = 1 / 3  # intersection over union of a box and the same half its side away


def locate(
    images: Sequence[NDArray[np.uint8]],
    numbers: Sequence[int],
    upsample: int,
    max_gap: int,
    no_face: NoFace,
    where: str,
    remedy: str,
    progress: Callable[[Iterable[NDArray[np.uint8]]], Iterable[NDArray[np.uint8]]] = iter,
) -> tuple[NDArray[np.float64], NDArray[np.float32], NDArray[np.bool_]]:
    """Return boxes (T, 4), landmarks (T, 68, 2) and found (T) of a clip's images, gaps interpolated.

    All are of one face, chosen once (see ``follow``): a frame that shows another one only counts as a gap. Raises
    InputError, naming clip and folder by ``where``, the frames by ``numbers`` and what its user can set by ``remedy``,
    if more than ``max_gap`` neighbouring frames do not show it. With ``no_face="full_image"`` such a gap keeps the
    interpolated box, or the whole image if the clip shows no face at all, and its landmarks are fitted in that box.
    Otherwise the search ends with the first gap that nothing found later can close. ``progress`` passes the images on
    as they are searched.
    """
    boxes = np.zeros((len(images), 4))
    points = np.zeros((len(images), 68, 2), np.float32)
    found = np.zeros(len(images), bool)
    candidates: list[list[Box]] = []
    for image in progress(images):
        candidates.append(landmarks.detect_all(_for_dlib(image), upsample))
        empty = candidates[-max_gap - 1 :]
        if no_face == "error" and len(empty) > max_gap and not any(empty):
            first, last, rest = numbers[len(candidates) - len(empty)], numbers[len(candidates) - 1], len(images)
            ended = ", where the search ended" if len(candidates) < rest else ""
            row = f"no face in {len(empty)} frames in a row, {first} to {last}{ended}"
            raise InputError(f"{where}: {row}; look at them, then {remedy}")
    for t, box in follow(candidates).items():
        boxes[t], points[t], found[t] = box, landmarks.fit(_for_dlib(images[t]), box), True
    long = [(first, last) for first, last in gaps(found) if last - first > max_gap or not found.any()]
    if long and no_face == "error":
        first, last = max(long, key=lambda gap: gap[1] - gap[0])
        others = sum(map(bool, candidates[first:last]))
        raise InputError(
            f"{where}: no face in {last - first} frames in a row, {numbers[first]} to {numbers[last - 1]}"
            + (f", but for another one, or the same after a jump, in {others} of them" if others else "")
            + f"; look at them, then {remedy}"
            + (", or cut the clip to one face" if others else "")
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


def follow(candidates: Sequence[Sequence[Box]]) -> dict[int, Box]:
    """Return the box, by frame, of a clip's face: of all faces the one whose area, summed over frames, is largest.

    ``candidates`` are the faces of each frame. Each continues the face whose last box it overlaps most, one per frame;
    one that overlaps none by a third, as it would half a box away, is another face.
    """
    tracks: list[dict[int, Box]] = []
    for t, boxes in enumerate(candidates):
        last = [next(reversed(track.values())) for track in tracks]
        pairs = [(_overlap(known, box), k, b) for k, known in enumerate(last) for b, box in enumerate(boxes)]
        continued: dict[int, int] = {}
        for overlap, k, b in sorted(pairs, key=lambda pair: -pair[0]):
            if overlap >= _LEAST_OVERLAP and b not in continued and k not in continued.values():
                continued[b] = k
                tracks[k][t] = boxes[b]
        tracks += [{t: box} for b, box in enumerate(boxes) if b not in continued]
    return max(tracks, key=lambda track: sum(map(landmarks.area, track.values())), default={})


def _overlap(one: Box, other: Box) -> float:
    """Return the intersection over union of two boxes."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0) * max(height, 0)
    return shared / (landmarks.area(one) + landmarks.area(other) - shared)


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
