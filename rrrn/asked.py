"""What the workflow asks a stage for, and whether that is what the stage finds: code, clip table, inputs.

The workflow takes digests when it starts; its jobs read files hours later. So each job is told the digests and
compares: its own code when it starts and again before its output gets a name, the rows of the clip table as it reads
them, and what every input says it was made from. Started by hand, a stage is asked for nothing and compares nothing.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rrrn import clips, identity, provenance
from rrrn.clips import Clip
from rrrn.identity import Identity
from rrrn.stage import InputError


@dataclass(frozen=True)
class Asked:
    """``path``: the output by the workflow's name; ``recipe``: its digest; ``code``: that of ``modules``.

    ``rows``: the digest of ``columns`` of the clip table, of one ``subject`` or of all. ``recipes``: of the inputs, in
    the order in which the stage names them. ``inputs``: the combined checksums that these were found to have.
    """

    path: str = ""
    recipe: str = ""
    code: str = ""
    modules: tuple[str, ...] = ()
    rows: str = ""
    columns: tuple[str, ...] = ()
    subject: str | None = None
    recipes: tuple[str, ...] = ()
    inputs: str = ""

    def clips(self, path: Path) -> list[Clip]:
        """Return the clip table; raises InputError if what was asked for stands otherwise in it."""
        table = clips.read(path)
        own = table if self.subject is None else clips.of_subject(table, self.subject)
        if self.columns and clips.digest(own, *self.columns) != self.rows:
            raise InputError(f"{path}: was edited since this run started; run again when it stays as it is")
        return table

    def identity(self) -> str:
        """Return what the output is to say of itself; raises InputError if the code changed while it was made."""
        self.check_code()
        return str(Identity(self.path, self.recipe, self.inputs))

    def check_code(self) -> None:
        """Raise InputError if the code on disk is not what was asked for."""
        if self.modules and _current(self.modules) != self.code:
            raise InputError(
                f"{provenance.HOME / 'rrrn'}: the code of {self.modules[0]} was edited since this run started; run "
                "again when it stays as it is"
            )


BY_HAND = Asked()


def _current(modules: tuple[str, ...]) -> str:
    """Return the digest of the code on disk; of code that is half written, an empty one."""
    try:
        return provenance.current(*modules)
    except (SyntaxError, ModuleNotFoundError):
        return ""


def asked(args: argparse.Namespace, inputs: Sequence[Path] = ()) -> Asked:
    """Return what ``--asked`` says; raises InputError if the code or one of ``inputs`` is not what was asked for."""
    if not args.asked:
        return BY_HAND
    told: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in args.asked.items()
    }
    made = Asked(**told)
    provenance.recall(provenance.STATE)
    made.check_code()
    checksums = []
    for path, recipe in zip(inputs, made.recipes, strict=True):
        found, checksum = identity.read(path)
        if wrong := identity.difference(path, found, Identity(str(path), recipe)):
            raise InputError(wrong)
        checksums.append(checksum)
    return replace(made, inputs=identity.combined(checksums))


def text(made: Asked) -> str:
    """Return a stage's argument ``--asked``."""
    return json.dumps({name: value for name, value in vars(made).items() if value not in ("", (), None)})
