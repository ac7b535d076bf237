"""Which code a stage runs: a digest of its modules and of every rrrn module they import.

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

    Raises ModuleNotFoundError for a module that is not in the package (an empty closure would be a constant).
    """
    return current(*modules)


def current(*modules: str) -> str:
    """Return ``digest`` of the files as they are now, whatever they were when it was last asked for."""
    found: dict[str, str] = {}
    todo = list(modules)
    while todo:
        name = todo.pop()
        if name in found or (path := _source(name)) is None:
            continue
        found[name], imported = _read(path)
        todo += imported
    for name in modules:
        if name not in found:
            raise ModuleNotFoundError(f"no module {name} below {HOME}")
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


def _source(name: str) -> Path | None:
    """The file of a module of this package; None for other packages and for names that are not modules."""
    if name.split(".")[0] != "rrrn":
        return None
    stem = HOME.joinpath(*name.split("."))
    return next((p for p in (stem.with_suffix(".py"), stem / "__init__.py") if p.is_file()), None)


def _read(path: Path) -> _Read:
    """Return a digest of one file's syntax tree without docstrings, and the names of all that it imports."""
    data = path.read_bytes()
    key = hashlib.sha256(data).hexdigest()
    if key not in _memory:
        _memory[key] = _parse(data)
    return _memory[key]


def _parse(data: bytes) -> _Read:
    tree = ast.parse(data)
    imported: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            imported += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            imported += [alias.name for alias in node.names]
        elif isinstance(node, _DOCUMENTED) and ast.get_docstring(node) is not None:
            node.body.pop(0)
    return hashlib.sha256(_written(tree).encode()).hexdigest(), imported


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
