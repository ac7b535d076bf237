"""What each rule asks of SLURM: the rules' own requests under those of the profile."""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rrrn.stage import InputError

_RULE = re.compile(r"^rule (\w+):$", re.M)
_ASKED = re.compile(r"^ +(mem_mb|runtime)=lambda wildcards, attempt: (\d+) \* attempt", re.M)


@dataclass(frozen=True)
class Request:
    """What a job of ``rule`` asks for: partition and account, empty for SLURM's own choice; MB, minutes; GPUs.

    ``grows`` is true if each retry asks for as much again.
    """

    rule: str
    partition: str
    account: str
    memory: int
    minutes: int
    gpu: bool
    grows: bool


def profile(folder: Path) -> dict[str, Any]:
    """Return a profile; raises InputError, naming the file, if it cannot be read."""
    candidates = [folder] if folder.is_file() else [folder / "profile.yaml", folder / "config.yaml"]
    file = next((path for path in candidates if path.is_file()), candidates[0])
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{file}: cannot be read as a profile ({error}); name its folder with --profile") from None
    if not isinstance(found, dict):
        raise InputError(f"{file}: is no profile; name its folder with --profile")
    return found


def own(rules: Path) -> dict[str, dict[str, int]]:
    """Return memory and time that the rules of a workflow ask for at their first attempt, by rule."""
    found: dict[str, dict[str, int]] = {}
    for path in sorted(rules.glob("*.smk")):
        parts = _RULE.split(path.read_text(encoding="utf-8"))
        for name, text in zip(parts[1::2], parts[2::2], strict=True):
            if "localrule: True" not in text:
                found[name] = {key: int(value) for key, value in _ASKED.findall(text)}
    return found


def requests(settings: Mapping[str, Any], rules: Mapping[str, Mapping[str, int]], gpu_rules: set[str]) -> list[Request]:
    """Return the request of every rule that is submitted."""
    common = settings.get("default-resources") or {}
    special = settings.get("set-resources") or {}
    listed = []
    for rule, asked in rules.items():
        named = special.get(rule) or {}
        found = {**common, **asked, **named}
        listed.append(
            Request(
                rule,
                _text(found.get("slurm_partition")),
                _text(found.get("slurm_account")),
                _whole(found.get("mem_mb")),
                _whole(found.get("runtime")),
                rule in gpu_rules,
                "mem_mb" not in named,
            )
        )
    return listed


def _text(value: object) -> str:
    """Return a name of the profile, where strings are Python and so have quotes of their own."""
    text = str(value or "")
    try:
        return str(ast.literal_eval(text))
    except (SyntaxError, ValueError):
        return text


def _whole(value: object) -> int:
    """Return a number; 0 for an expression, which only SLURM will judge."""
    return value if isinstance(value, int) else 0
