"""An apex that nobody annotated, spotted in the frames from onset to offset in place of their midpoint."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from rrrn.data import frames
from rrrn.data.listing import between
from rrrn.importing.timing import Timing
from rrrn.running.stage import InputError

MIDPOINT, SPOTTED = "midpoint", "spotted"  # values of apex_source


def apex(times: Timing, images: Mapping[int, Path]) -> Timing:
    """Return the times of a clip with the files ``images`` by number, the apex spotted if it is a midpoint.

    Flags say so: ``apex_spotted``, with ``apex_unsure`` behind it where ``spot`` has a doubt; and where no face or no
    motion is found, ``apex_unspotted``, and the midpoint stays.
    """
    if times.apex_source != MIDPOINT:
        return times
    from rrrn.spotting import spot  # dlib and numba, which an import with every apex does without

    used = between(images, times.onset, times.offset)
    try:
        shown = [frames.read(path) for path in used.values()]
        found = spot.spot(shown, list(used), "clip", onset=times.onset, offset=times.offset)
    except InputError:  # of frames that cannot be read it is said later, with their names
        return replace(times, flags=times.flags | {"apex_unspotted"})
    if not found.moves:
        return replace(times, flags=times.flags | {"apex_unspotted"})
    told = {"apex_spotted"} if found.sure else {"apex_spotted", "apex_unsure"}
    return replace(times, apex=found.apex, apex_source=SPOTTED, flags=times.flags | told)
