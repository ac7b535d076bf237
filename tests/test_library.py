"""What ``import rrrn`` offers in Python: that it is cheap, typed and documented."""

import ast
import doctest
import pydoc
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import rrrn
import rrrn.flow.engines
from rrrn import descriptors
from rrrn.running.resources import HOME
from rrrn.stages import flow

PAGE = (HOME / "docs/library.md").read_text(encoding="utf-8")


def test_importing_loads_nothing():
    script = (
        "import sys, rrrn\n"
        "loaded = {name for name in sys.modules if name.startswith('rrrn.')} | {'numpy', 'cv2', 'torch'}\n"
        "assert not loaded & sys.modules.keys(), loaded\n"
        "assert {'benchmark', 'occlude', 'predict', 'tvl1', 'descriptors'} <= set(dir(rrrn))\n"
        "from rrrn import tvl1, descriptors\n"
        "assert 'dlib' not in sys.modules and 'sklearn' not in sys.modules\n"
        "from rrrn import cli\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    with pytest.raises(AttributeError, match="no attribute 'oclude'"):
        rrrn.oclude  # noqa: B018


def test_the_function_is_no_folder():
    """A folder named tvl1 would take the function's place as soon as it is imported."""
    assert rrrn.tvl1 is flow.tvl1 and rrrn.descriptors.__name__ == "rrrn.descriptors"
    assert not {path.stem for path in (HOME / "rrrn").iterdir()} & (set(rrrn.__all__) - {"descriptors"})


def test_help_shows_them():
    text = pydoc.render_doc(rrrn, renderer=pydoc.plaintext)
    before, _, _ = text.partition("PACKAGE CONTENTS")  # which pydoc lists of every package
    assert len(before.splitlines()) < 35 and "Each folder" not in before
    assert "occlude(frames: numpy.ndarray, condition: str, *, severity: int | None = None" in text
    assert "benchmark(model: str | pathlib.Path | module" in text
    assert "predict(clip: numpy.ndarray | str | pathlib.Path, model:" in text
    assert "tvl1(a: numpy.ndarray" in text and "Raises ValueError" in text
    for name in rrrn.__all__:
        assert f"``{name}``" in rrrn.__doc__ and f"`rrrn.{name}`" in PAGE, name


@pytest.mark.parametrize("name", ["", *rrrn.__all__])
def test_examples_are_true(name):
    thing = getattr(rrrn, name) if name else rrrn
    (test,) = doctest.DocTestFinder(recurse=False).find(thing, f"rrrn.{name}", globs={})
    found = doctest.DocTestRunner().run(test)
    assert found.attempted > 2 and found.failed == 0


@pytest.mark.parametrize("package", [rrrn, descriptors], ids=lambda package: package.__name__)
def test_type_checkers_are_shown_what_is_loaded(package):
    tree = ast.parse(Path(package.__file__).read_text(encoding="utf-8"))
    (branch,) = [node for node in tree.body if isinstance(node, ast.If)]
    assert ast.unparse(branch.test) == "TYPE_CHECKING"
    shown = {alias.name: node.module for node in branch.body for alias in node.names}
    assert shown.keys() == set(package.__all__)
    for name, module in shown.items():
        assert getattr(import_module(module), name) is getattr(package, name), name
    assert (HOME / "rrrn/py.typed").exists()  # or they would not look


def test_the_page_is_true():
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    test = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "library.md", None, 0)
    found = doctest.DocTestRunner().run(test)
    assert found.attempted > 10 and found.failed == 0
    assert "docs/library.md" in (HOME / "README.md").read_text(encoding="utf-8")


def test_the_figures_are_those_of_the_page_of_occluders():
    rows = [line for line in PAGE.splitlines() if re.match(r"\| (mask|glasses), ", line)]
    measured = (HOME / "docs/occlusion.md").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 12 and set(rows) <= set(measured)
