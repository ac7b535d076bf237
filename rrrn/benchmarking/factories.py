"""What makes a plain module of PyTorch, a class or a function, as the ``build`` of a network."""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from inspect import Parameter
from pathlib import Path
from typing import Any

import torch
from torch import nn

from rrrn.networks.network import Network
from rrrn.networks.plain import CHANNELS, Plain, Sees
from rrrn.running import nearest
from rrrn.running.stage import InputError
from rrrn.training.fold import Build

KNOWN = ("n_classes", "side", "channels")  # what a factory may ask for by name, beside its settings
NAMED = f"{', '.join(KNOWN[:-1])} and {KNOWN[-1]}"
_BY_NAME = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
_BY_PLACE = (Parameter.POSITIONAL_ONLY, Parameter.VAR_POSITIONAL)


def name_of(model: Any) -> str:
    """Return what a class or function is called, that of a ``functools.partial`` too; nothing for what has no name."""
    return name_of(model.func) if isinstance(model, partial) else str(getattr(model, "__name__", ""))


def is_factory(model: Callable[..., Any], settings: Mapping[str, Any]) -> bool:
    """Return whether something that is called takes what it is given by name, and is no ``build(settings, …)``.

    A class of modules always does; of others all that they need must be among ``KNOWN`` and the settings.
    """
    if isinstance(model, type) and issubclass(model, nn.Module) and not issubclass(model, Network):
        return True
    told = _parameters(model)
    if "settings" in told or any(one.kind in _BY_PLACE for one in told.values()):
        return False
    return not _lacking(told, settings)


def build(factory: Callable[..., Any], name: str, settings: Mapping[str, Any], sees: Sees) -> Build:
    """Return the ``build`` of a factory, to which it gives by name what it asks for; what it returns sees ``sees``.

    Before the first network, it is seen to that weights are drawn anew for each seed. Raises InputError for settings
    that it does not take, or lacks.
    """
    told = _parameters(factory)
    if lacking := _lacking(told, settings):
        raise InputError(
            f"{name} needs {lacking[0]!r}, which is none of {NAMED}; give settings={{{lacking[0]!r}: …}}, or a "
            f"function that makes it: lambda n_classes: {name}(…)"
        )
    if not any(one.kind == Parameter.VAR_KEYWORD for one in told.values()):
        named = [key for key, one in told.items() if one.kind in _BY_NAME]
        for key in settings:
            if key not in named:
                raise InputError(f"{name} takes no {key!r}, which settings have{nearest.question(key, named)}")
    checked = False

    def made(settings: Mapping[str, Any], n_classes: int, side: int, weights: Path | None) -> Network[Any]:
        nonlocal checked
        values = {"n_classes": n_classes, "side": side, "channels": CHANNELS[sees]}
        given = {key: value for key, value in values.items() if key in told} | dict(settings)

        def make() -> Network[Any]:
            return _network(factory(**given), name, n_classes, side, sees)

        if not checked:
            _check_drawn(make, name)
            checked = True
        return make()

    return made


def _parameters(model: Callable[..., Any]) -> Mapping[str, Parameter]:
    try:
        return inspect.signature(model).parameters
    except (TypeError, ValueError):  # of what is not written in Python
        return {"": Parameter("unknown", Parameter.VAR_POSITIONAL)}


def _lacking(told: Mapping[str, Parameter], settings: Mapping[str, Any]) -> list[str]:
    """Return what must be given to a factory and is not there."""
    needed = [key for key, one in told.items() if one.default is Parameter.empty and one.kind in _BY_NAME]
    return [key for key in needed if key not in KNOWN and key not in settings]


def _network(found: Any, name: str, n_classes: int, side: int, sees: Sees) -> Network[Any]:
    if isinstance(found, Network):
        check_sees(type(found).__name__, sees)
        return found
    if not isinstance(found, nn.Module):
        raise InputError(f"{name} returns {type(found).__name__}, which is no module of PyTorch")
    return Plain(found, n_classes, side, sees)


def check_sees(name: str, sees: Sees) -> None:
    """Raise InputError if it was asked what a model sees that says so itself, or is given vectors."""
    if sees != "flow":
        raise InputError(f"sees is {sees!r}, which only plain modules of PyTorch are asked; {name} is none")


def _check_drawn(make: Callable[[], Network[Any]], name: str) -> None:
    """Raise InputError unless weights follow PyTorch's seed: the same for one seed, others for another.

    A module that was made before has the same weights whatever the seed, and would carry them from fold to fold, and
    what it learnt of a subject to where that is tested.
    """
    with torch.random.fork_rng():
        first, again, other = (_weights(make, seed) for seed in (0, 0, 1))
    if _equal(first, other):
        raise InputError(
            f"{name} gives the same weights whatever the seed, as a module that was made or trained before would, or "
            f"one whose weights all begin at constants; each fold draws its own: let {name} make all its layers anew, "
            "and draw one at least"
        )
    if not _equal(first, again):
        raise InputError(
            f"{name} gives other weights for the same seed, so that nothing could be repeated; draw them by PyTorch's "
            "own generator, as layers do by themselves"
        )


def _weights(make: Callable[[], Network[Any]], seed: int) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return {key: value.clone() for key, value in make().state_dict().items()}


def _equal(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(value, other[key]) for key, value in one.items())
