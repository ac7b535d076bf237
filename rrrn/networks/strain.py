"""Optical strain: how much flow deforms the face in each pixel, which moving as a whole does not."""

import torch
from torch import Tensor


def magnitude(flow: Tensor, spacing: float = 1.0) -> Tensor:
    """Return the norm of the strain tensor of flow (B, 2, H, W), components u and v, as (B, 1, H, W).

    The tensor is (J + J^T) / 2 of the Jacobian J of (u, v) by (x, y), and its norm

        sqrt((du/dx)^2 + (dv/dy)^2 + (du/dy + dv/dx)^2 / 2)

    as of infinitesimal deformations: a rotation by a small angle t leaves sqrt(2) (1 - cos t), of second order.
    Derivatives are central differences, and one-sided ones in the outermost pixels, as ``numpy.gradient`` has them;
    H and W are at least 2. The unit is that of flow for each unit of ``spacing``, the distance of two pixels: without
    a unit, if both are in pixels. Where nothing is deformed, its gradient is zero.
    """
    (u_y, v_y), (u_x, v_x) = (by.unbind(dim=1) for by in torch.gradient(flow, spacing=spacing, dim=(2, 3)))
    parts = torch.stack([u_x, v_y, (u_y + v_x) / 2**0.5], dim=1)
    return torch.linalg.vector_norm(parts, dim=1, keepdim=True)
