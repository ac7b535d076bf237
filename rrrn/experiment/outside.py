"""Modules outside of the package, as a user's own method is one: where they lie, and how a job loads them.

A module is named by its file (``path/to/mine.py``, relative to the working directory) or, if it is of an installed
package, by the name that imports it. Read by the Snakefile in every job, hence the standard library only.
"""

import importlib
import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from rrrn.running.stage import InputError


@dataclass(frozen=True)
class Place:
    """The file ``path`` of a module, and the folder ``root`` from which it imports what lies beside it.

    Of an installed ``package`` that is what is imported under its name; of a file alone the package has no name.
    """

    path: Path
    root: Path
    package: str = ""


def is_file(module: str) -> bool:
    """Return whether a module is named by its file."""
    return module.endswith(".py")


def locate(module: str) -> Place:
    """Return where a module lies, without running anything; raises InputError if it is not there."""
    if is_file(module):
        path = Path(module)
        if not path.is_file():
            raise InputError(f"{module}: there is no such file; relative paths start in the working directory")
        return Place(path, path.resolve().parent)  # where a link leads to is what it imports
    package, *parts = module.split(".")
    spec = importlib.util.find_spec(package)
    for folder in map(Path, (spec and spec.submodule_search_locations) or []):
        for path in _files(folder.joinpath(*parts)):
            return Place(path, folder.parent, package)
    if spec and spec.origin and not parts:
        return Place(Path(spec.origin), Path(spec.origin).parent, package)
    raise InputError(f"{module}: there is no such module here; install its package, or name its file in 'plugins'")


def beside(place: Place, importer: Path, name: str) -> list[Path]:
    """Return the files that ``importer`` runs of its own package or folder when it imports ``name``; none of others.

    A name in front of which dots stand is relative to the importer, as in ``from . import name``.
    """
    bare = name.lstrip(".")
    level = len(name) - len(bare)
    folder = importer.resolve().parents[level - 1] if level else place.root.resolve()
    if place.package and not level and bare.split(".")[0] != place.package:
        return []
    parts = bare.split(".")
    return [path for end in range(1, len(parts) + 1) for path in _files(folder.joinpath(*parts[:end]))]


def _files(stem: Path) -> list[Path]:
    """Return the file of a module or package, which may have none."""
    found = (stem / "__init__.py", stem.with_name(f"{stem.name}.py"))
    return [path for path in found if path.is_file()][:1]


def load(module: str) -> ModuleType:
    """Import a module. A file may import what lies beside it, which hides nothing that is installed.

    Raises InputError if there is no such module.
    """
    if not is_file(module):
        top = module.split(".")[0]
        if top not in sys.modules and importlib.util.find_spec(top) is None:
            locate(module)  # says so
        return importlib.import_module(module)
    path = locate(module).path.resolve()
    name = f"rrrn_plugin_{path.stem}"
    if getattr(known := sys.modules.get(name), "__file__", None) == str(path):
        return known  # type: ignore[return-value]
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None  # of a file that is Python's
    found = sys.modules[name] = importlib.util.module_from_spec(spec)  # where dataclasses look for it
    spec.loader.exec_module(found)
    return found
