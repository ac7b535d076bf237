"""Where a database's frames and spreadsheets lie below the folder that the user names, however deep it was unpacked."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rrrn.importing import cells, sheets
from rrrn.importing.database import Database
from rrrn.stage import InputError

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
    (``Cropped-updated``), then the least deep. A tree of another name may hold derived frames: it counts as the first
    source only if it is ``root`` itself, or if there is no other tree at all. Raises InputError if
    there is none, if unnamed ones leave it open, or if two folders stand for one subject or clip.
    """
    trees = [folder for folder in _walk(root, database) if _is_tree(folder, database)]
    found: dict[str, list[Path]] = {}
    for folder in trees:
        found.setdefault(_source(folder, root, database), []).append(folder)
    unnamed = found.pop("", [])
    first = next(iter(database.trees))
    if not found and len(unnamed) == 1:
        found[first] = unnamed
    wanted = [source] if source else list(database.trees)
    for name in wanted:
        if found.get(name):
            updated = {folder: "updated" in str(folder.relative_to(root)).lower() for folder in sorted(found[name])}
            chosen = max(updated, key=lambda folder: (updated[folder], -len(folder.parts)))
            return Tree(chosen, name, _clips(chosen, database), [folder for folder in trees if folder != chosen])
    if not found and unnamed:
        raise InputError(
            f"{root}: {', '.join(map(str, unnamed))} all hold folders of frames, and no name says which are the "
            f"originals of {database.title}; name one of them instead, and the spreadsheets with --sheets"
        )
    have = f"; there are {', '.join(found)}" if found else ""
    raise InputError(
        f"{root}: no folders of frames of {database.title} ({' or '.join(wanted)}) were found{have}; "
        f"needed is a folder with subjects such as {database.subject_name.format(6)}, each with a folder for a clip"
    )


def find_spreadsheets(root: Path, database: Database) -> list[Path]:
    """Return the spreadsheets in ``root`` and the folders below it, but not in those of subjects, sorted by name."""
    paths = [
        path
        for folder in _walk(root, database)
        for path in _children(folder)
        if path.suffix.lower() in sheets.SUFFIXES[:2] and not path.name.startswith((".", "~$")) and path.is_file()
    ]
    return sorted(paths, key=lambda path: (path.name, path))


def is_rendered(folder: Path) -> bool:
    """Return whether the renderer drew what lies in ``folder``: its marker lies there, or not far above."""
    try:
        real = folder.resolve()
        return any((place / MARKER).is_file() for place in [folder, real, *list(real.parents)[:_DEPTH]])
    except (OSError, RuntimeError):  # no folder can be there; who lists it will say so
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
                and not path.name.startswith(".")
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
    """Return the source that a tree's folder is named after; nothing for another name.

    For ``root`` itself, which the user chose, the names of the folders above count too, and without one of these it
    is the first source.
    """
    real = folder.resolve()
    for place in [real, *real.parents] if folder == root else [real]:
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
        return list(folder.iterdir())
    except OSError as error:
        raise InputError(f"{folder}: cannot be listed ({error.strerror}); correct its permissions") from None
