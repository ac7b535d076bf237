"""Ask other programs with a time limit: none may hang the doctor or bring it down."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rrrn.provenance import sources

SECONDS = 8.0
LOADING = 60.0  # PyTorch and dlib are hundreds of megabytes to load, from a network file system perhaps


@dataclass(frozen=True)
class Answer:
    """Exit status and output of a program; ``status`` is None if it is not there or has not answered in time."""

    status: int | None
    output: str = ""
    complaint: str = ""

    @property
    def good(self) -> bool:
        """Return whether the program ended well."""
        return self.status == 0


NOT_THERE = Answer(None)


def ask(command: Sequence[str], seconds: float = SECONDS) -> Answer:
    """Run a program and return its answer, whatever happens."""
    environment = {**os.environ, "PYTHONPATH": str(sources.HOME)}
    try:
        done = subprocess.run(
            list(command), capture_output=True, text=True, errors="replace", timeout=seconds, env=environment,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Answer(None, complaint=f"no answer within {seconds:g} s")
    except OSError as error:
        return Answer(None, complaint=str(error))
    return Answer(done.returncode, done.stdout, done.stderr)


def probe(module: str, *arguments: str, seconds: float = LOADING) -> dict[str, Any]:
    """Return what a module of this package prints as JSON, in a process of its own.

    If it crashes, which a library built for another processor may do, the key ``failed`` says how; if it takes too
    long, ``late`` says so.
    """
    answer = ask([sys.executable, "-P", "-m", f"rrrn.doctor.{module}", *arguments], seconds)
    if answer.good:
        found: dict[str, Any] = json.loads(answer.output.splitlines()[-1])
        return found
    if answer.status is None:
        return {"late": answer.complaint}
    if answer.status < 0:
        return {"failed": f"ended by signal {-answer.status}"}
    last = answer.complaint.strip().splitlines()
    return {"failed": last[-1] if last else f"exit status {answer.status}"}
