"""The section ``train`` of the configuration, as far as it decides what a training ends in."""

from dataclasses import dataclass, replace
from typing import Literal

from rrrn.running.stage import InputError
from rrrn.training.devices import Device
from rrrn.training.precision import Precision

Decay = Literal["none", "linear"]
Compile = Literal["none", "default", "graphs"]


@dataclass(frozen=True)
class Tune:
    """What a training that starts from a model has in place of these keys of ``train``."""

    epochs: int
    lr: float


@dataclass(frozen=True)
class Settings:
    """What config.yaml says of each key; ``tune`` is told only to trainings that start from a model."""

    seed: int
    epochs: int
    batch_size: int
    lr: float
    decay: Decay
    views_per_clip_per_epoch: int
    device: Device
    precision: Precision
    deterministic: bool
    compile: Compile
    tune: Tune | None = None

    def tuned(self) -> "Settings":
        """Return the settings of a training that starts from a model; raises InputError without ``tune``."""
        if self.tune is None:
            raise InputError("the settings lack train.tune, which a training that starts from a model needs")
        return replace(self, epochs=self.tune.epochs, lr=self.tune.lr)
