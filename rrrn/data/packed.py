"""Read packed conditions: flow by clip and view, out of the shards that a pack (rrrn/stages/pack.py) is an index over.

A shard is read only if it is the very one that the pack was made of, by the checksum of all that is in it, which also
says of which condition and subject it is. Shards that nothing is read of are not looked at.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rrrn.data import rows, store
from rrrn.data.clips import Clip
from rrrn.data.flow_store import FlowFile, Stored
from rrrn.running.stage import InputError

_FORM = ("channels", "compression", "full_scale_pct", "norm", "scale", "units")  # of the flow in the shards
_OPEN = 256  # shards at once; many systems let a process have 1024 files


class _Opened:
    """The shards that are open, of all packs; of too many those are closed that were not read for the longest."""

    def __init__(self) -> None:
        self._files: OrderedDict[Path, FlowFile] = OrderedDict()

    def use(self, file: FlowFile) -> None:
        self._files[file.path] = file
        self._files.move_to_end(file.path)
        if len(self._files) > _OPEN:
            self._files.popitem(last=False)[1].close()

    def close(self) -> None:
        for file in self._files.values():
            file.close()


class Pack:
    """A packed condition, whose shards are opened as they are read.

    Attributes: ``path``; ``views``, {number of a view: its place}; ``boxes``, the regions, int32 (6, 4); ``size``, the
    side of a region as the network sees it; ``shape`` (2, S, S), ``dtype`` and ``scale`` of a view as it is stored.
    """

    def __init__(self, path: Path, opened: _Opened) -> None:
        self.path, self._opened = path, opened
        with store.reading(path) as file:
            self._rows = rows.of_file(file, path)
            self._shard: NDArray[np.int32] = file["shard"][()]
            self._shards = [store.beside(path, name) for name in store.names(file, "shards")]
            self._seals = store.names(file, "seals")
            self._checks: NDArray[np.uint32] = file["crc32"][()]
            self.views = {int(view): place for place, view in enumerate(file["views"][()])}
            self.boxes: NDArray[np.int32] = file["boxes"][()]
            self.size = int(file.attrs["size"])
            self.shape = tuple(int(side) for side in file.attrs["shape"][1:])
            self.dtype = np.dtype(str(file.attrs["dtype"]))
            self.scale = float(file.attrs["scale"])
            self._form = {name: file.attrs.get(name) for name in _FORM}
        self._files: dict[int, FlowFile] = {}

    def verify(self, clips: Iterable[Clip]) -> None:
        """Verify the shards of these clips now; raises InputError if one is missing, damaged or another."""
        for clip in clips:
            self._file(self._row(clip))

    def read(self, clip: Clip, views: Sequence[int]) -> Stored:
        """Return views of a clip as they are stored, (V, 2, S, S); raises InputError if one is missing or damaged."""
        named, row, name = f"clip {clip.subject}/{clip.clip}", self._row(clip), f"{clip.clip}/flow"
        if missing := [view for view in views if view not in self.views]:
            raise InputError(f"{self.path}: {named}, view {missing[0]} is not in the file; delete it and run again")
        file, checks = self._file(row), self._checks[row]
        if list(views) == list(self.views):  # one read is faster than many
            stored = file.stored(name, (), checks, named)
        else:
            places = {view: self.views[view] for view in views}
            read = {v: file.stored(name, place, checks[place], f"{named}, view {v}") for v, place in places.items()}
            stored = np.stack([read[view] for view in views])
        if not np.isfinite(stored).all():
            view = views[int(np.flatnonzero(~np.isfinite(stored).all(axis=(1, 2, 3)))[0])]
            raise InputError(
                f"{file.path}: {named}, view {view}: the flow is not finite; look at the clip's frames, or delete the "
                "file to repeat"
            )
        return stored

    def same_form(self, other: "Pack") -> bool:
        """Return whether flow is stored, and what it is in units of, as in another pack."""
        return bool(self.dtype == other.dtype and self._form == other._form)

    def _row(self, clip: Clip) -> int:
        row = self._rows.get(rows.key(clip))
        if row is None:
            raise InputError(
                f"{self.path}: clip {clip.subject}/{clip.clip} is not in the file; delete it and run again"
            )
        return row

    def _file(self, row: int) -> FlowFile:
        number = int(self._shard[row])
        if number not in self._files:
            path = self._shards[number]
            if not path.exists():
                raise InputError(f"{path}: is gone; delete {self.path}, an index over it, and run again")
            seal = store.verified(path)
            if store.checksum(seal) != self._seals[number]:
                raise InputError(f"{path}: is not the file that {self.path} was made of; delete both and run again")
            self._files[number] = FlowFile(path, seal)
        self._opened.use(self._files[number])
        return self._files[number]


def open_packs(paths: Iterable[Path], stack: ExitStack) -> dict[Path, Pack]:
    """Open packs until ``stack`` closes; raises InputError unless they have one geometry and one form of flow."""
    shared = _Opened()
    stack.callback(shared.close)
    opened = {path: Pack(path, shared) for path in dict.fromkeys(paths)}
    first = next(iter(opened.values()))
    for path, pack in opened.items():
        if not np.array_equal(pack.boxes, first.boxes) or (pack.size, pack.shape) != (first.size, first.shape):
            raise InputError(f"{path}: other sizes or region boxes than {first.path}; delete both and run again")
        if not pack.same_form(first):
            raise InputError(f"{path}: flow in another form than in {first.path}; delete both and run again")
    return opened
