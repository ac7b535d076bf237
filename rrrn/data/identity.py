"""What a file of the workflow says of itself: which file it is, and what it was made from.

An HDF5 file says so in the second line of its seal (``store.py``), a CSV table in its column ``made``
(``digested.py``), a result table in the JSON beside it. Both halves are digests: ``recipe`` of code, settings, rows of
the clip table and the recipes of all inputs, known before anything is made; ``inputs`` of the checksums that the inputs
had. A file of another condition, of other settings, code or clips is so told from the right one, although its own
checksum is right. Beside them stand the versions of the libraries that had a part, in words.

Read by the Snakefile, hence the standard library only.
"""

import csv
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rrrn.running import libraries
from rrrn.running.stage import InputError

FRAMES = "frames.csv"  # in a folder of rendered clips, for the folder
_OF_PREDICTIONS = tuple(f"results/{name}/" for name in ("scores", "confusion", "attention", "answers"))
_HDF5 = b"rrrn: BLAKE2b-128"
_REMEDY = "delete it and run again"


@dataclass(frozen=True)
class Identity:
    """``path``: the workflow's name of the file, relative to the working directory; all empty if made by hand.

    ``libraries``: as ``libraries.told`` gives them; empty where none are watched.
    """

    path: str = ""
    recipe: str = ""
    inputs: str = ""
    libraries: str = ""

    def __str__(self) -> str:
        made = f"{self.path} recipe={self.recipe} inputs={self.inputs} libraries={self.libraries}"
        return made if self.path else "by hand"

    def fits(self, wanted: "Identity") -> bool:
        """Return whether a file is made from what ``wanted`` says, with the same libraries as far as both say."""
        return self.recipe == wanted.recipe and not libraries.changed(self.libraries, wanted.libraries)

    @classmethod
    def parse(cls, text: str) -> "Identity":
        """Return what ``str`` wrote; raises ValueError for another text."""
        if text == "by hand":
            return cls()
        found = re.fullmatch(r"(.+) recipe=(\S*) inputs=(\S*) libraries=(\S*)", text, re.DOTALL)
        if not found:
            raise ValueError(f"{text!r} is no identity")
        return cls(*found.groups())


def by_hand() -> str:
    """Return what a file says of itself that no workflow asked for."""
    return str(Identity())


def read(path: Path) -> tuple[Identity, str]:
    """Return what a file says it is, and the checksum that it says it has. Nothing is verified.

    Raises InputError if it is missing, or says nothing.
    """
    try:
        if path.is_dir():
            return read(path / FRAMES)
        with path.open("rb") as file:
            head = file.read(512)
        if head.startswith(_HDF5):
            first, second = head.split(b"\n")[:2]
            return Identity.parse(second.decode().rstrip()), first.decode().rpartition(" ")[2]
        if path.suffix == ".json":
            told = json.loads(path.read_text(encoding="utf-8"))
            return Identity.parse(told["made"]), str(told["digest"])
        with path.open(encoding="utf-8", newline="") as text:
            row = next(csv.DictReader(text))
        if not row["made"] or not row["digest"]:  # cut within its first row
            raise ValueError("a row is cut short")
        return Identity.parse(row["made"]), row["digest"]
    except InputError:  # of what the folder holds
        raise
    except (OSError, ValueError, KeyError, TypeError, StopIteration, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else "it does not say what it was made from"
        raise InputError(f"{path}: missing, damaged or of an earlier version ({reason}); {_REMEDY}") from None


def combined(checksums: Sequence[str]) -> str:
    """Return 16 hexadecimal digits for the checksums of a file's inputs, in order."""
    return hashlib.sha256("\n".join(checksums).encode()).hexdigest()[:16]


def predictions(found: Iterable[Identity]) -> str:
    """Return 16 hexadecimal digits for the predictions that files were made from, in any order.

    Files that are made from something else than predictions are left out; of none it is empty.
    """
    told = {one.inputs for one in found if one.path.startswith(_OF_PREDICTIONS)}
    return combined(sorted(told)) if told else ""


def difference(path: Path, found: Identity, wanted: Identity) -> str:
    """Return in words what is wrong with a file that says it is ``found``; nothing if it is as ``wanted``."""
    if found.fits(wanted):
        return ""
    if found.recipe == wanted.recipe:
        changed = libraries.changed(found.libraries, wanted.libraries)
        told = ", ".join(f"{name} {before} and not {now}" for name, before, now in changed)
        return f"{path}: was made with other libraries than are installed now, {told}; {_REMEDY}"
    if not found.path:
        return f"{path}: was made by hand, not by the workflow; {_REMEDY}"
    if found.path != wanted.path:
        return f"{path}: is {found.path} by what it says of itself, not {wanted.path}; {_REMEDY}"
    return f"{path}: was made with other settings, code or clips than are asked for now; {_REMEDY}"
