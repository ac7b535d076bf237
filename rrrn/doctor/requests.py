"""What the profile asks of SLURM for each rule."""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rrrn.stage import InputError

_RULE = re.compile(r"^rule (\w+):$", re.M)
_GROWING = re.compile(r"(\d+) \* attempt")


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


def submitted(folder: Path) -> list[str]:
    """Return the rules in a folder's files that are no local rules."""
    found: list[str] = []
    for path in sorted(folder.glob("*.smk")):
        parts = _RULE.split(path.read_text(encoding="utf-8"))
        rules = zip(parts[1::2], parts[2::2], strict=True)
        found += [name for name, text in rules if "localrule: True" not in text]
    return found


def requests(settings: Mapping[str, Any], rules: Sequence[str], gpu_rules: set[str]) -> list[Request]:
    """Return what is asked for each of the rules at its first attempt."""
    common = settings.get("default-resources") or {}
    special = settings.get("set-resources") or {}
    listed = []
    for rule in rules:
        found = {**common, **(special.get(rule) or {})}
        listed.append(
            Request(
                rule,
                _text(found.get("slurm_partition")),
                _text(found.get("slurm_account")),
                _whole(found.get("mem_mb")),
                _whole(found.get("runtime")),
                rule in gpu_rules,
                bool(_GROWING.fullmatch(str(found.get("mem_mb")))),
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
    """Return a number, that of the first attempt; 0 for another expression, which only SLURM will judge."""
    growing = _GROWING.fullmatch(str(value))
    return int(growing[1]) if growing else value if isinstance(value, int) else 0
