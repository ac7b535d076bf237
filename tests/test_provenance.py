import shutil
from pathlib import Path

import pytest

from rrrn import provenance
from rrrn.tvl1 import engines


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the package whose files may be edited."""
    shutil.copytree(provenance.HOME / "rrrn", tmp_path / "rrrn", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(provenance, "HOME", tmp_path)
    return tmp_path / "rrrn"


def digest(*modules: str) -> str:
    provenance.digest.cache_clear()
    return provenance.digest(*modules)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_comment_docstring_and_touch_change_nothing(package):
    before = digest("rrrn.flow")
    edit(package / "flow.py", '"""', '"""Words. ')
    (package / "flow.py").write_text((package / "flow.py").read_text() + "\n# a comment\n")
    assert digest("rrrn.flow") == before


def test_edit_of_a_shared_helper_reaches_every_module_that_imports_it(package):
    before = digest("rrrn.flow"), digest("rrrn.metrics")
    edit(package / "store.py", '{"compression": "gzip",', '{"compression":   "gzip",')
    assert digest("rrrn.flow") == before[0]
    edit(package / "store.py", '"compression_opts": 1', '"compression_opts": 2')
    assert digest("rrrn.flow") != before[0]
    assert digest("rrrn.metrics") == before[1]


@pytest.mark.parametrize(
    ("engine", "file", "old", "new"),
    [
        ("numba", "iterate.py", "def down(", "def down(unused, "),
        ("cuda", "triton_kernels.py", "tl.sqrt", "tl.abs"),
        ("opencv", "opencv_engine.py", "tau=parameters.tau", "tau=parameters.theta"),
    ],
)
def test_edit_of_a_kernel_reaches_the_flow_of_its_engine(package, engine, file, old, new):
    modules = {name: ("rrrn.flow", engines.module(name)) for name in ("numba", "cuda", "opencv")}
    before = {name: digest(*names) for name, names in modules.items()}
    edit(package / "tvl1" / file, old, new)
    assert [name for name, names in modules.items() if digest(*names) != before[name]] == [engine]


def test_import_inside_a_function_counts(package):
    before = digest("rrrn.metrics")
    edit(package / "metrics.py", "    pairs =", "    from rrrn import labels\n    assert labels\n    pairs =")
    with_labels = digest("rrrn.metrics")
    assert with_labels != before
    edit(package / "labels.py", "-> str:", "-> object:")
    assert digest("rrrn.metrics") != with_labels


def test_digest_is_of_all_modules_named(package):
    assert digest("rrrn.occlude", "rrrn.occlusion.mask") != digest("rrrn.occlude", "rrrn.occlusion.glasses")


def test_packages_hold_no_code_of_their_own():
    """The digest does not follow into them."""
    assert all(not path.read_text() for path in (provenance.HOME / "rrrn").rglob("__init__.py"))


def test_unknown_module_is_an_error():
    with pytest.raises(ModuleNotFoundError, match=r"rrrn\.nothing"):
        digest("rrrn.nothing")
