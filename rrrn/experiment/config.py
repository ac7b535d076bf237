"""Check a configuration against its schema, with one plain sentence for what is wrong.

What methods and kinds of occluders there are, and which settings they have, the schema is told by the registry.

Imported by the Snakefile in every job, hence nothing heavy.
"""

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, SchemaError, ValidationError, validators
from jsonschema.exceptions import best_match

from rrrn.data.clips import Clip
from rrrn.experiment import (
    conditions,
    control_conditions,
    folds,
    grouped,
    methods,
    parsing,
    protocol,
    registry,
    variants,
)
from rrrn.experiment.conditions import Kind
from rrrn.experiment.methods import Method
from rrrn.experiment.whose import Misconfigured
from rrrn.running import nearest
from rrrn.running.stage import InputError

# JSON Schema counts 16.0 as an integer; a number of epochs is none to Python
_types = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
_Strict = validators.extend(Draft202012Validator, type_checker=_types)
_BARE = " without quotes, and in a file: what is in braces of --config is text to Snakemake"
_READ_SO = {"False": "NO, off and false", "True": "YES, on and true", "None": "null and ~"}


def check(config: Mapping[str, Any], schema: Path) -> None:
    """Raise InputError that names the key and the remedy if ``config`` does not follow the schema.

    From here on the registry is that of this configuration.
    """
    registry.use(config)
    for key in _not_finite(config):
        raise Misconfigured(
            f"configuration: {'.'.join(map(str, key))} is infinite or no number; it must be a finite number", key
        )
    validator = _Strict(_with_registered(parsing.parsed(schema.read_text(encoding="utf-8"))))
    error = best_match(validator.iter_errors(config))
    if error is not None:
        raise Misconfigured(f"configuration: {_sentence(error)}", _key(error))
    whole = completed(config)
    for variant in variants.registered():
        part, _, name = variant.section.partition(".")
        if config[part].get(name, methods.settings(whole, name)) != methods.settings(whole, name):
            raise InputError(
                f"configuration: {variant.section}: {name} is a variant; its settings are those of {variant.base} and "
                f"what variants.{name}.settings says, so say it there"
            )


def completed(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a checked configuration with the defaults of all registered methods and kinds where it has no own.

    A variant gets a section, its base's under its own settings.
    """
    whole = merge([*(_nested(one.section, dict(one.defaults)) for one in _declared()), dict(config)])
    for variant in variants.registered():
        part, _, name = variant.section.partition(".")
        whole[part] = {**whole[part], name: variants.settings(whole, variant)}
    return whole


def _declared() -> list[Method | Kind]:
    """Return what declares settings of its own."""
    own = [method for method in methods.METHODS.values() if method.own_section and not method.base]
    return [*own, *conditions.KINDS.values()]


def _nested(section: str, value: Any) -> dict[str, Any]:
    for key in reversed(section.split(".")):
        value = {key: value}
    return dict(value)


def _with_registered(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with the names that are registered, and with a section for each.

    What is missing in such a section has a default. Where the schema itself has the section, its limits hold, else
    those that are declared and the types of the defaults. The limits of a method hold for its variants.
    """
    schema = copy.deepcopy(schema)
    keys = schema["properties"]
    pretrained = keys["networks"]["properties"]["rrrn"]["properties"]["pretrained"]
    keys["methods"]["items"] = keys["ablation"]["items"] = {"enum": sorted(methods.METHODS)}
    keys["compare"]["properties"]["against"] = {"enum": ["all", *sorted(methods.METHODS)]}
    keys["conditions"]["items"] |= {
        "pattern": control_conditions.pattern(),
        "description": f"{conditions.offered()}, behind which a control may stand as in mask-inside, with two digits: "
        "5 % is random-05",
    }
    for one in _declared():
        part, _, name = one.section.partition(".")
        own = keys[part]["properties"].setdefault(name, {"type": "object", "additionalProperties": False})
        own.pop("required", None)
        properties = own.setdefault("properties", {})
        for key, value in one.defaults.items():
            usual = pretrained if key == "pretrained" else {"type": _TYPES[type(value)]}
            properties.setdefault(key, usual | _schema(one, key))
        keys[part]["required"] = [other for other in keys[part]["required"] if other != name]
    for variant in variants.registered():
        part = variant.section.partition(".")[0]
        own = keys[part]["properties"][variant.name] = keys[part]["properties"][variant.base]
        train = {key: value for key, value in keys["train"].items() if key != "required"}
        train["properties"] = {key: value for key, value in train["properties"].items() if key not in _OF_ALL}
        keys["variants"]["properties"][variant.name] = {"properties": {"settings": own, "train": train}}
    return schema


_OF_ALL = ("device", *protocol.WITHOUT_EFFECT)  # keys of the section train that no variant has of its own
_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}


