"""What of a module computes: every change of that is seen, and no change of what it speaks."""

import ast
import re
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rrrn.provenance import sources, syntax

MODULES = [
    *(
        "stages/faces.py",
        "stages/occlude.py",
        "stages/flow.py",
        "stages/train.py",
        "stages/describe.py",
        "stages/svm.py",
        "stages/score.py",
        "data/clips.py",
        "running/stage.py",
    ),
    *(
        "face/tracking.py",
        "data/store.py",
        "data/flow_store.py",
        "occlusion/holding/registration.py",
        "networks/rrrn/losses.py",
        "flow/numba/iterate.py",
    ),
]


def tree(source: str) -> tuple:
    return tuple(syntax.read(source.encode())[:3])


HEAD = """import argparse
import logging
import warnings
from rrrn.data import clips
from rrrn.running.stage import InputError
"""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("raise InputError('a')", "raise InputError('b')"),
        ("raise InputError('a')", "raise InputError(f'{path}: b')"),
        ("raise InputError(f'{path.name}: a')", "raise InputError(f'a {path!r:>9} in {clip.subject}')"),
        ("raise InputError(f'{x}' + ('a' if many else 'b'))", "raise InputError('c')"),
        ("raise InputError('a %s' % x)", "raise InputError('{} b'.format(x))"),
        ("raise InputError(f'a {len(x)}')", "raise InputError(f'{len(x)} b')"),
        ("raise InputError(', '.join(names))", "raise InputError('; '.join(names))"),
        ("raise argparse.ArgumentTypeError('a')", "raise argparse.ArgumentTypeError('b')"),
        ("raise KeyError('a') from None", "raise KeyError('b') from None"),
        ("logging.info('%d clips', n)", "logging.warning('clips: %d of %d', n, all_of_them)"),
        ("if x:\n    logging.info('a')", "if x:\n    logging.info('b')"),
        ("log = logging.getLogger('x')\nlog.info('a')", "log = logging.getLogger('x')\nlog.info('b')"),
        ("warnings.warn('a', UserWarning)", "warnings.warn(f'b {x}', UserWarning)"),
        ("parser.add_argument('--a', help='a')", "parser.add_argument('--a', help='b', metavar='A')"),
        ("add = parser.add_argument\nadd('a', help='a')", "add = parser.add_argument\nadd('a')"),
        ("argparse.ArgumentParser(description='a')", "argparse.ArgumentParser(description='b', epilog='c')"),
        ("clips.read(x)", "\n\nclips.read( x )  # why"),
        ("def f():\n    'words'\n    return 1", "def f():\n    return 1"),
    ],
)
def test_words_do_not_count(one, other):
    assert tree(HEAD + one) == tree(HEAD + other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("raise InputError('a')", "raise ValueError('a')"),
        ("raise InputError('a')", "pass"),
        ("raise InputError('a')", "raise InputError"),
        ("raise InputError('a')", "raise"),
        ("raise InputError('a') from None", "raise InputError('a') from error"),
        ("raise OSError(2, 'a')", "raise OSError(3, 'a')"),
        ("raise StopIteration(x)", "raise StopIteration(y)"),
        ("raise InputError(f'{len(x)}')", "raise InputError(f'{len(y)}')"),
        ("raise InputError(f'{(n := 1)}')", "raise InputError(f'{(n := 2)}')"),
        ("raise InputError(f'{files.pop()}')", "raise InputError('none')"),
        ("raise InputError('a' if drop(1) else 'b')", "raise InputError('a' if drop(2) else 'b')"),
        ("raise InputError(said(path, 'a'))", "raise InputError(said(path, 'b'))"),
        ("raise made('a')", "raise made('b')"),
        ("error = InputError('a')", "error = InputError('b')"),
        ("print('a')", "print('b')"),
        ("logging.info('%d', files.pop())", "logging.info('none')"),
        ("logging.basicConfig(format='a')", "logging.basicConfig(format='b')"),
        ("x = logging.info('a')", "x = 'a'"),
        ("logging = mine\nlogging.info('a')", "logging = mine\nlogging.info('b')"),
        ("def f(logging):\n    logging.info('a')", "def f(logging):\n    logging.info('b')"),
        ("journal.info('a')", "journal.info('b')"),
        ("warnings.warn('a', UserWarning)", "warnings.warn('a', FutureWarning)"),
        ("parser.add_argument('--a', default='a')", "parser.add_argument('--a', default='b')"),
        ("parser.add_argument('--a', help='a', default=1)", "parser.add_argument('--a', help='a', default=2)"),
        ("add = parser.add_help\nadd('a', help='a')", "add = parser.add_help\nadd('a', help='b')"),
        ("Field(description='a')", "Field(description='b')"),
        ("x = f'{a}b'", "x = f'{a}c'"),
        ("x = 'a'", "x = 'b'"),
        ("clips.read(x)", "clips.write(x)"),
        ("clips.read(x)", "from rrrn import views as clips\nclips.read(x)"),
        ("clips = mine\nclips.read(x)", "clips.read(x)"),
        ("def f():\n    from rrrn import a\n    a()", "def f():\n    from rrrn import b as a\n    a()"),
        ("try:\n    from rrrn.a import x\nexcept E:\n    pass", "try:\n    from rrrn.b import x\nexcept E:\n    pass"),
        ("from rrrn import *", "pass"),
        ("import numpy as np", "import cupy as np"),
        ("load('rrrn.stages.flow')", "load('rrrn.stages.train')"),
    ],
)
def test_what_computes_counts(one, other):
    assert tree(HEAD + one) != tree(HEAD + other)


