"""The control ``rrrn-no-rr``: RRRN without relation reasoning; the weighted features of the regions are classified."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rrrn.networks.rrrn import model as rrrn
from rrrn.networks.rrrn import trunks
from rrrn.networks.rrrn.settings import Settings

METHOD = {
    "name": "rrrn-no-rr",
    "label": "RRRN no RR",
    "kind": "network",
    "section": "rrrn",
    "weights": "resnet18",
    "alpha": True,
}


def build(settings: Mapping[str, Any], n_classes: int, side: int, weights: Path | None) -> rrrn.RRRN:
    """Build it from RRRN's section of the configuration; ``weights`` is a file for both trunks."""
    told = Settings.of(settings)
    backbone = trunks.build(told.backbone, side, weights, told.pretrained)
    return rrrn.RRRN(backbone, rrrn.region_inspired(backbone, told), None, n_classes, told)
