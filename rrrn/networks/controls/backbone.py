"""The control ``backbone``: what RRRN's trunks know of the uncropped face, without regions, attention and relations."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rrrn.networks.controls import averaged

METHOD = {"name": "backbone", "label": "Backbone", "kind": "network", "section": "rrrn", "weights": "resnet18"}


def build(settings: Mapping[str, Any], n_classes: int, side: int, weights: Path | None) -> averaged.Averaged:
    """Build it from RRRN's section of the configuration; ``weights`` is a file for both trunks."""
    return averaged.build((0,), settings, n_classes, side, weights)
