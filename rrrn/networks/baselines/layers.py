"""Parts of the small published networks: their third channel, the side of their input, and layers side by side."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rrrn.networks import strain


class Resized(nn.Module):
    """Maps (B, C, s, s) at the side that a network is published for, bilinear, without aliases where it is smaller."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.side = side

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps (B, C, side, side); the same where they have that side already."""
        if maps.shape[-1] == self.side:
            return maps
        size = (self.side, self.side)
        return F.interpolate(maps, size=size, mode="bilinear", align_corners=False, antialias=True)


class WithStrain(nn.Module):
    """Flow (B, 2, s, s) and its strain as the third channel, at the side of a network.

    Strain is computed on the maps as they come, and then resized with them, as the papers do. Its unit is flow's for
    each pixel of the network's side, so that it does not depend on theirs; it is multiplied by ``scale``.
    """

    def __init__(self, side: int, scale: float) -> None:
        super().__init__()
        self.scale = scale
        self.resized = Resized(side)

    def forward(self, flow: Tensor) -> Tensor:
        """Return u, v and strain (B, 3, side, side)."""
        third = self.scale * strain.magnitude(flow, self.resized.side / flow.shape[-1])
        maps: Tensor = self.resized(torch.cat([flow, third], dim=1))
        return maps


class Concatenated(nn.Module):
    """The channels of several branches that see the same maps, side by side."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, maps: Tensor) -> Tensor:
        """Map (B, C, H, W) to all branches' channels, in their order."""
        return torch.cat([branch(maps) for branch in self.branches], dim=1)
