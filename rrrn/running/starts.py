"""How a Snakemake was started: a record beside its log, from which ``rrrn resume`` takes what to go on with.

The log itself has the words of the command line without their quotes, and nothing at all with ``--quiet all``.
Imported by the Snakefile in every job, hence the standard library only.
"""

import json
import os
import platform
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rrrn.running import stage
from rrrn.running.stage import InputError


@dataclass(frozen=True)
class Start:
    """The host, Snakemake's arguments, the folder where they were given, and the directory that it works in.

    ``silent`` is whether its log has no header, by ``--quiet all`` or ``--quiet host``.
    """

    host: str
    arguments: tuple[str, ...]
    folder: str
    directory: str
    silent: bool


def note(workflow: Any) -> None:
    """Write the record of the Snakemake that reads the Snakefile, unless it is one inside of a job or keeps no log."""
    logs = [Path(path) for path in workflow.logger_manager.get_logfile() if path.endswith(".snakemake.log")]
    if not (workflow.is_main_process and logs):
        return
    quiet = {str(kind) for kind in workflow.output_settings.quiet or ()}
    start = Start(
        platform.node(),
        tuple(sys.argv[1:]),
        workflow.rundir,
        workflow.workdir_init,
        not quiet.isdisjoint(("all", "host")),
    )
    with stage.replacing(record(logs[0])) as partial, partial.open("w", encoding="ascii") as file:
        json.dump(asdict(start), file)  # in ASCII names that are no UTF-8 are kept as well
        file.flush()
        os.fsync(file.fileno())  # it is wanted after a power cut


def record(log: Path) -> Path:
    """Return where the record of a log's run is."""
    return log.with_suffix(".json")


def read(log: Path) -> Start | None:
    """Return the record of a log's run, None if there is none; raises InputError if it is damaged."""
    path = record(log)
    try:
        found = json.loads(path.read_bytes())
        return Start(**{**found, "arguments": tuple(found["arguments"])})
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError):
        raise InputError(
            f"{path}: is damaged; remove it, and give Snakemake's arguments: rrrn resume -- ARGUMENTS"
        ) from None
