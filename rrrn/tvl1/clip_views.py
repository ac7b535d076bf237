"""The flow of all views of one clip, in pixels, with nothing solved twice.

What repeats another view is solved once, and pairs with the same turned onset go to the solver together, which can
then share what it makes of the onset. Both change no bit. Two more savings do, and must be asked for: turning the flow
instead of the frames, and starting from the flow of the neighbouring apex.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rrrn.rotation import turn_and_cut, turn_flow
from rrrn.views import View

ROTATIONS = ("frames", "field")

_MOST_GROWTH = 2.0  # from an apex to its neighbour; more is noise, where nothing moves

Key = tuple[int, int, float]  # onset, apex, angle
Image = NDArray[np.uint8]
Flow = NDArray[np.float32]
Solve = Callable[[Image, Image], Flow]
Refine = Callable[[Image, Image, Flow], Flow]


def flows(
    frames: Mapping[int, Image],
    face: Sequence[int],
    plan: Sequence[View],
    solve: Solve,
    *,
    rotation: str = "frames",
    refine: Refine | None = None,
) -> Iterator[tuple[Key, Flow]]:
    """Yield the flow of every distinct view, float32 (2, H, W) in pixels, under its onset, apex and angle.

    ``frames`` are gray, uint8 (H, W), by number; ``face`` is the box (x0, y0, x1, y1) that is cut out of them.
    ``solve`` takes images uint8 (N, H, W) twice and returns (N, 2, H, W); the first of them may be one image broadcast.
    With ``rotation`` frames both frames are turned and solved; with field they are solved once, as they are, and the
    flow is turned. With ``refine``, which takes guesses of the flow as its third argument, only the apex that comes
    first in the plan is solved from nothing, and every other one from its neighbour's flow on the way there.
    """
    groups: dict[tuple[int, float], dict[int, set[float]]] = {}  # what is solved together: apexes, and angles of each
    for view in plan:
        solved_at = view.angle if rotation == "frames" else 0.0
        groups.setdefault((view.onset, solved_at), {}).setdefault(view.apex, set()).add(view.angle)
    for (onset, solved_at), wanted in groups.items():
        before = turn_and_cut(frames[onset], face, solved_at)
        after = {apex: turn_and_cut(frames[apex], face, solved_at) for apex in wanted}
        found = _each_alone(before, after, solve) if refine is None else _outwards(before, after, solve, refine)
        for apex, angles in wanted.items():
            for angle in sorted(angles):
                yield (onset, apex, angle), turn_flow(found[apex], angle - solved_at)


def _each_alone(before: Image, after: Mapping[int, Image], solve: Solve) -> dict[int, Flow]:
    images = np.stack(list(after.values()))
    return dict(zip(after, solve(np.broadcast_to(before, images.shape), images), strict=True))


def _outwards(before: Image, after: Mapping[int, Image], solve: Solve, refine: Refine) -> dict[int, Flow]:
    """Solve the first apex, then its neighbours in time from its flow, theirs from theirs, and so on.

    The first, which is the official one, thus has the same flow whatever other apexes there are.
    """
    in_time, first = sorted(after), next(iter(after))
    middle = in_time.index(first)
    ways = in_time[middle::-1], in_time[middle:]
    found = {first: solve(before[None], after[first][None])[0]}
    for step in range(1, max(map(len, ways))):
        links = [(way[step - 1], way[step]) for way in ways if step < len(way)]
        images = np.stack([after[apex] for _, apex in links])
        guesses = np.stack([_scaled(found[known], before, after[apex]) for known, apex in links])
        refined = refine(np.broadcast_to(before, images.shape), images, guesses)
        found |= dict(zip((apex for _, apex in links), refined, strict=True))
    return found


def _scaled(flow: Flow, before: Image, after: Image) -> Flow:
    """Return the multiple of a neighbour's flow that explains the change of brightness best, to first order.

    An expression grows and fades more than it changes its shape.
    """
    second = after.astype(np.float32)
    down, right = np.gradient(second)
    slope = right * flow[0] + down * flow[1]
    change = before - second
    best = float((slope * change).sum()) / max(float((slope * slope).sum()), 1e-6)
    return flow * np.float32(np.clip(best, 0, _MOST_GROWTH))
