"""The backbone of RRRN: two trunks, one for each flow component, shared over the regions (Section III-C)."""

from pathlib import Path

import torch
from torch import Tensor, nn

from rrrn.networks import backbones
from rrrn.networks.backbones import Backbone
from rrrn.networks.pretrained import Pretrained


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
    backbones.check(name, weights, setting)
    vertical, horizontal = (backbones.build(name, 1, weights) for _ in range(2))
    return Trunks(vertical, horizontal, region_side)
