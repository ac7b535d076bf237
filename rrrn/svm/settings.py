"""The section ``svm`` of the configuration."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Settings:
    """How machines are trained, and what becomes of their scores."""

    C: float | Literal["grid"]
    class_weight: Literal["none", "balanced"]
    ties: Literal["margins", "order"]
    calibrate: Literal["none", "sigmoid"]
