"""Starts of Python that need not import their libraries: one process has done so, and forks for each.

Half of what a job of the toy takes is the import of PyTorch or pandas, and three quarters of a dry run that of
Snakemake; the tests make a thousand starts. A program in the place of ``python`` hands over what it was told, its
directory, variables and open files; the fork runs the module as ``python -m NAME`` does, with the package of that
directory. It lives no longer than who asked for it. Nothing of this package is imported before.

A fork has the limits, the mask of files, the niceness, the group and the seed of hashes of the process that it is one
of, and ends without freeing its objects. So who tests these, or that two runs end in equal bytes, starts one of them
as a process of its own.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from contextlib import suppress
from functools import cache
from pathlib import Path

PACKAGES = ("rrrn", "snakemake")  # whose modules are run in forks
PRELOADED = ("torch", "pandas", "scipy.stats", "cv2", "h5py", "hdf5plugin", "jsonschema")
PRELOADED += ("snakemake.cli", "snakemake_executor_plugin_slurm", "docutils.core", "jinja2")
PRELOADED += ("pulp", "requests", "smart_open", "sqlmodel", "yte")  # which Snakemake imports when it runs
# which Snakemake sets for each job, and these libraries read when they are imported
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
# which an interpreter reads when it starts, and nobody afterwards
OWN = ("PYTHONHASHSEED", "PYTHONUTF8", "PYTHONIOENCODING", "PYTHONWARNINGS")
LOCALE = ("LC_ALL", "LC_CTYPE", "LANG")


@cache
def python() -> Path:
    """Return a program that does as this Python, and runs modules in forks."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    program, address = folder / "python", folder / "socket"
    words = shlex.join([sys.executable, "-IS", __file__, sys.executable, str(address), _locale()])
    program.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
    program.chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    server = subprocess.Popen(
        [sys.executable, "-P", __file__, str(address), str(program)],
        env=environment | THREADS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert server.stdout
    server.stdout.readline()  # it listens
    atexit.register(server.communicate)  # closes its input, and waits
    return program


def _locale() -> str:
    return " ".join(os.environ.get(name, "") for name in LOCALE)


def _ask(python: str, address: str, locale: str, words: list[str]) -> int:
    """Have a module of one thread run, and end as it did; anything else is for Python itself."""
    told = words[1:] if words[:1] == ["-P"] else words
    ours = told[:1] == ["-m"] and told[1].split(".")[0] in PACKAGES
    threads = any(os.environ.get(name, number) != number for name, number in THREADS.items())
    if not ours or threads or locale != _locale() or any(name in os.environ for name in OWN):
        os.execv(python, [python, *words])
    safe = told is not words or bool(os.environ.get("PYTHONSAFEPATH"))
    asked = json.dumps([told[1:], str(Path.cwd()), safe, dict(os.environ)]).encode()
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(address)
        socket.send_fds(line, [len(asked).to_bytes(8, "big")], [0, 1, 2])
        line.sendall(asked)
        answers = line.makefile()
        process = int(answers.readline())
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
            signal.signal(number, lambda number, _: os.kill(process, number))
        status = int(answers.readline())
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    return status


def _serve(address: str, program: str) -> None:
    for name in PRELOADED:
        importlib.import_module(name)
    gc.freeze()  # forks need not look through what is shared
    asked: dict[int, tuple[int, socket.socket]] = {}  # by what tells that it ended: a process, and who waits for it
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(address)
        door.listen(64)
        os.write(1, b"\n")
        while True:
            ready = select.select([door, sys.stdin, *asked, *(line for _, line in asked.values())], [], [])[0]
            for ended, (process, line) in list(asked.items()):
                if ended in ready:
                    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
                    with suppress(OSError):  # who asked is gone
                        line.sendall(f"{status}\n".encode())
                    os.close(ended)
                    asked.pop(ended)[1].close()
                elif line in ready:  # who asked is gone
                    os.kill(process, signal.SIGKILL)
            if sys.stdin in ready:
                return
            if door in ready:
                line, _ = door.accept()
                length, files, _, _ = socket.recv_fds(line, 8, 3)
                with line.makefile("rb") as reader:
                    told = json.loads(reader.read(int.from_bytes(length, "big")) or "null")
                if not told:  # who asked is gone
                    line.close()
                    continue
                if not (process := os.fork()):
                    for other in (door, line, *(line for _, line in asked.values())):
                        other.close()
                    _become(*told, files, program)
                for file in files:
                    os.close(file)
                with suppress(OSError):
                    line.sendall(f"{process}\n".encode())
                asked[os.pidfd_open(process)] = process, line


def _become(
    words: list[str], folder: str, safe: bool, environment: dict[str, str], files: list[int], program: str
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    importlib.import_module("snakemake.workflow").Workflow._rundir = folder  # it notes it when it is imported
    sys.executable = program  # in whose folder the jobs look for theirs
    if named := environment.get("PYTHONPATH"):
        sys.path[:0] = map(os.path.abspath, named.split(os.pathsep))
    if not safe:
        sys.path.insert(0, folder)
    sys.dont_write_bytecode = bool(environment.get("PYTHONDONTWRITEBYTECODE"))
    sys.argv = words
    importlib.import_module("numpy").random.seed()  # of the draws that no seed is given for
    status, interrupted = 0, False
    try:
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        status = end.code & 0xFF if isinstance(end.code, int) else int(end.code is not None)
        if not isinstance(end.code, int | None):
            print(end.code, file=sys.stderr)
    except BaseException as error:
        traceback.print_exc()
        status = 1
        interrupted = isinstance(error, KeyboardInterrupt)
    _end(status, interrupted)


def _end(status: int, interrupted: bool) -> None:
    """End as an interpreter does, but for freeing each object: that would copy all that is shared."""
    try:
        threading._shutdown()  # waits for threads
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # nobody reads
        status = 120
    finally:
        if interrupted:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGINT)
        os._exit(status)


if __name__ == "__main__":
    if sys.argv[1].endswith("/socket"):
        _serve(*sys.argv[1:])
    else:
        sys.exit(_ask(*sys.argv[1:4], sys.argv[4:]))
