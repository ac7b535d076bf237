"""The parameters of TV-L1 optical flow."""

import math
import numbers
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple

from rrrn.running.stage import InputError

_MOST = 2**31 - 1  # that OpenCV's solver can count


class _Meaning(NamedTuple):
    """Which values a parameter may have."""

    words: str
    holds: Callable[[Any], bool]


def is_whole(value: object) -> bool:
    """Return whether a value is a whole number by its type: 2, but not 2.0, "2" or True."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


_POSITIVE = _Meaning("a number above 0", lambda value: _is_number(value) and 0 < value < math.inf)
_COUNT = _Meaning(f"a whole number from 1 to {_MOST}", lambda value: is_whole(value) and 1 <= value <= _MOST)
_MEANINGS = {
    "tau": _POSITIVE,
    "lambda_": _POSITIVE,
    "theta": _POSITIVE,
    "scales": _COUNT,
    "scale_step": _Meaning("a number between 0 and 1", lambda value: _is_number(value) and 0 < value < 1),
    "warps": _COUNT,
    "epsilon": _Meaning("0 or a number above 0", lambda value: _is_number(value) and 0 <= value < math.inf),
    "inner_iterations": _COUNT,
    "outer_iterations": _COUNT,
    "median_filter": _Meaning("1 (none), 3 or 5", lambda value: is_whole(value) and value in (1, 3, 5)),
}


@dataclass(frozen=True)
class Parameters:
    """Parameters under their names in config.yaml, section flow (``lambda`` is a keyword); OpenCV's defaults.

    Raises InputError if one is out of its range, or of another type.
    """

    tau: float = 0.25
    lambda_: float = 0.15
    theta: float = 0.3
    scales: int = 5
    scale_step: float = 0.8
    warps: int = 5
    epsilon: float = 0.01
    inner_iterations: int = 30
    outer_iterations: int = 10
    median_filter: int = 5

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not _MEANINGS[field.name].holds(value):
                raise InputError(f"{_key(field.name)} of TV-L1 is {value!r}; it must be {_MEANINGS[field.name].words}")

    @classmethod
    def of_section(cls, section: Mapping[str, Any]) -> "Parameters":
        """Return what a section flow of the configuration says of the solver; what it lacks is OpenCV's default."""
        return cls(**{field.name: section[key] for field in fields(cls) if (key := _key(field.name)) in section})

    def section(self) -> dict[str, Any]:
        """Return the parameters under their names in the configuration."""
        return {_key(name): value for name, value in asdict(self).items()}


def _key(name: str) -> str:
    return name.rstrip("_")
