"""SLURM and the profile: what is named exists, what is asked for can be had, and no known trap lies open.

The traps are those of the executor plugin 2.8; the profile says beside each key what it is for.
"""

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rrrn.doctor.asking import Answer
from rrrn.doctor.cluster import Facts
from rrrn.doctor.finding import Finding, error, late, ok, skipped, warning

_PATIENT = 30  # attempts; with 5 s between them SLURM may be away for more than two minutes
_KEPT = 240  # seconds that SLURM must remember a job that ended: the plugin looks every 180 s at most


def check(facts: Facts, wanted: bool = True) -> list[Finding]:
    """Judge SLURM for what Snakemake makes of a profile and the workflow.

    Where SLURM is not ``wanted``, one that cannot be asked is no error: it may be a rest of another installation.
    """
    unusable = error if wanted else warning
    if len(facts.missing) == 2:
        return [skipped("SLURM", "no SLURM here; local runs only")]
    if facts.missing:
        return [
            unusable(
                "SLURM", f"{facts.missing[0]} is missing", "log in to a node that submits jobs, or load its module"
            )
        ]
    if facts.silent:
        said = f"squeue does not answer: {facts.silent}"
        return [unusable("SLURM", said, "try sinfo by hand; ask your site's support")]
    answers = ok("SLURM", f"answers; partitions {_names(facts.partitions)}")
    workflow = facts.workflow
    if "late" in workflow:
        return [answers, late("profile", workflow["late"])]
    if "failed" in workflow:
        said = workflow["failed"].removeprefix("probe_workflow.py: error: ")
        return [answers, error("profile", f"Snakemake does not take it: {said}", "correct it; --profile names another")]
    settings = workflow["settings"]
    found = [answers, *polling(facts, settings), *traps(facts, settings)]
    if workflow["problem"]:
        said = f"Snakemake cannot read it, so SLURM is asked for nothing: {workflow['problem']}"
        return [*found, error("workflow", said, "correct what it names")]
    return [*found, account(facts), *jobs(facts)]


def account(facts: Facts) -> Finding:
    """Judge the accounts that the jobs name; the plugin refuses those that are not yours, also where SLURM does not."""
    named = list(dict.fromkeys(job["account"] for job in facts.workflow["jobs"] if job.get("account")))
    if facts.accounts is None:
        return skipped("account", f"sacctmgr names none; the profile names {_names(named)}")
    unknown = [name for name in named if name.lower() not in map(str.lower, facts.accounts)]
    if unknown:
        return error(
            "account",
            f"{_names(unknown)} is not yours; yours are {_names(facts.accounts)}",
            "correct slurm_account in the profile",
        )
    return ok("account", _names(named) if named else f"none named; yours are {_names(facts.accounts)}")


def jobs(facts: Facts) -> list[Finding]:
    """Judge what sbatch says of every job; one finding for all that is well."""
    if not facts.partitions:
        return [error("partitions", "sinfo names no partition", "try sinfo by hand; ask your site's support")]
    kinds = facts.workflow["jobs"]
    found = [finding for job in kinds for finding in _one(facts, job)]
    return _once(found) or [ok("jobs", f"sbatch takes all at every attempt: {_names([job['name'] for job in kinds])}")]


def _one(facts: Facts, job: Mapping[str, Any]) -> list[Finding]:
    """Judge one job by the first attempt that is refused: an error if it is the first of all, a warning if later."""
    if "problem" in job:
        where = f"for {' and '.join(job['rules'])} under set-resources, set-threads or groups in the profile"
        return [error(job["name"], f"Snakemake cannot submit it: {job['problem']}", f"correct what is said {where}")]
    if "unknown" in job:
        return [skipped(job["name"], f"not judged: {job['unknown']}")]
    for attempt, options in enumerate(job["options"], 1):
        answer = facts.answers[tuple(options)]
        if answer.status is None:
            return [skipped(job["name"], f"not judged: sbatch: {answer.complaint}")]
        if not answer.good:
            at = f" at attempt {attempt}" if attempt > 1 else ""
            said = f"sbatch refuses {shlex.join(options)}{at}: {_reason(answer)}"
            remedy = _remedy(facts, options, _reason(answer))
            if attempt == 1:
                return [error(job["name"], said, remedy)]
            return [warning(job["name"], said, f"{remedy}; or accept that attempt {attempt} is refused")]
    return []


def _reason(answer: Answer) -> str:
    lines = [re.sub(r"^(sbatch: )?(error: |allocation failure: )?", "", line) for line in answer.complaint.splitlines()]
    return "; ".join(filter(None, lines)) or f"exit status {answer.status}"


def _remedy(facts: Facts, options: Sequence[str], reason: str) -> str:
    """Return what to change in the profile, beside what the partitions have that were asked for."""
    if "account" in reason:
        return "correct slurm_account in the profile"
    asked = options[options.index("-p") + 1].split(",") if "-p" in options else list(facts.partitions)
    known = [name for name in asked if name in facts.partitions]
    if len(known) < len(asked) or "partition specified" in reason:
        return f"set slurm_partition in the profile to one of {_names(facts.partitions)}"
    has = "; ".join(f"{name} has {facts.partitions[name]}" for name in known)
    less = "runtime" if "time limit" in reason else "mem_mb or threads"
    if any(option.startswith(("--gpus", "--gres=gpu")) for option in options):
        less += ", or no GPU (train.device: cpu, flow.engine: numba)"
    return f"another slurm_partition in the profile, or less {less}; {has}"


def polling(facts: Facts, settings: Mapping[str, Any]) -> list[Finding]:
    """Judge how the end of jobs is noticed."""
    found: list[Finding] = []
    interval = settings["init_seconds_before_status_checks"]
    kept = int(re.sub(r"\D.*", "", facts.config.get("MinJobAge", "")) or 0)
    by_squeue = settings["status_command"] == "squeue"
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
    if settings["status_attempts"] < _PATIENT:
        found.append(
            warning(
                "polling",
                "few attempts at asking: jobs are lost if SLURM is away for seconds",
                "slurm-status-attempts: 60 and max-status-checks-per-second: 0.2 in the profile",
            )
        )
    return found or [ok("polling", f"squeue after {interval:g} s; jobs are remembered for {kept} s")]


def traps(facts: Facts, settings: Mapping[str, Any]) -> list[Finding]:
    """Judge settings that are known to go wrong."""
    found: list[Finding] = []
    if settings["executor"] != "slurm":
        found.append(warning("profile", "its executor is not slurm", "name workflow/profiles/slurm with --profile"))
    if settings["array_jobs"]:
        found.append(
            error(
                "profile",
                "by job arrays jobs are reported as finished that still run, and one task's failure spoils others",
                "remove slurm-array-jobs from the profile",
            )
        )
    if not settings["retries"]:
        found.append(
            warning("profile", "nothing is tried again", "retries: 2 in the profile, so that memory and time can grow")
        )
    if not settings["no_requeue"]:
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
    return replace(group[0], check=f"{len(jobs)} rules", text=f"{group[0].text}: {_names(jobs)}")


def _names(found: Iterable[str]) -> str:
    return ", ".join(found) or "none"
