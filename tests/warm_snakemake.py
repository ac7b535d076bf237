"""Starts of Snakemake that need not import it: one process has done so, and forks for each.

Three quarters of what a dry run of the toy takes are these imports, and the tests make more than a hundred starts. The
fork runs the module as ``python -m snakemake`` does, in its own directory and with its own environment. All forks share
modules of third parties, and an interpreter that was started without variables; nothing of this package is imported
before.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

# Snakemake, and what it and the workflow import when they run
PRELOADED = ("snakemake.cli", "snakemake_executor_plugin_slurm", "docutils.core", "jinja2", "jsonschema", "pandas")
PRELOADED += ("pulp", "requests", "smart_open", "sqlmodel", "yte")


def run(
    arguments: list[str], root: Path, environment: dict[str, str], python: Path
) -> subprocess.CompletedProcess[str]:
    """Run Snakemake in a directory to its end, with a program that stands for Python in its jobs."""
    starter = _starter()
    assert starter.stdin and starter.stdout
    with tempfile.TemporaryDirectory() as folder:
        paths = [f"{folder}/stdout", f"{folder}/stderr"]
        starter.stdin.write(json.dumps([arguments, str(root), environment, paths, str(python)]) + "\n")
        starter.stdin.flush()
        status = int(starter.stdout.readline())
        return subprocess.CompletedProcess(arguments, status, *(Path(path).read_text() for path in paths))


@cache
def _starter() -> subprocess.Popen[str]:
    """Return this process's own; it ends when its input does."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    process = subprocess.Popen(
        [sys.executable, "-P", __file__], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    atexit.register(process.communicate)  # closes its input, and waits
    return process


def _serve() -> None:
    for name in PRELOADED:
        importlib.import_module(name)
    gc.freeze()  # forks need not look through what is shared
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _become(*json.loads(line))
            return
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _become(arguments: list[str], root: str, environment: dict[str, str], outputs: list[str], python: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(root)
    for number, path in enumerate([os.devnull, *outputs]):
        file = os.open(path, os.O_RDWR | os.O_CREAT)
        os.dup2(file, number)
        os.close(file)
    workflow = importlib.import_module("snakemake.workflow").Workflow
    assert Path(workflow._rundir).is_dir()
    workflow._rundir = root  # which Snakemake notes when it is imported
    sys.executable = python  # in whose folder the jobs look for theirs
    if "PYTHONSAFEPATH" not in environment:
        sys.path.insert(0, root)
    sys.argv = ["snakemake", *arguments]
    runpy.run_module("snakemake", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _serve()
