"""What the training stage asks of a network, and nothing of what a network is.

Each module of this package that ``rrrn.experiment.methods`` gives a network has
``build(settings: Mapping, n_classes: int, side: int, weights: Path | None) -> Network``.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from torch import Tensor, nn

REGIONS = 6  # the uncropped face and five crops; the paper's K counts the crops


@dataclass(frozen=True)
class Output:
    """What a network says of a batch.

    ``logits`` is (B, n_classes); ``alpha`` (B, 6) holds the weights of the regions, in networks that have them.
    """

    logits: Tensor
    alpha: Tensor | None = None


T = TypeVar("T", bound=Output)


class Network(nn.Module, ABC, Generic[T]):
    """A classifier of flow in facial regions. ``regions`` names the regions it needs, 0 being the uncropped face."""

    regions: Sequence[int]

    @abstractmethod
    def forward(self, x: Tensor) -> T:
        """Classify x (B, R, 2, side, side): flow (u, v) of the R regions that ``regions`` names."""

    @abstractmethod
    def loss(self, output: T, target: Tensor) -> dict[str, Tensor]:
        """Return named scalar losses for target (B,) of class indices; training minimises ``total``."""
