"""The Dual-Inception network (Zhou, Mao and Xue, FG 2019): two blocks of Inception for each component of flow.

=======  ===================================================================  ============
layer    what it is, in a stream of its own for u and v                       of 28 pixels
=======  ===================================================================  ============
block1   side by side, 6 filters each: 1 x 1; 1 x 1 and 3 x 3; 1 x 1 and      28 x 28 x 24
         5 x 5; a maximum of 3 x 3, stride 1, and 1 x 1
pool1    maximum of 2 x 2, stride 2                                           14 x 14 x 24
block2   the same, 16 filters each                                            14 x 14 x 64
pool2    maximum of 2 x 2, stride 2                                           7 x 7 x 64
FC       both streams' 6272 numbers to 1024
output   to the classes
=======  ===================================================================  ============

A ReLU follows each convolution and FC. With three classes that is 6.45 million weights and biases. The authors' flow
ends at the frame in the middle of a clip; here it ends at the apex.

Open is how large flow is as it comes in, ``input_scale``. ``side`` is the side of the input, the paper's 28 whatever
the maps have; with another one FC has as many weights as are needed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from rrrn.networks.baselines import single
from rrrn.networks.baselines.layers import Concatenated, Resized
from rrrn.running import typed

METHOD = {
    "name": "dual_inception",
    "label": "Dual-Inception",
    "kind": "network",
    "defaults": {"side": 28, "input_scale": 1.0},
}

FILTERS = (6, 16)  # of each of the four branches
BRANCHES = 4
HIDDEN = 1024


@dataclass(frozen=True)
class Settings:
    """The section ``networks.dual_inception``; see config.yaml."""

    side: int
    input_scale: float


def build(settings: Mapping[str, Any], n_classes: int, side: int, weights: Path | None) -> single.SingleRegion:
    """Build the network for flow of any ``side``; there are no weights."""
    own = typed.of(Settings, settings, "networks.dual_inception")
    streams = [_stream(own.side) for _ in range(2)]
    features = 2 * BRANCHES * FILTERS[1] * (own.side // 4) ** 2
    head = nn.Sequential(nn.Linear(features, HIDDEN), nn.ReLU(inplace=True), nn.Linear(HIDDEN, n_classes))
    return single.SingleRegion(streams, head, "two_stream", own.input_scale)


def _stream(side: int) -> nn.Module:
    layers: list[nn.Module] = [Resized(side)]
    for before, filters in ((1, FILTERS[0]), (BRANCHES * FILTERS[0], FILTERS[1])):
        layers += [_block(before, filters), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten())


def _block(before: int, filters: int) -> nn.Module:
    return Concatenated(
        nn.Sequential(*_convolution(before, filters, 1)),
        nn.Sequential(*_convolution(before, filters, 1), *_convolution(filters, filters, 3)),
        nn.Sequential(*_convolution(before, filters, 1), *_convolution(filters, filters, 5)),
        nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), *_convolution(before, filters, 1)),
    )


def _convolution(before: int, after: int, kernel: int) -> list[nn.Module]:
    return [nn.Conv2d(before, after, kernel, padding=kernel // 2), nn.ReLU(inplace=True)]
