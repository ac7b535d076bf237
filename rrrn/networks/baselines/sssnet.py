"""SSSNet, the single-stream shallow network of the library MEB (Varanka et al., IEEE Transactions on Affective
Computing 2023, arXiv 2211.11425), on flow and strain.

=======  ======================================================  ============
layer    what it is                                              of 64 pixels
=======  ======================================================  ============
input    u, v and optical strain                                 64 x 64 x 3
conv1    5 x 5, 32 filters, no padding                           60 x 60 x 32
pool1    maximum of 3 x 3, stride 3                              20 x 20 x 32
conv2    3 x 3, 64 filters, no padding                           18 x 18 x 64
pool2    maximum of 2 x 2, stride 2                              9 x 9 x 64
FC1      all 5184 numbers to 256
output   to the classes
=======  ======================================================  ============

A ReLU follows each convolution and FC1, batch normalisation and dropout each pooling, and dropout FC1: ``dropout``, of
whole channels behind the poolings. Its authors train it to tell action units, twelve yes or no; here it tells classes.

Open is how large flow and strain are as they come in: ``input_scale`` and ``strain_scale``. ``side`` is the side of the
input, 64 in the authors' benchmark whatever the maps have; with another one FC1 has as many weights as are needed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from rrrn.networks.baselines import single
from rrrn.networks.baselines.layers import WithStrain
from rrrn.running import typed

METHOD = {
    "name": "sssnet",
    "label": "SSSNet",
    "kind": "network",
    "defaults": {"side": 64, "dropout": 0.5, "input_scale": 1.0, "strain_scale": 1.0},
}

FILTERS = (32, 64)
HIDDEN = 256


@dataclass(frozen=True)
class Settings:
    """The section ``networks.sssnet``; see config.yaml."""

    side: int
    dropout: float
    input_scale: float
    strain_scale: float


def build(settings: Mapping[str, Any], n_classes: int, side: int, weights: Path | None) -> single.SingleRegion:
    """Build SSSNet for flow of any ``side``; there are no weights."""
    own = typed.of(Settings, settings, "networks.sssnet")
    layers = nn.Sequential(
        WithStrain(own.side, own.strain_scale),
        *_block(3, FILTERS[0], 5, 3, own.dropout),
        *_block(*FILTERS, 3, 2, own.dropout),
        nn.Flatten(),
    )
    left = ((own.side - 4) // 3 - 2) // 2
    head = nn.Sequential(
        nn.Linear(FILTERS[1] * left**2, HIDDEN),
        nn.ReLU(inplace=True),
        nn.Dropout(own.dropout),
        nn.Linear(HIDDEN, n_classes),
    )
    return single.SingleRegion([layers], head, "inflate2", own.input_scale)


def _block(before: int, after: int, kernel: int, pool: int, dropout: float) -> list[nn.Module]:
    convolution = nn.Conv2d(before, after, kernel)
    return [convolution, nn.ReLU(inplace=True), nn.MaxPool2d(pool), nn.BatchNorm2d(after), nn.Dropout2d(dropout)]
