"""What it costs that files say what they are of: the share of a run that compares, and ``rrrn verify`` afterwards.

Run ``python -m benchmarks.verifying`` in the repository's root.
"""

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.copied import copy
from rrrn.running import stage
from rrrn.running.stage import InputError

CONFIG, CLIPS = "tests/config.yaml", "tests/clips.csv"
CONFIGURED = ["--configfile", CONFIG]

# Python runs this before each job and before Snakemake: what compares is timed, with all that it calls.
SITE = """
import importlib, json, os, time
from pathlib import Path

WATCHED = {
    "as each job starts: its code, its rows and inputs": ["asked.asked", "clips.digest"],
    "as it ends: its code again": ["asked.Asked.identity"],
    "digests of rendered frames, as they are drawn and read": [
        "listing.digest", "unchanged.check", "frames_seen.Seen.fingerprint"
    ],
    "as the run starts: all recipes, and what is there": [
        "recipes.Recipes.__init__", "recipes.Recipe.asked", "promised.write", "stale.told", "stale.check",
        "provenance.recall", "provenance.remember",
    ],
}
inside = False

def timed(function, kind):
    def timing(*args, **named):
        global inside
        if inside:
            return function(*args, **named)
        inside, start = True, time.perf_counter()
        try:
            return function(*args, **named)
        finally:
            inside = False
            line = json.dumps([kind, time.perf_counter() - start]) + chr(10)
            file = os.open(Path(__file__).with_name("times"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(file, line.encode())
            os.close(file)
    return timing

if "VERIFYING" in os.environ:
    for kind, names in WATCHED.items():
        for name in names:
            module, *middle, last = name.split(".")
            owner = importlib.import_module("rrrn." + module)
            for part in middle:
                owner = getattr(owner, part)
            setattr(owner, last, timed(getattr(owner, last), kind))
"""


def python(root: Path, *words: str, **variables: str) -> float:
    """Run Python in the copy; return the seconds of the processor. Raises InputError if it fails."""
    start = _processor()
    environment = os.environ | {"PYTHONPATH": str(root)} | variables
    done = subprocess.run([sys.executable, *words], cwd=root, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise InputError(f"{' '.join(words)} failed: {(done.stdout + done.stderr)[-2000:]}")
    return _processor() - start


def _processor() -> float:
    """Return the seconds of the processor of all processes that this one started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def of_jobs(root: Path) -> list[float]:
    """Return the seconds of each job, its start of Python included, as the workflow's own records have them."""
    records = [path.read_text(encoding="utf-8").splitlines() for path in (root / "logs").rglob("*.tsv")]
    return [float(row["s"]) for lines in records for row in csv.DictReader(lines, delimiter="\t")]


def main(args: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        copy(root, CONFIG, CLIPS)
        (root / "sitecustomize.py").write_text(SITE, encoding="utf-8")
        words = [*CONFIGURED, "--config", f"methods=[{','.join(args.methods)}]"]
        python(root, "-m", "snakemake", "--cores", str(args.cores), "-q", "all", *words, "--", "all", VERIFYING="1")
        jobs = of_jobs(root)
        spent: Counter[str] = Counter()
        for line in (root / "times").read_text(encoding="utf-8").splitlines():
            kind, seconds = json.loads(line)
            spent[kind] += seconds
        verify = [*words, "--", "results/summary.csv", "results/table_iv.csv"]
        after = {
            f"`rrrn verify{option}`": min(
                python(root, "-m", "rrrn", "verify", *option.split(), *words) for _ in range(3)
            )
            for option, words in (("", verify), (" --quick", verify), (" --help", []))
        }
    total = sum(jobs)
    print(f"The toy with {' and '.join(args.methods)}: {len(jobs)} jobs, {total:.0f} s; {args.cores} cores.\n")
    print("| what | seconds | share of all jobs' seconds |")
    print("| --- | --- | --- |")
    for kind, seconds in [*spent.items(), ("together", spent.total())]:
        print(f"| {kind} | {seconds:.2f} | {seconds / total:.2%} |")
    for kind, seconds in after.items():
        print(f"| {kind}, on a processor | {seconds:.2f} | |")


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--methods", nargs="+", default=["lbp_top", "rrrn"], metavar="METHOD")
    stage.run(main, parser)
