"""The section ``train`` of the configuration, as far as it decides what a training ends in."""

from dataclasses import dataclass
from typing import Literal

from rrrn.training.devices import Device
from rrrn.training.precision import Precision

Decay = Literal["none", "linear"]
Compile = Literal["none", "default", "graphs"]


@dataclass(frozen=True)
class Settings:
    """What config.yaml says of each key."""

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
