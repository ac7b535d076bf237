"""A profile of Snakemake, read as Snakemake reads it: tables may be mappings or lists of KEY=VALUE."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from rrrn.experiment import doubles
from rrrn.experiment.defaults import reason
from rrrn.running.stage import InputError

_NUMBERS = ("retries", "slurm-status-attempts", "slurm-init-seconds-before-status-checks")


def read(folder: Path) -> dict[str, Any]:
    """Return a profile, its tables as mappings and its numbers as numbers.

    Raises InputError, naming the file and the key, if it cannot be read or has something that Snakemake would not take.
    """
    candidates = [folder] if folder.is_file() else [folder / "profile.yaml", folder / "config.yaml"]
    file = next((path for path in candidates if path.is_file()), candidates[0])
    try:
        text = file.read_text(encoding="utf-8")
        found = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(
            f"{file}: cannot be read as a profile ({reason(error)}); name its folder with --profile"
        ) from None
    if not isinstance(found, dict):
        raise InputError(f"{file}: is no profile; name its folder with --profile")
    doubles.check(text, str(file))
    try:
        return understood(found)
    except InputError as error:
        raise InputError(f"{file}: {error}") from None


def understood(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return a profile in one form; raises InputError, naming the key, for what Snakemake would not take."""
    known = {key: value for key, value in found.items() if value is not None}  # so does Snakemake
    tables: dict[str, Any] = {
        "default-resources": _pairs(known, "default-resources"),
        "set-resources": _by_rule(known),
        "set-threads": {
            rule: _number(f"set-threads: {rule}", threads) for rule, threads in _pairs(known, "set-threads").items()
        },
        "groups": {rule: str(group) for rule, group in _pairs(known, "groups").items()},
    }
    return known | tables | {key: _number(key, known[key]) for key in _NUMBERS if key in known}


def _pairs(found: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = found.get(key, {})
    if isinstance(value, dict):
        return {str(name): one for name, one in value.items()}
    listed = value if isinstance(value, list) else [value]
    pairs = [str(one).partition("=") for one in listed]
    for one, (name, sign, _) in zip(listed, pairs, strict=True):
        if not (isinstance(one, str) and name and sign):
            raise InputError(f"{key} has {one!r}; it must be a mapping, or a list of NAME=VALUE")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _by_rule(found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    key = "set-resources"
    if isinstance(found.get(key, {}), dict):
        table = _pairs(found, key)
        for rule, asked in table.items():
            if not isinstance(asked, dict):
                raise InputError(
                    f"{key}: {rule} is {asked!r}; it must be a mapping of resources; remove the rule if it has none"
                )
        return table
    by_rule: dict[str, dict[str, Any]] = {}
    for name, value in _pairs(found, key).items():
        rule, colon, resource = name.partition(":")
        if not (rule and colon and resource):
            raise InputError(f"{key} has {f'{name}={value}'!r}; in a list it must be RULE:NAME=VALUE")
        by_rule.setdefault(rule, {})[resource] = value
    return by_rule


def _number(key: str, value: object) -> int:
    text = str(value)
    if isinstance(value, bool) or not text.isdecimal():
        raise InputError(f"{key} is {value!r}; it must be a whole number")
    return int(text)
