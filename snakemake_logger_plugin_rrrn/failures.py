"""What a failed job says of itself, in its logs."""

from dataclasses import dataclass
from pathlib import Path

from snakemake_logger_plugin_rrrn.logs import lines


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
        ends = [lines(log, since) for log in logs]
        errors = [line for end in ends for line in end if line.startswith("error: ")]
        if errors:
            return errors[-1]
        last = [end[-1] for end in ends if end]
        return last[0] if last else self.hint or "it left no message; Snakemake's log may tell more"
