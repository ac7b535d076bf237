"""The folders of rrrn: each answers one question, and none imports what stands above it."""

import ast
from pathlib import Path

import pytest

from rrrn.running.resources import HOME

LEVELS = (
    {"running"},
    {"data"},
    {"experiment"},
    {"provenance"},
    {"face", "networks", "descriptors", "svm", "occlusion", "flow", "synthetic"},
    {"training", "tables", "spotting"},
    {"report"},
    {"stages"},
    {"importing"},
    {"planning"},
    {"sharing"},
    {"commands", "doctor", "resuming", "benchmarking", "models"},
)
LEVEL = {wing: level for level, wings in enumerate(LEVELS) for wing in wings}
FILES = sorted(path for path in (HOME / "rrrn").rglob("*.py"))


def wing(name: str) -> str | None:
    """The folder of rrrn that a module is in, by its dotted name."""
    parts = name.split(".")
    return parts[1] if parts[0] == "rrrn" and len(parts) > 1 else None


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            parents = path.relative_to(HOME).parts[: -node.level] if node.level else ()
            module = ".".join([*parents, *filter(None, [node.module])])
            names |= {f"{module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


def test_every_wing_is_known():
    found = {path.relative_to(HOME / "rrrn").parts[0] for path in FILES}
    assert {name for name in found if not name.endswith(".py")} == set(LEVEL)
    assert {name for name in found if name.endswith(".py")} == {"__init__.py", "__main__.py", "cli.py"}


@pytest.mark.parametrize("name", sorted(LEVEL))
def test_no_arrow_runs_up(name):
    arrows = [
        (str(path.relative_to(HOME)), target)
        for path in FILES
        if path.relative_to(HOME / "rrrn").parts[0] == name
        for target in imported(path)
        if (other := wing(target)) in LEVEL and LEVEL[other] > LEVEL[name]
    ]
    assert arrows == []


def test_no_stage_imports_another():
    stages = {path.stem for path in (HOME / "rrrn/stages").glob("*.py")} - {"__init__"}
    for path in (HOME / "rrrn/stages").glob("*.py"):
        assert not {f"rrrn.stages.{stage}" for stage in stages} & {
            ".".join(name.split(".")[:3]) for name in imported(path)
        }, path.name


@pytest.mark.parametrize("path", [path for path in FILES if path.name == "__init__.py"], ids=lambda p: p.parent.name)
def test_each_folder_says_what_it_is(path):
    first, *rest = ast.parse(path.read_text(encoding="utf-8")).body
    assert isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant), "a docstring"
    if path.parent.name in ("rrrn", "descriptors"):  # offer what users take by name, and load it when it is asked for
        loaded = [node for node in rest if isinstance(node, ast.Import | ast.ImportFrom)]
        assert {node.module for node in loaded} <= {"importlib", "typing"}
    else:
        assert not rest, "a docstring, and nothing else"
