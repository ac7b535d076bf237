"""Whether files can be made where a run or a command will make them, tried by making one: before any work.

Snakemake says so itself, but not with ``-q all``, and not before it reads the workflow if it is its own cache.
"""

import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path

from rrrn.running.stage import InputError

CACHE_REMEDY = "name a folder that can be written: export XDG_CACHE_HOME=FOLDER"
_SOME = bytes(4096)  # a block of most file systems: an empty file fits on a full one


def check(folders: Iterable[Path]) -> None:
    """Raise InputError that names the first folder in which no file can be made."""
    for folder in folders:
        if reason := objection(folder):
            raise InputError(
                f"{reason}; make room or correct the permissions, or work in another directory (snakemake --directory)"
            )


def check_output(path: Path, endings: Sequence[str] = (), read: Iterable[Path] = ()) -> None:
    """Raise InputError if a file cannot be put at ``path``, whose folder is made with it if it is not there.

    Its name must end in one of ``endings``, capitals or not. It may take the place of none of what is ``read``, and not
    lie among the frames of a folder that is.
    """
    if endings and path.suffix.lower() not in endings:
        raise InputError(f"{path}: its name must end in {' or '.join(endings)}")
    if path.is_dir():
        raise InputError(f"{path}: is a folder; name a file")
    for other in read:
        if path.resolve() == other.resolve():
            raise InputError(f"{path}: would take the place of what is read; name another file")
        if other.is_dir() and path.resolve().parent == other.resolve():
            raise InputError(f"{path}: lies among the frames of {other}, as one of them; name another folder")
    check_place(path)


def check_place(path: Path) -> None:
    """Raise InputError if nothing can be made at ``path``, a file or a folder."""
    if reason := objection(path.absolute().parent if path.name in ("", "..") else path.parent):
        raise InputError(f"{path}: {reason}; name another place, or correct the permissions")


def check_cache() -> None:
    """Raise InputError if Snakemake cannot keep its cache, without which it does not start."""
    if reason := objection(cache()):
        raise InputError(f"{reason}, and Snakemake keeps its cache there; {CACHE_REMEDY}")


def cache() -> Path:
    """Return the folder of Snakemake's cache."""
    home = os.environ.get("XDG_CACHE_HOME", "").strip() or os.path.expanduser("~/.cache")  # noqa: PTH111  # as Snakemake
    return Path(home) / "snakemake/snakemake/source-cache"


def objection(folder: Path) -> str:
    """Return why no file can be made in a folder, or where it would be made if it is not there; nothing if one can."""
    near = folder
    while not os.path.lexists(near) and near != near.parent:
        near = near.parent
    name = near.absolute() if near == Path() else near
    trial = near / f".rrrn-{secrets.token_hex(4)}"
    try:
        if not near.is_dir():
            return f"{name}: is no folder"
        try:
            trial.write_bytes(_SOME)
        finally:
            trial.unlink(missing_ok=True)
    except OSError as error:
        return f"{name}: cannot be written ({error.strerror})"
    return ""
