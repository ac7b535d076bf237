"""The code by its syntax: nothing of a file or a name is ever run."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parents[1]
MODULES = sorted((HOME / "rrrn").rglob("*.py"))
RULES = [HOME / "Snakefile", *sorted((HOME / "workflow").rglob("*.smk"))]
UNSAFE = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle", "_pickle"}
CALLS = {"eval", "exec", "compile", "os.system", "os.popen", "yaml.load", "yaml.load_all", "yaml.unsafe_load"}
CALLS |= {"yaml.full_load", "pd.read_pickle", "pandas.read_pickle", "__import__", "subprocess.getoutput"}
CALLS |= {"subprocess.getstatusoutput", "tarfile.open", "shutil.unpack_archive"}


def name(node: ast.expr) -> str:
    return f"{name(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def faults(tree: ast.AST) -> Iterator[str]:
    """What could run what a file or a name says."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            named = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            yield from (f"{node.lineno}: import {one}" for one in named if UNSAFE & set(one.split(".")))
        if not isinstance(node, ast.Call):
            continue
        called = name(node.func)
        given = {word.arg: word.value.value for word in node.keywords if isinstance(word.value, ast.Constant)}
        if called in CALLS or given.get("shell") or given.get("allow_pickle"):
            yield f"{node.lineno}: {called}"
        if called in ("torch.load", "torch.hub.load_state_dict_from_url") and given.get("weights_only") is not True:
            yield f"{node.lineno}: {called} without weights_only=True"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(HOME)))
def test_nothing_unpickles_or_runs_text(path):
    assert list(faults(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.name)
def test_nothing_in_the_rules_does(path):
    assert not re.search(r"\b(pickle|eval|exec|yaml\.load|os\.system|torch\.load)\b", path.read_text(encoding="utf-8"))


def test_every_name_in_a_command_is_quoted():
    """All but numbers and words of fixed lists."""
    fixed = ("condition", "trained_on", "network", "method", "descriptor", "seed", "table")
    plain = {f"wildcards.{word}" for word in fixed}
    plain |= {
        "threads",
        "resources.gpu",
        "params.frames",
        "params.module",
        "params.side",
        "params.trained_on",
        "params.views",
        "params.view",
        "params.memory",
        "params.methods",
        "params.conditions",
    }
    text = "".join(path.read_text(encoding="utf-8") for path in RULES)
    commands = re.findall(r'shell:\s+"(.*)"', text)
    assert len(commands) == len(re.findall(r"^\s+shell:", text, re.M)) == 34
    for command in commands:
        fields = re.findall(r"\{([^{}]+)\}", command)
        assert fields
        assert [field for field in fields if not field.endswith(":q") and field not in plain] == []


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from joblib import load",
        "torch.load(f)",
        "torch.load(f, weights_only=False)",
        "np.load(f, allow_pickle=True)",
        "yaml.load(f, yaml.Loader)",
        "eval(x)",
        "subprocess.run(x, shell=True)",
        "os.system(x)",
    ],
)
def test_the_search_finds(text):
    assert list(faults(ast.parse(text)))
