"""Settings as a frozen dataclass, made once where a stage or a network is told them."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from rrrn.running.stage import InputError

T = TypeVar("T")
_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text", NoneType: "null"}


def section(kind: type[T], settings: Mapping[str, Any], path: str) -> T:
    """Return the section ``path`` of the configuration as a dataclass; ``settings`` hold it under its last name.

    Raises InputError as ``of``, and if there is no such section.
    """
    name = path.rpartition(".")[2]
    if name not in settings:
        raise InputError(f"the settings lack {path}")
    return of(kind, settings[name], path)


def of(kind: type[T], settings: Mapping[str, Any], path: str) -> T:
    """Return the dataclass ``kind`` of the section ``path``, a nested section as the dataclass that its field is of.

    A field has the name of its key, behind which an underscore may stand (``lambda_``). Values stay as they are; a
    whole number is a number, too. Limits are no matter here: the schema of the configuration has them.

    Raises InputError for a key that is unknown, or missing and without a default, and for a value of another type.
    """
    if not isinstance(settings, Mapping):
        raise InputError(f"{path} is {settings!r}; it must be a section with keys of its own")
    assert is_dataclass(kind)
    hints = get_type_hints(kind)
    known = {_key(field): field for field in fields(kind)}
    if unknown := [key for key in settings if key not in known]:
        raise InputError(f"the settings have the unknown key {path}.{unknown[0]}; known are {', '.join(known)}")
    values = {}
    for key, field in known.items():
        if key in settings:
            values[field.name] = _value(hints[field.name], settings[key], f"{path}.{key}")
        elif field.default is MISSING:
            raise InputError(f"the settings lack {path}.{key}")
    return kind(**values)


def _key(field: Field[Any]) -> str:
    return field.name.rstrip("_")


def _value(hint: Any, value: Any, path: str) -> Any:
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    nested = [one for one in options if isinstance(one, type) and is_dataclass(one)]
    if nested and isinstance(value, Mapping):
        return of(nested[0], value, path)
    if not any(_fits(one, value) for one in options):
        raise InputError(f"{path} is {value!r}; it must be {' or '.join(map(_said, options))}")
    return value


def _fits(hint: Any, value: Any) -> bool:
    if get_origin(hint) is Literal:
        return any(type(value) is type(one) and value == one for one in get_args(hint))
    if get_origin(hint) is Sequence:
        return isinstance(value, list | tuple) and all(_fits(get_args(hint)[0], one) for one in value)
    if isinstance(value, bool):
        return hint is bool
    return isinstance(value, int | float if hint is float else get_origin(hint) or hint)


def _said(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return f"one of {', '.join(map(str, get_args(hint)))}" if len(get_args(hint)) > 1 else str(get_args(hint)[0])
    if get_origin(hint) is Sequence:
        return f"a list, each item {_said(get_args(hint)[0])}"
    if is_dataclass(hint):
        return f"a section with {', '.join(_key(field) for field in fields(hint))}"
    return _WORDS.get(hint, "a section with keys of its own")
