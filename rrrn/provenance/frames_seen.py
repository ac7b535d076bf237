"""What a run depends on of frames that no rule makes: their contents, of which each is read once and then remembered.

Read by the Snakefile in every job, hence the standard library only.
"""

import hashlib
import json
import os
import stat
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from rrrn.data import listing
from rrrn.data.clips import Clip
from rrrn.running import stage
from rrrn.running.stage import InputError

_SETTLED = 2.0  # seconds since a file's last change after which another would show in its times, on any file system


class Stretch(NamedTuple):
    """The frames of a clip: a folder, the first number and the last; and their digest by the clip table, if any."""

    folder: Path
    first: int
    last: int
    told: str = ""


def stretches(table: Iterable[Clip]) -> list[Stretch]:
    """Return the frames of clips, from onset to offset."""
    return [Stretch(Path(clip.frames), clip.onset, clip.offset, clip.frames_digest) for clip in table]


def absent(table: Iterable[Clip]) -> list[Clip]:
    """Return the recorded clips whose folder of frames is not on this machine, or may not be read."""
    return [clip for clip in table if clip.source == "recorded" and not _is_here(Path(clip.frames))]


def _is_here(folder: Path) -> bool:
    return os.access(folder, os.R_OK | os.X_OK)


class Seen:
    """Digests of frames, kept in a folder of small files, one per folder of frames.

    A file is read again only if its size, its times or its place on the disk have changed, so that none that is
    replaced goes unseen, under whatever name, and none that is touched or copied counts as another. What is kept may be
    deleted at any time. What is damaged is not believed, what cannot be written is computed again, and of several
    writers the last one counts. If it is ``trusting``, frames that are not here are what the clip table tells.
    """

    def __init__(self, place: Path, settled: float = _SETTLED, trusting: bool = False) -> None:
        self._place = place
        self._settled = settled
        self._trusting = trusting

    def fingerprint(self, stretches: Iterable[Stretch]) -> str:
        """Return 12 hexadecimal digits for the frames of some clips: their numbers and contents, missing ones included.

        Neither names nor times count, nor stray files, nor frames beside those that are asked for.
        """
        seen = []
        for stretch in stretches:
            try:
                seen.append(self._digest(stretch))
            except InputError as error:  # for the job to say
                seen.append(str(error))
            except OSError as error:
                seen.append(f"{stretch.folder}: {type(error).__name__}")
        return hashlib.sha256(repr(seen).encode()).hexdigest()[:12]

    def _digest(self, stretch: Stretch) -> str:
        if self._trusting and not _is_here(stretch.folder):
            return stretch.told
        listed = listing.listing(stretch.folder)
        known = self._read(stretch.folder)
        found: dict[str, list[object]] = {}

        def of_file(path: Path) -> str:
            state = path.stat()
            if not stat.S_ISREG(state.st_mode):  # a pipe would be read for ever
                return "no file"
            key = [state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino]
            if (kept := known.get(path.name)) and kept[:-1] == key:
                return str(kept[-1])
            digits = listing.file_digest(path)
            if state.st_ctime_ns < time.time_ns() - self._settled * 1e9:
                found[path.name] = [*key, digits]
            return digits

        digest = listing.digest(listing.between(listed, stretch.first, stretch.last), of_file)
        if found:
            names = {path.name for path in listed.values()}
            self._write(stretch.folder, {name: row for name, row in (known | found).items() if name in names})
        return digest

    def _path(self, folder: Path) -> Path:
        name = os.path.abspath(folder)  # noqa: PTH100  (a link that is turned to another folder is another folder)
        return self._place / f"{hashlib.sha256(os.fsencode(name)).hexdigest()[:32]}.json"

    def _read(self, folder: Path) -> dict[str, list[object]]:
        try:
            check, _, text = self._path(folder).read_text(encoding="utf-8").partition("\n")
            if check == _check(text):
                return json.loads(text)
        except (OSError, ValueError):
            pass
        return {}

    def _write(self, folder: Path, rows: dict[str, list[object]]) -> None:
        text = json.dumps(rows)
        with suppress(OSError), stage.replacing(self._path(folder)) as partial:
            partial.write_text(f"{_check(text)}\n{text}", encoding="utf-8")


def _check(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
