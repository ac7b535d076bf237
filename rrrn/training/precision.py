"""In which numbers a network computes. Weights, losses and the statistics of batches are in single precision always."""

from contextlib import AbstractContextManager
from dataclasses import fields, replace
from typing import Literal, TypeVar

import torch
from torch import Tensor

from rrrn.networks.network import Output
from rrrn.running.stage import InputError

Precision = Literal["fp32", "tf32", "bf16", "fp16"]
T = TypeVar("T", bound=Output)
_HALVES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def prepare(precision: Precision, device: torch.device) -> None:
    """Let a GPU compute as ``precision`` says; raises InputError for fp16 on a processor, which has no use for it."""
    if precision == "fp16" and device.type == "cpu":
        raise InputError("train.precision fp16 needs a GPU; set it to fp32, or to bf16, which processors have as well")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"


def half(precision: Precision) -> bool:
    """Return whether activations have two bytes."""
    return precision in _HALVES


def channels_last(precision: Precision, device: torch.device) -> bool:
    """Return whether maps with their channels last are the faster ones: on processors, and on GPUs but for fp32."""
    return device.type == "cpu" or precision != "fp32"


def computing(precision: Precision, device: torch.device) -> AbstractContextManager[object]:
    """Return the context in which a network is called."""
    return torch.autocast(device.type, dtype=_HALVES.get(precision), enabled=half(precision))


def single(output: T) -> T:
    """Return what a network says in single precision, for its losses."""
    values = {field.name: getattr(output, field.name) for field in fields(output)}
    return replace(output, **{name: value.float() for name, value in values.items() if isinstance(value, Tensor)})
