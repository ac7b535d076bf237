"""The augmentation plan of one subject: pairs of onset and enriched apex, and rotation angles.

A table, not pixels: the official apex and its neighbours in time, each at every angle, 10 x 7 = 70 views a clip in
the paper (Section IV-B, "Data augmentation"). View 0 is the official apex at 0 degrees.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rrrn.data import clips, views
from rrrn.data.views import View
from rrrn.provenance import asked
from rrrn.running import stage, typed


@dataclass(frozen=True)
class Settings:
    """The section ``augment``: tenths of the way to the apex and from it, and degrees."""

    early: Sequence[int]
    late: Sequence[int]
    angles: Sequence[float]


def between(a: int, b: int, tenths: int) -> int:
    """Return the frame ``tenths``/10 of the way from ``a`` to ``b``, rounded half up in exact arithmetic."""
    return (2 * (10 * a + tenths * (b - a)) + 10) // 20


def apexes(onset: int, apex: int, offset: int, early: Sequence[int], late: Sequence[int]) -> list[int]:
    """Return the official apex, then the early ones (onset to apex), then the late ones (apex to offset)."""
    return [
        apex,
        *(between(onset, apex, tenths) for tenths in early),
        *(between(apex, offset, tenths) for tenths in late),
    ]


def plan(clip: clips.Clip, early: Sequence[int], late: Sequence[int], angles: Sequence[float]) -> list[View]:
    """Return all views of a clip: (1 + early + late) x angles of them, always, duplicates marked.

    ``angles`` must hold 0, which comes first, so that view 0 is the clip as it was recorded.
    """
    if 0 not in angles:
        raise stage.InputError("augment.angles must hold 0: the view that is tested")
    turned = [0.0, *(float(angle) for angle in angles if angle != 0)]
    seen: set[tuple[int, float]] = set()
    planned: list[View] = []
    for apex in apexes(clip.onset, clip.apex, clip.offset, early, late):
        for angle in turned:
            planned.append(View(clip.clip, len(planned), clip.onset, apex, angle, int((apex, angle) in seen)))
            seen.add((apex, angle))
    return planned


def main(args: argparse.Namespace) -> None:
    settings = typed.section(Settings, args.settings, "augment")
    made = asked.asked(args)
    table = [
        view
        for clip in clips.of_subject(made.clips(args.clips), args.subject)
        for view in plan(clip, settings.early, settings.late, settings.angles)
    ]
    views.write(table, args.output, made.identity)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("output", type=Path, help="the plan, a CSV table")
    parser.add_argument("--clips", type=Path, required=True, help="clip table")
    parser.add_argument("--subject", required=True)
    stage.run(main, parser)
