"""The parameters of TV-L1 optical flow."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from rrrn.stage import InputError


@dataclass(frozen=True)
class Parameters:
    """Parameters under their names in config.yaml, section flow (``lambda`` is a keyword); OpenCV's defaults.

    Raises InputError if one is out of its range.
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
        for name in ("tau", "lambda_", "theta"):
            if not 0 < getattr(self, name) < math.inf:
                raise InputError(f"flow.{name.rstrip('_')} is {getattr(self, name)}; it must be a number above 0")
        if not 0 <= self.epsilon < math.inf:
            raise InputError(f"flow.epsilon is {self.epsilon}; it must be 0 or a number above 0")
        if not 0 < self.scale_step < 1:
            raise InputError(f"flow.scale_step is {self.scale_step}; it must lie between 0 and 1")
        for name in ("scales", "warps", "inner_iterations", "outer_iterations"):
            if getattr(self, name) < 1:
                raise InputError(f"flow.{name} is {getattr(self, name)}; it must be at least 1")
        if self.median_filter not in (1, 3, 5):
            raise InputError(f"flow.median_filter is {self.median_filter}; it must be 1 (none), 3 or 5")

    @classmethod
    def of_section(cls, section: Mapping[str, Any]) -> "Parameters":
        """Return what a section flow of the configuration says of the solver; what it lacks is OpenCV's default."""
        return cls(**{field.name: section[key] for field in fields(cls) if (key := _key(field.name)) in section})

    def section(self) -> dict[str, Any]:
        """Return the parameters under their names in the configuration."""
        return {_key(name): value for name, value in asdict(self).items()}


def _key(name: str) -> str:
    return name.rstrip("_")
