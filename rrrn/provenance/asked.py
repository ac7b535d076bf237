"""What the workflow asks a stage for, and whether that is what the stage finds: code, clip table, inputs.

The workflow takes digests when it starts; its jobs read files hours later. So each job is told the digests and
compares: its own code when it starts and again before its output gets a name, the rows of the clip table as it reads
them, and what every input says it was made from. Started by hand, a stage is asked for nothing and compares nothing.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rrrn.data import clips, identity
from rrrn.data.clips import Clip
from rrrn.data.identity import Identity
from rrrn.provenance import sources
from rrrn.running import libraries
from rrrn.running.stage import InputError


@dataclass(frozen=True)
class Asked:
    """``path``: the output by the workflow's name; ``recipe``: its digest; ``code``: that of ``modules``.

    ``rows``: the digest of ``columns`` of the clip table, of one ``subject`` or of all. ``other``: that of what else
    lies on disk. ``recipes``: of the inputs, in the order in which the stage names them, or of many one for all.
    ``inputs``: the combined checksums that these were found to have. ``libraries``: what it is made with. ``of``: what
    a table says beside this, digests of all that had a part in it (``Recipe.of``), and of the predictions.
    """

    path: str = ""
    recipe: str = ""
    code: str = ""
    modules: tuple[str, ...] = ()
    rows: str = ""
    columns: tuple[str, ...] = ()
    subject: str | None = None
    other: str = ""
    recipes: tuple[str, ...] = ()
    inputs: str = ""
    libraries: str = ""
    of: Mapping[str, str] = field(default_factory=dict)

    def clips(self, path: Path) -> list[Clip]:
        """Return the clip table; raises InputError if what was asked for stands otherwise in it."""
        table = clips.read(path)
        own = table if self.subject is None else clips.of_subject(table, self.subject)
        if self.columns and clips.digest(own, *self.columns) != self.rows:
            raise InputError(f"{path}: was edited since this run started; run again when it stays as it is")
        return table

    def check_found(self, what: str, digest: str) -> None:
        """Raise InputError if files that no rule makes, of which ``digest`` was taken now, are not those asked for."""
        if self.other and digest != self.other:
            raise InputError(f"{what}: changed since this run started; run again when they stay as they are")

    def identity(self) -> str:
        """Return what the output is to say of itself.

        Raises InputError if the code or a library changed while it was made.
        """
        self.check_code()
        return str(Identity(self.path, self.recipe, self.inputs, self.libraries))

    def check_code(self) -> None:
        """Raise InputError if the code on disk, or a library's version, is not what was asked for."""
        if self.modules and _current(self.modules) != self.code:
            raise InputError(
                f"{sources.HOME / 'rrrn'}: the code of {self.modules[0]} was edited since this run started; run "
                "again when it stays as it is"
            )
        for name, before, now in libraries.changed(self.libraries, libraries.installed(self.libraries)):
            raise InputError(
                f"{name}: is version {now} here, and was {before} when this run started; run again when what is "
                "installed stays as it is"
            )


BY_HAND = Asked()
_MANY = 200  # inputs


def _current(modules: tuple[str, ...]) -> str:
    """Return the digest of the code on disk; of code that is half written, an empty one."""
    try:
        return sources.current(*modules)
    except (SyntaxError, ImportError):
        return ""


def asked(args: argparse.Namespace, inputs: Sequence[Path] = ()) -> Asked:
    """Return what ``--asked`` says; raises InputError if the code or one of ``inputs`` is not what was asked for."""
    if not args.asked:
        return BY_HAND
    told: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in args.asked.items()
    }
    made = Asked(**told)
    sources.recall(sources.STATE)
    made.check_code()
    read = [identity.read(path) for path in inputs]
    if len(inputs) > _MANY:
        if named([found.recipe for found, _ in read]) != made.recipes:
            raise InputError(
                f"{inputs[0]} and {len(inputs) - 1} more: one at least was made with other settings, code or clips "
                "than are asked for now; rrrn verify names it"
            )
    else:
        for path, (found, _), recipe in zip(inputs, read, made.recipes, strict=True):
            if wrong := identity.difference(path, found, Identity(str(path), recipe)):
                raise InputError(wrong)
    of = {**made.of, "predictions": identity.predictions(found for found, _ in read)} if made.of else {}
    return replace(made, inputs=identity.combined([checksum for _, checksum in read]), of=of)


def named(recipes: Sequence[str]) -> tuple[str, ...]:
    """Return the recipes of inputs as a stage is told them: of many, whose list no command line would hold, one."""
    return tuple(recipes) if len(recipes) <= _MANY else (identity.combined(recipes),)


def text(made: Asked) -> str:
    """Return a stage's argument ``--asked``."""
    return json.dumps({name: value for name, value in vars(made).items() if value not in ("", (), None, {})})
