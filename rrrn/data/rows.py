"""Which clip lies where: the join of the clip table with shards, and with files that have one row per clip.

A clip is known by its subject and its name; no name is used twice within a subject.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import h5py

from rrrn.data import store
from rrrn.data.clips import Clip
from rrrn.running.stage import InputError

Key = tuple[str, str]  # subject, clip


def key(clip: Clip) -> Key:
    """Return what a clip is known by."""
    return clip.subject, clip.clip


def put(file: h5py.File, table: Sequence[Clip]) -> None:
    """Say of which clip each row of a file is: datasets ``subject`` and ``clip``, text (N,)."""
    store.put_names(file, "subject", [clip.subject for clip in table])
    store.put_names(file, "clip", [clip.clip for clip in table])


def of_file(file: h5py.File, path: Path) -> dict[Key, int]:
    """Return the row of each clip in a file that ``put`` wrote to; raises InputError if a clip has two."""
    keys = list(zip(store.names(file, "subject"), store.names(file, "clip"), strict=True))
    found = {key: row for row, key in enumerate(keys)}
    if len(found) < len(keys):
        twice = next(key for row, key in enumerate(keys) if found[key] != row)
        raise InputError(f"{path}: clip {'/'.join(twice)} has two rows; delete it and run again")
    return found


def of_shards(shards: Mapping[Path, bytes], table: Sequence[Clip]) -> dict[Key, Path]:
    """Return the shard of each clip of the table, out of verified shards with their seals.

    A shard has a group per clip, of its name, with the attribute ``subject``. Raises InputError for a clip that no
    shard holds, that two hold, or that the table does not name.
    """
    found: dict[Key, Path] = {}
    for path, seal in shards.items():
        with store.reading(path, seal) as file:
            keys = [(str(group.attrs["subject"]), name) for name, group in file.items()]
        # no name of this module: CPython 3.12.1 takes one that a comprehension binds for a local of others, too
        if twice := [own for own in keys if own in found]:
            raise InputError(f"{path}: holds clip {'/'.join(twice[0])}, and so does {found[twice[0]]}")
        check(keys, table, path, partial=True)
        found.update(dict.fromkeys(keys, path))
    if missing := [key(clip) for clip in table if key(clip) not in found]:
        raise InputError(f"no shard holds clip {'/'.join(missing[0])} of the clip table; make the shards again")
    return found


def check(keys: Iterable[Key], table: Sequence[Clip], path: Path, partial: bool = False) -> None:
    """Raise InputError unless a file has the clips of the table and no others; ``partial``: some of them will do."""
    found, wanted = set(keys), {key(clip) for clip in table}
    odd = found - wanted if partial else found ^ wanted
    if odd:
        first = min(odd)
        where = "in the clip table" if first in found else "in it"
        raise InputError(f"{path}: clip {'/'.join(first)} is not {where}; delete the file and run again")
