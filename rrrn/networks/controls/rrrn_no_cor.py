"""The control ``rrrn-no-cor``: RRRN without the correlation loss of Eq. 8, its head, and that head's cross-entropy."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from rrrn.networks.rrrn import losses, trunks
from rrrn.networks.rrrn import model as rrrn
from rrrn.networks.rrrn.settings import Settings

METHOD = {
    "name": "rrrn-no-cor",
    "label": "RRRN no COR",
    "kind": "network",
    "section": "rrrn",
    "weights": "resnet18",
    "alpha": True,
}


class Uncorrelated(rrrn.RRRN):
    """RRRN that classifies no region on its own."""

    def loss(self, output: rrrn.RegionOutput, target: Tensor) -> dict[str, Tensor]:
        """Return the classification loss, the region-biased one, and their weighted sum."""
        assert output.alpha is not None  # it has an RI module
        classification = losses.classification(output.logits, target)
        biased = losses.region_biased(output.alpha, self.settings.beta)
        total = classification + self.settings.lambda_rb * biased
        return {"classification": classification, "region_biased": biased, "total": total}


def build(settings: Mapping[str, Any], n_classes: int, side: int, weights: Path | None) -> Uncorrelated:
    """Build it from RRRN's section of the configuration; ``weights`` is a file for both trunks."""
    told = replace(Settings.of(settings), cor_head="tied")  # the choice that has no head
    backbone = trunks.build(told.backbone, side, weights, told.pretrained)
    ri, rr = rrrn.region_inspired(backbone, told), rrrn.relation_reasoning(backbone, told)
    return Uncorrelated(backbone, ri, rr, n_classes, told)
