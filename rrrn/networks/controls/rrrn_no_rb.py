"""The control ``rrrn-no-rb``: RRRN without the region-biased loss of Eq. 7; the attention learns from the others."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from rrrn.networks.rrrn import model as rrrn
from rrrn.networks.rrrn import trunks
from rrrn.networks.rrrn.settings import Settings

METHOD = {
    "name": "rrrn-no-rb",
    "label": "RRRN no RB",
    "kind": "network",
    "section": "rrrn",
    "weights": "resnet18",
    "alpha": True,
}


class Unbiased(rrrn.RRRN):
    """RRRN whose losses do not see the weights of the regions."""

    def loss(self, output: rrrn.RegionOutput, target: Tensor) -> dict[str, Tensor]:
        """Return RRRN's losses but for the region-biased one."""
        return super().loss(replace(output, alpha=None), target)


def build(settings: Mapping[str, Any], n_classes: int, side: int, weights: Path | None) -> Unbiased:
    """Build it from RRRN's section of the configuration; ``weights`` is a file for both trunks."""
    told = Settings.of(settings)
    backbone = trunks.build(told.backbone, side, weights, told.pretrained)
    ri, rr = rrrn.region_inspired(backbone, told), rrrn.relation_reasoning(backbone, told)
    return Unbiased(backbone, ri, rr, n_classes, told)
