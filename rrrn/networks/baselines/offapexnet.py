"""OFF-ApexNet (Gan et al., Signal Processing: Image Communication 74, 2019, arXiv 1805.08699): one stream for each
component of flow, of the layers of LeNet.

=========  ================================================  ============
layer      what it is, in a stream of its own for u and v    of 28 pixels
=========  ================================================  ============
conv1      5 x 5, 6 filters, padding 2                       28 x 28 x 6
pool1      maximum of 2 x 2, stride 2                        14 x 14 x 6
conv2      5 x 5, 16 filters, padding 2                      14 x 14 x 16
pool2      maximum of 2 x 2, stride 2                        7 x 7 x 16
FC1, FC2   both streams' 1568 numbers to 1024, and to 1024
output     to the classes
=========  ================================================  ============

A ReLU follows each convolution, FC1 and FC2. With three classes that is 2.66 million weights and biases, as others
count too; STSTNet's paper says 2.77 million. ``dropout`` is that behind FC1 and FC2, a half as in what others publish
of it.

Open is how large flow is as it comes in, ``input_scale``. ``side`` is the side of the input, the paper's 28 whatever
the maps have; with another one FC1 has as many weights as are needed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from rrrn.networks.baselines import single
from rrrn.networks.baselines.layers import Resized
from rrrn.running import typed

METHOD = {
    "name": "offapexnet",
    "label": "OFF-ApexNet",
    "kind": "network",
    "defaults": {"side": 28, "dropout": 0.5, "input_scale": 1.0},
}

FILTERS = (6, 16)
HIDDEN = 1024


@dataclass(frozen=True)
class Settings:
    """The section ``networks.offapexnet``; see config.yaml."""

    side: int
    dropout: float
    input_scale: float


def build(settings: Mapping[str, Any], n_classes: int, side: int, weights: Path | None) -> single.SingleRegion:
    """Build OFF-ApexNet for flow of any ``side``; there are no weights."""
    own = typed.of(Settings, settings, "networks.offapexnet")
    streams = [_stream(own.side) for _ in range(2)]
    layers: list[nn.Module] = []
    for before in (2 * FILTERS[1] * (own.side // 4) ** 2, HIDDEN):
        layers += [nn.Linear(before, HIDDEN), nn.ReLU(inplace=True), nn.Dropout(own.dropout)]
    head = nn.Sequential(*layers, nn.Linear(HIDDEN, n_classes))
    return single.SingleRegion(streams, head, "two_stream", own.input_scale)


def _stream(side: int) -> nn.Module:
    layers: list[nn.Module] = [Resized(side)]
    for before, after in ((1, FILTERS[0]), FILTERS):
        layers += [nn.Conv2d(before, after, 5, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten())
