"""Faults, one after another, in a toy that is run until its tables are there: what happens, and whether they are right.

Run ``python -m benchmarks.faults`` in the repository's root. It prints the table of docs/cluster.md, and exits with 1
if a result was wrong or lost, or a message without its file.
"""

import argparse
import logging
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.faults import damage, kills, slurm, storage
from benchmarks.faults.toy import Finding, Outcome, make

FAMILIES = {"damage": damage.drills, "kills": kills.drills, "storage": storage.drills, "slurm": slurm.drills}
LOCAL = ("damage", "kills", "storage")
HEADER = ("fault", "times", "what happens", "what the user does", "tables")


def main() -> None:
    """Run the drills and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("families", nargs="*", metavar="FAMILY", help=f"of {', '.join(FAMILIES)} (all but slurm)")
    parser.add_argument("--moments", type=int, default=20, help="random moments of each kill (20)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if unknown := set(args.families) - set(FAMILIES):
        parser.error(f"no family {', '.join(unknown)}")
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    start, findings = time.monotonic(), 0
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        toy = make(Path(folder).resolve())
        logging.info("undisturbed run, %d artifacts: %.0f s", len(toy.artifacts), time.monotonic() - start)
        print(_row(HEADER), _row(["---"] * len(HEADER)), sep="\n", flush=True)
        for name in args.families or LOCAL:
            rng = np.random.default_rng(args.seed)
            for drill, run in FAMILIES[name](toy, args.moments, rng).items():
                try:
                    print(_row(_cells(run())), flush=True)
                except Finding as error:
                    findings += 1
                    logging.error("%s: %s", drill, error)
                logging.info("%s: %.0f s, load %.1f", drill, time.monotonic() - start, os.getloadavg()[0])
    sys.exit(findings > 0)


def _cells(outcome: Outcome) -> list[str]:
    return [outcome.fault, str(outcome.times), outcome.happens, outcome.remedy, outcome.tables]


def _row(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
