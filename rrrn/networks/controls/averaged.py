"""The common form of two controls: RRRN's trunks, and nothing of what RRRN adds to them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from rrrn.networks.network import Network, Output
from rrrn.networks.rrrn import losses, trunks
from rrrn.networks.rrrn.settings import Settings


class Averaged(Network[Output]):
    """The mean of the trunks' features over positions and over ``regions``, all alike, and one linear layer."""

    def __init__(self, backbone: trunks.Trunks, regions: Sequence[int], n_classes: int) -> None:
        super().__init__()
        self.regions = tuple(regions)
        self.backbone = backbone
        self.classifier = nn.Linear(backbone.channels, n_classes)

    def forward(self, x: Tensor) -> Output:
        """Classify x (B, R, 2, side, side)."""
        return Output(self.classifier(self.backbone(x).mean(dim=(1, 3, 4))))

    def loss(self, output: Output, target: Tensor) -> dict[str, Tensor]:
        """Return the cross-entropy, mean over the batch."""
        return {"total": losses.classification(output.logits, target)}


def build(
    regions: Sequence[int], settings: Mapping[str, Any], n_classes: int, side: int, weights: Path | None
) -> Averaged:
    """Build the network for some regions from RRRN's section of the configuration, of which the trunks are used."""
    told = Settings.of(settings)
    backbone = trunks.build(told.backbone, side, weights, told.pretrained)
    return Averaged(backbone, regions, n_classes)
