"""The control ``crops``: the six regions, all of the same weight, without attention and relations."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rrrn.networks.controls import averaged
from rrrn.networks.network import REGIONS

METHOD = {"name": "crops", "label": "Crops", "kind": "network", "section": "rrrn", "weights": "resnet18"}


def build(settings: Mapping[str, Any], n_classes: int, side: int, weights: Path | None) -> averaged.Averaged:
    """Build it from RRRN's section of the configuration; ``weights`` is a file for both trunks."""
    return averaged.build(range(REGIONS), settings, n_classes, side, weights)
