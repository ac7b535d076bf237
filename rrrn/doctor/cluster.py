"""What SLURM says of itself, as plain facts; every question has a time limit."""

import getpass
import re
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from rrrn.doctor.asking import Answer, ask

QUESTIONS = {
    "squeue": ("squeue", "--noheader", "--me"),
    "sinfo": ("sinfo", "--noheader", "--format=%P|%l|%m|%c|%G"),
    "config": ("scontrol", "show", "config"),
    "accounts": ("sacctmgr", "--noheader", "--parsable2", "show", "associations", "user={user}", "format=account"),
}


@dataclass(frozen=True)
class Partition:
    """A partition: the longest time in minutes (None: no limit), MB and processors of its largest node, its gres."""

    name: str
    minutes: float | None
    memory: int
    processors: int
    gres: str
    default: bool = False


@dataclass(frozen=True)
class Facts:
    """``missing`` commands; ``silent`` says why squeue did not answer; ``config`` is that of scontrol.

    ``accounts`` is None where there is no accounting database to ask.
    """

    missing: tuple[str, ...]
    silent: str
    partitions: Mapping[str, Partition]
    config: Mapping[str, str]
    accounts: tuple[str, ...] | None


def collect() -> Facts:
    """Ask squeue, sinfo, scontrol and sacctmgr, all at once."""
    missing = tuple(name for name in ("squeue", "sbatch") if shutil.which(name) is None)
    if missing:
        return Facts(missing, "", {}, {}, None)
    commands = {name: [part.format(user=getpass.getuser()) for part in parts] for name, parts in QUESTIONS.items()}
    with ThreadPoolExecutor() as pool:
        answers = dict(zip(commands, pool.map(ask, commands.values()), strict=True))
    return understand(answers)


def understand(answers: Mapping[str, Answer]) -> Facts:
    """Return what the answers of the commands say."""
    queue = answers["squeue"]
    silent = "" if queue.good else (queue.complaint.strip().splitlines() or ["no message"])[0]
    accounts = answers["accounts"]
    named = tuple(dict.fromkeys(accounts.output.split())) if accounts.good and accounts.output.strip() else None
    return Facts((), silent, partitions(answers["sinfo"].output), settings(answers["config"].output), named)


def partitions(text: str) -> dict[str, Partition]:
    """Return the partitions of ``sinfo``; of several lines for one, the largest node counts."""
    found: dict[str, Partition] = {}
    for line in text.splitlines():
        parts = line.strip().split("|")
        if len(parts) != 5:
            continue
        name = parts[0].rstrip("*")
        had = found.get(name)
        gres = "" if parts[4] == "(null)" else parts[4]
        found[name] = Partition(
            name,
            minutes(parts[1]),
            max(number(parts[2]), had.memory if had else 0),
            max(number(parts[3]), had.processors if had else 0),
            ",".join(filter(None, [had.gres if had else "", gres])),
            parts[0].endswith("*"),
        )
    return found


def minutes(text: str) -> float | None:
    """Return SLURM's [days-]hours:minutes:seconds in minutes, None for infinite and unknown ones."""
    match = re.fullmatch(r"(?:(\d+)-)?(?:(?:(\d+):)?(\d+):)?(\d+)", text)
    if match is None:
        return None
    days, hours, mins, seconds = (int(part or 0) for part in match.groups())
    return days * 1440 + hours * 60 + mins + seconds / 60


def settings(text: str) -> dict[str, str]:
    """Return ``scontrol show config`` by key."""
    return dict(re.findall(r"^(\w+)\s+= *(.*?) *$", text, re.M))


def number(text: str) -> int:
    """Return the whole number that a text begins with, 0 if none."""
    match = re.match(r"\d+", text)
    return int(match[0]) if match else 0


def has_gpu(partition: Partition) -> bool:
    """Return whether nodes of a partition have GPUs."""
    return any(gres.split(":")[0] == "gpu" for gres in partition.gres.split(","))


def default(found: Mapping[str, Partition]) -> str:
    """Return the name of the default partition, empty if there is none."""
    return next((partition.name for partition in found.values() if partition.default), "")


def names(found: Sequence[str]) -> str:
    """Return a list for a sentence."""
    return ", ".join(found) or "none"
