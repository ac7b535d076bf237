"""The flow of all views of one clip, in pixels, with nothing solved twice.

What repeats another view is solved once, and all pairs go to the solver together, those with the same turned onset
side by side, so that it can share what it makes of the onset. Both change no bit. Two more savings do, and must be
asked for: turning the flow instead of the frames, and starting from the flow of the neighbouring apex.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from rrrn.data.views import View
from rrrn.face.rotation import turn_and_cut, turn_flow

Rotation = Literal["frames", "field"]
ROTATIONS: tuple[Rotation, ...] = get_args(Rotation)

_MOST_GROWTH = 2.0  # from an apex to its neighbour; more is noise, where nothing moves

Onset = tuple[int, float]  # its number, and the angle that its frame is turned by
Pair = tuple[Onset, int]  # and the number of the apex
Key = tuple[int, int, float]  # onset, apex, angle
Image = NDArray[np.uint8]
Flow = NDArray[np.float32]
Solve = Callable[[Image, Image], Flow]
Refine = Callable[[Image, Image, Flow], Flow]


def solve_views(
    frames: Mapping[int, Image],
    face: Sequence[int],
    plan: Sequence[View],
    solve: Solve,
    *,
    rotation: Rotation = "frames",
    refine: Refine | None = None,
) -> Iterator[tuple[Key, Flow]]:
    """Yield the flow of every distinct view, float32 (2, H, W) in pixels, under its onset, apex and angle.

    ``frames`` are gray, uint8 (H, W), by number; ``face`` is the box (x0, y0, x1, y1) that is cut out of them.
    ``solve`` takes images uint8 (N, H, W) twice and returns (N, 2, H, W).
    With ``rotation`` frames both frames are turned and solved; with field they are solved once, as they are, and the
    flow is turned. With ``refine``, which takes guesses of the flow as its third argument, only the apex that comes
    first in the plan is solved from nothing, and every other one from its neighbour's flow on the way there.
    """
    pairs = distinct(plan, rotation)
    before, after = cut(frames, face, pairs)
    found = _each_alone(before, after, solve) if refine is None else _outwards(before, after, solve, refine)
    yield from views(pairs, (found[pair] for pair in pairs))


def distinct(plan: Sequence[View], rotation: Rotation) -> dict[Pair, list[float]]:
    """Return the pairs whose flow gives all views of a plan, those of one onset together, and each's views' angles."""
    wanted: dict[Onset, dict[int, set[float]]] = {}
    for view in plan:
        onset = view.onset, view.angle if rotation == "frames" else 0.0
        wanted.setdefault(onset, {}).setdefault(view.apex, set()).add(view.angle)
    return {(onset, apex): sorted(angles) for onset, apexes in wanted.items() for apex, angles in apexes.items()}


def cut(
    frames: Mapping[int, Image], face: Sequence[int], pairs: Iterable[Pair]
) -> tuple[dict[Onset, Image], dict[Pair, Image]]:
    """Return the images of pairs: the onsets, and in the order of the pairs the apexes."""
    after = {pair: turn_and_cut(frames[pair[1]], face, pair[0][1]) for pair in pairs}
    onsets = dict.fromkeys(onset for onset, _ in after)
    return {onset: turn_and_cut(frames[onset[0]], face, onset[1]) for onset in onsets}, after


def views(pairs: Mapping[Pair, Sequence[float]], flows: Iterable[Flow]) -> Iterator[tuple[Key, Flow]]:
    """Yield the flow of every view of ``distinct`` pairs, from the flows of the pairs in their order."""
    for ((onset, apex), angles), flow in zip(pairs.items(), flows, strict=True):
        for angle in angles:
            yield (onset[0], apex, angle), turn_flow(flow, angle - onset[1])


def _each_alone(before: Mapping[Onset, Image], after: Mapping[Pair, Image], solve: Solve) -> dict[Pair, Flow]:
    found = solve(np.stack([before[onset] for onset, _ in after]), np.stack(list(after.values())))
    return dict(zip(after, found, strict=True))


def _outwards(
    before: Mapping[Onset, Image], after: Mapping[Pair, Image], solve: Solve, refine: Refine
) -> dict[Pair, Flow]:
    """Solve the first apex of each onset, then its neighbours in time from its flow, theirs from theirs, and so on.

    The first, which is the official one, thus has the same flow whatever other apexes there are.
    """
    apexes = {onset: [apex for other, apex in after if other == onset] for onset in before}
    ways = []
    for onset, (first, *_) in apexes.items():
        in_time = sorted(apexes[onset])
        middle = in_time.index(first)
        ways += [[(onset, apex) for apex in way] for way in (in_time[middle::-1], in_time[middle:])]
    found = _each_alone(before, {way[0]: after[way[0]] for way in ways}, solve)
    for step in range(1, max(map(len, ways))):
        links = [(way[step - 1], way[step]) for way in ways if step < len(way)]
        a, b = np.stack([before[pair[0]] for _, pair in links]), np.stack([after[pair] for _, pair in links])
        guesses = [_scaled(found[known], one, two) for (known, _), one, two in zip(links, a, b, strict=True)]
        refined = refine(a, b, np.stack(guesses))
        found |= dict(zip((pair for _, pair in links), refined, strict=True))
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
