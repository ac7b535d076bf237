"""The un-occluded condition: it takes the same way as the others and changes no pixel."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rrrn.occlusion import compositing
from rrrn.occlusion.scene import Occluder, Scene

KIND = {"name": "none", "label": "Un-occ", "order": 0}


def prepare(scene: Scene, settings: Mapping[str, Any]) -> Occluder:
    """Return an occluder that covers nothing."""
    return Occluder("", _nothing)


def _nothing(points: np.ndarray) -> compositing.Layer:
    return compositing.nothing()
