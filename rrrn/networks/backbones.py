"""The backbones of the networks that see regions, each one stream from images to feature maps."""

from collections import OrderedDict
from itertools import pairwise
from pathlib import Path
from typing import Literal

from torch import nn

from rrrn.networks import adapt, architectures, pretrained
from rrrn.networks.pretrained import Pretrained
from rrrn.running.stage import InputError

Backbone = Literal["resnet18", "shallow"]
FEATURES: dict[Backbone, int] = {"resnet18": 512, "shallow": 64}  # channels of the last feature maps


def check(name: Backbone, weights: Path | None, setting: Pretrained) -> None:
    """Raise InputError for a backbone that has no weights, or a file that ``setting`` does not ask for, or lacks."""
    if name == "shallow" and setting != "none":
        raise InputError(f"the shallow backbone has no weights for pretrained: {setting}; set pretrained: none")
    pretrained.check(setting, weights)


def build(name: Backbone, channels: int, weights: Path | None) -> nn.Module:
    """Return a backbone for images of ``channels``; raises InputError for weights that do not fit it."""
    return shallow(channels) if name == "shallow" else resnet18(channels, weights)


def resnet18(channels: int, weights: Path | None) -> nn.Module:
    """The published ResNet18 up to its last feature maps after their activation."""
    model = architectures.module("resnet").resnet18(weights=None)
    if weights is not None:
        pretrained.load(model, pretrained.read(weights), "fc.", weights)
    if channels != 3:
        model.conv1 = adapt.stem(model.conv1, channels, weights is not None)
    return nn.Sequential(OrderedDict(list(model.named_children())[:-2]))


def shallow(channels: int, widths: tuple[int, ...] = (8, 16, 32, 64)) -> nn.Module:
    """Convolutions that each halve the map, for regions of 28 to 56 pixels, which train in seconds on a CPU.

    Four of them see 31 pixels: a whole region, so that pooling later does not lose where in it something moved.
    """
    layers: list[nn.Module] = []
    for before, after in pairwise((channels, *widths)):
        layers += [
            nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)
