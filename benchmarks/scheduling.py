"""What the workflow itself costs: every job of the paper's experiment, its stages replaced by empty ones.

Run ``python -m benchmarks.scheduling`` in the repository's root.
"""

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks import copied
from rrrn.running import stage
from rrrn.running.stage import InputError

CLIPS = "data/clips_paper_shape.csv"

# Takes a stage's place. What is named before the options and does not exist is its output: inputs are there already.
# It says what it is, as a stage's does.
EMPTY_STAGE = """
import json, sys
from itertools import takewhile
from pathlib import Path

asked = json.loads(sys.argv[sys.argv.index("--asked") + 1]) if "--asked" in sys.argv else {}
made = f"{asked.get('path')} recipe={asked.get('recipe')} inputs="
for name in takewhile(lambda word: not word.startswith("--"), sys.argv[1:]):
    path = Path(name)
    if path.exists():
        continue
    if not path.suffix:
        path.mkdir()
        path /= "frames.csv"
    told = json.dumps({"made": made, "digest": "0"}) if path.suffix == ".json" else f"made,digest\\n{made},0\\n"
    path.write_text(told)
"""


def copy(folder: Path) -> list[str]:
    """Copy the workflow into a folder, each stage that a rule runs empty; return the stages."""
    copied.copy(folder, "config", CLIPS)
    rules = "".join(path.read_text(encoding="utf-8") for path in sorted((folder / "workflow/rules").glob("*.smk")))
    stages = sorted(set(re.findall(r"python -m rrrn\.(\w+)", rules)))
    for name in stages:
        (folder / "rrrn" / f"{name}.py").write_text(EMPTY_STAGE, encoding="utf-8")
    return stages


class Run(NamedTuple):
    """Seconds by the clock, seconds of the processor with those of the jobs, and what Snakemake says."""

    clock: float
    processor: float
    said: str


def snakemake(folder: Path, *words: str) -> Run:
    """Run Snakemake on the paper's experiment. Raises InputError if it fails."""
    command = [sys.executable, "-m", "snakemake", *words, "--configfile", "config.yaml", "config/paper.yaml"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    start, used = time.perf_counter(), _processor()
    done = subprocess.run(
        [*command, "--config", f"clips={CLIPS}", "--", "all"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    run = Run(time.perf_counter() - start, _processor() - used, done.stdout)
    if done.returncode != 0:
        raise InputError(f"snakemake {' '.join(words)} failed: {done.stdout[-2000:]}")
    return run


def _processor() -> float:
    """Return the seconds of the processor of all processes that this one started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(args: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stages = copy(folder)
        planning = snakemake(folder, "-n", "-q", "rules")
        total = re.search(r"^total +(\d+)$", planning.said, re.MULTILINE)
        if total is None:
            raise InputError(f"Snakemake does not say how many jobs there are: {planning.said[-500:]}")
        jobs = int(total[1])
        running = snakemake(folder, "--cores", str(args.cores), "-q", "all")
        nothing = snakemake(folder, "-n")
        if "Nothing to be done" not in nothing.said:
            raise InputError(f"a second run would do something: {nothing.said[-500:]}")
    print(f"The paper's experiment: {jobs} jobs of {len(stages)} stages, emptied; {args.cores} cores.\n")
    print("| what | seconds | of a processor |")
    print("| --- | --- | --- |")
    print(f"| `snakemake -n` before anything is made | {planning.clock:.1f} | {planning.processor:.1f} |")
    each = 1000 * running.processor / jobs
    print(f"| all jobs | {running.clock:.0f} | {running.processor:.0f}, {each:.0f} ms per job |")
    print(f"| `snakemake -n` when all is made | {nothing.clock:.1f} | {nothing.processor:.1f} |")


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("--cores", type=int, default=2)
    stage.run(main, parser)
