"""Which code a stage runs: a digest of its modules and of every rrrn module they import.

Snakemake does not see changes in imported code, so each rule carries this digest as a parameter. It is a Merkle tree:
a module's digest is of what its own syntax tree computes (``syntax.py``) and of the digests of the modules that stand
in it, never of their names. So what only speaks changes nothing, nor does a helper that is moved or renamed.
A module that is loaded by its name is not followed: who asks for a digest names it too.

A module outside of the package, as a user's own method is one, is digested with the rrrn modules that it imports and
with what it imports of its own folder or package, by these files' names.

Imported by the Snakefile in every job, hence the standard library only.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from rrrn.experiment import outside
from rrrn.provenance import syntax
from rrrn.provenance.syntax import Reading
from rrrn.running import resources
from rrrn.running.stage import InputError

HOME = resources.HOME
STATE = Path(".snakemake/rrrn")  # in the working directory: what a run keeps for its jobs

# What was read of a file, by a digest of its bytes. Reading a tree takes milliseconds, which every job would spend on
# each of a hundred files, twice.
_memory: dict[str, Reading] = {}


def digest(*modules: str) -> str:
    """Return 12 hexadecimal digits for the import closure of the named modules.

    Modules outside of the package are named as in ``rrrn.experiment.outside``. Files are as they were when this process
    first looked at them. Raises ModuleNotFoundError for a module of the package that is not there (an empty closure
    would be a constant), ImportError for modules that import each other in a circle, which have no digest and of which
    the package has none, and InputError for a module of the user's that is not there or no Python.
    """
    return _started().digest(modules)


def beyond(*modules: str) -> frozenset[str]:
    """Return the first names of the modules that the import closure of the named ones takes from other packages."""
    return _started().beyond(modules)


def current(*modules: str) -> str:
    """Return ``digest`` of the files as they are now, whatever they were when it was last asked for."""
    return _Code().digest(modules)


def forget() -> None:
    """Let ``digest`` look at the files again."""
    _started.cache_clear()


class _Code:
    """Files of code as each is when it is first needed."""

    def __init__(self) -> None:
        self._found: dict[str, Path | None] = {}
        self._whole: dict[str, tuple[str, frozenset[str]]] = {}
        self._open: list[str] = []

    def digest(self, modules: Sequence[str]) -> str:
        return _of([self._closure(name)[0] for name in modules])[:12]

    def beyond(self, modules: Sequence[str]) -> frozenset[str]:
        return frozenset().union(*(self._closure(name)[1] for name in modules))

    def _closure(self, name: str) -> tuple[str, frozenset[str]]:
        """Return the digest of a module with all that it imports, and what that takes from other packages."""
        if name not in self._whole and name.split(".")[0] != syntax.PACKAGE:
            self._whole[name] = self._elsewhere(name)
        if name not in self._whole:
            path = self._source(name)
            if path is None:
                raise ModuleNotFoundError(f"no module {name} below {HOME}")
            if name in self._open:
                circle = [*self._open[self._open.index(name) :], name]
                raise ImportError(
                    f"{' imports '.join(circle)}: no module of a circle has a digest; take one import out"
                )
            self._open.append(name)
            try:
                read, beyond = _read(path), list[frozenset[str]]()
                if dotted := [one for one in read.imported if one.startswith(".")]:
                    raise ImportError(f"{name}: imports {dotted[0]}, which no digest follows; name the module whole")
                self._whole[name] = _of(self._own(read, beyond)), frozenset(read.outside).union(*beyond)
            finally:
                self._open.pop()
        return self._whole[name]

    def _elsewhere(self, name: str) -> tuple[str, frozenset[str]]:
        """Return the same of a module outside of the package; circles of its own are no matter, since names count."""
        place, found, beyond = outside.locate(name), dict[str, Any](), list[frozenset[str]]()
        todo = [place.path, *(outside.beside(place, place.path, name) if place.package else [])]
        while todo:
            path = todo.pop()
            key = str(path.resolve().relative_to(place.root.resolve()))
            if key not in found:
                try:
                    read = _read(path)
                except (SyntaxError, ValueError) as error:
                    raise InputError(f"{path}: is no Python ({error})") from None
                found[key] = self._own(read, beyond)
                beyond.append(frozenset(read.outside))
                todo += [file for one in read.imported for file in outside.beside(place, path, one)]
        return _of(sorted(found.items())), frozenset().union(*beyond)

    def _own(self, read: Reading, beyond: list[frozenset[str]]) -> list[Any]:
        """Return what a file and what it takes of the package compute; add to ``beyond`` what that takes elsewhere."""
        parts = [
            self._text(named) if kind == "text" else self._import(named, taken, beyond)
            for kind, named, taken in read.parts
        ]
        parts += [[bound, *self._import(named, taken, beyond)] for bound, named, taken in read.beside]
        return [read.tree, parts]

    def _import(self, module: str, taken: str, beyond: list[frozenset[str]]) -> list[str]:
        """Return what is imported: a module, or a name in one; add to ``beyond`` what that takes from elsewhere."""
        for name, rest in ((f"{module}.{taken}", ""), (module, taken)):
            if self._source(name):
                whole, more = self._closure(name)
                beyond.append(more)
                return [whole, rest]
        return ["", f"{module}.{taken}"]

    def _text(self, text: str) -> list[str]:
        """Return what a text names: what stands in a module's file, a package, or nothing of the package."""
        if text.endswith("."):
            return ["", "package" if HOME.joinpath(*text.split(".")).is_dir() else text]
        path = self._source(text)
        return [_read(path).tree, ""] if path else ["", text]

    def _source(self, name: str) -> Path | None:
        """The file of a module of this package; None for other packages and for names that are not modules."""
        if name not in self._found:
            stem = f"{HOME}/{name.replace('.', '/')}"
            files = (f"{stem}.py", f"{stem}/__init__.py") if name.split(".")[0] == syntax.PACKAGE else ()
            self._found[name] = next((Path(file) for file in files if os.path.isfile(file)), None)  # noqa: PTH113  # fast
        return self._found[name]


@cache
def _started() -> _Code:
    return _Code()


def _of(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def recall(folder: Path) -> None:
    """Take over what ``remember`` kept in ``folder``, if anything is there; it is by content and cannot be stale."""
    try:
        kept: dict[str, Any] = json.loads((folder / "code.json").read_text(encoding="utf-8"))
        if kept["by"] == _reader():
            _memory.update({key: Reading(*one) for key, one in kept["read"].items()})
    except (OSError, ValueError, TypeError, AttributeError, KeyError):
        return


def remember(folder: Path) -> None:
    """Keep what was read of the code's files, so that jobs need not parse them; without a place for it, do nothing."""
    keep(folder / "code.json", json.dumps({"by": _reader(), "read": _memory}, sort_keys=True))


def _reader() -> str:
    """Return a digest of the file that reads: what another version of it has read is not believed."""
    return hashlib.sha256(Path(syntax.__file__).read_bytes()).hexdigest()


def keep(path: Path, text: str) -> None:
    """Write a text that jobs profit from and can do without: whole or not at all, and only if it differs."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)


def _read(path: Path) -> Reading:
    """Return what a file computes, from memory if its bytes were ever read."""
    data = path.read_bytes()
    key = hashlib.sha256(data).hexdigest()
    if key not in _memory:
        _memory[key] = syntax.read(data)
    return _memory[key]
