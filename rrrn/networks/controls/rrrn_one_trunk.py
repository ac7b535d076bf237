"""The control ``rrrn-one-trunk``: RRRN with one trunk for both components of the flow, in place of one for each."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rrrn.networks.rrrn import model as rrrn
from rrrn.networks.rrrn import trunks
from rrrn.networks.rrrn.settings import Settings

METHOD = {
    "name": "rrrn-one-trunk",
    "label": "RRRN one trunk",
    "kind": "network",
    "section": "rrrn",
    "weights": "resnet18",
    "alpha": True,
}


class OneTrunk(trunks.Trunks):
    """p_k = [Z(v_k); Z(u_k)]. Feature maps are as many as those of two trunks, so that all behind them is RRRN's."""

    def __init__(self, trunk: nn.Module, region_side: int) -> None:
        super().__init__(trunk, trunk, region_side)

    def forward(self, x: Tensor) -> Tensor:
        """Map x (B, R, 2, s, s), flow (u, v), to features p (B, R, C, H, W). Both components are one batch to it."""
        horizontal, vertical = x.flatten(0, 1).chunk(2, dim=1)
        features = torch.cat(self.z1(torch.cat([vertical, horizontal])).chunk(2), dim=1)
        return features.reshape(*x.shape[:2], *features.shape[1:])


def build(settings: Mapping[str, Any], n_classes: int, side: int, weights: Path | None) -> rrrn.RRRN:
    """Build it from RRRN's section of the configuration; ``weights`` is a file for the trunk."""
    told = Settings.of(settings)
    backbone = OneTrunk(trunks.build(told.backbone, side, weights, told.pretrained).z1, side)
    ri, rr = rrrn.region_inspired(backbone, told), rrrn.relation_reasoning(backbone, told)
    return rrrn.RRRN(backbone, ri, rr, n_classes, told)
