"""The floating-point operations of a network and what it holds in memory, counted without computing anything."""

from collections.abc import Mapping
from typing import Any

from rrrn.experiment import methods, outside
from rrrn.networks.network import Network

BATCH = 2  # the least that batch normalisation takes


def operations(name: str, config: Mapping[str, Any]) -> tuple[float, float]:
    """Return billions of floating-point operations per sample: of a training step, and of a prediction."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with torch.device("meta"):
        network = build(name, config)
        side = int(config["pack"]["size"])
        x = torch.zeros(BATCH, len(network.regions), 2, side, side)
        target = torch.zeros(BATCH, dtype=torch.int64)
        with FlopCounterMode(display=False) as forward:
            output = network(x)
        with FlopCounterMode(display=False) as backward:
            torch.autograd.backward(network.loss(output, target)["total"])
    predicting = forward.get_total_flops() / BATCH / 1e9
    return predicting + backward.get_total_flops() / BATCH / 1e9, predicting


def size(name: str, config: Mapping[str, Any]) -> float:
    """Return the bytes of a network's weights and of its statistics of batches."""
    import torch

    with torch.device("meta"):
        state = build(name, config).state_dict()
    return float(sum(value.numel() * value.element_size() for value in state.values()))


def build(name: str, config: Mapping[str, Any]) -> Network:
    """Return a method's network without its initial weights."""
    settings = dict(methods.settings(config, name))
    if "pretrained" in settings:
        settings["pretrained"] = "none"
    module = outside.load(methods.METHODS[name].module)
    network: Network = module.build(settings, len(config["classes"]), int(config["pack"]["size"]), None)
    return network


def kept(name: str, config: Mapping[str, Any]) -> float:
    """Return the bytes per sample that a forward pass in single precision keeps for the backward pass."""
    import torch

    with torch.device("meta"):
        network = build(name, config)
        side = int(config["pack"]["size"])
        weights = {parameter.untyped_storage()._cdata for parameter in network.parameters()}
        storages: dict[int, int] = {}

        def note(tensor: torch.Tensor) -> torch.Tensor:
            storage = tensor.untyped_storage()
            if storage._cdata not in weights:
                storages[storage._cdata] = storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            output = network(torch.zeros(BATCH, len(network.regions), 2, side, side))
    del output  # kept what was noted, and its places in memory
    return sum(storages.values()) / BATCH
