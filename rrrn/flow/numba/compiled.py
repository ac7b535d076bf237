"""Where machine code is kept between runs, so that only the first one compiles."""

import contextlib
import fcntl
import hashlib
import logging
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numba
from numba.core.registry import cpu_target

from rrrn.provenance import sources

_COMPILED = "rrrn.flow.numba.level"  # which imports all that is compiled
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
_PATIENCE = 120.0  # seconds that another process may compile: more than ever seen, and it may have been halted
_PAUSE = 0.1  # seconds


def machine_code(python: Callable[..., None], signature: Any, **options: Any) -> Callable[..., None]:
    """Return a function as numba compiles it, or as it was kept on the disk by the first process that needed it.

    ``options`` are those of ``numba.njit``. Files that are damaged are made anew. Where none can be kept, a warning
    says so, and every process compiles.
    """
    compiled = numba.njit(**options)(python)
    place = directory()
    if place is None:
        logging.warning("TV-L1 is compiled in every process: no folder for its code; set NUMBA_CACHE_DIR to one")
    else:
        cpu_target.target_context.refresh()  # half a second, for which no other process need wait
        with _alone(place), _numba_keeps_in(place):
            _load_or_compile(compiled, signature)
    if not compiled.signatures:
        compiled = numba.njit(**options)(python)
        compiled.compile(signature)
    compiled.disable_compile()
    result: Callable[..., None] = compiled
    return result


def directory() -> Path | None:
    """Return a directory that this user alone can write, of this processor and these sources alone; None if none can.

    It lies in NUMBA_CACHE_DIR, if that is set, else in the user's cache, else in the directory for temporary files.
    numba looks at one source file only, and lets processors that share a directory overwrite each other's code.
    """
    name = f"tvl1-{_fingerprint()}"
    for parent in _candidates():
        path = parent / name
        with contextlib.suppress(OSError):
            parent.mkdir(parents=True, exist_ok=True)
            path.mkdir(mode=0o700, exist_ok=True)
            with tempfile.TemporaryFile(dir=path):
                if _is_own(path):
                    return path
    return None


def _candidates() -> Iterator[Path]:
    if os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(os.environ["NUMBA_CACHE_DIR"])
    with contextlib.suppress(RuntimeError):  # no home
        yield Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rrrn"
    with contextlib.suppress(OSError):
        shared = Path(tempfile.gettempdir()) / f"rrrn-{os.getuid()}"
        shared.mkdir(mode=0o700, exist_ok=True)
        if _is_own(shared):
            yield shared


def _is_own(path: Path) -> bool:
    """Return whether nobody else can have put code there: what is loaded is unpickled and run."""
    found = path.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & _OTHERS_MAY_WRITE


def _fingerprint() -> str:
    parts = numba.__version__, cpu_target.target_context.codegen().magic_tuple(), sources.digest(_COMPILED)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


@contextlib.contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Let one process at a time into the block, so that the first compiles and the others load what it kept.

    The system releases the lock of a process that ends, however it ends. Where there are no locks, all enter.
    """
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            file = stack.enter_context((place / "lock").open("ab"))
            end = time.monotonic() + _PATIENCE
            while not _locked(file.fileno()) and time.monotonic() < end:
                time.sleep(_PAUSE)
        yield


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def _numba_keeps_in(place: Path) -> Iterator[None]:
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(place)
    try:
        yield
    finally:
        numba.config.CACHE_DIR = before


def _load_or_compile(compiled: Any, signature: Any) -> None:
    """Load a function of numba or compile and keep it; of one that cannot be kept, what is compiled stays in memory."""
    try:
        compiled.enable_caching()
        compiled.compile(signature)
    except OSError as error:
        _warn(error)
    except Exception:  # whatever unpickling and linking of damaged files raises; a fault of the sources comes up again
        try:
            _discard(compiled)
            compiled.compile(signature)
        except OSError as error:
            _warn(error)


def _discard(compiled: Any) -> None:
    """Remove what is kept of a function, under any of its signatures."""
    code = compiled.py_func.__code__
    for path in Path(compiled.stats.cache_path).glob(f"{Path(code.co_filename).stem}.{code.co_qualname}-*.nb[ci]"):
        path.unlink(missing_ok=True)


def _warn(error: OSError) -> None:
    logging.warning("TV-L1 is compiled in every process: its code cannot be kept (%s)", error)
