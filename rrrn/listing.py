"""Folders that no rule makes. A clip's images are found by listing its folder, never by building names.

Read by the Snakefile, hence the standard library only.
"""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from rrrn.stage import InputError

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")
_OF_SYSTEMS = ("thumbs.db", "desktop.ini")
_LAST_INTEGER = re.compile(r"(\d+)\D*$")


def listing(folder: Path) -> dict[int, Path]:
    """Return {frame number: file} of a clip's folder, sorted by number.

    The number is the last integer of the name (``reg_img46.jpg`` is 46, ``006_05562.jpg`` is 5562).
    Raises InputError for a missing folder, one without images, and two files of one number.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder of frames; correct the column 'frames' of the clip table")
    found: dict[int, Path] = {}
    for path in sorted(folder.iterdir()):
        number = _number(path)
        if number is None:
            continue
        if number in found:
            raise InputError(f"{folder}: {found[number].name} and {path.name} are both frame {number}; remove one")
        found[number] = path
    if not found:
        raise InputError(f"{folder}: holds no numbered images ({', '.join(SUFFIXES)})")
    return dict(sorted(found.items()))


def strange(folder: Path) -> list[str]:
    """Return the names in a clip's folder that are no frames, without those that systems leave everywhere."""
    names = [path.name for path in folder.iterdir() if _number(path) is None and not path.name.startswith(".")]
    return sorted(name for name in names if name.lower() not in _OF_SYSTEMS)


def _number(path: Path) -> int | None:
    """Return the frame number of an image's name, None for what is no numbered image."""
    match = _LAST_INTEGER.search(path.stem)
    if path.suffix.lower() not in SUFFIXES or path.name.startswith(".") or match is None:
        return None
    return int(match[1])


def fingerprint(folders: Iterable[Path]) -> str:
    """Return 12 hexadecimal digits for the names and sizes of the images in some folders, missing ones included.

    What a rule depends on of frames that no rule makes: frames that are added, lost or replaced are seen, but for a
    replacement of the same size; stray files are not.
    """
    seen = []
    for folder in folders:
        try:
            seen += [(path.name, path.stat().st_size) for path in listing(folder).values()]
        except InputError as error:  # for the job to say
            seen += [(str(error), -1)]
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:12]


def contents(folder: Path) -> str:
    """Return 12 hexadecimal digits for the names, sizes and contents of a folder's files, hidden ones left out.

    What a rule depends on of a small folder of the user's. A folder that cannot be read has digits of its own.
    """
    seen = []
    try:
        for path in sorted(folder.iterdir()):
            if path.is_file() and not path.name.startswith("."):
                data = path.read_bytes()
                seen.append((path.name, len(data), hashlib.sha256(data).hexdigest()))
    except OSError as error:  # for the job to say
        seen.append((str(folder), -1, type(error).__name__))
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:12]
