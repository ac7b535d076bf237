"""What the profile asks of SLURM for each job: a rule, or a group of rules that are one job."""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

_RULE = re.compile(r"^rule (\w+):$", re.M)
_AMOUNT = re.compile(r"(\d+)(\s*\*\s*attempt)?|attempt\s*\*\s*(\d+)")


@dataclass(frozen=True)
class Request:
    """What a job asks for: partition (or several, by commas) and account, empty for SLURM's own choice.

    ``memory`` in MB and ``minutes`` have a number for each attempt, none if nothing that can be told is asked for;
    ``unknown`` are the expressions that cannot be told. ``gpu`` is the setting that would do without one, empty if none
    is asked for. ``contradicting`` says which names the rules of a group differ in.
    """

    job: str
    partition: str
    account: str
    memory: tuple[int, ...] = ()
    minutes: tuple[int, ...] = ()
    threads: int = 1
    gpu: str = ""
    unknown: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    contradicting: tuple[str, ...] = ()


def submitted(folder: Path) -> list[str]:
    """Return the rules in a folder's files that are no local rules."""
    found: list[str] = []
    for path in sorted(folder.glob("*.smk")):
        parts = _RULE.split(path.read_text(encoding="utf-8"))
        rules = zip(parts[1::2], parts[2::2], strict=True)
        found += [name for name, text in rules if "localrule: True" not in text]
    return found


def requests(settings: Mapping[str, Any], rules: Sequence[str], gpu_rules: Mapping[str, str]) -> list[Request]:
    """Return what is asked for each of the rules, and of those of a group together.

    ``settings`` is an understood profile; ``gpu_rules`` has the rules that take a GPU and the setting without.
    """
    groups: dict[str, list[Request]] = {}
    for rule in rules:
        group = settings["groups"].get(rule, "")
        groups.setdefault(f"group {group}" if group else f"rule {rule}", []).append(_of_rule(settings, rule, gpu_rules))
    return [members[0] if len(members) == 1 else together(job, members) for job, members in groups.items()]


def together(job: str, members: Sequence[Request]) -> Request:
    """Return the request of a group whose rules run one after another: times add up, of the rest the largest counts."""
    contradicting = []
    for name in ("partition", "account"):
        named = {request.rules[0]: getattr(request, name) for request in members if getattr(request, name)}
        if len(set(named.values())) > 1:
            said = ", ".join(f"{value} ({rule})" for rule, value in named.items())
            contradicting.append(f"slurm_{name}: {said}")
    return Request(
        job,
        next((request.partition for request in members if request.partition), ""),
        next((request.account for request in members if request.account), ""),
        tuple(map(max, zip_longest(*(request.memory for request in members), fillvalue=0))),
        tuple(map(sum, zip_longest(*(request.minutes for request in members), fillvalue=0))),
        max(request.threads for request in members),
        next((request.gpu for request in members if request.gpu), ""),
        tuple(f"{request.rules[0]}: {said}" for request in members for said in request.unknown),
        tuple(rule for request in members for rule in request.rules),
        tuple(contradicting),
    )


def _of_rule(settings: Mapping[str, Any], rule: str, gpu_rules: Mapping[str, str]) -> Request:
    found = {**settings["default-resources"], **settings["set-resources"].get(rule, {})}
    tries = settings.get("retries", 0) + 1
    amounts = {key: _amounts(found.get(key), tries) for key in ("mem_mb", "runtime")}
    unknown = tuple(
        f"{key}: {found[key]}" for key in ("mem_mb", "mem", "runtime") if key in found and not amounts.get(key)
    )
    return Request(
        f"rule {rule}",
        _text(found.get("slurm_partition")),
        _text(found.get("slurm_account")),
        amounts["mem_mb"],
        amounts["runtime"],
        settings["set-threads"].get(rule, 1),
        gpu_rules.get(rule, ""),
        unknown,
        (rule,),
    )


def _text(value: object) -> str:
    """Return a name of the profile, where strings are Python and so have quotes of their own."""
    text = str(value or "")
    try:
        return str(ast.literal_eval(text))
    except (SyntaxError, ValueError):
        return text


def _amounts(value: object, tries: int) -> tuple[int, ...]:
    """Return a number for each attempt; none for another expression, which only Snakemake can evaluate."""
    match = _AMOUNT.fullmatch(str(value).strip())
    if match is None:
        return ()
    grows = match[2] or match[3]
    return tuple(int(match[1] or match[3]) * (attempt if grows else 1) for attempt in range(1, tries + 1))
