"""The toy that suffers the faults: one place to run it in, what it yields undisturbed, and what a drill reports."""

import csv
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rrrn.provenance.sources import HOME

HANGS = 24 * 3600  # seconds; what takes as long never ends
SUBJECTS = ("synsamm-006", "synsamm-007")
OVERLAY = "clips: clips.csv\nconditions: [none, mask]\nmethods: [lbp_sip, rrrn]\n"
ENVIRONMENT = os.environ | {"PYTHONPATH": str(HOME)}
RESUME = ("-m", "rrrn", "resume", "--every", "0.5")
# six jobs: they write HDF5 and CSV, train, and make the table
LAST_JOBS = (
    "results/features/lbp_sip/mask.h5",
    "results/predictions/lbp_sip/mask",
    "results/predictions/rrrn/mask/synsamm-007-0.csv",
    "results/scores/*/*/mask.csv",
    "results/table*",
)


class Finding(Exception):
    """Something that must not happen, with what was seen."""


@dataclass(frozen=True)
class Outcome:
    """A row of the table: a fault, how often it was tried, what the user sees and does, and the tables' state."""

    fault: str
    times: int
    happens: str
    remedy: str
    tables: str


@dataclass(frozen=True)
class Toy:
    """Where the toy runs, a copy of its finished state, and the digest of each artifact of an undisturbed run.

    All drills happen in one place, since Snakemake's logs hold its name. ``options`` are of Snakemake, and ``under`` is
    what the table of outcomes calls them.
    """

    root: Path
    kept: Path
    artifacts: dict[str, str]
    options: tuple[str, ...] = ()
    under: str = ""

    def restore(self, *lost: str) -> None:
        """Bring the finished state back, without what the patterns match; what is nowhere is a mistake of the drill."""
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(self.kept, self.root, symlinks=True)
        self.lose(*lost)

    def lose(self, *patterns: str) -> None:
        """Delete what the patterns match."""
        for pattern in patterns:
            found = list(self.root.glob(pattern))
            expect(bool(found), f"nothing is named {pattern}")
            for path in found:
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def run(self, *words: str, target: str = "results/table_iv.csv") -> subprocess.CompletedProcess[str]:
        """Run Snakemake to its end."""
        return self.finish(self.start(*words, target=target))

    def start(
        self, *words: str, target: str = "results/table_iv.csv", python: Sequence[str] | None = None
    ) -> subprocess.Popen[str]:
        """Start Snakemake, or Python with other words, in a session of its own."""
        command = [*snakemake(*self.options, *words), "--", target] if python is None else [sys.executable, *python]
        return subprocess.Popen(
            command,
            cwd=self.root,
            env=ENVIRONMENT,
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def finish(self, process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
        """Wait for a process; return its exit status and what it said."""
        said, _ = process.communicate(timeout=HANGS)
        return subprocess.CompletedProcess(process.args, process.returncode, said)

    def check_whole(self) -> None:
        """Raise Finding unless every artifact is there with the bytes of the undisturbed run, and nothing else."""
        now = artifacts(self.root)
        wrong = sorted(name for name in now.keys() | self.artifacts.keys() if now.get(name) != self.artifacts.get(name))
        expect(not wrong, f"differ from the undisturbed run: {', '.join(wrong)}")
        marks = [path.name for path in (self.root / ".snakemake/incomplete").glob("*")]
        expect(not marks, "files are still marked as incomplete")

    def check_ends_well(self, *words: str) -> str:
        """Run Snakemake; raise Finding unless it succeeds and everything is whole. Return what it said."""
        done = self.run(*words)
        expect(done.returncode == 0, f"the run does not succeed: {done.stdout}")
        self.check_whole()
        return done.stdout


def make(folder: Path) -> Toy:
    """Run the toy undisturbed in ``folder/toy``, where it may have been begun; keep what it yields."""
    root = folder / "toy"
    root.mkdir(parents=True, exist_ok=True)
    with (HOME / "tests/clips.csv").open(newline="") as file, (root / "clips.csv").open("w", newline="") as to:
        header, *rows = csv.reader(file)
        csv.writer(to, lineterminator="\n").writerows([header, *(row for row in rows if row[1] in SUBJECTS)])
    (root / "overlay.yaml").write_text(OVERLAY)
    toy = Toy(root, folder / "kept", {})
    done = toy.run()
    expect(done.returncode == 0, f"the undisturbed run does not succeed: {done.stdout}")
    shutil.copytree(root, toy.kept, symlinks=True)
    return Toy(root, toy.kept, artifacts(root))


def snakemake(*words: str) -> list[str]:
    """Return the command that runs the toy, but for its target."""
    files = [str(HOME / "config.yaml"), str(HOME / "tests/config.yaml"), "overlay.yaml"]
    options = ["-s", str(HOME / "Snakefile"), "--cores", "2", "--scheduler", "greedy"]
    return [sys.executable, "-m", "snakemake", *options, *words, "--configfile", *files]


def artifacts(root: Path) -> dict[str, str]:
    """Return the digest of each file that the stages wrote, partial files included, by path."""
    paths = [path for top in ("results", "data") for path in (root / top).rglob("*") if path.is_file()]
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(paths)}


def expect(holds: bool, otherwise: str) -> None:
    """Raise Finding unless something holds."""
    if not holds:
        raise Finding(otherwise)


def errors(said: str) -> list[str]:
    """Return the messages of stages in what Snakemake said; raises Finding for a traceback."""
    expect("Traceback" not in said, f"a traceback: {said}")
    return re.findall(r"^error: (.*)$", said, re.M)


def until(look: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait until something is so, however long that takes; raises Finding if the process ends before."""
    while not look():
        if process.poll() is not None:
            raise Finding(f"ended too soon: {process.communicate()[0]}")
        time.sleep(0.02)
