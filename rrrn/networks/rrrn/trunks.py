"""The backbone of RRRN: two trunks, one for each flow component, shared over the regions (Section III-C)."""

from collections import OrderedDict
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn

from rrrn.networks import adapt, architectures, pretrained
from rrrn.networks.pretrained import Pretrained
from rrrn.networks.rrrn.settings import Backbone
from rrrn.running.stage import InputError


class Trunks(nn.Module):
    """p_k = [Z_1(v_k); Z_2(u_k)]: vertical and horizontal flow of region k through trunks with weights of their own.

    ``channels`` and ``side`` are those of the feature maps that regions of ``region_side`` pixels give.
    """

    channels: int
    side: int

    def __init__(self, vertical: nn.Module, horizontal: nn.Module, region_side: int) -> None:
        super().__init__()
        self.z1 = vertical
        self.z2 = horizontal
        training = self.training
        with torch.no_grad():
            _, _, self.channels, self.side, _ = self.eval()(torch.zeros(1, 1, 2, region_side, region_side)).shape
        self.train(training)

    def forward(self, x: Tensor) -> Tensor:
        """Map x (B, R, 2, s, s), flow (u, v), to features p (B, R, C, H, W). Regions share the batch statistics."""
        horizontal, vertical = x.flatten(0, 1).chunk(2, dim=1)
        features = torch.cat([self.z1(vertical), self.z2(horizontal)], dim=1)
        return features.reshape(*x.shape[:2], *features.shape[1:])


def build(name: Backbone, region_side: int, weights: Path | None, setting: Pretrained) -> Trunks:
    """Return the backbone ``resnet18`` or ``shallow``; ``setting`` is the one that asks for ``weights``, or none.

    Raises InputError for weights that do not fit it.
    """
    if name == "shallow" and setting != "none":
        raise InputError(f"the shallow backbone has no weights for pretrained: {setting}; set pretrained: none")
    pretrained.check(setting, weights)
    vertical, horizontal = (shallow() if name == "shallow" else resnet18(weights) for _ in range(2))
    return Trunks(vertical, horizontal, region_side)


def resnet18(weights: Path | None) -> nn.Module:
    """The published ResNet18 for one channel, up to its last feature maps after their activation."""
    model = architectures.module("resnet").resnet18(weights=None)
    if weights is not None:
        pretrained.load(model, pretrained.read(weights), "fc.", weights)
    model.conv1 = adapt.stem(model.conv1, 1, weights is not None)
    return nn.Sequential(OrderedDict(list(model.named_children())[:-2]))


def shallow(channels: tuple[int, ...] = (8, 16, 32, 64)) -> nn.Module:
    """Convolutions that each halve the map, for regions of 28 to 56 pixels, which train in seconds on a CPU.

    Four of them see 31 pixels: a whole region, so that pooling later does not lose where in it something moved.
    """
    layers: list[nn.Module] = []
    for before, after in pairwise((1, *channels)):
        layers += [
            nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)
