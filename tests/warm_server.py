"""The process that has imported the libraries, and forks for each module that it is asked to run.

PyTorch is in a second one, for the few modules that need it: to fork a process of that size takes 40 ms more.
Nothing of this package is imported before a fork.
"""

import atexit
import gc
import importlib
import marshal
import os
import runpy
import select
import signal
import socket
import sys
import threading
import traceback
from contextlib import suppress
from pathlib import Path

PRELOADED = ("pandas", "scipy.stats", "cv2", "h5py", "hdf5plugin", "jsonschema")
PRELOADED += ("snakemake.cli", "snakemake_executor_plugin_slurm", "docutils.core", "jinja2")
PRELOADED += ("pulp", "requests", "smart_open", "sqlmodel", "yte")  # which Snakemake imports when it runs


def _serve(light: str, heavy: str, program: str) -> None:
    doors = []
    for address in (light, heavy):
        doors.append(socket.socket(socket.AF_UNIX))
        doors[-1].bind(address)
        doors[-1].listen(64)
    os.write(1, b"\n")
    if sys.stdin in select.select([*doors, sys.stdin], [], [])[0]:
        return  # nobody has asked
    for name in PRELOADED:
        importlib.import_module(name)
    if os.fork():
        doors[1].close()
        _answer(doors[0], program)
    elif doors[1] in select.select([doors[1], sys.stdin], [], [])[0]:
        doors[0].close()
        importlib.import_module("torch")  # not before it is needed
        _answer(doors[1], program)


def _answer(door: socket.socket, program: str) -> None:
    gc.freeze()  # forks need not look through what is shared
    asked: dict[int, tuple[int, socket.socket]] = {}  # by what tells that it ended: a process, and who waits for it
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
                told = reader.read(int.from_bytes(length, "big"))
            if len(told) < 8 or len(told) < int.from_bytes(length, "big"):  # who asked is gone
                for file in files:
                    os.close(file)
                line.close()
                continue
            if not (process := os.fork()):
                for other in (door, line, *(line for _, line in asked.values())):
                    other.close()
                for ended in asked:
                    os.close(ended)
                _become(*marshal.loads(told), files, program)
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
    if any(Path(place, "sitecustomize.py").exists() for place in sys.path):
        sys.orig_argv = [program, "-m", *words]
        sys.modules.pop("sitecustomize", None)
        try:  # as Python does when it starts
            importlib.import_module("sitecustomize")
        except Exception:
            traceback.print_exc()
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
    _serve(*sys.argv[1:])
