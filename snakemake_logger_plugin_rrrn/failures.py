"""What a failed job says of itself, in its logs."""

import os
from dataclasses import dataclass
from pathlib import Path

_TAIL = 65536  # bytes of a log that are looked at
_APART = 60.0  # seconds that the clock of a file server may be behind


@dataclass(frozen=True)
class Failure:
    """A failed job, or a group of jobs that failed together.

    ``jobs`` are Snakemake's numbers of them, ``name`` tells rules and wildcards, ``hint`` is what Snakemake said.
    """

    jobs: frozenset[int]
    name: str
    logs: tuple[str, ...]
    hint: str

    def heading(self) -> str:
        """Return which job it is, and where its log is."""
        return f"failed: {self.name}" + (f"; log: {', '.join(self.logs)}" if self.logs else "")

    def message(self, folder: Path, since: float) -> str:
        """Return why it failed: its ``error: …`` line, else the last line of its log, else what Snakemake said.

        ``folder`` is where the paths of the logs begin. Logs from before ``since``, in seconds of the epoch, are of
        other runs.
        """
        logs = [Path(folder, log) for log in self.logs]
        ends = [_lines(log, since - _APART) for log in logs]
        errors = [line for lines in ends for line in lines if line.startswith("error: ")]
        if errors:
            return errors[-1]
        last = [lines[-1] for lines in ends if lines]
        return last[0] if last else self.hint or "it left no message; Snakemake's log may tell more"


def _lines(path: Path, since: float) -> list[str]:
    """Return the last lines of a log, none of one that is older, or gone, or cannot be read."""
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            if found.st_mtime < since:
                return []
            file.seek(max(0, found.st_size - _TAIL))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip()]
