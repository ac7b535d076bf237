"""The region-inspired (RI) module: squeezes each region, weighs the regions against each other (Section III-E)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rrrn.networks.rrrn.settings import Attention, Norm


class RegionInspired(nn.Module):
    """Learns low weights for occluded regions and high ones for regions that tell.

    The paper's equation for the weights is lost. ``attention`` offers three readings of its text:
    se: squeeze-and-excitation (Hu et al., CVPR 2018) with the regions in place of channels;
    fc: one linear layer on all positions of all squeezed regions;
    ran: a learned query on each region's own features, as in region attention networks (Wang et al., TIP 2020),
    which squeeze no region and whose norm is sigmoid_softmax.
    ``norm`` turns scores into weights; softmax is over the regions.
    """

    def __init__(self, regions: int, channels: int, side: int, squeezed: int, attention: Attention, norm: Norm) -> None:
        super().__init__()
        self.norm = norm
        self.scores: nn.Module
        if attention == "ran":
            self.scores = QueryScores(channels)
        elif attention == "se":
            self.scores = nn.Sequential(RegionSqueeze(regions, channels, squeezed), ExcitationScores(regions))
        else:
            positions = nn.Linear(regions * side * side, regions)
            self.scores = nn.Sequential(RegionSqueeze(regions, channels, squeezed), nn.Flatten(), positions)

    def forward(self, p: Tensor) -> tuple[Tensor, Tensor]:
        """Weigh the feature maps p (B, R, C, H, W).

        Returns f (B, R, C), the spatial mean of alpha_k p_k, and alpha (B, R).
        """
        alpha = self.scores(p)
        if self.norm != "softmax":
            alpha = torch.sigmoid(alpha)
        if self.norm != "sigmoid":
            alpha = torch.softmax(alpha, dim=1)
        return alpha[:, :, None] * p.mean(dim=(3, 4)), alpha


class RegionSqueeze(nn.Module):
    """One squeeze block a region, mu_k = F_2([mean_c F_1(p_k); max_c F_1(p_k)]) (Eq. 5), after CBAM.

    The blocks share no weight; all are computed at once, as groups of one convolution.
    """

    def __init__(self, regions: int, channels: int, squeezed: int) -> None:
        super().__init__()
        self.f1 = nn.Sequential(
            nn.Conv2d(regions * channels, regions * squeezed, 3, padding=1, bias=False, groups=regions),
            nn.BatchNorm2d(regions * squeezed),
            nn.ReLU(inplace=True),
        )
        self.f2 = grouped([nn.Conv2d(2, 1, 7, padding=3) for _ in range(regions)])

    def forward(self, p: Tensor) -> Tensor:
        """Squeeze p (B, R, C, H, W) to psi (B, R, H, W)."""
        q = self.f1(p.flatten(1, 2)).unflatten(1, (p.shape[1], -1))
        psi: Tensor = self.f2(torch.stack([q.mean(dim=2), q.amax(dim=2)], dim=2).flatten(1, 2))
        return psi


def grouped(blocks: Sequence[nn.Conv2d]) -> nn.Conv2d:
    """Return alike convolutions, whose output has their input's size, as the groups of one, weights and all."""
    one, count = blocks[0], len(blocks)
    side = one.kernel_size[0]
    channels = count * one.in_channels, count * one.out_channels
    with torch.random.fork_rng(devices=[]):  # what is drawn here is not used; on a meta device it would load sympy
        whole = nn.Conv2d(*channels, side, padding=side // 2, groups=count, device=one.weight.device)
    with torch.no_grad():
        for name, values in whole.named_parameters():
            values.copy_(torch.cat([block.get_parameter(name) for block in blocks]))
    return whole


class ExcitationScores(nn.Module):
    """Scores W_b ReLU(W_a z) of the regions from z, the spatial mean of each squeezed region."""

    def __init__(self, regions: int) -> None:
        super().__init__()
        self.excite = nn.Sequential(nn.Linear(regions, regions), nn.ReLU(), nn.Linear(regions, regions))

    def forward(self, psi: Tensor) -> Tensor:
        """Score the regions of psi (B, R, H, W); returns (B, R)."""
        scores: Tensor = self.excite(psi.mean(dim=(2, 3)))
        return scores


class QueryScores(nn.Module):
    """Scores q^T p_k from the spatial mean of each region's features."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query = nn.Linear(channels, 1, bias=False)

    def forward(self, p: Tensor) -> Tensor:
        """Score the regions of p (B, R, C, H, W); returns (B, R)."""
        return self.query(p.mean(dim=(3, 4))).squeeze(2)
