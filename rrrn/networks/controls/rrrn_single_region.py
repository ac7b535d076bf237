"""The control ``rrrn-single-region``: RRRN that sees the uncropped face six times, in place of face and crops.

It answers whether the crops matter. With one region instead of six copies, attention, graph and correlation loss would
have nothing to weigh or compare, and the RI module fewer weights: what it lost could be any of these. So all six places
stay, with every weight and loss of RRRN, and the crops alone are gone.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from rrrn.networks.network import REGIONS
from rrrn.networks.rrrn import model as rrrn
from rrrn.networks.rrrn import trunks
from rrrn.networks.rrrn.settings import Settings

METHOD = {
    "name": "rrrn-single-region",
    "label": "RRRN single region",
    "kind": "network",
    "section": "rrrn",
    "weights": "resnet18",
    "alpha": True,
}


class Copied(trunks.Trunks):
    """The trunks' features of one region, in the places of all six; they are computed once."""

    def forward(self, x: Tensor) -> Tensor:
        """Map x (B, 1, 2, s, s), flow (u, v), to features p (B, 6, C, H, W)."""
        return super().forward(x).expand(-1, REGIONS, -1, -1, -1)


class SingleRegion(rrrn.RRRN):
    """RRRN of the uncropped face, x (B, 1, 2, side, side)."""

    regions = (0,)


def build(settings: Mapping[str, Any], n_classes: int, side: int, weights: Path | None) -> SingleRegion:
    """Build it from RRRN's section of the configuration; ``weights`` is a file for both trunks."""
    told = Settings.of(settings)
    both = trunks.build(told.backbone, side, weights, told.pretrained)
    backbone = Copied(both.z1, both.z2, side)
    ri, rr = rrrn.region_inspired(backbone, told), rrrn.relation_reasoning(backbone, told)
    return SingleRegion(backbone, ri, rr, n_classes, told)
