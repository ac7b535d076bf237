"""Checks of a transformer's parameters. Each raises InputError that names the parameter and what it may be."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from rrrn.running.stage import InputError

_MOST_BLOCKS = 256  # per side, as in the schema of the configuration

P = TypeVar("P")


def named(presets: Mapping[str, P], name: Any) -> P:
    """Return the preset of a name."""
    one_of("preset", name, tuple(presets))
    return presets[name]


def one_of(name: str, value: Any, known: Sequence[str]) -> None:
    """Refuse what is none of the words ``known``."""
    if not isinstance(value, str) or value not in known:
        raise InputError(f"{name} {value!r} is none of {', '.join(known)}")


def blocks(value: Any) -> int:
    """Return the number of blocks per side."""
    return whole("blocks", value, 1, _MOST_BLOCKS)


def whole(name: str, value: Any, least: int, most: int | None = None) -> int:
    """Return a whole number from ``least`` to ``most``."""
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or not least <= value <= (most or value):
        limits = f"{least} or more" if most is None else f"from {least} to {most}"
        raise InputError(f"{name} is {value!r}; give a whole number, {limits}")
    return int(value)


def number(name: str, value: Any, limits: str, most: float = math.inf, below: bool = False) -> float:
    """Return a finite number from 0 to ``most``, or below it; ``limits`` says so in words."""
    real = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not real or not math.isfinite(value) or not 0 <= value <= most or (below and value == most):
        raise InputError(f"{name} is {value!r}; give {limits}")
    return float(value)


def truth(name: str, value: Any) -> bool:
    """Return a truth value."""
    if not isinstance(value, bool | np.bool_):
        raise InputError(f"{name} is {value!r}; give True or False")
    return bool(value)
