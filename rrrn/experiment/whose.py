"""In which file of a configuration a mistake stands.

Read by the Snakefile, hence nothing heavy.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from rrrn.experiment import parsing
from rrrn.running.stage import InputError


class Misconfigured(InputError):
    """A mistake in a configuration; ``key`` are the steps to it, empty if it stands in no one place."""

    def __init__(self, message: str, key: Sequence[str | int] = ()) -> None:
        super().__init__(message)
        self.key = tuple(key)


def named(error: Exception, files: Iterable[Path | str], given: Mapping[str, Any] | None = None) -> Exception:
    """Return the error with the name of what its key counts from: ``given`` by --config, or the last file that has it.

    ``files`` are in the order in which they are laid over each other. Another error is returned as it is, and so is one
    whose key stands nowhere.
    """
    if not (isinstance(error, Misconfigured) and error.key):
        return error
    if _holds(given or {}, error.key):
        return InputError(f"--config: {error}")
    for path in reversed(list(files)):
        with suppress(OSError, UnicodeDecodeError, yaml.YAMLError):  # which its reader tells
            if _holds(parsing.parsed(Path(path).read_text(encoding="utf-8")), error.key):
                return InputError(f"{path}: {error}")
    return error


def _holds(part: Any, key: Sequence[str | int]) -> bool:
    """Return whether a key stands in a part of a configuration; a list replaces the one below it, and is whole."""
    for step in key:
        if isinstance(part, list):
            return True
        if not isinstance(part, Mapping) or step not in part:
            return False
        part = part[step]
    return True
