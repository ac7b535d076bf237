"""Where a database's frames and spreadsheets lie below the folder that the user names, however deep it was unpacked."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rrrn.importing import cells, sheets
from rrrn.importing.database import Database
from rrrn.running.stage import InputError

MARKER = "SYNTHETIC.txt"  # lies in databases that the renderer drew
_DEPTH = 4  # folders below the given one in which trees and spreadsheets are looked for


@dataclass(frozen=True)
class Tree:
    """A tree of frames: the folder that holds the subjects, its source, and {(subject, clip): folder}.

    Clips are keyed in casefolded composed Unicode. ``others`` are trees beside it that are not used.
    """

    root: Path
    source: str
    clips: dict[tuple[str, str], Path]
    others: list[Path]


def find_tree(root: Path, database: Database, source: str | None = None) -> Tree:
    """Return the tree of frames of the preferred source, or of ``source``, below ``root``.

    A tree has the source that its own folder's name says; among several of one source an updated one counts
    (``Cropped-updated``), then the one that the others lie in. A tree of another name may hold derived frames: it
    counts only if it is ``root`` itself, or if there is no other tree at all. Raises InputError if there is none, if
    the names leave it open which to take, or if two folders stand for one subject or clip.
    """
    trees = [folder for folder in _walk(root, database) if _is_tree(folder, database)]
    found: dict[str, list[Path]] = {}
    for folder in trees:
        found.setdefault(_source(folder, root, database), []).append(folder)
    unnamed = found.pop("", [])
    if not found and len(unnamed) == 1:
        found[source or next(iter(database.trees))] = unnamed
    if root in trees and source and source not in found:
        found[source] = [root]  # the user says so
    wanted = [source] if source else list(database.trees)
    for name in wanted:
        if found.get(name):
            chosen = _one(found[name], database, name)
            return Tree(chosen, name, _clips(chosen, database), [folder for folder in trees if folder != chosen])
    if not found and unnamed:
        raise InputError(_open_question(unnamed, database))
    have = f"; there are {', '.join(found)}" if found else ""
    raise InputError(
        f"{root}: no folders of frames of {database.title} ({' or '.join(wanted)}) were found{have}; "
        f"needed is a folder with subjects such as {database.subject_name.format(6)}, each with a folder for a clip"
    )


def _one(trees: list[Path], database: Database, source: str) -> Path:
    updated = [folder for folder in trees if _is_updated(folder, database.trees[source])]
    candidates = updated or trees
    above = [folder for folder in candidates if all(folder in (other, *other.parents) for other in candidates)]
    if not above:
        raise InputError(_open_question(candidates, database))
    return above[0]


def _is_updated(folder: Path, names: re.Pattern[str]) -> bool:
    own = [cells.header(place.name) for place in (folder, folder.parent)]
    return any(name.endswith("updated") and names.fullmatch(name) for name in own)


def _open_question(trees: list[Path], database: Database) -> str:
    return (
        f"{', '.join(map(str, trees))} all hold folders of frames, and no name says which are the originals of "
        f"{database.title}; name one of them instead of the folder above, and the spreadsheets with --sheets"
    )


def find_spreadsheets(root: Path, database: Database, suffixes: Sequence[str] = sheets.SUFFIXES[:2]) -> list[Path]:
    """Return the spreadsheets in ``root`` and the folders below it, but not in those of subjects, sorted by name."""
    paths = [
        path
        for folder in _walk(root, database)
        for path in _children(folder)
        if path.suffix.lower() in suffixes and not path.name.startswith((".", "~$")) and path.is_file()
    ]
    return sorted(paths, key=lambda path: (path.name, path))


def is_rendered(path: Path) -> bool:
    """Return whether the renderer drew a file, or what lies in a folder: its marker lies there, or not far above.

    Links are followed, and the place where the link lies counts too.
    """
    try:
        places = [Path(os.path.abspath(path)), Path(os.path.realpath(path))]  # noqa: PTH100  (resolve() may raise)
        return any((above / MARKER).is_file() for place in places for above in [place, *place.parents[: _DEPTH + 2]])
    except OSError:  # nothing can be there; who lists it will say so
        return False


def key(subject: str, clip: str) -> tuple[str, str]:
    """Return the key of a clip in ``Tree.clips``."""
    return subject, cells.text(clip).casefold()


def _walk(root: Path, database: Database) -> Iterator[Path]:
    """Yield ``root`` and folders below, each once whatever links there are, without those of subjects."""
    if not root.is_dir():
        raise InputError(f"{root}: there is no such folder; name the one that {database.title} was unpacked into")
    seen: set[Path] = set()
    level = [root]
    for _ in range(_DEPTH + 1):
        below: list[Path] = []
        for folder in level:
            real = folder.resolve()
            if real in seen:
                continue
            seen.add(real)
            yield folder
            below += [
                path
                for path in _children(folder)
                if path.is_dir()
                and not path.name.startswith((".", "__MACOSX"))
                and not database.subject_folder.fullmatch(path.name)
                and not database.clip_folder.fullmatch(path.name)
            ]
        level = below


def _is_tree(folder: Path, database: Database) -> bool:
    return any(
        database.clip_folder.fullmatch(clip.name) and clip.is_dir()
        for subject in _children(folder)
        if database.subject_folder.fullmatch(subject.name) and subject.is_dir()
        for clip in _children(subject)
    )


def _source(folder: Path, root: Path, database: Database) -> str:
    """Return the source that a tree's folder, or what it links to, is named after; nothing for another name.

    For ``root`` itself, which the user chose, the folder above counts too, and without a name it is the first source.
    """
    real = folder.resolve()
    for place in [folder, real, real.parent] if folder == root else [folder, real]:
        for source, names in database.trees.items():
            if names.fullmatch(cells.header(place.name)):
                return source
    return next(iter(database.trees)) if folder == root else ""


def _clips(root: Path, database: Database) -> dict[tuple[str, str], Path]:
    subjects: dict[str, Path] = {}
    clips: dict[tuple[str, str], Path] = {}
    for folder in sorted(_children(root)):
        subject = database.subject(folder.name)
        if subject is None or not folder.is_dir():
            continue
        if subject in subjects:
            raise InputError(f"{root}: {subjects[subject].name} and {folder.name} are the same subject; remove one")
        subjects[subject] = folder
        for clip in sorted(_children(folder)):
            if not clip.is_dir() or clip.name.startswith("."):
                continue
            name = key(subject, clip.name)
            if name in clips:
                raise InputError(f"{folder}: {clips[name].name} and {clip.name} are the same clip; remove one")
            clips[name] = clip
    return clips


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise InputError(f"{folder}: cannot be listed ({error.strerror}); correct its permissions") from None
