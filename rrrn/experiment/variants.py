"""Variants: methods with some settings otherwise, which the configuration declares and no module.

``variants: {rrrn-fc: {of: rrrn, settings: {attention: fc}, label: RRRN fc}}`` makes a method ``rrrn-fc``, whose section
``networks.rrrn-fc`` is that of its base with these settings laid over it. A variant of a network may be trained
otherwise as well, or only that: ``train: {epochs: 8}`` is laid over the section ``train``. It is as any other method:
named in ``methods`` or ``ablation``, with files of its own, and with random draws of its own, which are of its name.

Read by the Snakefile in every job, hence the standard library only.
"""

from collections.abc import Mapping
from typing import Any

from rrrn.experiment import methods
from rrrn.experiment.methods import METHODS, Method
from rrrn.running.stage import InputError

_KEYS = {"of": str, "settings": dict, "train": dict, "label": str}


def use(config: Mapping[str, Any]) -> None:
    """Register the variants of a configuration; raises InputError that names the key for one that cannot be."""
    told = config.get("variants", {})
    if not isinstance(told, dict):
        raise InputError(f"configuration: variants is {told!r} and must be a section with one of its own for each")
    for name, one in told.items():
        if not isinstance(name, str):
            raise InputError(f"configuration: variants has the name {name!r}, which is no text; write it in quotes")
        right = isinstance(one, dict) and "of" in one and one.keys() <= _KEYS.keys()
        right = right and all(isinstance(value, _KEYS[key]) for key, value in one.items())
        if not right or not (one.get("settings") or one.get("train")):
            raise InputError(
                f"configuration: variants.{name} is {one!r} and must have 'of', a method, and 'settings' or 'train', "
                "those that differ; it may have a 'label'"
            )
        try:
            methods.vary(name, one["of"], one.get("label", name))
        except InputError as error:
            raise InputError(f"configuration: variants.{name}: {error}") from None
        if one.get("train") and METHODS[name].kind != "network":
            raise InputError(f"configuration: variants.{name} has 'train', and {one['of']} is no network")


def bases(config: Mapping[str, Any]) -> dict[str, str]:
    """Return {name of a variant: what it is of}, as far as a configuration that is not checked says so."""
    told = config.get("variants")
    pairs = told.items() if isinstance(told, dict) else ()
    return {name: str(one.get("of")) for name, one in pairs if isinstance(one, dict)}


def registered() -> list[Method]:
    """Return the variants that are registered."""
    return [method for method in METHODS.values() if method.base]


def settings(config: Mapping[str, Any], variant: Method) -> dict[str, Any]:
    """Return all settings of a variant, of a configuration that has those of its base."""
    return {**methods.settings(config, variant.base), **config["variants"][variant.name].get("settings", {})}


def training(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the section ``train`` as it is for a network, which may be a variant that is trained otherwise."""
    return {**config["train"], **config["variants"].get(name, {}).get("train", {})}
