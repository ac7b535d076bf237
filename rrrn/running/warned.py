"""What a user must know of a job that has not failed: in its log, on the terminal, and at the end of a run."""

import logging
import sys
from pathlib import Path

BEGINNING = "warning: "  # of such lines in logs, by which --logger rrrn finds them


def warn(message: str, log: Path | None) -> None:
    """Say it in the job's log, and on the terminal too if ``log`` is a file."""
    logging.warning("%s%s", BEGINNING, message)
    if log:
        print(f"{BEGINNING}{message}", file=sys.stderr)
