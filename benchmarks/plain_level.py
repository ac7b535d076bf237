"""TV-L1 at one scale as it is usually written for a GPU: what the engine's kernels are measured beside."""

import torch

from rrrn.flow.cuda.torch_level import TorchLevel


class PlainLevel(TorchLevel):
    """One launch per operation, without allocations; the change is read back after each iteration that may be the last.

    Pairs go on until the slowest of them has stopped.
    """

    def linearise(self) -> None:
        super().linearise()
        self._stopped = False

    def iterate(self, count: int, threshold: float) -> None:
        u, p = self._u, self._p
        residual, shrink, change, across, down = (torch.zeros_like(u[:, 0]) for _ in range(5))
        while count > 0 and not self._stopped:
            count -= 1
            torch.mul(self._j[:, 0], u[:, 0], out=residual)
            residual.addcmul_(self._j[:, 1], u[:, 1]).add_(self._rho).mul_(self._weight)
            residual.clamp_(-self._limit, self._limit)
            total = torch.zeros(len(u), device=u.device)
            for c in range(2):
                torch.mul(residual, self._j[:, c], out=change).neg_().add_(p[:, c, 0]).add_(p[:, c, 1])
                change[..., 1:].sub_(p[:, c, 0, :, :-1])
                change[:, 1:].sub_(p[:, c, 1, :-1])
                u[:, c].add_(change)
                if threshold > 0:
                    total += change.square_().mean((1, 2))
                torch.sub(u[:, c, :, 1:], u[:, c, :, :-1], out=across[..., :-1])
                torch.sub(u[:, c, 1:], u[:, c, :-1], out=down[:, :-1])
                torch.mul(across, across, out=shrink).addcmul_(down, down).sqrt_().add_(1).reciprocal_()
                p[:, c, 0].add_(across, alpha=self._tau).mul_(shrink)
                p[:, c, 1].add_(down, alpha=self._tau).mul_(shrink)
            self._stopped = threshold > 0 and float(total.max()) <= threshold * self._scale**2

    def settled(self) -> bool:
        return self._stopped