def test_what_is_imported_from_elsewhere():
    read = syntax.read(b"import a.b\nfrom . import c\nfrom .d import e\nfrom f import g\nfrom rrrn import clips\n")
    assert read.imported == (".c", ".d", ".d.e", "a.b", "f", "f.g")
    assert read.outside == ("a", "f")


def test_no_module_compares_what_another_one_says():
    """Words of errors decide nothing, but for those of HDF5, the CSV reader, Snakemake and GPUs, which are not ours."""
    found = set()
    for path in (sources.HOME / "rrrn").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Compare) and re.search(r"\bstr\((error|exception|exc|e)\)", ast.unparse(node)):
                found.add(path.name)
    assert found == {"store.py", "clips.py", "probe_workflow.py", "full_gpu.py"}


@cache
def source(module: str) -> str:
    return (sources.HOME / "rrrn" / module).read_text()


def is_spoken(node: ast.AST) -> bool:
    """Whether a node holds words: naive, by how such nodes begin."""
    if isinstance(node, ast.keyword):
        return node.arg in ("help", "metavar")
    return isinstance(node, ast.Raise) or (
        isinstance(node, ast.Expr) and re.match(r"logging\.(info|warning|error|exception)\(|['\"]", ast.unparse(node))
    )


def found(node: ast.AST, kind: type, spoken: bool, within: bool = False) -> list[ast.AST]:
    """The nodes of a kind outside of words, or inside of them."""
    within = within or is_spoken(node)
    own = [node] if isinstance(node, kind) and within == spoken else []
    return own + [one for child in ast.iter_child_nodes(node) for one in found(child, kind, spoken, within)]


def mutate(node: ast.AST) -> None:
    """Change a number, a truth value, an operator or a comparison in place."""
    match node:
        case ast.Constant(value=bool()):
            node.value = not node.value
        case ast.Constant():
            node.value += 1
        case ast.BinOp():
            node.op = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        case ast.BoolOp():
            node.op = ast.And() if isinstance(node.op, ast.Or) else ast.Or()
        case ast.UnaryOp():
            node.op = ast.UAdd() if isinstance(node.op, ast.USub) else ast.USub()
        case ast.Compare():
            node.ops[0] = ast.Lt() if isinstance(node.ops[0], ast.LtE) else ast.LtE()


def places(parsed: ast.Module) -> list[ast.AST]:
    nodes = found(parsed, (ast.Constant, ast.BinOp, ast.BoolOp, ast.UnaryOp, ast.Compare), spoken=False)
    return [one for one in nodes if not isinstance(one, ast.Constant) or isinstance(one.value, int | float)]


@settings(max_examples=150)
@given(st.sampled_from(MODULES), st.data())
def test_every_number_and_operator_counts(module, data):
    parsed = ast.parse(source(module))
    mutate(data.draw(st.sampled_from(places(parsed))))
    assert tree(ast.unparse(parsed)) != tree(source(module))


def makes_a_text(call: ast.Call) -> bool:
    """Whether a call within a message is of a function, whose own texts count."""
    name = ast.unparse(call.func)
    joins = name.endswith(".join") and not any(isinstance(part, ast.JoinedStr) for part in ast.walk(call.args[0]))
    return not (name.split(".")[-1][0].isupper() or name.startswith("logging.") or joins)


@settings(max_examples=100)
@given(st.sampled_from(MODULES), st.data(), st.text("abc %{}", max_size=5))
def test_no_word_counts(module, data, more):
    parsed = ast.parse(source(module))
    calls = [call for call in found(parsed, ast.Call, spoken=True) if makes_a_text(call)]
    kept = {id(part) for call in calls for argument in call.args for part in ast.walk(argument)}
    formats = [one.format_spec for one in ast.walk(parsed) if isinstance(one, ast.FormattedValue) and one.format_spec]
    kept |= {id(part) for one in formats for part in ast.walk(one)}  # in which a brace is no text
    words = [one for one in found(parsed, ast.Constant, spoken=True) if isinstance(one.value, str)]
    texts = [one for one in words if id(one) not in kept]
    if texts:
        data.draw(st.sampled_from(texts)).value += more
    assert tree(ast.unparse(parsed)) == tree(source(module))
