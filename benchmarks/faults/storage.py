"""File systems: full, read only, with clocks of their own."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from benchmarks.faults.toy import LAST_JOBS, Outcome, Toy, errors, expect

# 4.4 MB
GROWING = ("results/occluded/mask", "results/flow/mask", "results/pack/mask.h5")
YEAR = 365 * 86400
SKIPPED = "skipped: needs root, to mount a file system"


def drills(toy: Toy, moments: int, rng: np.random.Generator) -> dict[str, Callable[[], Outcome]]:
    """Return the drills of this family by name; the disk is full at ``moments`` // 4 places."""
    places = max(1, moments // 4)
    return {
        "full": lambda: full(toy, places, rng),
        "read-only": lambda: read_only(toy),
        "clocks": lambda: skewed(toy, places, rng),
    }


def full(toy: Toy, places: int, rng: np.random.Generator) -> Outcome:
    """Let the results outgrow a small file system, at different files."""
    fault = "the disk of the results is full"
    if os.geteuid():
        return Outcome(fault, 0, SKIPPED, "", "")
    for _ in range(places):
        toy.restore(*GROWING, *LAST_JOBS)
        with mounted(toy, int(rng.integers(0, 4_400_000))):
            done = toy.run()
            said = errors(done.stdout)
            expect(done.returncode != 0 and bool(said), f"no message: {done.stdout}")
            named = all(line.startswith("results") and "No space left" in line and "make room" in line for line in said)
            expect(named, f"not named: {said}")
            partial = [path.name for path in toy.root.rglob("*.partial")]
            expect(not partial, f"left behind: {partial}")
            remount(toy, "size=64m")
            toy.check_ends_well()
    happens = "the job that meets it stops and names the file; no part of a file stays"
    return Outcome(fault, places, happens, "makes room, runs again", "identical")


def read_only(toy: Toy) -> Outcome:
    """Take the right to write from the folder of results."""
    fault = "the results are read only"
    if os.geteuid():
        return Outcome(fault, 0, SKIPPED, "", "")
    toy.restore(*LAST_JOBS)
    with mounted(toy, 64_000_000):
        remount(toy, "ro")
        done = toy.run()
        expect(done.returncode != 0, "the run succeeds")
        expect("Read-only file system" in done.stdout and "results" in done.stdout, f"no reason: {done.stdout}")
        remount(toy, "rw")
        toy.check_ends_well()
    return Outcome(fault, 1, "the run stops and names a file", "makes it writable, runs again", "identical")


def skewed(toy: Toy, places: int, rng: np.random.Generator) -> Outcome:
    """Give a third of all artifacts times of other clocks; run until there is nothing to do."""
    runs, stopped = [], 0
    for _ in range(places):
        toy.restore()
        for name in toy.artifacts:
            if rng.random() < 1 / 3:
                path = toy.root / name
                moment = path.stat().st_mtime + float(rng.choice([-20 * YEAR, -3600, 3600, YEAR]))
                os.utime(path, (moment, moment))
        done, count = toy.run(), 1
        while "Nothing to be done" not in done.stdout:
            if done.returncode:
                expect("clock skew" in done.stdout, f"stops for another reason: {done.stdout}")
                stopped += 1
                set_clocks(toy)
            expect(count < 5, f"there is always something to do: {done.stdout}")
            done, count = toy.run(), count + 1
        toy.check_whole()
        runs.append(count - 1)
    happens = (
        "what is older than its inputs is made again; a job with inputs in the future stops and names one "
        f"({stopped} times); nothing is left to do after {max(runs)} runs at most"
    )
    remedy = "sets the clocks, touches the files in the future, runs again"
    return Outcome("a third of all files an hour to 20 years off", places, happens, remedy, "identical")


def set_clocks(toy: Toy) -> None:
    """Touch what is in the future."""
    now = time.time()
    for path in toy.root.rglob("*"):
        if path.stat().st_mtime > now:
            os.utime(path)


@contextmanager
def mounted(toy: Toy, room: int) -> Iterator[None]:
    """Put the results on a file system in memory that has so many bytes of room beyond them."""
    results, aside = toy.root / "results", toy.root / "aside"
    results.rename(aside)
    results.mkdir()
    used = sum(-(-path.stat().st_size // 4096) * 4096 if path.is_file() else 4096 for path in aside.rglob("*"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={used + room}", "faults", str(results)], check=True)
    try:
        shutil.copytree(aside, results, dirs_exist_ok=True)
        shutil.rmtree(aside)
        yield
    finally:
        subprocess.run(["umount", str(results)], check=True)


def remount(toy: Toy, option: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{option}", str(toy.root / "results")], check=True)
