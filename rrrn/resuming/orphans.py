"""What a killed Snakemake leaves running: its SLURM jobs, its local jobs, and what its logs say of it.

Read only, and nothing here looks around by itself: texts and lists of processes are given. Who acts on them is
rrrn/resuming/resume.py.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from rrrn.running.stage import InputError
from rrrn.running.starts import Start

# as the SLURM plugin names jobs: a prefix of the user's choice, and the run's UUID
_OF_SNAKEMAKE = re.compile(r"(?:[\w-]+_)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SHELLS = ("bash", "sh", "dash")
_TAKE_A_VALUE = ("-W", "-X")  # options of Python


@dataclass(frozen=True)
class Process:
    """A process of this host: its id, the words of its command line, and the directory that it works in."""

    pid: int
    words: tuple[str, ...]
    directory: str


@dataclass(frozen=True)
class Run:
    """A run of Snakemake: its host, its arguments, the folder where they were given, the directory that it works in.

    ``arguments`` is None if no record tells them; ``slurm`` is whether it used SLURM.
    """

    host: str
    arguments: tuple[str, ...] | None
    folder: str
    directory: str
    slurm: bool


def jobs(text: str, directory: str) -> dict[str, str]:
    """Return {job id: job name} of the jobs that work in a directory.

    ``text`` is what ``squeue -h -o '%A %Z %j'`` prints. Raises InputError for a line that is nothing of the kind.
    """
    found = {}
    for line in filter(None, text.splitlines()):
        number, _, rest = line.partition(" ")
        if not number.isdecimal() or not rest.startswith("/"):
            raise InputError(f"squeue says {line!r}, and not job, directory and name; look into it and run again")
        if rest.startswith(f"{directory} "):
            found[number] = rest.removeprefix(f"{directory} ")
    return found


def of_snakemake(name: str) -> bool:
    """Return whether a SLURM job's name is one that Snakemake gives."""
    return _OF_SNAKEMAKE.fullmatch(name) is not None


def snakemakes(processes: Iterable[Process], directory: str) -> list[Process]:
    """Return the Snakemakes that direct a run in a directory."""
    here = [process for process in processes if process.directory == directory]
    return [process for process in here if program(process.words) == "snakemake" and "--mode" not in process.words]


def local_jobs(processes: Iterable[Process], directory: str) -> list[Process]:
    """Return the processes of jobs in a directory: stages of rrrn, shells that start one, Snakemakes inside of jobs."""
    return [process for process in processes if process.directory == directory and _of_a_job(process.words)]


def _of_a_job(words: Sequence[str]) -> bool:
    name = program(words)
    if name in _SHELLS:
        return any(" -m rrrn." in word for word in words)
    return name.startswith("rrrn.") or (name == "snakemake" and "--mode" in words)


def program(words: Sequence[str]) -> str:
    """Return the name of what a command line runs; of Python, the name of its script or module."""
    name = PurePath(words[0]).name if words else ""
    if not name.startswith("python"):
        return name
    rest = iter(words[1:])
    for word in rest:
        if word == "-m":
            return next(rest, "")
        if word in _TAKE_A_VALUE:
            next(rest, "")
        elif not word.startswith("-"):
            return PurePath(word).name
    return name


def run(log: str, start: Start | None) -> Run | None:
    """Return the run of a Snakemake, by the text of its log and its record; None if it ended before it could lock.

    Without a record, as of another workflow, the log's header tells all but the arguments, which it has unquoted.
    """
    slurm = re.search(r"^SLURM run ID: ", log, re.M) is not None
    host, folder, directory = (
        re.search(rf"^  {name}: (.*)$", log, re.M) for name in ("Host", "Run directory", "Working directory")
    )
    if start and (start.silent or host):
        return Run(start.host, start.arguments, start.folder, start.directory, slurm)
    if start or not (host and folder and directory):
        return None
    return Run(host[1], None, folder[1], directory[1], slurm)
