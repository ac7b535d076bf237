"""Starts of Python that need not import their libraries: one process has done so, and forks for each.

Half of what a job of the toy takes is the import of PyTorch or pandas, and three quarters of a dry run that of
Snakemake; the tests make a thousand starts. A program in the place of ``python`` (warm_start.py) hands over what it was
told, its directory, variables and open files to a process that the tests share (warm_server.py), whose fork runs the
module as ``python -m NAME`` does, with the package of that directory. It lives no longer than who asked for it.

A fork has the limits, the mask of files, the niceness, the group and the seed of hashes of the process that it is one
of, and ends without freeing its objects. So who tests these, or that two runs end in equal bytes, starts one of them
as a process of its own.
"""

import atexit
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import warm_start

_SHARED = "RRRN_TESTS_PYTHON"


def share() -> None:
    """Let processes that this one starts have the same program."""
    os.environ[_SHARED] = str(python())


@cache
def python() -> Path:
    """Return a program that does as this Python, and runs modules in forks."""
    if _SHARED in os.environ:
        return Path(os.environ[_SHARED])
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    program, address = folder / "python", folder / "socket"
    client, answers = (str(Path(__file__).with_name(f"warm_{name}.py")) for name in ("start", "server"))
    words = shlex.join([sys.executable, "-IS", client, sys.executable, str(address), warm_start.locale()])
    program.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
    program.chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    server = subprocess.Popen(
        [sys.executable, "-P", answers, str(address), f"{address}{warm_start.HEAVY}", str(program)],
        env=environment | dict.fromkeys(warm_start.THREADS, "1"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert server.stdout
    server.stdout.readline()  # it listens
    atexit.register(server.communicate)  # closes its input, and waits
    return program
