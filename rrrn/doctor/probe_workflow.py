"""What Snakemake and its plugin for SLURM make of a profile and the workflow, printed as JSON.

No step is run and nothing is written: the rules are read, and what each asks for is evaluated for every attempt.
"""

import json
import re
import shlex
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snakemake import cli
from snakemake.api import SnakemakeApi
from snakemake.iocontainers import ResourceList
from snakemake.resources import GroupResources
from snakemake.settings import types
from snakemake_executor_plugin_slurm.submit_string import get_submit_command
from snakemake_executor_plugin_slurm.utils import set_gres_string
from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry

_LATER = ("is known in a run only", "'Wildcards' object")
_OF_SLURM = ("array_jobs", "no_requeue", "status_command", "status_attempts", "init_seconds_before_status_checks")


class _NotYet:
    """Stands for the inputs of a job, which only a run knows."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"input.{name} {_LATER[0]}")


@dataclass(frozen=True)
class _Job:
    """What Snakemake and the plugin look at to add up a group and to submit a job."""

    resources: Any
    pipe_group: None = None

    @property
    def threads(self) -> int:
        return int(self.resources["_cores"])


def facts(snakefile: str, profile: str, configfiles: list[str]) -> dict[str, Any]:
    """Return the ``settings`` that decide how jobs are watched, the ``jobs``, and the ``problem`` of a workflow.

    A job has its ``name``, its ``rules``, its ``account``, and for each attempt the ``options`` of its sbatch; or a
    ``problem`` of its own, or it is ``unknown`` why they cannot be told before a run.
    """
    _, args = cli.parse_args(
        ["--dry-run", "--snakefile", snakefile, "--profile", profile, "--configfile", *configfiles]
    )
    plugin = ExecutorPluginRegistry().get_plugin("slurm")
    submitting = plugin.get_settings(args)
    settings = {key: getattr(submitting, key) for key in _OF_SLURM} | {
        "executor": args.executor,
        "retries": args.retries,
    }
    found: dict[str, Any] = {"settings": settings, "jobs": [], "problem": ""}
    with SnakemakeApi(types.OutputSettings(dryrun=True, quiet={types.Quietness.ALL})) as snakemake:
        try:
            workflow = snakemake.workflow(
                resource_settings=types.ResourceSettings(
                    nodes=args.jobs,
                    max_threads=args.max_threads,
                    resources=args.resources,
                    overwrite_threads=args.set_threads,
                    overwrite_resource_scopes=args.set_resource_scopes,
                    overwrite_resources=args.set_resources,
                    default_resources=args.default_resources,
                ),
                config_settings=types.ConfigSettings(
                    config=cli.parse_config(args.config), configfiles=args.configfile, config_args=args.config
                ),
                deployment_settings=types.DeploymentSettings(deployment_method=args.software_deployment_method),
                snakefile=Path(args.snakefile),
            )._workflow  # its public face lists the names of rules, no more
            workflow._executor_plugin = plugin  # without one, all rules are local
            found["jobs"] = list(_jobs(workflow, args.groups or {}, range(1, args.retries + 2), submitting))
        except (Exception, SystemExit) as error:  # the workflow ends so at a user's mistake
            found["problem"] = _line(error)
    return found


def _jobs(workflow: Any, groups: dict[str, str], attempts: range, settings: Any) -> Iterable[dict[str, Any]]:
    members: dict[str, list[Any]] = {}
    for rule in workflow.rules:
        group = groups.get(rule.name) or rule.group
        if group or not workflow.is_local(rule):
            members.setdefault(f"group {group}" if group else f"rule {rule.name}", []).append(rule)
    for name, rules in members.items():
        told = {"name": name, "rules": [rule.name for rule in rules]}
        try:
            jobs = [_job(rules, attempt, workflow.global_resources) for attempt in attempts]
            yield told | {"account": _account(jobs[0]), "options": [_options(job, settings) for job in jobs]}
        except Exception as error:  # expressions of a profile are Python
            yield told | {"unknown" if any(word in str(error) for word in _LATER) else "problem": _first(error)}


def _job(rules: list[Any], attempt: int, constraints: Any) -> _Job:
    """Return the job of a rule, or of the rules of a group, one after another as in a chain."""
    skipped = {"tmpdir", "disk_mb"}  # SLURM is not asked for them, and by default they follow from inputs
    jobs = [_Job(rule.expand_resources({}, _NotYet(), attempt, skip_evaluation=skipped)) for rule in rules]
    if len(jobs) == 1:
        return jobs[0]
    return _Job(ResourceList(fromdict=GroupResources.basic_layered([[job] for job in jobs], constraints, False)))


def _account(job: _Job) -> str:
    """Return the account of a job, empty if none is named; of several the plugin takes the first."""
    return next(iter(re.split(r"[,\s]+", str(job.resources.get("slurm_account") or "").strip(", "))))


def _options(job: _Job, settings: Any) -> list[str]:
    """Return what the plugin gives to sbatch and a partition is chosen, or a job refused, by."""
    ours = {"run_uuid": "", "slurm_logfile": "", "comment_str": "", "workdir": ""}
    for key, option, name in (
        ("account", "-A", _account(job)),
        ("partition", "-p", job.resources.get("slurm_partition")),
    ):
        ours[key] = f"{option} {shlex.quote(str(name))}" if name else ""
    call = get_submit_command(job, ours, settings)
    words = shlex.split(call + set_gres_string(job))
    return words[words.index("--comment") + 2 :]


def _first(error: Exception) -> str:
    """Return the first line that says something of what Snakemake makes of an error."""
    lines = [line.strip() for line in str(error).splitlines()]
    return next((line for line in lines if line and not line.endswith("Error:")), type(error).__name__)


def _line(error: BaseException) -> str:
    """Return all that an error says, in one line."""
    return " ".join(str(error).removeprefix("error: ").split()) or type(error).__name__


if __name__ == "__main__":
    try:
        print(json.dumps(facts(sys.argv[1], sys.argv[2], sys.argv[3:])))
    except Exception as error:
        sys.exit(_line(error))
