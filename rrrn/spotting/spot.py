"""Spot an expression in a clip: find its onset, apex and offset, and say whether that is sure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rrrn.face import landmarks
from rrrn.flow import engines
from rrrn.occlusion import compositing
from rrrn.running.stage import InputError
from rrrn.spotting import course, moments, regions
from rrrn.spotting.moments import Moments

LEAST_FRAMES = moments.LEAST_RISE + moments.LEAST_FALL + 1
_SEARCHED = 8  # frames from the first on, in which a face is looked for
_LEAST_EYES = 12  # pixels between them; a drawn face with 9 got a wrong apex, without another doubt
_COVERED = 0.05  # share of the skin that is gone, or moves as no expression does


@dataclass(frozen=True)
class Spotted:
    """Frame numbers, and in ``doubts`` why they may be wrong; with none they are sure.

    ``amplitude`` is how far the skin moves, in distances between the eyes; ``moves``: whether that is more than noise.
    """

    onset: int
    apex: int
    offset: int
    amplitude: float
    moves: bool
    doubts: tuple[str, ...]

    @property
    def sure(self) -> bool:
        """Return whether there is no doubt."""
        return not self.doubts


def spot(
    frames: Sequence[NDArray[np.uint8]],
    numbers: Sequence[int],
    where: str,
    onset: int | None = None,
    apex: int | None = None,
    offset: int | None = None,
    upsample: int = 0,
    points: NDArray[np.float64] | None = None,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> Spotted:
    """Return where the expression is in a clip's frames, uint8 (H, W, C) each, C 1 or 3 (BGR), with their numbers.

    ``onset``, ``apex`` and ``offset`` are numbers that are known, and kept. ``points`` are landmarks (68, 2) of the
    first frame; without them dlib looks for a face in the first frames. Raises InputError, naming ``where``, for too
    few frames, frames without a face, and one that something hides while it moves.
    """
    if len(frames) < LEAST_FRAMES and None in (onset, apex, offset):
        raise InputError(
            f"{where}: has {len(frames)} frame{'s' if len(frames) != 1 else ''}; to spot an expression {LEAST_FRAMES} "
            "at least are needed"
        )
    given = [
        None if one is None else _place(name, one, numbers, where)
        for name, one in (("onset", onset), ("apex", apex), ("offset", offset))
    ]
    gray = [compositing.to_gray(frame) for frame in frames]
    reference = 0
    if points is None:
        reference, points = _face(gray, numbers, where, upsample)
    found = course.follow(gray, points, engines.solver("numba"), reference, progress)
    if found.lost.max() > _COVERED:
        at = int(np.argmax(found.lost > _COVERED))
        raise InputError(
            f"{where}: from frame {numbers[at]} on, more moves in the face than any expression does: a hand or another "
            "thing before it, a head that turns away, or a cut; take a stretch without it"
        )
    try:
        best = moments.find(regions.signals(found.motion), *given)
    except ValueError:
        raise InputError(
            f"{where}: the numbers that are given leave no room for onset < apex < offset, with {moments.LEAST_RISE} "
            "frames to rise; give all three, if they are known"
        ) from None
    unit = regions.eye_distance(points)
    doubts = tuple(_doubts(best, numbers, apex is None, unit))
    onset, apex, offset = (int(numbers[place]) for place in (best.onset, best.apex, best.offset))
    return Spotted(onset, apex, offset, best.amplitude, best.moves, doubts)


def _doubts(best: Moments, numbers: Sequence[int], searched: bool, unit: float) -> list[str]:
    """Return why moments may be wrong; ``searched``: the apex was not given; ``unit``: pixels between the eyes."""
    if not best.moves:
        return [f"nothing moves but noise ({best.amplitude:.2%} of the distance between the eyes)"]
    doubts = []
    if not best.sure and best.other is not None:
        doubts.append(f"frame {numbers[best.other]} is nearly as likely to be the apex")
    if searched and best.other is None:
        doubts.append(f"{len(numbers)} frames are too few to tell its apex from another")
    if unit < _LEAST_EYES:
        doubts.append(f"the face is small, {unit:.0f} pixels between the eyes")
    if best.apex >= len(numbers) - 2:
        doubts.append("the clip ends at its peak: there may be more of it")
    return doubts


def _place(name: str, number: int, numbers: Sequence[int], where: str) -> int:
    if number not in numbers:
        raise InputError(f"{where}: there is no frame {number}, the {name}; there are {numbers[0]} to {numbers[-1]}")
    return list(numbers).index(number)


def _face(
    frames: Sequence[NDArray[np.uint8]], numbers: Sequence[int], where: str, upsample: int
) -> tuple[int, NDArray[np.float64]]:
    """Return the first of gray frames (H, W) with a face, as an index, and its landmarks (68, 2)."""
    for index, image in enumerate(frames[:_SEARCHED]):
        box = landmarks.detect(image, upsample)
        if box is not None:
            return index, landmarks.fit(image, box).astype(np.float64)
    last = numbers[min(_SEARCHED, len(numbers)) - 1]
    raise InputError(
        f"{where}: no face in the frames {numbers[0]} to {last}; dlib knows frontal faces that nothing hides. Look at "
        "them: a small face, a turned one, or a hand before it?"
    )
