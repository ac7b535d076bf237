"""Modules that the tests start in forks do what they do in processes of their own."""

import os
import select
import signal
import subprocess
import sys

import pytest
import warm_python
from scaffold import HANGS, HOME

STAGE = """
import os, sys, time
print(__name__, sys.argv[1:], os.getcwd(), sys.stdin.read(), flush=True)
if sys.argv[1] == "exit":
    sys.exit(7)
print(os.getpid(), flush=True)
time.sleep(24 * 3600)
"""


def words(python: object, *more: str) -> list[str]:
    return [str(python), "-m", "rrrn.stages.waits", *more]


@pytest.fixture
def told(tmp_path) -> dict[str, object]:
    """How to start a stage of a package that has this one alone."""
    for folder in ("rrrn", "rrrn/stages"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").touch()
    (tmp_path / "rrrn/stages/waits.py").write_text(STAGE)
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "PYTHONSAFEPATH": "1"}
    return {"cwd": tmp_path, "env": environment, "text": True}


def test_what_is_said_and_how_it_ends_are_those_of_python(told):
    run = {"input": "asked", "capture_output": True, **told}
    own, warm = (subprocess.run(words(python, "exit", "é"), **run) for python in (sys.executable, warm_python.python()))
    assert (own.stdout, own.stderr, own.returncode) == (warm.stdout, warm.stderr, warm.returncode)
    assert own.returncode == 7 and "asked" in own.stdout and "é" in own.stdout


@pytest.mark.parametrize(
    "arguments", [["-m", "rrrn.stages.score", "--nothing"], ["-c", "import sys; print(sys.flags)"]]
)
def test_mistakes_and_other_programs_are_those_of_python(arguments):
    told = {"env": os.environ | {"PYTHONPATH": str(HOME)}, "capture_output": True, "text": True}
    own, warm = (subprocess.run([python, *arguments], **told) for python in (sys.executable, warm_python.python()))
    assert (own.stdout, own.stderr, own.returncode) == (warm.stdout, warm.stderr, warm.returncode)


@pytest.mark.parametrize("safe", [[], ["-P"]])
@pytest.mark.parametrize("path", [None, "", "here:there"])
def test_modules_are_looked_for_where_python_looks(told, safe, path):
    told["env"] = {name: value for name, value in told["env"].items() if name not in ("PYTHONSAFEPATH", "PYTHONPATH")}
    if path is not None:
        told["env"]["PYTHONPATH"] = path
    (told["cwd"] / "rrrn/stages/waits.py").write_text("import sys; print(sys.path[:4], sys.modules['rrrn'].__file__)")
    said = [
        subprocess.run([str(python), *safe, "-m", "rrrn.stages.waits"], capture_output=True, **told)
        for python in (sys.executable, warm_python.python())
    ]
    own, warm = said
    assert own.returncode == warm.returncode == (1 if safe else 0)
    assert own.stdout == warm.stdout and ("No module named" in warm.stderr) == bool(safe)


@pytest.mark.parametrize(
    "end", ["sys.exit(-1)", "sys.exit(300)", "sys.exit('words')", "1 / 0", "os.kill(os.getpid(), 2); time.sleep(9)"]
)
def test_each_end_is_that_of_python(told, end):
    (told["cwd"] / "rrrn/stages/waits.py").write_text(
        f"import os, signal, sys, time\nsignal.signal(2, signal.default_int_handler)\n{end}\n"
    )
    own, warm = (
        subprocess.run(words(python), capture_output=True, **told) for python in (sys.executable, warm_python.python())
    )
    assert own.returncode == warm.returncode != 0
    assert own.stderr.splitlines()[-1:] == warm.stderr.splitlines()[-1:]


def test_what_is_read_at_the_start_only_is_heeded(told):
    (told["cwd"] / "rrrn/stages/waits.py").write_text("print(hash('a'))")
    told["env"]["PYTHONHASHSEED"] = "7"
    own, warm = (
        subprocess.run(words(python), capture_output=True, **told) for python in (sys.executable, warm_python.python())
    )
    assert own.stdout == warm.stdout != ""


def test_snakemake_is_the_same():
    own, warm = (
        subprocess.run([python, "-m", "snakemake", "--version"], capture_output=True, text=True)
        for python in (sys.executable, warm_python.python())
    )
    assert (own.stdout, own.returncode) == (warm.stdout, warm.returncode) and own.stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR2, signal.SIGKILL])
def test_a_stage_ends_with_who_asked_for_it(told, number):
    asked = subprocess.Popen(
        words(warm_python.python(), "wait"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, **told
    )
    assert asked.stdout
    asked.stdout.readline()
    stage = os.pidfd_open(int(asked.stdout.readline()))
    asked.send_signal(number)
    assert asked.wait(HANGS) == -number
    assert select.select([stage], [], [], HANGS)[0]
    os.close(stage)
