"""Flow of chosen clips and views, held where it is trained on, or read as it is needed."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Numbers = Sequence[int] | NDArray[np.int64]


class Source(Protocol):
    """What is asked of a pack (``rrrn.data.packed``): flow of one form and geometry, as it is stored."""

    boxes: NDArray[np.int32]
    size: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scale: float

    def read(self, clip: Any, views: Sequence[int], /) -> NDArray[Any]:
        """Return views of a clip, (V, 2, S, S)."""


_SHARE = 0.5  # of a GPU's free memory, which the network needs as well


class Samples:
    """Flow of chosen (source, clip, view), as it is stored: on the device where it fits, else read batch by batch.

    Either way gives the same bytes, and nothing but the chosen ones is ever read. What is read while a GPU computes is
    copied to it by a stream of its own.
    """

    def __init__(self, chosen: Sequence[tuple[Source, Any, int]], max_bytes: float, device: torch.device) -> None:
        self.chosen, self.device = chosen, device
        self.boxes, self.size = chosen[0][0].boxes, chosen[0][0].size
        self._scale = float(np.float32(chosen[0][0].scale))
        needed = len(chosen) * chosen[0][0].dtype.itemsize * float(np.prod(chosen[0][0].shape))
        on_gpu = device.type == "cuda"
        room = min(max_bytes, _SHARE * torch.cuda.mem_get_info(device)[0]) if on_gpu else max_bytes
        self._held = self._read(range(len(chosen))).to(device) if needed <= room else None
        self._copying = torch.cuda.Stream(device) if on_gpu and self._held is None else None  # type: ignore[no-untyped-call]

    def __len__(self) -> int:
        return len(self.chosen)

    def batches(self, cut: Iterable[Numbers]) -> Iterator[Tensor]:
        """Yield the samples of each batch of numbers, float32 (B, 2, S, S), on the device."""
        if self._copying is None:
            yield from (self._decoded(self._stored(numbers)) for numbers in cut)
            return
        ahead: tuple[Tensor, torch.cuda.Event] | None = None
        for numbers in itertools.chain(cut, (None,)):
            following = None if numbers is None else self._sent(numbers, self._copying)
            if ahead is not None:
                stored, arrived = ahead
                here = torch.cuda.current_stream(self.device)
                here.wait_event(arrived)
                stored.record_stream(here)
                yield self._decoded(stored)
            ahead = following

    def _sent(self, numbers: Numbers, stream: torch.cuda.Stream) -> tuple[Tensor, torch.cuda.Event]:
        """Start a batch on its way to the GPU; return it and the event of its arrival."""
        read = self._read(numbers).pin_memory()
        with torch.cuda.stream(stream):
            stored = read.to(self.device, non_blocking=True)
            return stored, stream.record_event()

    def _stored(self, numbers: Numbers) -> Tensor:
        if self._held is None:
            return self._read(numbers).to(self.device)
        index = torch.from_numpy(np.asarray(numbers, np.int64))
        if self.device.type == "cuda":
            index = index.pin_memory().to(self.device, non_blocking=True)
        return self._held[index]

    def _decoded(self, stored: Tensor) -> Tensor:
        """Return values as ``flow_store.decode`` gives them."""
        return stored.float() * self._scale

    def _read(self, numbers: Numbers) -> Tensor:
        first = self.chosen[0][0]
        maps: NDArray[Any] = np.empty((len(numbers), *first.shape), first.dtype)
        place = 0
        for (source, clip), same in itertools.groupby((self.chosen[number] for number in numbers), lambda one: one[:2]):
            views = [view for _, _, view in same]
            maps[place : place + len(views)] = source.read(clip, views)
            place += len(views)
        return torch.from_numpy(maps)
