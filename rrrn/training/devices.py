"""Where a network is trained, and what makes it repeat itself there."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Literal

import torch

from rrrn.networks.network import Network
from rrrn.running import full_gpu
from rrrn.running.stage import InputError

Device = Literal["auto", "cpu", "cuda"]


def choose(name: Device) -> torch.device:
    """Return the device that ``train.device`` asks for; raises InputError if there is none."""
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("train.device is cuda, but PyTorch sees no GPU here; set it to auto or cpu")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def named(device: torch.device) -> str:
    """Return what a device is called in logs."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def make_reproducible(seed: int, device: torch.device, deterministic: bool = True) -> None:
    """Let results depend on nothing but ``seed`` and the device: not on the cores of the machine, nor on chance.

    Without ``deterministic``, which is for GPUs alone, cuDNN may try which algorithms are the fastest, and results
    differ from run to run.
    """
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    if device.type == "cuda" and not deterministic:
        torch.set_deterministic_debug_mode("default")
        torch.backends.cudnn.benchmark = True
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read when CUDA starts
    # use_deterministic_algorithms sets the same, and imports PyTorch's compiler to tell it as well, for 2 s
    torch.set_deterministic_debug_mode(
        "warn" if device.type == "cuda" else "error"
    )  # VGG16's pooling has none on a GPU
    # which guards reads that no network makes, for a tenth of the time
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def place(network: Network[Any], device: torch.device, channels_last: bool) -> None:
    """Move a network to where it is trained, its maps with their channels last if that is asked for."""
    network.to(device)
    if channels_last:
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def fitting_gpu() -> AbstractContextManager[None]:
    """Say what helps a training when the GPU's memory is full: raises InputError."""
    return full_gpu.told(
        "start fewer trainings on it (--resources gpu=1), or lower train.max_memory_gb, which changes no result, or "
        "train.batch_size; or set train.device: cpu"
    )


@contextmanager
def kept() -> Iterator[None]:
    """Leave PyTorch as it was before the block: its threads, how it computes, and what it draws next."""
    threads, mode = torch.get_num_threads(), torch.get_deterministic_debug_mode()
    tried, filled = torch.backends.cudnn.benchmark, torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    with torch.random.fork_rng():
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            torch.set_deterministic_debug_mode(mode)
            torch.backends.cudnn.benchmark = tried
            torch.utils.deterministic.fill_uninitialized_memory = filled  # type: ignore[attr-defined]
