"""The file system that results lie on: HDF5, renaming, clocks, and room."""

import os
import secrets
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from rrrn.doctor.finding import Finding, error, ok, skipped, warning
from rrrn.running import writable

_ROUNDS = 50
_SKEW_WARNING, _SKEW_ERROR = 1.0, 10.0  # seconds
_GRANULARITY = 1_000_000_000  # nanoseconds: as coarse as a job may be short
_ROOM = 1.2
_PROBE = 123_456_789  # nanoseconds after a full second
_MOVE = "run in a directory on another file system (snakemake --directory)"


@dataclass(frozen=True)
class Facts:
    """What was tried in ``folder``, as texts that are empty if it went well, and what was measured.

    ``lost`` counts readers that found no file while another took its place; ``granularity`` is in nanoseconds,
    ``skew`` in seconds, file system minus this machine; ``free_files`` is -1 where that is not counted.
    """

    folder: str
    kind: str
    written: str
    unlocked: str
    locked: str
    renamed: str
    lost: int
    granularity: int
    skew: float
    free_bytes: float
    free_files: int


def collect(folder: Path) -> Facts:
    """Try it all in the nearest folder that exists, in a hidden folder that vanishes again."""
    near = next(path for path in (folder, *folder.absolute().parents) if path.is_dir())
    trial = near / f".rrrn-doctor-{secrets.token_hex(4)}"
    room, counts = shutil.disk_usage(near), os.statvfs(near)
    free_files = counts.f_favail if counts.f_files else -1
    written = unlocked = locked = renamed = ""
    lost, granularity, skew = 0, 1, 0.0
    try:
        trial.mkdir()
        before = time.time()
        written, unlocked, locked = _hdf5(trial / "trial.h5")
        stamp = trial / "stamp"
        before = time.time()
        stamp.write_bytes(b"x")
        seen, after = stamp.stat().st_mtime, time.time()
        skew = min(seen - before, 0.0) if seen < before else max(seen - after, 0.0)
        os.utime(stamp, ns=(_PROBE, 10**18 + _PROBE))
        granularity = _coarse(stamp.stat().st_mtime_ns - 10**18)
        renamed, lost = _rename(trial)
    except OSError as problem:
        written = written or str(problem)
    finally:
        shutil.rmtree(trial, ignore_errors=True)
    return Facts(
        str(near), _kind(near), written, unlocked, locked, renamed, lost, granularity, skew, room.free, free_files
    )


def check(facts: Facts, needed: tuple[float, int] | None) -> list[Finding]:
    """Judge the file system; ``needed`` are the bytes and files that are yet to come, None if that is not known."""
    if facts.written:
        return [
            error(
                "results", f"{facts.folder} cannot be written: {facts.written}", f"correct the permissions, or {_MOVE}"
            )
        ]
    return [hdf5(facts), renaming(facts), clock(facts), room(facts, needed)]


def cache(objection: str) -> Finding:
    """Judge the folder of Snakemake's cache, by why no file can be made there."""
    if objection:
        return error("cache", f"{objection}; without its cache Snakemake does not start", writable.CACHE_REMEDY)
    return ok("cache", f"Snakemake's can be written: {writable.cache()}")


def hdf5(facts: Facts) -> Finding:
    """Judge HDF5 with and without locks."""
    if facts.unlocked:
        return error("HDF5", f"a file cannot be read back on {facts.kind}: {facts.unlocked}", _MOVE)
    if facts.locked:
        return warning(
            "HDF5",
            f"{facts.kind} has no file locks ({facts.locked}); rrrn uses none, your own programs may",
            "export HDF5_USE_FILE_LOCKING=FALSE for them",
        )
    return ok("HDF5", f"written and read on {facts.kind}, with and without locks")


def renaming(facts: Facts) -> Finding:
    """Judge whether a finished file takes the place of an old one at once."""
    if facts.renamed:
        return error("renaming", f"a file cannot take the place of another: {facts.renamed}", _MOVE)
    if facts.lost:
        return error(
            "renaming", f"{facts.lost} times in {_ROUNDS} a reader found no file while a new one took its place", _MOVE
        )
    return ok("renaming", "a new file takes the place of the old one at once")


