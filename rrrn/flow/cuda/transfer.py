"""Between host and device: images there, flows back, beside what the device computes."""

from collections.abc import Callable

import torch
from torch import Tensor

from rrrn.flow.pairs import Flows, Images
from rrrn.running import full_gpu
from rrrn.running.stage import InputError

_PLANES = 34  # float32 numbers per pixel of the finest scale: the solver's state, pyramids, and what comes and goes
_SHARE = 0.8  # of the free memory; the rest is lost to fragments
_HOST_BYTES = 1 << 30  # on a CPU; more pairs at once gain nothing there


class Transfer:
    """Carries batches to ``device`` and back. On a GPU, each way and the solver have a stream, and the host waits last.

    ``sent`` and the result of ``solved`` belong to the caller's thread, ``solved`` to one other.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._on_gpu = device.type == "cuda"
        if self._on_gpu:
            self._up, self._solver, self._down = (
                torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
                for _ in range(3)
            )

    def pairs_at_once(self, height: int, width: int) -> int:
        """Return how many pairs of images of this size the free memory holds, at least 1."""
        free = _HOST_BYTES
        if self._on_gpu:
            kept = torch.cuda.memory_reserved(self.device) - torch.cuda.memory_allocated(self.device)
            free = torch.cuda.mem_get_info(self.device)[0] + kept
        return max(1, int(_SHARE * free) // (_PLANES * 4 * height * width))

    def sent(self, before: Images, after: Images) -> Tensor:
        """Send images, uint8 (N, H, W) each; return them on the device, uint8 (2, N, H, W)."""
        images = torch.empty((2, *before.shape), dtype=torch.uint8, pin_memory=self._on_gpu)
        images.numpy()[0], images.numpy()[1] = before, after
        if not self._on_gpu:
            return images
        with torch.cuda.stream(self._up):
            return images.to(self.device, non_blocking=True)

    def solved(self, images: Tensor, solve: Callable[[Tensor, Tensor], Tensor]) -> Callable[[], Flows]:
        """Solve what was ``sent``, as many pairs at once as memory holds; return a function that waits for the flows.

        ``solve`` takes images (n, H, W) twice and returns flows (n, 2, H, W). If memory runs out nevertheless, half as
        many pairs are tried. Raises InputError if it does not hold one.
        """
        _, count, height, width = images.shape
        flows = torch.empty((count, 2, height, width), pin_memory=self._on_gpu)
        if self._on_gpu:
            self._solver.wait_stream(self._up)
            images.record_stream(self._solver)
        size = min(max(1, count), self.pairs_at_once(height, width))
        done = 0
        while done < count:
            part = self._tried(solve, images[:, done : done + size])
            if part is not None:
                self._fetch(part, flows[done : done + size])
                done += size
            elif size == 1:
                raise InputError(
                    f"{self.device} has no memory for a pair of {height} x {width} pixels; free some, or solve smaller "
                    "images"
                )
            else:
                size //= 2
                if self._on_gpu:
                    torch.cuda.empty_cache()
        if not self._on_gpu:
            return flows.numpy
        fetched = torch.cuda.Event()  # type: ignore[no-untyped-call]
        fetched.record(self._down)

        def wait() -> Flows:
            fetched.synchronize()
            return flows.numpy()

        return wait

    def _tried(self, solve: Callable[[Tensor, Tensor], Tensor], images: Tensor) -> Tensor | None:
        """Return None if memory ran out; by then what was in it is free again, as it would not be in the handler."""
        try:
            if not self._on_gpu:
                return solve(images[0], images[1])
            with torch.cuda.stream(self._solver):
                return solve(images[0], images[1])
        except RuntimeError as error:
            if full_gpu.is_meant(error):
                return None
            raise

    def _fetch(self, part: Tensor, target: Tensor) -> None:
        if self._on_gpu:
            self._down.wait_stream(self._solver)
            part.record_stream(self._down)
            with torch.cuda.stream(self._down):
                target.copy_(part, non_blocking=True)
        else:
            target.copy_(part)
