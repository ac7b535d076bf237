"""The region crops of flow maps (arXiv 2107.05904, Section III-B), taken on whatever device holds the maps.

A map is stored once and its six regions are cut when a batch is formed: the crops are bit-equal to crops taken
ahead, at a sixth of the disk.
"""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


def crop(flow: Tensor, boxes: Sequence[Sequence[int]] | np.ndarray, size: int) -> Tensor:
    """Cut regions out of flow maps and resize each to a square (bilinear, half-pixel centres).

    Flow vectors keep their length when a region is enlarged.

    Args:
        flow: (B, 2, S, S), the components u and v; float16 is converted before anything is computed.
        boxes: (R, 4) integers x0, y0, x1, y1 on the S x S map; x1 and y1 are exclusive.
        size: side of a region.

    Returns:
        (B, R, 2, size, size), float32 (float64 for float64 maps).
    """
    if flow.dtype == torch.float16:
        flow = flow.float()
    regions = [
        F.interpolate(flow[:, :, y0:y1, x0:x1], size=(size, size), mode="bilinear", align_corners=False)
        for x0, y0, x1, y1 in (map(int, box) for box in boxes)
    ]
    return torch.stack(regions, dim=1)
