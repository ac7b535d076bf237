"""Snakemake killed at random moments, and two Snakemakes at once."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable

import numpy as np

from benchmarks.faults.toy import LAST_JOBS, RESUME, Outcome, Toy, errors, expect, until

# to whom each signal goes: Ctrl-C reaches all that the terminal runs, `kill` one process
KILLS = {
    signal.SIGINT: (os.killpg, "a plain run again"),
    signal.SIGTERM: (os.kill, "a plain run again"),
    signal.SIGKILL: (os.kill, "`rrrn resume`"),
}


def drills(toy: Toy, moments: int, rng: np.random.Generator) -> dict[str, Callable[[], Outcome]]:
    """Return the drills of this family by name; each signal comes at ``moments`` moments between start and end of a run."""
    return {
        "SIGINT": lambda: killed(toy, signal.SIGINT, moments, rng),
        "SIGTERM": lambda: killed(toy, signal.SIGTERM, moments, rng),
        "SIGKILL": lambda: killed(toy, signal.SIGKILL, moments, rng),
        "two": lambda: refused(toy),
        "two-nolock": lambda: unlocked(toy, moments, rng),
    }


def killed(toy: Toy, number: signal.Signals, moments: int, rng: np.random.Generator) -> Outcome:
    """Kill a run and go on as the user would, again and again."""
    send, remedy = KILLS[number]
    whole = duration(toy)
    seen: Counter[str] = Counter()
    for _ in range(moments):
        toy.restore(*LAST_JOBS)
        process = toy.start()
        time.sleep(float(rng.uniform(0, whole)))
        alive = process.poll() is None
        if alive:
            send(process.pid, number)
        if number == signal.SIGKILL:  # jobs that live on hold its output open
            process.wait()
            locked = any((toy.root / ".snakemake/locks").glob("*"))
            resumed = toy.finish(toy.start(python=RESUME))
            expect(resumed.returncode == 0, f"rrrn resume does not succeed: {resumed.stdout}")
            toy.check_whole()
            seen["ended before"] += not alive
            seen["locked"] += locked
        else:
            done = toy.finish(process)
            errors(done.stdout) if alive and done.returncode > 0 else None
            seen["ended before"] += not alive
            seen["no lock left"] += not any((toy.root / ".snakemake/locks").glob("*"))
            partial = [path.name for path in toy.root.rglob("*.partial")]
            expect(not partial, f"left behind: {partial}")
            toy.check_ends_well()
    happens = "; ".join(f"{what} in {count} of {moments}" for what, count in sorted(seen.items()) if count)
    return Outcome(f"Snakemake killed with {number.name}", moments, happens, remedy, "identical")


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


def duration(toy: Toy) -> float:
    """Return how many seconds the last jobs take here and now."""
    toy.restore(*LAST_JOBS)
    start = time.monotonic()
    toy.check_ends_well()
    return time.monotonic() - start
