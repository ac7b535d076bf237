"""Where machine code is kept between runs, so that only the first one compiles."""

import contextlib
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numba
from numba.core.registry import cpu_target

from rrrn import provenance

_COMPILED = "rrrn.tvl1.level"  # which imports all that is compiled


@contextlib.contextmanager
def kept() -> Iterator[Path]:
    """Let numba keep what is compiled within the block in ``directory()``, which is yielded."""
    chosen = directory()
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(chosen)
    try:
        yield chosen
    finally:
        numba.config.CACHE_DIR = before


def directory() -> Path:
    """Return a directory that can be written, of this processor and these sources alone.

    It lies in NUMBA_CACHE_DIR, if that is set, else in the user's cache, else in the directory for temporary files.
    numba looks at one source file only, and lets processors that share a directory overwrite each other's code.
    """
    name = f"tvl1-{_fingerprint()}"
    for parent in _candidates():
        path = parent / name
        with contextlib.suppress(OSError):
            path.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=path):
                return path
    return Path(tempfile.mkdtemp(prefix="rrrn-"))


def _candidates() -> Iterator[Path]:
    if os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(os.environ["NUMBA_CACHE_DIR"])
    with contextlib.suppress(RuntimeError):  # no home
        yield Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rrrn"
    shared = Path(tempfile.gettempdir()) / f"rrrn-{os.getuid()}"
    with contextlib.suppress(OSError):
        shared.mkdir(mode=0o700, exist_ok=True)
        found = shared.lstat()
        # cached code is executed: take none that another user may have put there
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022:
            yield shared


def _fingerprint() -> str:
    parts = numba.__version__, cpu_target.target_context.codegen().magic_tuple(), provenance.digest(_COMPILED)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
