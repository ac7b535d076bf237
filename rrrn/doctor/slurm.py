"""SLURM and the profile: what is named exists, what is asked for can be had, and no known trap lies open.

The traps are those of the executor plugin 2.8; the profile says beside each key what it is for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rrrn.doctor import cluster
from rrrn.doctor.cluster import Facts, Partition
from rrrn.doctor.finding import Finding, error, ok, skipped, warning
from rrrn.doctor.requests import Request

_PATIENT = 30  # attempts; with 5 s between them SLURM may be away for more than two minutes
_KEPT = 240  # seconds that SLURM must remember a job that ended: the plugin looks every 180 s at most


def check(facts: Facts, profile: Mapping[str, Any], requests: Sequence[Request]) -> list[Finding]:
    """Judge SLURM for an understood profile and what its jobs ask for."""
    if len(facts.missing) == 2:
        return [skipped("SLURM", "no SLURM here; local runs only")]
    if facts.missing:
        return [
            error("SLURM", f"{facts.missing[0]} is missing", "log in to a node that submits jobs, or load its module")
        ]
    if facts.silent:
        return [error("SLURM", f"squeue does not answer: {facts.silent}", "try sinfo by hand; ask your site's support")]
    return [
        ok("SLURM", f"answers; partitions {cluster.names(list(facts.partitions))}"),
        account(facts, requests),
        *partitions(facts, requests),
        *polling(facts, profile),
        *traps(facts, profile),
    ]


def account(facts: Facts, requests: Sequence[Request]) -> Finding:
    """Judge the accounts that the profile names."""
    named = list(dict.fromkeys(request.account for request in requests if request.account))
    if facts.accounts is None:
        return skipped("account", f"sacctmgr names none; the profile names {cluster.names(named)}")
    unknown = [name for name in named if name not in facts.accounts]
    if unknown:
        return error(
            "account",
            f"{cluster.names(unknown)} is not yours; yours are {cluster.names(facts.accounts)}",
            "correct slurm_account in the profile",
        )
    return ok("account", cluster.names(named) if named else f"none named; yours are {cluster.names(facts.accounts)}")


def partitions(facts: Facts, requests: Sequence[Request]) -> list[Finding]:
    """Judge the partition of every job: existence, time, memory, processors, GPUs; one finding for all that is well."""
    if not facts.partitions:
        return [error("partitions", "sinfo names no partition", "try sinfo by hand; ask your site's support")]
    found = [finding for request in requests for finding in _one(facts, request)]
    used = dict.fromkeys(request.partition or cluster.default(facts.partitions) for request in requests)
    return _once(found) or [
        ok("partitions", f"{cluster.names(list(used))}: time, memory, processors and GPUs suffice at every attempt")
    ]


def _one(facts: Facts, request: Request) -> list[Finding]:
    """Judge one job; of several partitions SLURM takes one that does, unless the site wants them all to do."""
    if request.contradicting:
        return [
            error(
                request.job,
                f"is one job, and its rules differ in {said}",
                f"name the same under set-resources for {' and '.join(request.rules)}, or remove groups",
            )
            for said in request.contradicting
        ]
    names = [name for name in (request.partition or cluster.default(facts.partitions)).split(",") if name]
    unknown = [name for name in names if name not in facts.partitions]
    if unknown or not names:
        said = (
            f"partition {', '.join(unknown)} does not exist"
            if unknown
            else "no partition is named, and SLURM has no default one"
        )
        remedy = f"set slurm_partition in the profile to one of {cluster.names(list(facts.partitions))}"
        return [error(request.job, said, remedy)]
    judged = [limits(request, facts.partitions[name]) for name in names]
    every = facts.config.get("EnforcePartLimits", "") in ("ALL", "YES")
    found = [one for several in judged for one in several] if every else min(judged, key=_badness)
    not_told = [skipped(request.job, f"not judged: {said}") for said in request.unknown]
    return [*found, *not_told]


def _badness(found: Sequence[Finding]) -> tuple[int, int]:
    return sum(one.state == "error" for one in found), len(found)


def limits(request: Request, partition: Partition) -> list[Finding]:
    """Judge what one job asks of a partition."""
    at, keys = f"partition {partition.name}", f"set-resources: {', '.join(request.rules)}"
    largest = f"the largest node of {at} has"
    found = []
    if partition.memory:
        said = f"{largest} {partition.memory}", f"lower {keys}: mem_mb in the profile, or name another partition"
        found += _amounts(request.job, request.memory, "MB", partition.memory, *said)
    if partition.minutes is not None:
        said = f"{at} ends jobs after {partition.minutes:g}", f"{keys}: runtime in the profile, or another partition"
        found += _amounts(request.job, request.minutes, "minutes", partition.minutes, *said)
    if partition.processors:
        said = f"{largest} {partition.processors}", f"set-threads: {', '.join(request.rules)} in the profile"
        found += _amounts(request.job, (request.threads,), "processors", partition.processors, *said)
    if request.gpu and not cluster.has_gpu(partition):
        found.append(
            error(
                request.job,
                f"asks for a GPU; {at} has none (gres: {partition.gres or 'none'})",
                f"{keys}: slurm_partition in the profile, or {request.gpu} in the configuration",
            )
        )
    return found


def _amounts(job: str, asked: Sequence[int], unit: str, limit: float, has: str, remedy: str) -> list[Finding]:
    """Judge the first amount that is too much: an error at the first attempt, a warning at a later one."""
    attempt = next((number for number, amount in enumerate(asked, 1) if amount > limit), 0)
    if not attempt:
        return []
    if attempt == 1:
        return [error(job, f"asks for {asked[0]} {unit}; {has}", remedy)]
    said = f"asks for {asked[attempt - 1]} {unit} at attempt {attempt}; {has}"
    return [warning(job, said, f"{remedy}, or accept that attempt {attempt} is refused or waits for ever")]


def polling(facts: Facts, profile: Mapping[str, Any]) -> list[Finding]:
    """Judge how the end of jobs is noticed."""
    found: list[Finding] = []
    interval = profile.get("slurm-init-seconds-before-status-checks", 40)
    kept = cluster.number(facts.config.get("MinJobAge", ""))
    by_squeue = profile.get("slurm-status-command") == "squeue"
    accounted = facts.config.get("AccountingStorageType", "").rpartition("/")[2] not in ("", "none")
    needed = max(3 * interval, _KEPT)
    if by_squeue and kept and kept < needed:
        found.append(
            error(
                "polling",
                f"SLURM forgets jobs after {kept} s (MinJobAge); below {needed:g} s their end may never be seen",
                f"ask your site to raise MinJobAge to {needed:g}"
                + ("" if kept < _KEPT else f", or slurm-init-seconds-before-status-checks: {kept // 3} in the profile"),
            )
        )
    if not by_squeue and not accounted:
        found.append(
            error(
                "polling",
                "the profile asks sacct, and this SLURM keeps no accounts: Snakemake would wait for ever",
                "slurm-status-command: squeue in the profile",
            )
        )
    elif not by_squeue:
        found.append(
            warning(
                "polling",
                "the profile asks sacct, by which a cancelled job seems to run for ever",
                "slurm-status-command: squeue in the profile",
            )
        )
    elif not accounted:
        found.append(
            warning(
                "polling",
                "this SLURM keeps no accounts: if slurmctld is away at a look, Snakemake waits for ever",
                "stop it then with Ctrl-C and start it again; what is finished is kept",
            )
        )
    if profile.get("slurm-status-attempts", 5) < _PATIENT:
        found.append(
            warning(
                "polling",
                "few attempts at asking: jobs are lost if SLURM is away for seconds",
                "slurm-status-attempts: 60 and max-status-checks-per-second: 0.2 in the profile",
            )
        )
    return found or [ok("polling", f"squeue after {interval:g} s; jobs are remembered for {kept} s")]


def traps(facts: Facts, profile: Mapping[str, Any]) -> list[Finding]:
    """Judge settings that are known to go wrong."""
    found: list[Finding] = []
    if profile.get("executor") != "slurm":
        found.append(warning("profile", "its executor is not slurm", "name workflow/profiles/slurm with --profile"))
    if profile.get("slurm-array-jobs"):
        found.append(
            error(
                "profile",
                "by job arrays jobs are reported as finished that still run, and one task's failure spoils others",
                "remove slurm-array-jobs from the profile",
            )
        )
    if not profile.get("retries"):
        found.append(
            warning("profile", "nothing is tried again", "retries: 2 in the profile, so that memory and time can grow")
        )
    if not profile.get("slurm-no-requeue"):
        found.append(
            warning("profile", "after a node failure a job may run twice", "slurm-no-requeue: true in the profile")
        )
    if facts.config.get("EnforcePartLimits", "") == "NO":
        found.append(
            warning(
                "limits",
                "SLURM takes requests that can never be met, and they wait for ever (EnforcePartLimits)",
                "look at the reasons of waiting jobs: squeue --me --format='%i %j %r'",
            )
        )
    return found


def _once(found: Sequence[Finding]) -> list[Finding]:
    """Put jobs with the same trouble into one finding."""
    same: dict[tuple[str, str], list[Finding]] = {}
    for finding in found:
        same.setdefault((finding.state, finding.text), []).append(finding)
    return [_of_all(group) for group in same.values()]


def _of_all(group: Sequence[Finding]) -> Finding:
    if len(group) == 1:
        return group[0]
    jobs = list(dict.fromkeys(one.check.removeprefix("rule ") for one in group))
    return replace(group[0], check=f"{len(jobs)} rules", text=f"{group[0].text}: {cluster.names(jobs)}")
