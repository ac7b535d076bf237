"""How many pairs still iterate, without a pause of the device for it."""

import torch
from torch import Tensor


class LiveCount:
    """Reads counts back one behind: while the host waits for one, the device is busy with what came after it."""

    def __init__(self, pairs: int) -> None:
        self._pairs = pairs
        self._earlier: tuple[Tensor, torch.cuda.Event] | None = None

    def update(self, live: Tensor) -> int:
        """Ask for the number of ones in ``live``, int32 (N); return that of the call before, at first all pairs.

        On a CPU, where nothing runs beside, the number is that of now.
        """
        if live.device.type != "cuda":
            return int(live.sum())
        count = torch.empty((), dtype=torch.int64, pin_memory=True)
        count.copy_(live.sum(), non_blocking=True)
        copied = torch.cuda.Event()  # type: ignore[no-untyped-call]
        copied.record()
        earlier, self._earlier = self._earlier, (count, copied)
        if earlier is None:
            return self._pairs
        earlier[1].synchronize()
        return int(earlier[0])
