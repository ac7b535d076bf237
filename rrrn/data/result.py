"""A result on disk: tables that any program reads, and beside them, in JSON, what they are of.

The JSON has no date. It says which settings had a part, of what kind the clips are, with which versions of libraries
the table was laid out, and the checksums of the tables, so that one that is edited by hand is told from the right one;
and a digest each of configuration, code, clip table, predictions and versions, so that one that is of others than are
there by now is told too (``rrrn.provenance.standing``).
"""

import hashlib
import json
import platform
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from itertools import chain
from pathlib import Path
from typing import Any

from rrrn.running import libraries, stage
from rrrn.running.stage import InputError


def write(
    tables: Mapping[Path, str],
    about: Path,
    made: Callable[[], str],
    settings: Mapping[str, Any],
    data: str,
    notes: Sequence[str],
    of: Mapping[str, str] | None = None,
) -> None:
    """Write tables, {path: text}, and last the file ``about`` that tells of them.

    ``of`` are digests of what they were made from, by name (``Asked.of``); what is made by hand has none.
    """
    told = {
        "made": made(),
        "of": dict(of or {}),
        "data": data,
        "notes": list(notes),
        "tables": {path.name: _checksum(text.encode()) for path, text in tables.items()},
        "configuration": settings,
        "versions": _versions(),
    }
    for path, text in tables.items():
        with stage.replacing(path) as partial:
            partial.write_text(text, encoding="utf-8")
    with stage.replacing(about) as partial:
        whole = told | {"digest": _digest(told)}
        partial.write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read(about: Path) -> dict[str, Any]:
    """Return what is told of tables; raises InputError if it, or one of the tables, is missing, damaged or edited."""
    try:
        told: dict[str, Any] = json.loads(about.read_text(encoding="utf-8"))
        digest = told.pop("digest")
        tables = {about.with_name(name): str(checksum) for name, checksum in told["tables"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{about}: missing or damaged ({error}); delete it and run again") from None
    if digest != _digest(told):
        raise InputError(f"{about}: damaged or edited (other checksum); delete it and run again")
    for path, checksum in tables.items():
        try:
            found = _checksum(path.read_bytes())
        except OSError as error:
            raise InputError(f"{path}: missing or cannot be read ({error.strerror}); run again") from None
        if found != checksum:
            raise InputError(f"{path}: damaged or edited by hand (other checksum); delete it and run again")
    return told


def beside(table: Path) -> Path:
    """Return where the file about a table is: of ``table_iv.csv`` and ``table_iv_long.csv`` it is ``table_iv.json``."""
    return table.with_name(f"{table.stem.removesuffix('_long')}.json")


def _checksum(data: bytes) -> str:
    return "blake2b-" + hashlib.blake2b(data, digest_size=16).hexdigest()


def _digest(told: Mapping[str, Any]) -> str:
    return _checksum(json.dumps(told, sort_keys=True).encode())


def _versions() -> dict[str, str]:
    """Return versions of Python and of the libraries that compute, as far as they are installed here."""
    found = {"python": ".".join(platform.python_version_tuple()[:2])}
    for name in ("rrrn", "pandas", *chain.from_iterable(libraries.WATCHED.values())):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
