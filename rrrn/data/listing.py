"""Folders that no rule makes. A clip's images are found by listing its folder, never by building names.

Read by the Snakefile, hence the standard library only.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

from rrrn.running.stage import InputError

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")
_OF_SYSTEMS = ("thumbs.db", "desktop.ini")
_LAST_INTEGER = re.compile(r"(\d+)\D*$")
_INTEGERS = re.compile(r"\d+")
_DECIMALS = re.compile(r"\d+(?:[.,]\d+)*")
_POWERS = re.compile(r"\d+(?:[.,]\d+)?[eE][+-]\d{1,3}(?!\d)|" + _DECIMALS.pattern)
_GOES_ON = re.compile(r"\d([.,]|[eE][+-])$")  # into a decimal, or a power of ten
_MANTISSAS = re.compile(r"(\d+(?:[.,]\d+)?)[eE][+-]\d")


def listing(folder: Path) -> dict[int, Path]:
    """Return {frame number: file} of a clip's folder, sorted by number.

    The number is the last integer of the name (``reg_img46.jpg`` is 46, ``006_05562.jpg`` is 5562).
    Raises InputError for a missing folder, one without images, two files of one number, and names whose other numbers
    give another order, as times do.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder of frames; correct the column 'frames' of the clip table")
    numbered = [(number, path) for path in sorted(folder.iterdir()) if (number := _number(path)) is not None]
    _check_order(folder, numbered)
    found: dict[int, Path] = {}
    for number, path in numbered:
        if number in found:
            raise InputError(
                f"{folder}: {found[number].name} and {path.name} are both frame {number}; remove one, or rename the "
                "files in their order: only the last whole number of a name counts"
            )
        found[number] = path
    if not found:
        raise InputError(f"{folder}: holds no numbered images ({', '.join(SUFFIXES)})")
    return dict(sorted(found.items()))


def _check_order(folder: Path, numbered: Sequence[tuple[int, Path]]) -> None:
    """Raise InputError if the last integers do not order the files as all numbers of the names do.

    Names that differ in their numbers only are read from left to right, as integers and as decimals; any two by their
    last decimals.
    """
    heads = {_LAST_INTEGER.sub("", path.stem) for _, path in numbered}
    if len(heads) == 1 and not _GOES_ON.search(min(heads)):
        return  # the usual folder, told at once: what follows takes as long as all the rest of a listing
    decimals = _POWERS if _have_powers([path.stem for _, path in numbered]) else _DECIMALS
    read: dict[str, list[tuple[int, list[tuple[Decimal, ...]], str]]] = {}
    forms = {decimals.sub("#", path.stem) for _, path in numbered}
    for number, path in numbered:
        for pattern in (_INTEGERS, decimals):
            alike = read.setdefault(f"{pattern.pattern} {pattern.sub('#', path.stem)}", [])
            alike.append((number, _values(pattern, path.stem), path.name))
        if len(forms) > 1:
            read.setdefault("", []).append((number, _values(decimals, path.stem)[-1:], path.name))
    for files in read.values():
        for (_, before, first), (_, after, second) in pairwise(sorted(files)):
            if before > after:
                raise InputError(
                    f"{folder}: frames are numbered by the last whole number of their names, which puts {first} before "
                    f"{second}, but from left to right, or as decimals, their numbers give another order; rename the "
                    f"files in their order with zero-padded numbers, such as 00001{Path(first).suffix}"
                )


def _have_powers(stems: Sequence[str]) -> bool:
    """Return whether numbers like 1.5e-3 are powers of ten: in EP1e-1, EP1e-2 and so on they count."""
    mantissas = {tuple(_MANTISSAS.findall(stem)) for stem in stems}
    return len(mantissas) > 1 or any(not text.isdigit() for texts in mantissas for text in texts)


def _values(pattern: re.Pattern[str], stem: str) -> list[tuple[Decimal, ...]]:
    """Return the numbers of a name: (1.25,) for 1.25, with more points the parts."""
    found = [text.replace(",", ".").split(".") for text in pattern.findall(stem)]
    return [(Decimal(".".join(parts)),) if len(parts) < 3 else tuple(map(Decimal, parts)) for parts in found]


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


def between(images: Mapping[int, Path], first: int, last: int) -> dict[int, Path]:
    """Return those of the listed images whose numbers are from ``first`` to ``last``."""
    return {number: path for number, path in images.items() if first <= number <= last}


def digest(images: Mapping[int, Path], of_file: Callable[[Path], str] | None = None) -> str:
    """Return the digest of listed images: of their numbers and of every byte of their files, but not of their names.

    ``of_file`` returns ``file_digest`` of a file, where another knows it already. A name stands before the digits, so
    that no program takes them for a number.
    """
    of_file = of_file or file_digest
    seen = "".join(f"{number} {of_file(path)}\n" for number, path in images.items())
    return "blake2b-" + hashlib.blake2b(seen.encode(), digest_size=16).hexdigest()


def file_digest(path: Path) -> str:
    """Return 32 hexadecimal digits for the bytes of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def digits(paths: Iterable[Path]) -> str:
    """Return 12 hexadecimal digits for the bytes of a few files in order."""
    return hashlib.sha256(repr([file_digest(path) for path in paths]).encode()).hexdigest()[:12]


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
