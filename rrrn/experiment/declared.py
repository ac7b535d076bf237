"""What a module declares of itself, a method or a kind of occluder, read without running it.

The declaration is a dictionary that is written out at the top level of the module: ``METHOD = {"name": "mine", …}``.
The Snakefile reads it in every job, where PyTorch and OpenCV may not be installed and would take seconds to import, and
without an import of this package in its module nothing else of the package enters the digest of what it computes.
Standard library only.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rrrn.running.stage import InputError

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_SETTINGS = (bool, int, float, str, list)


class Declaration:
    """The dictionary ``word`` of the module ``path``, and the fields that a caller takes out of it one by one."""

    def __init__(self, path: Path, word: str, fields: Mapping[str, Any], defined: frozenset[str]) -> None:
        self.path, self.word, self._fields, self._defined = path, word, dict(fields), defined

    def take(self, key: str, kind: type, *usual: Any) -> Any:
        """Return a field, or ``usual`` where it is left out; raises InputError for another type, or without a usual."""
        if key not in self._fields and not usual:
            raise self.error(f"has no {key!r}")
        value = self._fields.pop(key, *usual)
        if not (isinstance(value, kind) and (kind is bool or not isinstance(value, bool))):
            raise self.error(f"has the {key} {value!r}, which is no {kind.__name__}")
        return value

    def name(self, pattern: re.Pattern[str] = NAME) -> str:
        """Return its name; raises InputError if it is none that files and conditions can have."""
        name = str(self.take("name", str))
        if not pattern.fullmatch(name):
            raise self.error(f"has the name {name!r}, which is part of paths: it must be of the form {pattern.pattern}")
        return name

    def one_of(self, key: str, allowed: tuple[str, ...], *usual: str) -> str:
        """Return a field that is one of some words; raises InputError for another."""
        value = str(self.take(key, str, *usual))
        if value not in allowed:
            raise self.error(f"has the {key} {value!r}, which is none of {', '.join(allowed)}")
        return value

    def settings(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return default settings, and the JSON Schemas that some of them have beyond the type of their default."""
        defaults, schema = self.take("defaults", dict, {}), self.take("schema", dict, {})
        for key, value in defaults.items():
            if not isinstance(key, str) or not isinstance(value, _SETTINGS):
                raise self.error(f"has the default {key!r}: {value!r}; settings are numbers, texts, true, false, lists")
        if unknown := set(schema) - set(defaults):
            raise self.error(f"has a schema of {min(map(str, unknown))!r}, which has no default")
        return defaults, schema

    def offers(self, *functions: str) -> None:
        """Raise InputError unless the module defines all these."""
        for function in functions:
            if function not in self._defined:
                raise InputError(f"{self.path}: declares a {self.word} and has no {function}")

    def end(self) -> None:
        """Raise InputError if there are fields that nobody has taken."""
        if self._fields:
            raise self.error(f"has the unknown field {min(map(str, self._fields))!r}")

    def error(self, said: str) -> InputError:
        return InputError(f"{self.path}: {self.word} {said}")


def read(path: Path, word: str) -> Declaration | None:
    """Return what a module declares under ``word``, or None; raises InputError for what cannot be read."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if f"\n{word} = ".encode() not in b"\n" + text.replace(b"\r", b""):
        return None
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        raise InputError(f"{path}: is no Python ({error})") from None
    for node in tree.body:
        if isinstance(node, ast.Assign) and [getattr(target, "id", "") for target in node.targets] == [word]:
            try:
                value = ast.literal_eval(node.value)
            except (ValueError, TypeError, SyntaxError):
                value = None
            if not isinstance(value, dict):
                raise InputError(
                    f"{path}, line {node.lineno}: {word} must be a dictionary of plain values that is written out, for "
                    "it is read without running the file"
                )
            return Declaration(path, word, value, frozenset(_defined(tree)))
    return None


def below(folder: Path, word: str) -> Iterator[tuple[str, Declaration]]:
    """Yield the modules below a folder that declare something, by name."""
    for path in sorted(folder.rglob("*.py")):
        if (found := read(path, word)) is not None:
            yield ".".join(path.relative_to(folder).with_suffix("").parts), found


def _defined(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                yield from (part.id for part in ast.walk(target) if isinstance(part, ast.Name))
