"""Check a configuration against its schema, with one plain sentence for what is wrong.

Imported by the Snakefile in every job, hence nothing heavy.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError, validators
from jsonschema.exceptions import best_match

from rrrn import folds, methods
from rrrn.clips import Clip
from rrrn.stage import InputError

# JSON Schema counts 16.0 as an integer; a number of epochs is none to Python
_types = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
_Strict = validators.extend(Draft202012Validator, type_checker=_types)
_BARE = " without quotes, and in a file: what is in braces of --config is text to Snakemake"
_READ_SO = {"False": "NO, off and false", "True": "YES, on and true", "None": "null and ~"}


def check(config: Mapping[str, Any], schema: Path) -> None:
    """Raise InputError that names the key and the remedy if ``config`` does not follow the schema."""
    for key in _not_finite(config, ""):
        raise InputError(f"configuration: {key} is infinite or no number; it must be a finite number")
    validator = _Strict(yaml.safe_load(schema.read_text(encoding="utf-8")))
    error = best_match(validator.iter_errors(config))
    if error is not None:
        raise InputError(f"configuration: {_sentence(error)}")


def check_together(config: Mapping[str, Any], clips: Sequence[Clip]) -> None:
    """Raise InputError for settings that contradict each other or the clip table: what no schema can say."""
    for clip in clips:
        if clip.objective_class not in config["classes"]:
            raise InputError(
                f"{config['clips']}: clip {clip.subject}/{clip.clip} has class {clip.objective_class!r}; "
                f"the configuration names {', '.join(config['classes'])}"
            )
    if len({clip.subject for clip in clips}) < 2:
        raise InputError(f"{config['clips']}: has one subject; leaving it out leaves none to train on")
    protocol, databases = config["protocol"], {clip.database for clip in clips}
    if len(databases) > 1 and not set(protocol["holdout"]) <= databases:
        raise InputError(
            f"configuration: protocol.holdout names {' and '.join(protocol['holdout'])}; "
            f"{config['clips']} has the databases {', '.join(sorted(databases))}"
        )
    if set(protocol["holdout"]) <= databases:
        folds.check_names(clips, *protocol["holdout"])
    if protocol["train_condition"] == "clean" and "none" not in config["conditions"]:
        raise InputError("configuration: protocol.train_condition clean needs 'none' among the conditions")
    flow = config["flow"]
    if flow["warm_start"] and flow["engine"] not in ("auto", "numba"):
        raise InputError(f"configuration: flow.warm_start needs flow.engine numba or auto, not {flow['engine']}")
    for name in set(config["methods"]) & set(methods.NETWORKS):
        network, section = methods.settings(config, name), methods.METHODS[name].section
        if network["pretrained"] != "none" and network.get("backbone") == "shallow":
            raise InputError(f"configuration: {section}: the shallow backbone has no pretrained weights")
        if network["pretrained"] != "none" and network.get("width", 1) != 1:
            raise InputError(f"configuration: {section}: pretrained weights fit width 1 only")


def pick(config: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return the part of a configuration that a dotted path names, nested as it was: ``{"occlude": {"seed": 7}}``."""
    head, _, rest = path.partition(".")
    return {head: pick(config[head], rest) if rest else config[head]}


def merge(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the union of nested dictionaries, as ``pick`` gives them."""
    merged: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            both = isinstance(value, dict) and isinstance(merged.get(key), dict)
            merged[key] = merge([merged[key], value]) if both else value
    return merged


def _not_finite(value: Any, key: str) -> Iterator[str]:
    """Yield the keys of .inf and .nan, which JSON Schema counts as numbers and compares with no limit."""
    if isinstance(value, float) and not math.isfinite(value):
        yield key
    pairs = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for name, part in pairs:
        yield from _not_finite(part, f"{key}.{name}" if key else str(name))


def _sentence(error: ValidationError) -> str:
    while isinstance(error.parent, ValidationError):  # of several alternatives, say what they are, not how one failed
        error = error.parent
    key = ".".join(str(step) for step in error.absolute_path) or "the top level"
    if error.validator == "additionalProperties":
        known = sorted(error.schema["properties"])
        unknown = sorted(set(error.instance) - set(known), key=str)
        return f"{key} has the unknown key {', '.join(map(repr, unknown))}; known are {', '.join(known)}"
    if error.validator == "required":
        return f"{key}: {error.message}"
    if error.validator in ("anyOf", "oneOf", "pattern", "contains") and (wanted := error.schema.get("description")):
        remedy = _unquoted(error.instance, "number") if isinstance(error.instance, str) else ""
        return f"{key} is {error.instance!r} and must be {wanted}{remedy}"
    if error.validator == "type" and error.validator_value == "string" and not isinstance(error.instance, list | dict):
        why = f": YAML reads {words} so" if (words := _READ_SO.get(str(error.instance))) else ""
        return f"{key} is read as {error.instance} and must be text; write it in quotes{why}"
    if error.validator == "type" and isinstance(error.instance, str):
        remedy = _unquoted(error.instance, error.validator_value)
        return f"{key} is the text {error.instance!r} and must be of type {error.validator_value}{remedy}"
    return f"{key}: {error.message}"


def _unquoted(text: str, wanted: str) -> str:
    """Return how a number is written that YAML has taken for text; nothing for what is none."""
    try:
        number = float(text)
    except ValueError:
        return ""
    if wanted == "integer":
        return f"; write {int(number)}{_BARE}" if number.is_integer() else ""
    mantissa, mark, exponent = text.strip().lower().partition("e")
    if not (wanted == "number" and math.isfinite(number)):
        return ""
    if not mark:
        return f"; write {text.strip()}{_BARE}"
    point = mantissa if "." in mantissa else f"{mantissa}.0"
    sign = exponent if exponent[0] in "+-" else f"+{exponent}"
    return f"; write {point}e{sign}, for YAML takes a power of ten without point or sign for text"
