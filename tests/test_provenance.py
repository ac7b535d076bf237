"""What changes a stage's digest and, of edits that compute nothing, what does not."""

import ast
import re
import shutil
from pathlib import Path

import pytest

import rrrn
from rrrn import descriptors
from rrrn.flow import engines
from rrrn.provenance import sources


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the package whose files may be edited."""
    shutil.copytree(sources.HOME / "rrrn", tmp_path / "rrrn", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(sources, "HOME", tmp_path)
    return tmp_path / "rrrn"


def digest(*modules: str) -> str:
    sources.forget()
    return sources.digest(*modules)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_comment_docstring_and_touch_change_nothing(package):
    before = digest("rrrn.stages.flow")
    edit(package / "stages/flow.py", '"""', '"""Words. ')
    (package / "stages/flow.py").write_text((package / "stages/flow.py").read_text() + "\n# a comment\n")
    assert digest("rrrn.stages.flow") == before


def test_edit_of_a_shared_helper_reaches_every_module_that_imports_it(package):
    before = digest("rrrn.stages.flow"), digest("rrrn.experiment.metrics")
    edit(package / "data/store.py", '{"compression": "gzip",', '{"compression":   "gzip",')
    assert digest("rrrn.stages.flow") == before[0]
    edit(package / "data/store.py", '"compression_opts": 1', '"compression_opts": 2')
    assert digest("rrrn.stages.flow") != before[0]
    assert digest("rrrn.experiment.metrics") == before[1]


@pytest.mark.parametrize(
    ("engine", "file", "old", "new"),
    [
        ("numba", "numba/iterate.py", "def down(", "def down(unused, "),
        ("cuda", "cuda/triton_kernels.py", "tl.sqrt", "tl.abs"),
        ("opencv", "opencv/opencv_engine.py", "tau=parameters.tau", "tau=parameters.theta"),
    ],
)
def test_edit_of_a_kernel_reaches_the_flow_of_its_engine(package, engine, file, old, new):
    modules = {name: ("rrrn.stages.flow", engines.module(name)) for name in ("numba", "cuda", "opencv")}
    before = {name: digest(*names) for name, names in modules.items()}
    edit(package / "flow" / file, old, new)
    assert [name for name, names in modules.items() if digest(*names) != before[name]] == [engine]


def test_import_inside_a_function_counts(package):
    before = digest("rrrn.experiment.metrics")
    edit(
        package / "experiment/metrics.py",
        "    pairs =",
        "    from rrrn.experiment import labels\n    assert labels\n    pairs =",
    )
    with_labels = digest("rrrn.experiment.metrics")
    assert with_labels != before
    edit(package / "experiment/labels.py", "-> str:", "-> object:")
    assert digest("rrrn.experiment.metrics") != with_labels


def test_digest_is_of_all_modules_named(package):
    assert digest("rrrn.stages.occlude", "rrrn.occlusion.kinds.mask") != digest(
        "rrrn.stages.occlude", "rrrn.occlusion.kinds.glasses"
    )


def test_packages_hold_no_code_of_their_own():
    """The digest does not follow into them, but for what users are offered by name, which no module here takes."""
    home = sources.HOME / "rrrn"
    offering = {"rrrn": set(rrrn.__all__) - {"descriptors"}, "rrrn.descriptors": set(descriptors.__all__)}
    for path in home.rglob("*.py"):
        taken = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
        for package, offered in offering.items():
            names = {alias.name for node in taken if node.module == package for alias in node.names}
            assert not names & offered, path
    for path in {*home.rglob("__init__.py")} - {home / "__init__.py", home / "descriptors/__init__.py"}:
        body = ast.parse(path.read_text()).body
        assert not body or (len(body) == 1 and ast.get_docstring(ast.Module(body, [])) is not None), path


def test_unknown_module_is_an_error():
    with pytest.raises(ModuleNotFoundError, match=r"rrrn\.nothing"):
        digest("rrrn.nothing")


STAGES = {
    "render": ("rrrn.stages.render",),
    "faces": ("rrrn.stages.faces",),
    "anchor": ("rrrn.stages.anchor",),
    "art": ("rrrn.stages.art", "rrrn.occlusion.kinds.mask"),
    "occlude": ("rrrn.stages.occlude", "rrrn.occlusion.kinds.mask", "rrrn.occlusion.kinds.art_shard"),
    "occlude none": ("rrrn.stages.occlude", "rrrn.occlusion.kinds.none"),
    "augment": ("rrrn.stages.augment",),
    "flow": ("rrrn.stages.flow", "rrrn.flow.numba.numba_engine", "rrrn.flow.cuda.cuda_engine"),
    "pack": ("rrrn.stages.pack",),
    "train": ("rrrn.stages.train", "rrrn.networks.rrrn.model"),
    "describe": ("rrrn.stages.describe", "rrrn.descriptors.lbp_top"),
    "svm": ("rrrn.stages.svm",),
    "score": ("rrrn.stages.score",),
    "table": ("rrrn.stages.table",),
    "summary": ("rrrn.stages.summary",),
    "ranking": ("rrrn.stages.ranking",),
    "compare": ("rrrn.stages.compare",),
    "visible": ("rrrn.stages.visible",),
    "attention": ("rrrn.stages.attention",),
    "faithfulness": ("rrrn.stages.faithfulness",),
    "split": ("rrrn.stages.split",),
}


def reached(change, package: Path) -> set[str]:
    """The stages whose digest a change of the package changes."""
    before = {name: digest(*modules) for name, modules in STAGES.items()}
    change(package)
    return {name for name, modules in STAGES.items() if digest(*modules) != before[name]}


def edited(file: str, old: str, new: str):
    return lambda package: edit(package / file, old, new)


def moved(old: str, new: str):
    """A module under another name: every import is rewritten and sorted in again, and so is every use."""

    def move(package: Path) -> None:
        (package / new).parent.mkdir(exist_ok=True)
        (package / f"{old}.py").rename(package / f"{new}.py")
        (before, was), (folder, name) = (f"rrrn/{one}".replace("/", ".").rpartition(".")[::2] for one in (old, new))
        for path in package.rglob("*.py"):
            text = re.sub(rf"\b{re.escape(before)}\.{was}\b", f"{folder}.{name}", path.read_text())
            lines = [line for line in text.splitlines() if line]
            for number, line in enumerate(lines):
                found = re.fullmatch(rf"( *from {re.escape(before)} import (?:.*, )?){was}(?:, (.*))?", line)
                if found:
                    rest = (found[1] + (found[2] or "")).rstrip(", ")
                    others = [] if rest.endswith("import") else [rest]
                    lines[number] = "\n".join([*others, f"from {folder} import {name}"])
            text = "\n".join(lines)
            if found_use := re.search(rf"from {re.escape(folder)} import {name}$", text, re.M):
                text = text[: found_use.end()] + re.sub(rf"\b{was}\.(?=\w)", f"{name}.", text[found_use.end() :])
            path.write_text(text + "\n")

    return move


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(edited("data/clips.py", "the clip table has no rows", "no rows"), set(), id="message"),
        pytest.param(edited("running/stage.py", "also write messages", "write messages"), set(), id="help text"),
        pytest.param(edited("stages/flow.py", "%s: %d views, mean", "%s: %d views, a mean"), set(), id="line of a log"),
        pytest.param(edited("data/clips.py", "import csv", "# why\nimport csv"), set(), id="comment"),
        pytest.param(moved("data/flow_store", "running/flow_store"), set(), id="moved helper"),
        pytest.param(moved("data/clips", "tables/clips"), set(), id="moved helper of most stages"),
        pytest.param(moved("data/flow_store", "data/kept_flow"), set(), id="renamed helper"),
        pytest.param(moved("data/flow_store", "kept_flow"), set(), id="moved and renamed helper"),
        pytest.param(
            edited("data/flow_store.py", "32767", "32766"), {"flow", "pack", "train"}, id="number in a helper"
        ),
        pytest.param(
            edited(
                "occlusion/kinds/art_shard.py", "name, image, chunk_axes=0, compress=True", "name, image, chunk_axes=0"
            ),
            {"art", "occlude"},
            id="art",
        ),
        pytest.param(edited("data/clips.py", "strict=True", "strict=False"), set(STAGES), id="code of the clip table"),
        pytest.param(edited("running/stage.py", "token_hex(4)", "token_hex(5)"), set(STAGES), id="code of all stages"),
    ],
)
def test_stages_that_an_edit_reaches(package, change, expected):
    assert reached(change, package) == expected


def test_names_of_modules_in_texts_follow_a_move(package):
    """``compiled`` names a module in a text, ``engines`` a package."""

    def move(package: Path) -> None:
        (package / "flow").rename(package / "solver")
        for path in package.rglob("*.py"):
            path.write_text(path.read_text().replace("rrrn.flow", "rrrn.solver"))

    before = digest("rrrn.stages.flow", "rrrn.flow.numba.numba_engine")
    move(package)
    assert digest("rrrn.stages.flow", "rrrn.solver.numba.numba_engine") == before
    edit(package / "solver/numba/compiled.py", '"rrrn.solver.numba.level"', '"rrrn.solver.numba.warp"')
    assert digest("rrrn.stages.flow", "rrrn.solver.numba.numba_engine") != before


def test_what_is_imported_counts_and_not_its_name(package):
    """Two helpers exchange their names, and the module that imports them does not follow."""
    (package / "one.py").write_text("SIZE = 1\n")
    (package / "two.py").write_text("SIZE = 2\n")
    (package / "reads.py").write_text("from rrrn import one\n\nprint(one.SIZE)\n")
    before = digest("rrrn.reads")
    (package / "one.py").write_text("SIZE = 2\n")
    assert digest("rrrn.reads") != before
    edit(package / "reads.py", "from rrrn import one", "from rrrn import two as one")
    (package / "two.py").write_text("SIZE = 1\n")
    assert digest("rrrn.reads") == before


def test_a_circle_of_imports_is_an_error_that_names_it(package):
    edit(package / "experiment/seeds.py", "import ", "from rrrn.stages import flow\nimport ")
    edit(
        package / "stages/flow.py", "from rrrn.data import", "from rrrn.experiment import seeds\nfrom rrrn.data import"
    )
    with pytest.raises(
        ImportError, match=r"rrrn\.stages\.flow imports rrrn\.experiment\.seeds imports rrrn\.stages\.flow"
    ):
        digest("rrrn.stages.flow")


def test_no_module_is_part_of_a_circle():
    for path in (sources.HOME / "rrrn").rglob("*.py"):
        digest(".".join(path.relative_to(sources.HOME).with_suffix("").parts).removesuffix(".__init__"))


def test_what_comes_from_other_packages():
    assert sources.beyond("rrrn.stages.faces") >= {"numpy", "cv2", "dlib", "PIL"}
    assert not sources.beyond("rrrn.stages.faces") & {"torch", "rrrn"}


def test_what_was_read_is_kept_and_is_that_of_the_reader(tmp_path, monkeypatch):
    before = digest("rrrn.stages.flow")
    sources.remember(tmp_path)
    monkeypatch.setattr(sources, "_memory", {})
    sources.recall(tmp_path)
    monkeypatch.setattr(sources.syntax, "read", None)  # nothing is read again
    assert digest("rrrn.stages.flow") == before
    (tmp_path / "code.json").write_text((tmp_path / "code.json").read_text().replace('"by": "', '"by": "0'))
    monkeypatch.setattr(sources, "_memory", {})
    sources.recall(tmp_path)
    assert sources._memory == {}
    (tmp_path / "code.json").write_text('{"by": 1, "read": [[')
    sources.recall(tmp_path)
