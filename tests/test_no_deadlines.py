"""No test holds a deadline, which a busy machine could miss: what ends a wait is what is waited for, or its process."""

import ast
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.slurm.toy import Run

HERE = Path(__file__).parent
TESTS = sorted([*HERE.rglob("*.py"), *HERE.with_name("benchmarks").glob("faults/*.py")])
CLOCKS = {"time", "monotonic", "perf_counter", "process_time", "thread_time", "now"}


def limits(tree: ast.AST) -> Iterator[str]:
    """Numbers of seconds that a process is given, and comparisons with a clock."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            given = [word.value for word in node.keywords if word.arg == "timeout"]
            if isinstance(node.func, ast.Attribute) and node.func.attr == "wait":
                given += node.args
            yield from (f"{node.lineno}: {ast.unparse(one)} s" for one in given if isinstance(one, ast.Constant))
        if isinstance(node, ast.Compare):
            called = [one.func for one in ast.walk(node) if isinstance(one, ast.Call)]
            named = {func.attr for func in called if isinstance(func, ast.Attribute)}
            yield from (f"{node.lineno}: {clock}()" for clock in sorted(named & CLOCKS))


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_no_test_holds_a_deadline(path):
    assert not list(limits(ast.parse(path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("run(x, timeout=600)", ["1: 600 s"]), ("job.wait(600)", ["1: 600 s"]), ("job.wait(HANGS)", []),
        ("job.wait()", []),
        ("assert time.monotonic() < end", ["1: monotonic()"]), ("assert end - time.time() > 0", ["1: time()"]),
        ("took = time.perf_counter()", []),
    ],
)  # fmt: skip
def test_deadlines_are_found(source, expected):
    assert list(limits(ast.parse(source))) == expected


def test_a_run_on_slurm_is_looked_at_until_it_shows_or_ends(tmp_path, monkeypatch):
    """However late it is: the clock goes on by a day per look here."""
    days = iter(range(0, 10**9, 24 * 3600))
    monkeypatch.setattr(time, "monotonic", lambda: next(days))
    monkeypatch.setattr(time, "sleep", lambda _: None)
    run = object.__new__(Run)
    run.output = tmp_path / "output.txt"
    run.output.write_text("what it said")
    run.process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    looks = iter([0, 0, 0, 7])
    assert run.until(lambda: next(looks)) == 7
    run.process.communicate(b"\n")
    with pytest.raises(AssertionError, match="what it said"):
        run.until(lambda: 0)
