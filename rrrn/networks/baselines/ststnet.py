"""STSTNet (Liong et al., FG 2019, arXiv 1902.03634): three shallow streams on horizontal and vertical flow and strain.

=======  =====================================================  ============
layer    what it is                                             of 28 pixels
=======  =====================================================  ============
input    u, v and optical strain, which all streams see         28 x 28 x 3
C1       3 x 3 convolutions of 3, 5 and 8 filters               28 x 28 x 16
P1       maximum of 3 x 3, stride 3, padding 1                  10 x 10 x 16
P2       the streams side by side, mean of 2 x 2, stride 2      5 x 5 x 16
FC       all 400 numbers to the classes
=======  =====================================================  ============

Text and table name no activation, normalisation or dropout. The network that its authors publish has ReLU and batch
normalisation between C1 and P1, and a dropout of one half behind P1: ``batch_norm``, ``dropout``. (It also pads C1 by
two pixels, to 30 x 30; here the paper's table holds.) With three classes
the table's layers have 1651 weights and biases, and 1683 with batch normalisation; the paper says 1670.

Open is also how large flow and strain are as they come in: ``input_scale`` and ``strain_scale``. ``side`` is the
side of the input, the paper's 28 whatever the maps have; with another one FC has as many weights as are needed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from rrrn.networks.baselines import single
from rrrn.networks.baselines.layers import Concatenated, WithStrain
from rrrn.running import typed

METHOD = {
    "name": "ststnet",
    "label": "STSTNet",
    "kind": "network",
    "defaults": {"side": 28, "batch_norm": True, "dropout": 0.5, "input_scale": 1.0, "strain_scale": 1.0},
}

FILTERS = (3, 5, 8)  # of each stream


@dataclass(frozen=True)
class Settings:
    """The section ``networks.ststnet``; see config.yaml."""

    side: int
    batch_norm: bool
    dropout: float
    input_scale: float
    strain_scale: float


def build(settings: Mapping[str, Any], n_classes: int, side: int, weights: Path | None) -> single.SingleRegion:
    """Build STSTNet for flow of any ``side``; there are no weights."""
    own = typed.of(Settings, settings, "networks.ststnet")
    streams = Concatenated(*(_stream(filters, own) for filters in FILTERS))
    layers = nn.Sequential(WithStrain(own.side, own.strain_scale), streams, nn.AvgPool2d(2), nn.Flatten())
    left = -(-own.side // 3) // 2
    return single.SingleRegion([layers], nn.Linear(sum(FILTERS) * left**2, n_classes), "inflate2", own.input_scale)


def _stream(filters: int, own: Settings) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, filters, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.BatchNorm2d(filters) if own.batch_norm else nn.Identity(),
        nn.MaxPool2d(3, padding=1),
        nn.Dropout(own.dropout),
    )
