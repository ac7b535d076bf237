"""How fast networks are trained on this machine: real steps of each, on flow that is made up in memory.

A network is measured at the size of its regions and in the precision of the configuration, never compiled. Where its
whole batch would take too long or too much memory, a smaller one is measured, and its seconds are scaled up.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rrrn.experiment import protocol
from rrrn.face import region_boxes
from rrrn.networks import adam
from rrrn.networks.network import Network
from rrrn.planning import networks
from rrrn.planning.rates import line
from rrrn.running import full_gpu, typed
from rrrn.training import devices, engine, precision
from rrrn.training.engine import Training
from rrrn.training.samples import Samples
from rrrn.training.settings import Settings

SECONDS = 20.0  # of one network, about; at least two steps are taken, however long they are
_STEPS = 9  # measured at most
_SYNCHRONISED = 8  # steps of a GPU that are measured together, as nothing waits for it within an epoch
_EPOCH = 64  # steps, so that the end of an epoch counts as little as in a training
_ROOM = 4e9  # bytes of memory that a measured batch takes at most: a larger one is no faster per sample
_SHARE = 0.5  # of a processor's free memory, likewise
_WORKSPACE = 2.0  # what a step needs at once, in multiples of what its forward pass keeps
_PASSED = 3  # passes of a prediction


@dataclass(frozen=True)
class Pace:
    """Seconds: ``step`` of a step whatever its batch, ``sample`` of each sample in it, ``predicted`` of a prediction.

    ``batch`` is the one that was measured, ``train.batch_size`` or less.
    """

    step: float
    sample: float
    predicted: float
    batch: int


@contextmanager
def training(config: Mapping[str, Any], device: torch.device) -> Iterator[None]:
    """Let PyTorch compute as a training does; raises InputError for a precision that the device has not."""
    told = config["train"]
    devices.make_reproducible(0, device, told["deterministic"])
    try:
        precision.prepare(told["precision"], device)
        with full_gpu.told("end what else computes on it, or plan with --no-calibration"):
            yield
    finally:
        precision.prepare("fp32", device)
        torch.set_deterministic_debug_mode("default")


def measure(name: str, config: Mapping[str, Any], device: torch.device, seconds: float = SECONDS) -> Pace:
    """Return how fast a network is trained, measured for about so many seconds, within ``training``."""
    told = config["train"]
    network = networks.build(name, config)
    devices.place(network, device, precision.channels_last(told["precision"], device))
    few, whole, on_gpu = networks.BATCH, int(told["batch_size"]), device.type == "cuda"
    low = _step(network, few, config, device, seconds / 4)
    batch = whole if on_gpu else max(few, min(whole, _fitting(name, config)))
    while not on_gpu and batch > few and low * batch / few > seconds / 4:
        batch = max(few, batch // 2)
    high = low
    while batch > few:
        try:
            high = _step(network, batch, config, device, seconds / 4)
            break
        except RuntimeError as error:
            if not full_gpu.is_meant(error):
                raise
            torch.cuda.empty_cache()
            batch, high = max(few, batch // 2), low
    if batch < whole and (batch == few or not on_gpu):
        step = min(_update(network, device), high)
        sample = (high - step) / batch
    else:
        step, sample = line((few, low), (batch, high))
    precision.prepare("fp32", device)  # as trainings predict
    predicted = _predict(network, batch, config, device, seconds / 4)
    precision.prepare(told["precision"], device)
    return Pace(step, sample, predicted, batch)


def fitting(room: float, weights: float, kept: float) -> int:
    """Return how many samples a step may have in ``room``, for a network of so many bytes that keeps ``kept`` of each.

    Beside the weights there are their gradients and the two moments of Adam.
    """
    return max(int((room - 4 * weights) / (_WORKSPACE * kept)), 0)


class _MadeUp:
    """Flow of one form without content, as a pack gives it."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        side = int(config["flow"]["size"])
        self.boxes: NDArray[np.int32] = region_boxes.boxes(side)
        self.shape: tuple[int, ...] = (2, side, side)
        self.size, self.scale = int(config["pack"]["size"]), 1 / 2048
        self.dtype: np.dtype[Any] = np.dtype(np.int16)
        self._random = np.random.default_rng(0)

    def read(self, clip: Any, views: Sequence[int], /) -> NDArray[Any]:
        return self._random.integers(-300, 300, (len(views), *self.shape), self.dtype)


def _samples(batch: int, config: Mapping[str, Any], device: torch.device) -> Samples:
    return Samples([(_MadeUp(config), 0, 0)] * batch, float("inf"), device)


def _step(network: Network[Any], batch: int, config: Mapping[str, Any], device: torch.device, seconds: float) -> float:
    """Return the median seconds of a step, after the first, which makes and loads what others use."""
    steps = started(network, batch, config, device).steps()
    together = _SYNCHRONISED if device.type == "cuda" else 1

    def some() -> None:
        for _ in range(together):
            next(steps)

    some()
    return _median(some, seconds, _STEPS, device) / together


def started(network: Network[Any], batch: int, config: Mapping[str, Any], device: torch.device) -> Training:
    """Return a training of a network on made-up flow, whose steps have ``batch`` samples and change no weight."""
    told = {key: value for key, value in config["train"].items() if key not in protocol.WITHOUT_EFFECT}
    told |= {"epochs": 10_000, "batch_size": batch, "views_per_clip_per_epoch": batch, "lr": 0.0, "compile": "none"}
    pools = [np.arange(batch)] * _EPOCH
    settings = typed.of(Settings, told, "train")
    labels, order = np.zeros(batch, np.int64), np.random.default_rng(0)
    return Training(network, _samples(batch, config, device), labels, pools, settings, order)


def _predict(
    network: Network[Any], batch: int, config: Mapping[str, Any], device: torch.device, seconds: float
) -> float:
    """Return the median seconds that the prediction of a sample takes."""
    samples = _samples(batch, config, device)

    def all_of_them() -> None:
        for _ in engine.predict(network, samples, batch):
            pass

    if device.type == "cuda":
        all_of_them()
    return _median(all_of_them, seconds, _PASSED, device) / batch


def _update(network: Network[Any], device: torch.device) -> float:
    """Return the seconds of one step of Adam, which do not depend on the batch."""
    optimizer = adam.Adam(network.parameters(), lr=0.0, fused=True)
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()  # makes its state
    taken = _median(optimizer.step, 0.0, 1, device)
    optimizer.zero_grad()
    return taken


def _median(run: Callable[[], object], seconds: float, times: int, device: torch.device) -> float:
    """Return the median of so many runs, or of fewer when ``seconds`` are over.

    They are the processor's own, so that what else runs on the machine counts little; with a GPU they are the clock's.
    """
    taken: list[float] = []
    while not taken or (len(taken) < times and sum(taken) < seconds):
        start = _now(device)
        run()
        taken.append(_now(device) - start)
    return median(taken)


def _now(device: torch.device) -> float:
    if device.type != "cuda":
        return time.process_time()
    torch.cuda.synchronize(device)
    return time.perf_counter()


def _fitting(name: str, config: Mapping[str, Any]) -> int:
    return fitting(min(_ROOM, _SHARE * _free()), networks.size(name, config), networks.kept(name, config))


def _free() -> float:
    """Return the bytes of memory that are free on this machine; infinitely many where it does not tell."""
    told = Path("/proc/meminfo")
    lines = told.read_text(encoding="ascii").splitlines() if told.is_file() else []
    return next((float(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), float("inf"))
