"""Where the two databases keep their files: folders and names as they come out of their archives."""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

STRAY_FILES = (".DS_Store", "Thumbs.db")  # what macOS and Windows leave in folders
ROOTS = {"casme2": "CASME2", "samm": "SAMM"}
FRAMES = ("selected", "raw")  # of CASME II: from onset to offset, or whole recordings

_TREES = {
    ("casme2", "selected"): "CASME2/CASME2_RAW_selected/CASME2_RAW_selected",
    ("casme2", "raw"): "CASME2/CASME2_RAW/CASME2-RAW",
    ("samm", "selected"): "SAMM",
    ("samm", "raw"): "SAMM",
}
_DIGITS = {"casme2": 2, "samm": 3}


def subject_number(subject: str) -> int:
    """Return the number of a subject: 6 of ``syncasme2-sub06`` and of ``synsamm-006``."""
    return int(subject.rpartition("-")[2].removeprefix("sub"))


def subject_text(layout: str, subject: str) -> str:
    """Return a subject's number as people type it: ``06`` in CASME II, ``006`` in SAMM."""
    return f"{subject_number(subject):0{_DIGITS[layout]}d}"


def clip_folder(layout: str, frames: str, subject: str, clip: str) -> str:
    """Return the folder of a clip, relative to the folder that holds the databases."""
    return f"{_TREES[layout, frames]}/{subject.rpartition('-')[2]}/{clip}"


def renamed_subject(folder: str, name: str) -> str:
    """Return the folder of a clip whose subject's folder has another ``name``."""
    path = PurePosixPath(folder)
    return str(path.parents[1] / name / path.name)


def litter(out: Path, folders: Iterable[str]) -> None:
    """Leave stray files in clips' folders, relative to ``out``, and in the ones above them."""
    for path in sorted({above for folder in folders for above in (out / folder, (out / folder).parent)}):
        for name in STRAY_FILES:
            (path / name).write_bytes(b"\0stray")
