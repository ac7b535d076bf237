"""What is counted: the views of a clip, and the pairs that are solved for them."""

from collections.abc import Mapping, Sequence
from typing import Any

from rrrn.data.clips import Clip
from rrrn.stages import augment


def augmented(clip: Clip, config: Mapping[str, Any]) -> list[tuple[int, float]]:
    """Return apex and angle of every view of a clip, duplicates included."""
    told = config["augment"]
    return [(view.apex, view.angle) for view in augment.plan(clip, told["early"], told["late"], told["angles"])]


def solved(views: Sequence[tuple[int, float]], rotation: str) -> tuple[int, int]:
    """Return how many pairs are solved for some views, and how many distinct views these give."""
    distinct = set(views)
    return len(distinct) if rotation == "frames" else len({apex for apex, _ in distinct}), len(distinct)
