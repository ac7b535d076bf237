"""Snakemake killed at random moments, and two Snakemakes at once."""

import os
import signal
import time
from collections.abc import Callable

import numpy as np

from benchmarks.faults.toy import LAST_JOBS, RESUME, Outcome, Toy, errors, expect, until

# to whom each signal goes: Ctrl-C reaches all that the terminal runs, `kill` one process
SENDS = {signal.SIGINT: os.killpg, signal.SIGTERM: os.kill, signal.SIGKILL: os.kill}


def drills(toy: Toy, moments: int, rng: np.random.Generator) -> dict[str, Callable[[], Outcome]]:
    """Return the drills of this family by name; each signal comes at ``moments`` moments of a run."""
    return {
        "SIGINT": lambda: killed(toy, signal.SIGINT, moments, rng),
        "SIGTERM": lambda: killed(toy, signal.SIGTERM, moments, rng),
        "SIGKILL": lambda: killed(toy, signal.SIGKILL, moments, rng),
        "two": lambda: refused(toy),
        "two-nolock": lambda: unlocked(toy, moments, rng),
    }


def killed(
    toy: Toy, number: signal.Signals, moments: int, rng: np.random.Generator, lost: tuple[str, ...] = LAST_JOBS
) -> Outcome:
    """Kill a run and go on as the user would, again and again."""
    whole = duration(toy, lost)
    alive = locked = 0
    for _ in range(moments):
        toy.restore(*lost)
        process = toy.start()
        time.sleep(float(rng.uniform(0, whole)))
        if process.poll() is None:
            alive += 1
            SENDS[number](process.pid, number)
        if number == signal.SIGKILL:
            process.wait()  # its output stays open as long as its jobs run
            locked += any((toy.root / ".snakemake/locks").glob("*"))
            done = toy.finish(toy.start(python=RESUME))
            expect(done.returncode == 0, f"rrrn resume does not succeed: {done.stdout}")
            toy.check_whole()
        else:
            toy.finish(process)
            left = [path.name for path in (*toy.root.rglob("*.partial"), *toy.root.glob(".snakemake/locks/*"))]
            expect(not left, f"left behind: {left}")
            toy.check_ends_well("--rerun-incomplete")  # a file that was whole in that moment may be marked
    happens, remedy = "it ends its jobs, or lets them end, and unlocks", "runs it again, `--rerun-incomplete`"
    if number == signal.SIGKILL:
        happens, remedy = f"its jobs run on, the directory stays locked ({locked} times)", "`rrrn resume`"
    if alive < moments:
        happens += f"; {moments - alive} of the runs had ended before"
    return Outcome(f"Snakemake killed with {number.name}{toy.under}", moments, happens, remedy, "identical")


def refused(toy: Toy) -> Outcome:
    """Start a second Snakemake while the first runs."""
    toy.restore(*LAST_JOBS)
    first = toy.start()
    until(lambda: any((toy.root / ".snakemake/locks").glob("*")), first)
    second = toy.run()
    expect(second.returncode != 0 and "Directory cannot be locked" in second.stdout, f"not refused: {second.stdout}")
    done = toy.finish(first)
    expect(done.returncode == 0, f"the first does not succeed: {done.stdout}")
    toy.check_whole()
    return Outcome("two Snakemakes at once", 1, "the second is refused, the first goes on", "nothing", "identical")


def unlocked(toy: Toy, moments: int, rng: np.random.Generator) -> Outcome:
    """Start two Snakemakes, the second without looking at the lock, at different distances."""
    failed = 0
    for _ in range(moments):
        toy.restore(*LAST_JOBS)
        first = toy.start()
        time.sleep(float(rng.uniform(0, 4)))
        second = toy.start("--nolock", "--rerun-incomplete")
        for process in (first, second):
            done = toy.finish(process)
            failed += done.returncode != 0
            errors(done.stdout)
        toy.check_ends_well("--rerun-incomplete")
    happens = f"of two writers of a file the older one fails; {failed} of {2 * moments} runs failed"
    return Outcome(
        "two at once, the second with `--nolock`", moments, happens, "a run of one, `--rerun-incomplete`", "identical"
    )


def duration(toy: Toy, lost: tuple[str, ...]) -> float:
    """Return how many seconds it takes here and now to make what is lost."""
    toy.restore(*lost)
    start = time.monotonic()
    toy.check_ends_well()
    return time.monotonic() - start
