"""What a function for use in Python says of a mistake: one sentence about the arguments that its caller gave."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rrrn.running import reworded
from rrrn.running.stage import InputError


@contextmanager
def mistakes(remedies: Mapping[str, str]) -> Iterator[None]:
    """Raise ValueError for an InputError, which ends in what can be done in Python (see ``reworded.remedies``)."""
    try:
        with reworded.remedies(remedies):
            yield
    except InputError as error:
        raise ValueError(str(error)) from None


def path(value: object, name: str) -> Path:
    """Return an argument that must be a path; raises InputError, naming it, for what is none."""
    if not isinstance(value, str | os.PathLike):
        raise InputError(f"{name} is of type {type(value).__name__}; give a path, as a text or a pathlib.Path")
    return Path(value)


def paths(values: object, name: str) -> list[Path]:
    """Return an argument that must be several paths; raises InputError, naming it, for what are none, and for one."""
    if isinstance(values, str | os.PathLike) or not isinstance(values, Iterable):
        raise InputError(f"{name} is {values!r}; give a list of paths: [{values!r}]")
    return [path(one, f"one of {name}") for one in values]


def text(value: object, name: str) -> str:
    """Return an argument that must be a text; raises InputError, naming it, for what is none."""
    if not isinstance(value, str):
        raise InputError(f"{name} is {value!r}; give its name, a text")
    return value


def mapping(value: object, name: str) -> dict[str, object]:
    """Return an argument that must be a mapping, None an empty one; raises InputError, naming it, for what is none."""
    if value is not None and not isinstance(value, Mapping):
        raise InputError(
            f"{name} is of type {type(value).__name__}; give a dict, of keys as the configuration has them"
        )
    return dict(value or {})
