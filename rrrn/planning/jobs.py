"""The jobs of an experiment, as Snakemake's dry run names them."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from rrrn.provenance import sources
from rrrn.running import resources, writable
from rrrn.running.stage import InputError

_FIELD = re.compile(r"    (input|output|wildcards): (.*)")
_HEADS = re.compile(r"(?:local)?(?:rule|checkpoint) (\w+):")
_TARGETS = ("default", "all")  # rules without work


@dataclass(frozen=True)
class Job:
    """One job: its rule, its wildcards, and the files that it reads and makes."""

    rule: str
    wildcards: Mapping[str, str]
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


def dry_run(config: Mapping[str, object], targets: Sequence[str], left: bool, timeout: float = 600) -> list[Job]:
    """Return the jobs that make ``targets`` under a whole configuration, in the order that Snakemake lists them.

    With ``left`` only those whose files the working directory lacks, or has from something else.
    Raises InputError with Snakemake's message if it cannot plan.
    """
    writable.check_cache()
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "config.yaml"
        whole.write_text(yaml.safe_dump(dict(config)), encoding="utf-8")
        command = [sys.executable, "-P", "-m", "snakemake", "-n", "--nocolor", "-s", str(resources.path("Snakefile"))]
        command += [] if left else ["--forceall"]
        command += ["--configfile", str(whole), "--", *targets]
        # the log of a dry run goes to standard error in some versions, to standard output in others
        environment = {**os.environ, "PYTHONPATH": str(sources.HOME)}
        try:
            done = subprocess.run(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout, env=environment
            )
        except subprocess.TimeoutExpired:
            raise InputError(f"Snakemake has not planned the jobs within {timeout:g} s") from None
    if done.returncode != 0:
        raise InputError(f"Snakemake cannot plan {', '.join(targets)}: {_message(done.stdout)}")
    return parse(done.stdout)


def parse(text: str) -> list[Job]:
    """Return the jobs of a dry run's log; rules that only name targets are left out."""
    found: list[tuple[str, dict[str, str]]] = []
    for line in text.splitlines():
        if head := _HEADS.fullmatch(line):
            found.append((head[1], {}))
        elif found and (field := _FIELD.fullmatch(line)):
            found[-1][1].setdefault(field[1], field[2])
    return [
        Job(rule, _pairs(fields.get("wildcards", "")), _files(fields, "input"), _files(fields, "output"))
        for rule, fields in found
        if rule not in _TARGETS
    ]


def counts(jobs: Sequence[Job]) -> dict[str, int]:
    """Return the number of jobs of each rule."""
    rules = [job.rule for job in jobs]
    return {rule: rules.count(rule) for rule in dict.fromkeys(rules)}


def _files(fields: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(fields[name].split(", "))) if name in fields else ()


def _pairs(text: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in text.split(", ")) if text else {}


def _message(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "Error" in line or "error" in line]
    return " ".join((errors + lines[-1:])[:2]) if lines else "no message"
