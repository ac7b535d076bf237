"""Artifacts that are damaged on the disk, unnoticed: same name, same time, other bytes."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.faults.toy import Outcome, Toy, errors, expect

TABLES = ("results/scores", "results/table*")
LEARNED = ("results/predictions", *TABLES)

# what is damaged: what is lost with it, so that the file is read again and its first reader runs at once
SHARDS = {
    "results/faces/synsamm-006.h5": (
        "results/occluded/mask/synsamm-006.h5",
        "results/flow/mask",
        "results/pack/mask.h5",
        *LEARNED,
    ),
    "results/anchors/synsamm-006.h5": (
        "results/occluded/mask/synsamm-006.h5",
        "results/flow/mask",
        "results/pack/mask.h5",
        *LEARNED,
    ),
    "results/art/mask.h5": ("results/occluded/mask", "results/flow/mask", "results/pack/mask.h5", *LEARNED),
    "results/occluded/mask/synsamm-006.h5": ("results/flow/mask/synsamm-006.h5", "results/pack/mask.h5", *LEARNED),
    "results/flow/mask/synsamm-006.h5": ("results/pack/mask.h5", "results/predictions/rrrn/mask", *TABLES),
    "results/pack/mask.h5": ("results/predictions/rrrn/mask", *TABLES),
    "results/features/lbp_sip/mask.h5": ("results/predictions/lbp_sip/mask", *TABLES),
}
CSVS = {
    "results/predictions/rrrn/mask/synsamm-006-0.csv": TABLES,
    "results/predictions/lbp_sip/mask/all.csv": TABLES,
    "results/augment/synsamm-006.csv": ("results/flow/mask/synsamm-006.h5", "results/pack/mask.h5", *LEARNED),
    "results/scores/iv/rrrn/mask.csv": ("results/table*",),
}
Damage = Callable[[bytes, np.random.Generator], bytes]


def cut_short(whole: bytes, rng: np.random.Generator) -> bytes:
    """Keep the beginning, at times nothing; more is lost than the end of the last line."""
    return whole[: int(rng.integers(len(whole) - 1))]


def flipped(whole: bytes, rng: np.random.Generator) -> bytes:
    """Change one bit."""
    data = bytearray(whole)
    data[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
    return bytes(data)


def zeroed(whole: bytes, rng: np.random.Generator) -> bytes:
    """Zero a block of the file system, where there is something else than zeros."""
    block = min(4096, len(whole) // 2)
    full = [start for start in range(0, len(whole), block) if any(whole[start : start + block])]
    start = full[int(rng.integers(len(full)))]
    return whole[:start] + bytes(len(whole[start : start + block])) + whole[start + block :]


def drills(toy: Toy, moments: int, rng: np.random.Generator) -> dict[str, Callable[[], Outcome]]:
    """Return the drills of this family by name; each file is damaged in each way ``moments`` // 10 times."""
    places = max(1, moments // 10)

    def stops(fault: str, files: dict[str, tuple[str, ...]], damage: Damage) -> Outcome:
        for name, lost in files.items():
            for _ in range(places):
                toy.restore(*lost)
                _harm(toy.root / name, damage, rng)
                done = toy.run()
                said = errors(done.stdout)
                expect(done.returncode != 0, f"{name}: the run succeeds")
                expect(any(name in line and "delete it and run again" in line for line in said), f"{name}: {said}")
        (toy.root / name).unlink()  # the last; the others in the drill of deleted files
        toy.check_ends_well()
        times = len(files) * places
        happens = "the first job that reads the file stops and names it"
        return Outcome(fault, times, happens, "deletes it, runs again", "identical")

    def rebuilt() -> Outcome:
        for name, lost in (SHARDS | CSVS).items():
            toy.restore(*lost)
            (toy.root / name).unlink()
            toy.check_ends_well()
        return Outcome("a file deleted", len(SHARDS | CSVS), "it is made again", "nothing", "identical")

    return {
        "truncated": lambda: stops("an HDF5 file truncated", SHARDS, cut_short),
        "flipped": lambda: stops("an HDF5 file with one bit flipped", SHARDS, flipped),
        "zeroed": lambda: stops("an HDF5 file with a block zeroed", SHARDS, zeroed),
        "csv-truncated": lambda: stops("predictions, a plan or scores cut short", CSVS, cut_short),
        "csv-flipped": lambda: stops("predictions, a plan or scores with one bit flipped", CSVS, flipped),
        "deleted": rebuilt,
    }


def _harm(path: Path, damage: Damage, rng: np.random.Generator) -> None:
    """Damage a file behind the file system's back: its times stay."""
    status, whole = path.stat(), path.read_bytes()
    path.write_bytes(damage(whole, rng))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
