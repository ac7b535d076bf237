"""The flow of all views of many clips, by an engine that solves batches of pairs while the caller has another.

Clips whose faces are of one size share batches. Faces of two sizes never do: to pad one would change its flow.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby, islice
from typing import NamedTuple

import numpy as np

from rrrn.data.views import View
from rrrn.flow import clip_views
from rrrn.flow.clip_views import Flow, Image, Key, Rotation
from rrrn.flow.pairs import Flows, Images

Size = tuple[int, int]  # height, width


class Clip(NamedTuple):
    """What a clip's views are made of; arguments as of ``clip_views.solve_views``."""

    name: str
    face: Sequence[int]
    plan: Sequence[View]
    frames: Callable[[], Mapping[int, Image]]  # reads them when it is the clip's turn


def solve_clips(
    clips: Iterable[Clip],
    stream: Callable[[Iterator[tuple[Images, Images]]], Iterable[Flows]],
    pairs_at_once: Callable[[int, int], int],
    *,
    rotation: Rotation = "frames",
) -> Iterator[tuple[str, dict[Key, Flow]]]:
    """Yield the name of each clip and the flow of its distinct views, as soon as they are solved.

    Clips come by the size of their faces, and as they were given where it is equal. ``stream`` takes batches of images
    uint8 (N, H, W) twice and yields the flows (N, 2, H, W) of each in turn; what it reads ahead, and the clip at hand,
    is all that is held. ``pairs_at_once`` says how many pairs of a height and a width a batch has at most.
    """
    in_turn = sorted(clips, key=_size)
    most = {size: pairs_at_once(*size) for size in map(_size, in_turn)}  # asked while no batch takes memory

    def images() -> Iterator[tuple[Image, Image]]:
        for clip in in_turn:
            before, after = clip_views.cut(clip.frames(), clip.face, clip_views.distinct(clip.plan, rotation))
            yield from ((before[onset], image) for (onset, _), image in after.items())

    solved = chain.from_iterable(stream(_batches(images(), most)))
    for clip in in_turn:
        pairs = clip_views.distinct(clip.plan, rotation)
        yield clip.name, dict(clip_views.views(pairs, islice(solved, len(pairs))))


def _size(clip: Clip) -> Size:
    x0, y0, x1, y1 = (int(value) for value in clip.face)
    return y1 - y0, x1 - x0


def _batches(pairs: Iterator[tuple[Image, Image]], most: Mapping[Size, int]) -> Iterator[tuple[Images, Images]]:
    for shape, alike in groupby(pairs, lambda pair: pair[0].shape):
        while some := list(islice(alike, most[shape])):
            before, after = zip(*some, strict=True)
            yield np.stack(before), np.stack(after)
