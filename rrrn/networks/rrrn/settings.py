"""The settings of RRRN and of its controls: the section ``networks.rrrn``, whose choices config.yaml explains."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rrrn.networks.backbones import Backbone
from rrrn.networks.pretrained import Pretrained
from rrrn.running import typed

Attention = Literal["se", "fc", "ran"]
Norm = Literal["sigmoid", "softmax", "sigmoid_softmax"]
Aggregate = Literal["sum_concat", "residual", "flatten"]
CorHead = Literal["probe", "joint", "joint_ce", "tied"]


@dataclass(frozen=True)
class Settings:
    """What the package's docstring says, equation by equation."""

    backbone: Backbone
    pretrained: Pretrained
    squeeze_channels: int
    attention: Attention
    attention_norm: Norm
    center_similarity: bool
    hidden: int | Literal["same"]
    aggregate: Aggregate
    beta: float
    lambda_rb: float
    lambda_cor: float
    cor_head: CorHead
    cor_detach_region: bool

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Settings":
        """Return a section as it is told; raises InputError for one that is not whole or has another key or value."""
        return typed.of(cls, settings, "networks.rrrn")
