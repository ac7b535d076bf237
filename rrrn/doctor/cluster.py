"""What SLURM says of itself and of what would be submitted to it, as plain facts; every question has a time limit."""

import getpass
import re
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rrrn.doctor.asking import Answer, ask, probe

QUESTIONS = {
    "squeue": ("squeue", "--noheader", "--me"),
    "sinfo": ("sinfo", "--noheader", "--format=%P|%l, %c CPUs, %m MB, gres %G"),
    "config": ("scontrol", "show", "config"),
    "accounts": ("sacctmgr", "--noheader", "--parsable2", "show", "associations", "user={user}", "format=account"),
}


@dataclass(frozen=True)
class Facts:
    """``missing`` commands; ``silent`` says why squeue did not answer; ``config`` is that of scontrol.

    ``partitions`` has what each one's nodes are, in words. ``accounts`` is None where there is no accounting database
    to ask. ``workflow`` is what probe_workflow tells, ``answers`` those of sbatch to the options of its jobs.
    """

    missing: tuple[str, ...] = ()
    silent: str = ""
    partitions: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, str] = field(default_factory=dict)
    accounts: tuple[str, ...] | None = None
    workflow: Mapping[str, Any] = field(default_factory=dict)
    answers: Mapping[tuple[str, ...], Answer] = field(default_factory=dict)


def collect(snakefile: Path, profile: Path, configfiles: list[Path]) -> Facts:
    """Ask SLURM and Snakemake, all at once, and then sbatch; where there is no SLURM, nothing."""
    missing = tuple(name for name in ("squeue", "sbatch") if shutil.which(name) is None)
    if missing:
        return Facts(missing)
    commands = {name: [part.format(user=getpass.getuser()) for part in parts] for name, parts in QUESTIONS.items()}
    with ThreadPoolExecutor() as pool:
        told = pool.submit(probe, "probe_workflow", *map(str, [snakefile, profile, *configfiles]))
        facts = understand(dict(zip(commands, pool.map(ask, commands.values()), strict=True)))
        return facts if facts.silent else submit(facts, told.result())


def submit(facts: Facts, workflow: Mapping[str, Any]) -> Facts:
    """Ask sbatch, without submitting anything, for each job and attempt that the workflow would submit."""
    asked = dict.fromkeys(tuple(options) for job in workflow.get("jobs", ()) for options in job.get("options", ()))
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(lambda options: ask(("sbatch", "--test-only", *options, "--wrap=true")), asked)
        return replace(facts, workflow=workflow, answers=dict(zip(asked, answers, strict=True)))


def understand(answers: Mapping[str, Answer]) -> Facts:
    """Return what the answers of the commands say."""
    queue = answers["squeue"]
    silent = "" if queue.good else (queue.complaint.strip().splitlines() or ["no message"])[0]
    accounts = answers["accounts"]
    named = tuple(dict.fromkeys(accounts.output.split())) if accounts.good and accounts.output.strip() else None
    return Facts((), silent, partitions(answers["sinfo"].output), settings(answers["config"].output), named)


def partitions(text: str) -> dict[str, str]:
    """Return the partitions of ``sinfo``, each with its kinds of nodes in words."""
    found: dict[str, str] = {}
    for name, line, nodes in (line.strip().partition("|") for line in text.splitlines()):
        if line:
            name = name.rstrip("*")
            found[name] = " and ".join(filter(None, [found.get(name), nodes.replace("(null)", "none")]))
    return found


def settings(text: str) -> dict[str, str]:
    """Return ``scontrol show config`` by key."""
    return dict(re.findall(r"^(\w+)\s+= *(.*?) *$", text, re.M))