def clock(facts: Facts) -> Finding:
    """Judge the times of files, by which Snakemake tells what is out of date."""
    said = (
        f"times of files are {abs(facts.skew):.1f} s {'ahead of' if facts.skew > 0 else 'behind'} this machine's clock"
    )
    remedy = "let all machines keep time (chrony, ntp); until then Snakemake may run jobs again, or not at all"
    if abs(facts.skew) >= _SKEW_ERROR:
        return error("clock", said, remedy)
    if abs(facts.skew) >= _SKEW_WARNING:
        return warning("clock", said, remedy)
    if facts.granularity >= _GRANULARITY:
        return warning(
            "clock",
            f"times of files are whole seconds ({facts.kind})",
            "harmless for whole runs; after an edit within the same second run again with -R RULE",
        )
    return ok("clock", f"times of files to {_unit(facts.granularity)}, no skew against this machine")


def room(facts: Facts, needed: tuple[float, int] | None) -> Finding:
    """Judge free space and file numbers against what is yet to come."""
    if needed is None:
        return skipped("room", f"{facts.free_bytes / 1e9:.0f} GB are free; what is needed is not known")
    volume, files = needed
    said = f"{facts.free_bytes / 1e9:.1f} GB are free, what is not made yet takes {volume / 1e9:.1f} GB"
    remedy = "make room, or name another place with snakemake --directory; rrrn plan --left says what is yet to come"
    if facts.free_bytes < volume:
        return error("room", said, remedy)
    if 0 <= facts.free_files < files:
        return error("room", f"{facts.free_files} more files fit, what is not made yet has {files}", remedy)
    if facts.free_bytes < _ROOM * volume:
        return warning("room", said, remedy)
    return ok("room", said)


def _hdf5(path: Path) -> tuple[str, str, str]:
    """Return what fails in writing a file, in reading it without locks, and with."""
    import h5py

    try:
        with h5py.File(path, "w", locking=False) as file:
            file.create_dataset("x", data=[1, 2, 3], chunks=(3,))
    except OSError as problem:
        return str(problem), "", ""
    said = []
    for locking in (False, True):
        try:
            with h5py.File(path, "r", locking=locking) as file:
                said.append("" if file["x"][()].tolist() == [1, 2, 3] else "other numbers than were written")
        except OSError as problem:
            said.append(str(problem))
    return "", said[0], said[1]


def _rename(folder: Path) -> tuple[str, int]:
    target, done, lost = folder / "target", threading.Event(), 0
    target.write_bytes(b"0")

    def look() -> None:
        nonlocal lost
        while not done.is_set():
            try:
                target.read_bytes()
            except OSError:
                lost += 1

    reader = threading.Thread(target=look)
    reader.start()
    try:
        for number in range(_ROUNDS):
            new = folder / "new"
            new.write_bytes(str(number).encode())
            new.replace(target)
        return "" if target.read_bytes() == str(_ROUNDS - 1).encode() else "the old file is still there", lost
    except OSError as problem:
        return str(problem), lost
    finally:
        done.set()
        reader.join()


def _coarse(nanoseconds: int) -> int:
    """Return how coarse times are kept, from what became of ``_PROBE``."""
    return next((unit for unit in (1, 100, 1000, 10**6) if nanoseconds == _PROBE // unit * unit), 10**9)


def _unit(granularity: int) -> str:
    return {1: "a nanosecond", 100: "100 ns", 1000: "a microsecond", 10**6: "a millisecond"}.get(
        granularity, "a second"
    )


def _kind(folder: Path) -> str:
    """Return the type of the file system that a folder lies on."""
    mounts = Path("/proc/mounts")
    if not mounts.is_file():
        return "this file system"
    real, best, kind = str(folder.resolve()), "", "this file system"
    for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
        _, point, name, *_ = line.split()
        if (real == point or real.startswith(point.rstrip("/") + "/")) and len(point) >= len(best):
            best, kind = point, name
    return kind
