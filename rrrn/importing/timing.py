"""Onset, apex and offset that a clip can be used with, from what was annotated and what is on disk.

The rules are the specification's (its section 2): an offset that is none becomes the last frame on disk; then an apex
that is none, or lies outside of the clip or on its onset, becomes the midpoint (which ``spotted`` may replace); then
onset, apex and offset that are not on disk give way to the nearest frame. Every change is flagged.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rrrn.importing import cells
from rrrn.importing.record import Problem

FARTHEST = 10  # frames by which an annotated frame may be missed; more means that other frames lie there


@dataclass(frozen=True)
class Timing:
    """Frame numbers with onset < apex <= offset, where apex and offset come from, and what was repaired."""

    onset: int
    apex: int
    offset: int
    apex_source: str
    offset_source: str
    flags: frozenset[str]


def repair(onset: object, apex: object, offset: object, on_disk: Sequence[int], given: Collection[str] = ()) -> Timing:
    """Return usable frame numbers for annotated cells and the sorted numbers ``on_disk``.

    ``given`` names the columns that the user's overrides set. Raises Problem for what no rule repairs.
    """
    flags: set[str] = set()
    first = cells.integer(onset)
    if first is None:
        raise Problem(
            f"onset {cells.text(onset)!r} is not a frame number; correct the cell, or give it in the overrides file"
        )

    last, offset_source = cells.integer(offset), "override" if "offset" in given else "sheet"
    if last is None or last <= first:
        _refuse_given("offset", given, f"not after the onset {first}")
        last, offset_source = on_disk[-1], "last_frame"
        flags.add("offset_invalid")
        if last <= first:
            raise Problem(f"no offset is annotated, and no frame after the onset {first} is on disk")

    peak, apex_source = cells.integer(apex), "override" if "apex" in given else "sheet"
    reason = _apex_reason(first, peak, last)
    if reason:
        _refuse_given("apex", given, f"not between the onset {first} and the offset {last}")
        peak, apex_source = max(first + 1, (first + last) // 2), "midpoint"
        flags.add(reason)
    assert peak is not None
    if peak == last and not reason:
        flags.add("apex_at_offset")

    annotated = {"onset": first, "apex": peak, "offset": last}
    near = {"onset": _nearest("onset", first, on_disk, on_disk)}
    after = [number for number in on_disk if number > near["onset"]]
    if not after:
        raise Problem(f"no frame after the onset {near['onset']} is on disk; copy the clip again")
    near |= {name: _nearest(name, annotated[name], after, on_disk) for name in ("apex", "offset")}
    changed = {name for name, number in annotated.items() if near[name] != number}
    flags |= {f"{name}_nearest:{annotated[name]}->{near[name]}" for name in changed}
    if not near["onset"] < near["apex"] <= near["offset"]:
        raise Problem(
            f"of onset {first}, apex {peak} and offset {last}, the frames on disk leave no clip; copy them again"
        )
    return Timing(
        **near,
        apex_source="nearest" if "apex" in changed else apex_source,
        offset_source="nearest" if "offset" in changed else offset_source,
        flags=frozenset(flags),
    )


def gaps(timing: Timing, on_disk: Sequence[int]) -> list[range]:
    """Return the runs of frames between onset and offset that are not on disk."""
    present = [timing.onset, *(number for number in on_disk if timing.onset < number <= timing.offset)]
    return [range(before + 1, after) for before, after in pairwise(present) if after - before > 1]


def spelled(gap: range) -> str:
    """Return a run of frames as ``120`` or ``120-122``."""
    return str(gap[0]) if len(gap) == 1 else f"{gap[0]}-{gap[-1]}"


def _apex_reason(onset: int, apex: int | None, offset: int) -> str:
    """Return the flag of an apex that cannot be used, or nothing."""
    if apex is None:
        return "apex_missing"
    if apex == onset:
        return "apex_at_onset"
    return "" if onset < apex <= offset else "apex_outside"


def _refuse_given(name: str, given: Collection[str], why: str) -> None:
    if name in given:
        raise Problem(f"the overrides file gives an {name} that is {why}; correct it there")


def _nearest(name: str, number: int, among: Sequence[int], on_disk: Sequence[int]) -> int:
    """Return the frame, of some on disk, nearest to ``number``; of two, the earlier."""
    found = min(among, key=lambda present: abs(present - number))
    if abs(found - number) > FARTHEST:
        raise Problem(
            f"{name} is annotated as frame {number}, but the folder holds frames {on_disk[0]} to {on_disk[-1]}; "
            "these may be renumbered or shortened copies: import the original frames"
        )
    return found
