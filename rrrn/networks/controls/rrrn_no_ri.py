"""The control ``rrrn-no-ri``: RRRN without attention, all six weights fixed at 1, hence without the loss on them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from rrrn.networks.rrrn import model as rrrn
from rrrn.networks.rrrn import trunks
from rrrn.networks.rrrn.settings import Settings

METHOD = {"name": "rrrn-no-ri", "label": "RRRN no RI", "kind": "network", "section": "rrrn", "weights": "resnet18"}


class Unweighted(nn.Module):
    """Stands in for the RI module and learns nothing."""

    def forward(self, p: Tensor) -> tuple[Tensor, None]:
        """Return f (B, R, C), the spatial mean of the feature maps p (B, R, C, H, W), and no weights."""
        return p.mean(dim=(3, 4)), None


def build(settings: Mapping[str, Any], n_classes: int, side: int, weights: Path | None) -> rrrn.RRRN:
    """Build it from RRRN's section of the configuration; ``weights`` is a file for both trunks."""
    told = Settings.of(settings)
    backbone = trunks.build(told.backbone, side, weights, told.pretrained)
    return rrrn.RRRN(backbone, Unweighted(), rrrn.relation_reasoning(backbone, told), n_classes, told)
