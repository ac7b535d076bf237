"""TV-L1 at one scale by the kernels of triton_kernels: as torch_level.TorchLevel, which it may take the place of."""

import torch
import triton
from torch import Tensor

from rrrn.flow.cuda import triton_kernels
from rrrn.flow.cuda.images import picture
from rrrn.flow.cuda.live_count import LiveCount

COLUMNS, STEPS = 64, 5  # as many as the registers of one warp hold
BLOCK_ROWS = 32  # the least of a band, which goes over 2 * STEPS more

_WARPS = 8  # of ``advance`` that a multiprocessor holds
_SMOOTHED = {"COLUMNS": 64, "RUN": 8, "num_warps": 2}
_JUDGED = 32  # sums of changes that a program of ``judge`` adds up at once
_SAMPLED = 256  # pixels that a program of ``linearise`` samples


class TritonLevel:
    """The solution of all pairs at one scale; arguments and methods as in TorchLevel.

    No method waits for what it launches. A launch does up to ``steps`` iterations of strips ``columns`` wide, a power
    of two. ``slots`` is how many programs keep the device busy: while fewer strips are at work, they are cut into bands
    of ``block_rows`` or a multiple, which changes no bit of the result.
    """

    def __init__(
        self,
        before: Tensor,
        after: Tensor,
        flow: Tensor,
        tau: float,
        limit: float,
        scale: float,
        columns: int = COLUMNS,
        steps: int = STEPS,
        block_rows: int = BLOCK_ROWS,
        slots: int | None = None,
    ) -> None:
        device = before.device
        self._pairs, self._height, self._width = before.shape
        self._tau, self._limit, self._scale = tau, limit * scale * scale, scale
        self._columns, self._steps, self._block_rows = columns, steps, block_rows
        self._before, self._picture = before.contiguous(), picture(after)
        self._u = torch.empty((2, *flow.shape), device=device)
        self._u[0] = flow * scale
        self._p = torch.empty((2, self._pairs, 4, self._height, self._width), device=device)
        self._p[0] = 0
        self._residual = torch.empty((self._pairs, 3, self._height, self._width), device=device)
        self._sides = torch.zeros((2, self._pairs), dtype=torch.int32, device=device)
        self.live = torch.ones(self._pairs, dtype=torch.int32, device=device)
        self._again = torch.zeros_like(self.live)
        self.strips = max(1, triton.cdiv(self._width + 1 - 2 * steps, columns - 2 * steps))
        self._blocks = triton.cdiv(self._height, block_rows)
        self._changes = torch.empty((self._pairs, self.strips * self._blocks, steps), device=device)
        self._slots = _slots(device) if slots is None else slots
        self._fast = device.type == "cuda"

    def linearise(self) -> None:
        self.live.fill_(1)
        self._live_count = LiveCount(self._pairs)
        self._band(self._pairs)
        triton_kernels.linearise[self._pairs, triton.cdiv(self._height * self._width, _SAMPLED)](
            self._picture,
            self._before,
            self._u,
            self._residual,
            self._sides,
            self._pairs,
            self._height,
            self._width,
            self._scale,
            BLOCK=_SAMPLED,
        )

    def smooth(self, size: int) -> None:
        runs = triton.cdiv(self._height, _SMOOTHED["RUN"])
        grid = self._pairs, runs * triton.cdiv(self._width, _SMOOTHED["COLUMNS"]), 2
        triton_kernels.smooth[grid](
            self._u, self._sides, self.live, self._pairs, self._height, self._width, runs, SIZE=size, **_SMOOTHED
        )
        self._sides[0] ^= self.live

    def iterate(self, count: int, threshold: float) -> None:
        for done in range(0, count, self._steps):
            now = min(self._steps, count - done)
            self._advance(self.live, now, flip=0, measure=threshold > 0)
            if threshold <= 0:
                self._sides ^= 1
                continue
            # which of these iterations was a pair's last is known only now; then they are repeated, as many as wanted
            self._judge(now, threshold * self._height * self._width * self._scale**2)
            self._advance(self._again, 1, flip=1, measure=False)

    def settled(self) -> bool:
        count = self._live_count.update(self.live)
        self._band(count)
        return count == 0

    def flow(self) -> Tensor:
        return self._u[self._sides[0].long(), torch.arange(self._pairs, device=self._u.device)] / self._scale

    def _band(self, live: int) -> None:
        """Cut strips into as many bands as keep the device busy while ``live`` pairs iterate."""
        bands = min(self._blocks, triton.cdiv(self._slots, max(live, 1) * self.strips))
        self._band_rows = triton.cdiv(self._blocks, bands) * self._block_rows

    def _advance(self, counts: Tensor, count: int, flip: int, measure: bool) -> None:
        grid = self._pairs, self.strips * triton.cdiv(self._height, self._band_rows)
        triton_kernels.advance[grid](
            self._u,
            self._p,
            self._residual,
            self._sides,
            counts,
            self._changes,
            self._pairs,
            self._height,
            self._width,
            self.strips,
            self._band_rows,
            count,
            flip,
            self._limit,
            self._tau,
            COLUMNS=self._columns,
            STEPS=self._steps,
            BLOCK_ROWS=self._block_rows,
            MEASURE=measure,
            FAST=self._fast,
            num_warps=1,  # so that neighbours are shuffled within it, without shared memory or barriers
        )

    def _judge(self, count: int, threshold: float) -> None:
        parts = self._changes.shape[1]
        triton_kernels.judge[(self._pairs,)](
            self._changes,
            self.live,
            self._again,
            self._sides,
            self._pairs,
            parts,
            count,
            threshold,
            AT_ONCE=_JUDGED,
            STEPS=self._steps,
            STEPS_PADDED=triton.next_power_of_2(self._steps),
            num_warps=1,
        )


def _slots(device: torch.device) -> int:
    processors = torch.cuda.get_device_properties(device).multi_processor_count if device.type == "cuda" else 1
    return _WARPS * processors
