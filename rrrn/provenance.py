"""Which code a stage runs: a digest of its modules and of every rrrn module they import.

A module outside of the package, as a user's own method is one, is digested likewise, with the rrrn modules that it
imports and with what it imports of its own folder or package. What tables call it (``label``) computes nothing.

Snakemake does not see changes in imported code, so each rule carries this digest as a parameter. It is taken
over the syntax tree without docstrings: comments, docstrings, formatting and file times change nothing, nor does
the minor version of Python.
Imported by the Snakefile in every job, hence the standard library only.
"""

import ast
import hashlib
import json
import secrets
from functools import lru_cache
from pathlib import Path
from typing import Any

from rrrn import outside
from rrrn.outside import Place
from rrrn.stage import InputError

HOME = Path(__file__).resolve().parents[1]
STATE = Path(".snakemake/rrrn")  # in the working directory: what a run keeps for its jobs
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)

# What was read of a file, by a digest of its bytes: its tree's digest, and what it imports. Reading a tree takes a
# millisecond or two, which every job would spend on each of a hundred files, twice.
_Read = tuple[str, list[str]]
_memory: dict[str, _Read] = {}


@lru_cache
def digest(*modules: str) -> str:
    """Return 12 hexadecimal digits for the import closure of the named modules.

    Modules outside of the package are named as in ``rrrn.outside``. Raises ModuleNotFoundError for a module of the
    package that is not there (an empty closure would be a constant), InputError for another.
    """
    return current(*modules)


def current(*modules: str) -> str:
    """Return ``digest`` of the files as they are now, whatever they were when it was last asked for."""
    found: dict[str, str] = {}
    todo: list[tuple[str, Path | None, Place | None]] = [(name, None, None) for name in modules]
    while todo:
        name, importer, place = todo.pop()
        for key, path, owner in _sources(name, importer, place):
            if key not in found:
                found[key], imported = _read(path) if owner is None else _read_outside(path)
                todo += [(one, path, owner) for one in imported]
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:12]


def recall(folder: Path) -> None:
    """Take over what ``remember`` kept in ``folder``, if anything is there; it is by content and cannot be stale."""
    try:
        kept: dict[str, Any] = json.loads((folder / "code.json").read_text(encoding="utf-8"))
        if kept["by"] == _reader():
            _memory.update({key: (str(tree), list(map(str, parts))) for key, (tree, parts) in kept["read"].items()})
    except (OSError, ValueError, TypeError, AttributeError, KeyError):
        return


def remember(folder: Path) -> None:
    """Keep what was read of the code's files, so that jobs need not parse them; without a place for it, do nothing."""
    keep(folder / "code.json", json.dumps({"by": _reader(), "read": _memory}, sort_keys=True))


def _reader() -> str:
    """Return a digest of this file: what another version of it has read is not believed."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


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


def _sources(name: str, importer: Path | None, place: Place | None) -> list[tuple[str, Path, Place | None]]:
    """Return the files of a module, each with what it is called and, outside of the package, its place.

    There are none of other packages, nor of names that are no modules.
    """
    if name.split(".")[0] == "rrrn":
        stem = HOME.joinpath(*name.split("."))
        own = [p for p in (stem.with_suffix(".py"), stem / "__init__.py") if p.is_file()][:1]
        if importer is None and not own:
            raise ModuleNotFoundError(f"no module {name} below {HOME}")
        return [(name, path, None) for path in own]
    if importer is None:
        place = outside.locate(name)
        paths = [place.path, *(outside.beside(place, place.path, name) if place.package else [])]
    elif place is None:
        return []
    else:
        paths = outside.beside(place, importer, name)
    root = place.root.resolve()
    return [(f"outside: {path.resolve().relative_to(root)}", path, place) for path in paths]


def _read_outside(path: Path) -> _Read:
    """Return the same of a user's file; raises InputError for one that is no Python."""
    try:
        return _read(path)
    except (SyntaxError, ValueError) as error:
        raise InputError(f"{path}: is no Python ({error})") from None


def _read(path: Path) -> _Read:
    """Return a digest of one file's syntax tree without docstrings, and the names of all that it imports."""
    data = path.read_bytes()
    key = hashlib.sha256(data).hexdigest()
    if key not in _memory:
        _memory[key] = _parse(data)
    return _memory[key]


def _parse(data: bytes) -> _Read:
    tree = ast.parse(data)
    _drop_labels(tree)
    imported: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            parts = [f"{module}{'.' if node.module else ''}{alias.name}" for alias in node.names]
            imported += [module, *parts] if node.module else parts
        elif isinstance(node, ast.Import):
            imported += [alias.name for alias in node.names]
        elif isinstance(node, _DOCUMENTED) and ast.get_docstring(node) is not None:
            node.body.pop(0)
    return hashlib.sha256(_written(tree).encode()).hexdigest(), imported


def _drop_labels(tree: ast.Module) -> None:
    """Take out what tables call that which a module declares (``rrrn.declared``)."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            if [getattr(target, "id", "") for target in node.targets] not in (["METHOD"], ["KIND"]):
                continue
            pairs = zip(node.value.keys, node.value.values, strict=True)
            kept = [pair for pair in pairs if getattr(pair[0], "value", None) != "label"]
            node.value.keys, node.value.values = [key for key, _ in kept], [value for _, value in kept]


def _written(value: object) -> str:
    """Write a syntax tree without what is empty, of which each minor version of Python has other parts."""
    if isinstance(value, ast.JoinedStr):
        value.values = [part for part in value.values if not (isinstance(part, ast.Constant) and part.value == "")]
    if isinstance(value, ast.AST):
        fields = [(name, part) for name, part in ast.iter_fields(value) if part is not None and part != []]
        return f"{type(value).__name__}({','.join(f'{name}={_written(part)}' for name, part in fields)})"
    if isinstance(value, list):
        return f"[{','.join(map(_written, value))}]"
    return repr(value)
