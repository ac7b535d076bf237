"""The three losses of RRRN (Section III-G), each the mean over a batch, so that their weights hold for any batch."""

import torch.nn.functional as F
from torch import Tensor


def classification(logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy of logits (B, n) with class indices target (B,) (Eq. 6)."""
    return F.cross_entropy(logits, target)


def region_biased(alpha: Tensor, beta: float) -> Tensor:
    """Hinge that wants the best crop to outweigh the uncropped face, alpha[:, 0], by the margin beta (Eq. 7)."""
    best = alpha[:, 1:].amax(dim=1)
    return (beta - (best - alpha[:, 0])).clamp_min(0).mean()


def correlation(region_logits: Tensor, logits: Tensor, target: Tensor) -> Tensor:
    """Hinge that wants the whole to be surer of the true class than any region is; sum over regions (Eq. 8).

    region_logits is (B, R, n), logits (B, n), target (B,).
    """
    whole = F.log_softmax(logits, dim=1).gather(1, target[:, None])
    index = target[:, None, None].expand(-1, region_logits.shape[1], 1)
    regions = F.log_softmax(region_logits, dim=2).gather(2, index).squeeze(2)
    return (regions - whole).clamp_min(0).sum(dim=1).mean()


def region_classification(region_logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy of each region on its own, mean over batch and regions; region_logits is (B, R, n)."""
    return F.cross_entropy(region_logits.flatten(0, 1), target.repeat_interleave(region_logits.shape[1]))
