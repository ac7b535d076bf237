"""The relation-reasoning (RR) module: a graph over the regions, and two graph convolutions on it (Section III-D)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class RelationReasoning(nn.Module):
    """F^(l+1) = ReLU(D^-1 Gamma F^(l) W^(l)), l = 0, 1 (Eq. 4), on one graph of cosine similarities."""

    def __init__(self, channels: int, hidden: int, center: bool) -> None:
        super().__init__()
        self.center = center
        self.w0 = nn.Linear(channels, hidden, bias=False)
        self.w1 = nn.Linear(hidden, channels, bias=False)
        nn.init.xavier_uniform_(self.w0.weight)
        nn.init.xavier_uniform_(self.w1.weight)

    def forward(self, f: Tensor) -> Tensor:
        """Map region features f (B, R, C), which are not normalised, to relational features F^(2) (B, R, C)."""
        a = propagation(similarity(f, self.center))
        return torch.relu(self.w1(a @ torch.relu(self.w0(a @ f))))


def similarity(f: Tensor, center: bool = False) -> Tensor:
    """Return Gamma (B, R, R), the cosine similarities of the regions (Eq. 2).

    Only here are features normalised: a weight alpha_k cancels in the cosine, so that attention would have no effect
    on the graph convolutions if their input were normalised too. ``center`` subtracts the regions' mean first,
    for contrast; a negative similarity then counts as none.
    """
    if center:
        f = f - f.mean(dim=1, keepdim=True)
    f = F.normalize(f, dim=2, eps=1e-12)
    return (f @ f.transpose(1, 2)).clamp_min(0)


def propagation(gamma: Tensor) -> Tensor:
    """Return D^-1 Gamma (B, R, R), whose rows sum to one (Eq. 3); zero where a region resembles none."""
    return gamma / gamma.sum(dim=2, keepdim=True).clamp_min(1e-6)
