"""Which code a stage runs: a digest of its modules and of every rrrn module they import.

Snakemake does not see changes in imported code, so each rule carries this digest as a parameter. It is taken
over the syntax tree without docstrings: comments, docstrings, formatting and file times change nothing.
Imported by the Snakefile in every job, hence the standard library only.
"""

import ast
import hashlib
import json
from functools import lru_cache
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@lru_cache
def digest(*modules: str) -> str:
    """Return 12 hexadecimal digits for the import closure of the named modules.

    Raises ModuleNotFoundError for a module that is not in the package (an empty closure would be a constant).
    """
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


def _source(name: str) -> Path | None:
    """The file of a module of this package; None for other packages and for names that are not modules."""
    if name.split(".")[0] != "rrrn":
        return None
    stem = HOME.joinpath(*name.split("."))
    return next((p for p in (stem.with_suffix(".py"), stem / "__init__.py") if p.is_file()), None)


@lru_cache
def _read(path: Path) -> tuple[str, list[str]]:
    """The syntax tree of one file without docstrings, as text, and the names of all that it imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            imported += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            imported += [alias.name for alias in node.names]
        elif isinstance(node, _DOCUMENTED) and ast.get_docstring(node) is not None:
            node.body.pop(0)
    return ast.dump(tree), imported
