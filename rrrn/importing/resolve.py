"""From a record to a row of the clip table: its folder is listed, its times are repaired, its action units compared."""

import os
from dataclasses import dataclass
from pathlib import Path

from rrrn.data import clips, listing
from rrrn.data.clips import Clip
from rrrn.importing import action_units, cells, classes, spotted, timing
from rrrn.importing.output import Imported
from rrrn.importing.record import Problem, Record
from rrrn.running import reworded
from rrrn.running.stage import InputError


@dataclass(frozen=True)
class Resolved:
    """A row of the table and the image files from onset to offset, by number."""

    row: Imported
    images: dict[int, Path]


def resolve(record: Record, spotting: bool = False) -> Resolved:
    """Return the row of a record, after its folder was listed; with ``spotting`` a missing apex is spotted.

    Adds flags to the record. Raises Problem if the clip cannot be used as it is.
    """
    if record.problem:
        raise Problem(record.problem)
    _check_names(record)
    images = _list(record)
    numbers = list(images)
    times = timing.repair(record.onset, record.apex, record.offset, numbers, record.overridden)
    if spotting:
        times = spotted.apex(times, images)
    record.flags |= times.flags | _gaps(record, times, numbers)
    aus, au_class = _action_units(record)
    clip = Clip(
        database=record.database,
        subject=f"{record.database}-{record.subject}",
        clip=record.clip,
        onset=times.onset,
        apex=times.apex,
        offset=times.offset,
        objective_class=record.objective_class,
        frames=os.path.abspath(str(record.folder)),  # noqa: PTH100  (resolve() would follow the user's links)
        source="rendered" if record.rendered else "recorded",
    )
    origin = {
        "apex_source": times.apex_source,
        "offset_source": times.offset_source,
        "au_raw": " ".join(cells.text(record.action_units).split()),
        "aus": aus,
        "au_class": au_class,
        "n_on_disk": str(len(numbers)),
        "first": str(numbers[0]),
        "last": str(numbers[-1]),
        "flags": ";".join(sorted(record.flags)),
    }
    used = listing.between(images, times.onset, times.offset)
    return Resolved(Imported(clip, origin, _unused(record, times, images)), used)


def _check_names(record: Record) -> None:
    names = {"database": record.database, "subject": f"{record.database}-{record.subject}", "clip": record.clip}
    for kind, name in names.items():
        if reason := clips.objection(name, clips.MOST_BYTES[kind]):
            raise Problem(f"{kind} {name!r} cannot be a file's name: it {reason}")
    folder = str(record.folder or "")
    if not folder.isprintable() or folder != folder.rstrip():
        raise Problem(f"{folder!r}: the folder's path holds control characters, or ends with a blank; rename it")


def _list(record: Record) -> dict[int, Path]:
    if record.folder is None:
        raise Problem("there is no folder of its frames; copy it from the database")
    try:
        with reworded.remedies({"; correct the column 'frames'": "; correct its cell in the table"}):
            return listing.listing(record.folder)
    except InputError as error:
        raise Problem(str(error)) from None
    except OSError as error:
        raise Problem(f"{record.folder}: cannot be listed ({error.strerror})") from None


def _gaps(record: Record, times: timing.Timing, numbers: list[int]) -> set[str]:
    """Return a flag for each run of frames that the clip lacks; the faces stage takes the nearest for them."""
    gaps = timing.gaps(times, numbers)
    long = [timing.spelled(gap) for gap in gaps if len(gap) > timing.FARTHEST]
    if long:
        raise Problem(
            f"{record.folder}: frames {', '.join(long[:5])}{' and more' if long[5:] else ''} between onset "
            f"{times.onset} and offset {times.offset} are missing; copy the clip again, or shorten it by the overrides"
        )
    return {f"gap_nearest:{timing.spelled(gap)}" for gap in gaps}


def _unused(record: Record, times: timing.Timing, images: dict[int, Path]) -> str:
    """Return in words what lies in the folder beside the frames from onset to offset."""
    assert record.folder is not None
    before, after = sum(number < times.onset for number in images), sum(number > times.offset for number in images)
    strange = listing.strange(record.folder)
    return ", ".join(
        [f"{count} frames {where}" for count, where in ((before, "before"), (after, "after")) if count]
        + ([f"no frames: {' '.join(map(repr, strange[:5]))}" + " and more" * bool(strange[5:])] if strange else [])
    )


def _action_units(record: Record) -> tuple[str, str]:
    """Return the action units as ``4+7`` and their class by Table I; flag what is odd about them."""
    shown = cells.text(record.action_units)
    if not shown:
        return "", ""
    found = action_units.parse(shown)
    if found.alternatives:
        record.flags.add("au_alternatives")
    record.flags |= {"au_unparsed:" + " ".join(token.replace(";", " ").split()) for token in found.unparsed}
    if not found.numbers:
        return "", ""
    derived = action_units.objective_class(found.numbers)
    if derived != record.objective_class and record.objective_class in classes.USED:
        record.flags.add(f"au_class_differs:{derived}")
    return "+".join(map(str, sorted(found.numbers))), derived
