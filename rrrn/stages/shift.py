"""Move all apexes of a subject's augmentation plan, within their clips: the conditions -earlier and -later."""

import argparse
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rrrn.data import clips, views
from rrrn.data.views import View
from rrrn.provenance import asked
from rrrn.running import stage


def moved(plan: Sequence[View], offset: int, frames: int) -> list[View]:
    """Return the views of a clip with apexes so many frames later, or earlier if that is below 0.

    None leaves the clip: an apex stays behind the onset, and not behind ``offset``. Duplicates are marked anew.
    """
    seen: set[tuple[int, float]] = set()
    found = []
    for view in plan:
        apex = max(view.onset + 1, min(offset, view.apex + frames))
        found.append(replace(view, apex=apex, duplicate=int((apex, view.angle) in seen)))
        seen.add((apex, view.angle))
    return found


def stopped(before: Mapping[str, Sequence[View]], after: Sequence[View], frames: int) -> int:
    """Return of how many clips the official apex was moved by less than it should have been."""
    return sum(view.view == 0 and abs(view.apex - before[view.clip][0].apex) < abs(frames) for view in after)


def main(args: argparse.Namespace) -> None:
    made = asked.asked(args, [args.plan])
    offsets = {clip.clip: clip.offset for clip in clips.of_subject(made.clips(args.clips), args.subject)}
    plans = views.read(args.plan)
    table = [view for clip, plan in plans.items() for view in moved(plan, offsets[clip], args.frames)]
    if number := stopped(plans, table, args.frames):
        logging.info("%d of %d apexes would have left their clips, and were moved less", number, len(plans))
    views.write(table, args.output, made.identity)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("plan", type=Path, help="the augmentation plan, a CSV table")
    parser.add_argument("output", type=Path, help="the plan with other apexes")
    parser.add_argument("--clips", type=Path, required=True, help="clip table")
    parser.add_argument("--subject", required=True)
    parser.add_argument("--frames", type=int, required=True, help="by so many later; below 0 earlier")
    stage.run(main, parser)
