"""TV-L1 at one scale in plain PyTorch, for where Triton is missing: what its kernels do, one operation at a time."""

import torch
from torch import Tensor
from torch.nn import functional

from rrrn.flow.cuda.images import MARGIN, picture
from rrrn.flow.cuda.live_count import LiveCount

_A = -0.75  # of the cubic convolution (Keys 1981) in OpenCV
_TINY = 1e-20  # keeps 1 / |J|^2 finite where the image is flat


class TorchLevel:
    """The solution of all pairs at one scale; iterations after Zach, Pock and Bischof 2007, equations 12 to 15.

    ``before`` and ``after`` are float32 (N, H, W), ``flow`` float32 (N, 2, H, W) in pixels; ``scale`` is tau / theta
    and ``limit`` lambda * theta. ``live`` is int32 (N): 1 where a pair still iterates at this warp, else 0.
    """

    def __init__(self, before: Tensor, after: Tensor, flow: Tensor, tau: float, limit: float, scale: float) -> None:
        self._before, self._picture = before, picture(after)
        self._u = flow * scale
        self._p = torch.zeros_like(self._u).unsqueeze(2).repeat(1, 1, 2, 1, 1)  # by component of U, by direction
        self._tau, self._limit, self._scale = tau, limit * scale * scale, scale
        self.live = torch.ones(len(before), dtype=torch.int32, device=before.device)

    def linearise(self) -> None:
        """Linearise the residual about the flow; all pairs are live again."""
        height, width = self._before.shape[1:]
        warped = _sampled(self._picture, self._u / self._scale, height, width)
        self._j = warped[:, 1:] / self._scale
        self._rho = warped[:, 0] - (self._j * self._u).sum(1) - self._before
        self._weight = 1 / ((self._j * self._j).sum(1) + _TINY)
        self.live.fill_(1)
        self._live_count = LiveCount(len(self.live))

    def smooth(self, size: int) -> None:
        """Replace the flow of live pairs by its median over ``size`` x ``size`` pixels, borders repeated."""
        height, width = self._before.shape[1:]
        near = functional.pad(self._u, (size // 2,) * 4, mode="replicate")
        views = [near[..., y : y + height, x : x + width] for y in range(size) for x in range(size)]
        self._u = self._where_live(torch.stack(views).median(0).values, self._u)

    def iterate(self, count: int, threshold: float) -> None:
        """Do ``count`` iterations; a pair stops after one whose mean squared change, in pixels, is not above."""
        for _ in range(count):
            u, p = self._step()
            if threshold > 0:
                # row by row, so that how a sum is divided among threads depends on no other pair
                change = (u - self._u).square().sum(1).sum(-1).sum(-1) / self._scale**2
            self._u, self._p = self._where_live(u, self._u), self._where_live(p, self._p)
            if threshold > 0:
                self.live *= change > threshold * self._before[0].numel()

    def settled(self) -> bool:
        """Return whether all pairs are known to have stopped, which on a GPU is known one call later."""
        return self._live_count.update(self.live) == 0

    def flow(self) -> Tensor:
        """Return the flow (N, 2, H, W) in pixels."""
        return self._u / self._scale

    def _step(self) -> tuple[Tensor, Tensor]:
        residual = self._rho + (self._j * self._u).sum(1)
        drop = (residual * self._weight).clamp(-self._limit, self._limit)
        across, down = self._p[:, :, 0], self._p[:, :, 1]
        divergence = (
            across - functional.pad(across, (1, 0))[..., :-1] + down - functional.pad(down, (0, 0, 1, 0))[..., :-1, :]
        )
        u = self._u + divergence - drop[:, None] * self._j
        gradient = torch.stack(
            (functional.pad(u.diff(dim=-1), (0, 1)), functional.pad(u.diff(dim=-2), (0, 0, 0, 1))), dim=2
        )
        return u, (self._p + self._tau * gradient) / (1 + gradient.square().sum(2, keepdim=True).sqrt())

    def _where_live(self, new: Tensor, old: Tensor) -> Tensor:
        return torch.where(self.live.bool().view(-1, *[1] * (new.ndim - 1)), new, old)


def _sampled(picture: Tensor, flow: Tensor, height: int, width: int) -> Tensor:
    """Return the channels of ``picture`` (N, C, ...), in its frame of zeros, at the displaced pixels (N, C, H, W)."""
    pairs, channels = picture.shape[:2]
    pitch = picture.shape[3]
    x = torch.arange(width, device=flow.device) + flow[:, 0]
    y = torch.arange(height, device=flow.device)[:, None] + flow[:, 1]
    x, y = x.clamp(2 - MARGIN, width + MARGIN - 3), y.clamp(2 - MARGIN, height + MARGIN - 3)
    left, top = x.floor(), y.floor()
    columns, rows = _weights(x - left), _weights(y - top)
    corner = (top.long() + MARGIN - 1) * pitch + left.long() + MARGIN - 1
    flat = picture.flatten(2)
    result = torch.zeros(pairs, channels, height, width, device=flow.device)
    for i, row in enumerate(rows):
        line = torch.zeros_like(result)
        for k, column in enumerate(columns):
            at = (corner + i * pitch + k).view(pairs, 1, -1).expand(-1, channels, -1)
            line += column[:, None] * flat.gather(2, at).view_as(result)
        result += row[:, None] * line
    return result


def _weights(t: Tensor) -> list[Tensor]:
    """Return the weights of the 4 pixels around a position that lies ``t`` behind the second."""
    rest = 1 - t
    first, last = _A * t * rest * rest, _A * t * t * rest
    second = ((_A + 2) * t - (_A + 3)) * t * t + 1
    return [first, second, 1 - first - second - last, last]
