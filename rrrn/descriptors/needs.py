"""What a descriptor needs of the volume that it describes, as far as its module says.

Each module that declares a descriptor (``rrrn.experiment.methods``) has ``describe(volume, *, blocks, **settings)``,
which returns a vector float32 (D,) of a volume uint8 (T, H, W). It may have ``least_frames(**settings)`` and
``least_side(*, blocks, **settings)``; without them a single frame is enough, and a pixel for each block.
"""

from collections.abc import Mapping
from types import ModuleType
from typing import Any


def frames(module: ModuleType, settings: Mapping[str, Any]) -> int:
    """Return how many frames a volume must have at least."""
    return int(module.least_frames(**settings)) if hasattr(module, "least_frames") else 1


def side(module: ModuleType, blocks: int, settings: Mapping[str, Any]) -> int:
    """Return how many pixels a volume must have per side at least."""
    return int(module.least_side(blocks=blocks, **settings)) if hasattr(module, "least_side") else blocks
