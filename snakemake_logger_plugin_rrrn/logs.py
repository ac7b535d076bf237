"""What the logs of jobs say."""

import os
from collections.abc import Iterable
from pathlib import Path

_WARNING = "warning: "  # as rrrn.running.warned begins a line
_TAIL = 65536  # bytes of a log that are looked at
_APART = 60.0  # seconds that the clock of a file server may be behind


def warnings(logs: Iterable[Path], since: float) -> list[str]:
    """Return the lines that tell of something a user must know, of logs that are not from before ``since``."""
    return [line for log in logs for line in lines(log, since) if line.startswith(_WARNING)]


def lines(path: Path, since: float) -> list[str]:
    """Return the last lines of a log, none of one that is older than ``since``, or gone, or cannot be read.

    ``since`` is in seconds of the epoch.
    """
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            if found.st_mtime < since - _APART:
                return []
            file.seek(max(0, found.st_size - _TAIL))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip()]