def _schema(one: Method | Kind, key: str) -> dict[str, Any]:
    """Return the schema that a method or kind declares for one of its settings."""
    found = one.schema.get(key, {})
    try:
        Draft202012Validator.check_schema(found)
    except SchemaError as error:
        raise InputError(f"{one.module}: the schema of {key!r} is no JSON Schema ({error.message})") from None
    return dict(found)


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
    told, databases = config["protocol"], {clip.database for clip in clips}
    if len(databases) > 1 and not set(told["holdout"]) <= databases:
        raise InputError(
            f"configuration: protocol.holdout names {' and '.join(told['holdout'])}; "
            f"{config['clips']} has the databases {', '.join(sorted(databases))}"
        )
    if set(told["holdout"]) <= databases:
        folds.check_names(clips, *told["holdout"])
    if told["folds"] != "loso":
        grouped.check(clips, told["folds"]["grouped"])
    if told["train_condition"] == "clean" and conditions.CLEAR not in config["conditions"]:
        raise InputError("configuration: protocol.train_condition clean needs 'none' among the conditions")
    if told["start"] == "clean" and told["train_condition"] != "matched":
        raise InputError(
            "configuration: protocol.start clean needs protocol.train_condition matched, and it is "
            f"{told['train_condition']}, with one training a fold and none to tune; set protocol.start to scratch, or "
            "train_condition to matched"
        )
    if told["start"] == "clean" and protocol.START not in config["conditions"]:
        raise InputError(
            "configuration: protocol.start clean needs 'none' among the conditions: the training on it is what others "
            "start from"
        )
    if told["test_all"] and told["train_condition"] != "matched":
        raise InputError(
            "configuration: protocol.test_all needs protocol.train_condition matched; with "
            f"{told['train_condition']} each training is tested on all conditions anyway, and Table IV has what comes "
            "of it"
        )
    _check_controls(config)
    flow = config["flow"]
    if flow["warm_start"] and flow["engine"] not in ("auto", "numba"):
        raise InputError(f"configuration: flow.warm_start needs flow.engine numba or auto, not {flow['engine']}")
    for name in protocol.networks(config):
        other = config["variants"].get(name, {})
        if told["start"] == "scratch" and set(other.get("train", {})) == {"tune"} and not other.get("settings"):
            raise InputError(
                f"configuration: variants.{name}.train.tune decides nothing with protocol.start scratch, so that "
                f"{name} would be {methods.METHODS[name].base}; set protocol.start to clean, or remove the variant"
            )
        network, section = methods.settings(config, name), methods.METHODS[name].section
        pretrained = network.get("pretrained", "none")
        if pretrained == "imagenet" and not methods.METHODS[name].weights:
            raise InputError(f"configuration: {section}.pretrained is imagenet, and {name} has no published weights")
        if pretrained != "none" and network.get("backbone") == "shallow":
            raise InputError(f"configuration: {section}: the shallow backbone has no pretrained weights")
        if pretrained != "none" and network.get("width", 1) != 1:
            raise InputError(f"configuration: {section}: pretrained weights fit width 1 only")


def _check_controls(config: Mapping[str, Any]) -> None:
    """Raise InputError for control conditions without what they are of, or that some method cannot have."""
    for name in config["conditions"]:
        base, control = control_conditions.split(name)
        if not control:
            continue
        if base not in config["conditions"]:
            raise InputError(f"configuration: conditions has {name}, a control of {base}; add {base}")
        blind = [one for one in protocol.compared(config) if methods.METHODS[one].kind == "descriptor"]
        if control != control_conditions.JITTERED and blind:
            raise InputError(
                f"configuration: conditions has {name}, a control of the flow to the apex, which {blind[0]} does not "
                "see; name networks alone as methods"
            )
        if control in control_conditions.SIDES and config["flow"]["norm"] == "minmax":
            raise InputError(
                f"configuration: conditions has {name}, which sets flow to zero, and flow.norm minmax moves zero; set "
                "it to fixed"
            )


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


def _not_finite(value: Any, key: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the steps to the keys of .inf and .nan, which JSON Schema counts as numbers and compares with no limit."""
    if isinstance(value, float) and not math.isfinite(value):
        yield key
    pairs = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for name, part in pairs:
        yield from _not_finite(part, (*key, name))


def _whole(error: ValidationError) -> ValidationError:
    """Return, of several alternatives, the error that says what they are, and not how one of them failed."""
    while isinstance(error.parent, ValidationError):
        error = error.parent
    return error


def _key(error: ValidationError) -> tuple[str | int, ...]:
    """Return the steps to what is wrong; none for what is missing."""
    error = _whole(error)
    if error.validator == "additionalProperties":
        return (*error.absolute_path, _unknown(error)[0])
    return () if error.validator == "required" else tuple(error.absolute_path)


def _unknown(error: ValidationError) -> list[str]:
    return sorted(set(error.instance) - set(error.schema["properties"]), key=str)


def _sentence(error: ValidationError) -> str:
    error = _whole(error)
    key = ".".join(str(step) for step in error.absolute_path) or "the top level"
    if error.validator == "additionalProperties":
        known, unknown = sorted(error.schema["properties"]), _unknown(error)
        meant = nearest.question(str(unknown[0]), known) if len(unknown) == 1 else ""
        return f"{key} has the unknown key {', '.join(map(repr, unknown))}{meant}; known are {', '.join(known)}"
    if error.validator == "enum" and isinstance(error.instance, str):
        return f"{key}: {error.message}{nearest.question(error.instance, map(str, error.validator_value))}"
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
