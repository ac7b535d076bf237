"""One training of any network, step by step (Section IV-B), and what the network then says of samples."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.amp.grad_scaler import GradScaler

from rrrn.face import crops
from rrrn.networks import adam
from rrrn.networks.network import Network, Output
from rrrn.running.stage import InputError
from rrrn.training import epochs, precision
from rrrn.training.looking import Looks
from rrrn.training.samples import Samples
from rrrn.training.settings import Settings

Row = dict[str, float]  # of the history: what is told of an epoch
_BETAS, _EPSILON = (0.9, 0.999), 1e-8


class Training:
    """A training that can be stopped after any step, and go on from its ``state`` in another process.

    It minimises the network's losses by Adam, whose rate is constant (Section IV-B) or falls linearly to zero; the last
    epoch counts. Nothing waits for a GPU but the end of an epoch.

    ``labels`` are the class indices of the samples, ``pools`` the sample numbers of each clip; ``order`` draws what an
    epoch takes; ``looks``, if there are any, are asked at the end of each. Attributes: ``epoch``, counted from 1, of
    which ``done`` steps are taken; ``history``, one row for each epoch that is over; ``per_epoch``, the samples of an
    epoch, and ``taken``, those of all epochs that are behind.
    """

    def __init__(
        self,
        network: Network[Any],
        samples: Samples,
        labels: NDArray[np.int64],
        pools: Sequence[NDArray[np.int64]],
        settings: Settings,
        order: np.random.Generator,
        looks: Looks | None = None,
    ) -> None:
        self.looks = looks
        self.network, self._samples, self._labels, self._pools = network, samples, labels, pools
        self._settings, self._order, self._device = settings, order, samples.device
        self._call = compiled(network, settings.compile)
        self._boxes = samples.boxes[list(network.regions)]
        self._optimizer = adam.Adam(network.parameters(), lr=settings.lr, betas=_BETAS, eps=_EPSILON, fused=True)
        self._scaler = GradScaler(self._device.type, enabled=settings.precision == "fp16")
        self._drawn_from = order.bit_generator.state
        self._sums: dict[str, Tensor] = {}
        self.epoch, self.done = 1, 0
        self.history: list[Row] = []
        self.per_epoch = sum(min(settings.views_per_clip_per_epoch, len(pool)) for pool in pools)

    @property
    def taken(self) -> int:
        done = min(self.done * self._settings.batch_size, self.per_epoch)
        return (self.epoch - 1) * self.per_epoch + done

    def steps(self) -> Iterator[None]:
        """Train until the last epoch is over; yields after each step. Then, and at the end, the training is whole.

        Raises InputError if a loss stops being finite.
        """
        self.network.train()
        while self.epoch <= self._settings.epochs:
            yield from self._epoch()

    def _epoch(self) -> Iterator[None]:
        began = time.monotonic()
        numbers = epochs.draw(self._pools, self._settings.views_per_clip_per_epoch, self._order)
        cut = epochs.batches(numbers, self._settings.batch_size)
        rest = cut[self.done :]
        for batch, maps in zip(rest, self._samples.batches(rest), strict=True):
            done = ((self.epoch - 1) * len(cut) + self.done) / (self._settings.epochs * len(cut))
            self._step(maps, self._on_device(self._labels[batch]), done)
            self.done += 1
            yield
        self._end_epoch(len(numbers), len(cut), sum(map(len, rest)), time.monotonic() - began)

    def _step(self, maps: Tensor, target: Tensor, done: float) -> None:
        """Take one step on a batch; ``done`` is the share of all steps that is behind it."""
        told = self._settings
        for group in self._optimizer.param_groups:
            group["lr"] = told.lr * (1 - done if told.decay == "linear" else 1)
        x = crops.crop(maps, self._boxes, self._samples.size)
        with precision.computing(told.precision, self._device):
            output = self._call(x)
        if precision.half(told.precision):
            output = precision.single(output)
        losses = self.network.loss(output, target)
        self._optimizer.zero_grad()
        torch.autograd.backward(self._scaler.scale(losses["total"]))
        self._scaler.unscale_(self._optimizer)
        gradients = [one.grad for one in self.network.parameters() if one.grad is not None]
        self._add("gradient_norm", torch.nn.utils.get_total_norm(gradients))
        self._scaler.step(self._optimizer)
        self._scaler.update()
        for name, value in losses.items():
            self._add(name, value * len(target))
        if output.alpha is not None:
            self._add("alpha", output.alpha.sum(dim=0))

    def _add(self, name: str, value: Tensor) -> None:
        self._sums[name] = self._sums.get(name, 0) + value.detach()

    def _end_epoch(self, n_samples: int, n_steps: int, n_now: int, seconds: float) -> None:
        row: Row = {"epoch": self.epoch}
        for name, value in self._sums.items():
            mean = value.double().cpu().numpy() / (n_steps if name == "gradient_norm" else n_samples)
            if mean.ndim:
                row |= {f"{name}_{region}": float(one) for region, one in enumerate(mean)}
            else:
                row[name] = float(mean)
        row |= {"seconds": seconds, "samples_per_second": n_now / max(seconds, 1e-9)}
        losses = {name: row[name] for name, value in self._sums.items() if not value.ndim and name != "gradient_norm"}
        logging.info("epoch %d: %s", self.epoch, ", ".join(f"{name} {mean:.6g}" for name, mean in losses.items()))
        if not np.isfinite(list(losses.values())).all():
            remedy = (
                "or set train.precision to fp32" if precision.half(self._settings.precision) else "or train.batch_size"
            )
            raise InputError(f"the loss is not finite in epoch {self.epoch}; lower train.lr, {remedy}")
        if self.looks:
            self.looks.look()
        self.history.append(row)
        self._sums, self.epoch, self.done = {}, self.epoch + 1, 0
        self._drawn_from = self._order.bit_generator.state

    def _on_device(self, numbers: NDArray[np.int64]) -> Tensor:
        tensor = torch.from_numpy(numbers)
        return tensor.pin_memory().to(self._device, non_blocking=True) if self._device.type == "cuda" else tensor

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return all that the rest of the training depends on: tensors by name, and what JSON can say."""
        tensors = {f"network/{name}": value for name, value in self.network.state_dict().items()}
        for number, moments in self._optimizer.state_dict()["state"].items():
            tensors |= {f"adam/{number}/{name}": value for name, value in moments.items()}
        tensors |= {f"sums/{name}": value for name, value in self._sums.items()}
        tensors["random/cpu"] = torch.get_rng_state()
        if self._device.type == "cuda":
            tensors["random/cuda"] = torch.cuda.get_rng_state(self._device)
        facts = {
            "epoch": self.epoch,
            "done": self.done,
            "order": self._drawn_from,
            "scaler": self._scaler.state_dict(),
            "history": self.history,
        }
        return tensors, facts

    def restore(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Go on from what ``state`` gave. Tensors keep their places in memory, whose order decides the last digits."""
        parts: dict[str, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            part, _, rest = name.partition("/")
            parts.setdefault(part, {})[rest] = value
        self.network.load_state_dict(parts["network"])
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in parts.get("adam", {}).items():
            number, _, key = name.partition("/")
            moments.setdefault(int(number), {})[key] = value
        for place, parameter in enumerate(self.network.parameters()):
            for key, value in moments.get(place, {}).items():
                like = parameter if value.ndim else value
                self._optimizer.state[parameter][key] = torch.empty_like(like, device=self._device).copy_(value)
        self._sums = {name: value.to(self._device) for name, value in parts.get("sums", {}).items()}
        torch.set_rng_state(parts["random"]["cpu"])
        if self._device.type == "cuda":
            torch.cuda.set_rng_state(parts["random"]["cuda"], self._device)
        self._order.bit_generator.state = self._drawn_from = facts["order"]
        self._scaler.load_state_dict(facts["scaler"])
        self.epoch, self.done, self.history = facts["epoch"], facts["done"], facts["history"]


def compiled(network: Network[Any], how: str) -> Callable[[Tensor], Any]:
    """Return a network as ``train.compile`` says: as it is, compiled, or compiled into graphs of CUDA."""
    if how == "none":
        return network
    mode = "reduce-overhead" if how == "graphs" else "default"
    return torch.compile(network, mode=mode)


def predict(
    network: Network[Output], samples: Samples, batch_size: int
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Yield class probabilities and region weights (none where a network has none) of each sample, in order."""
    boxes = samples.boxes[list(network.regions)]
    network.eval()
    cut = epochs.batches(np.arange(len(samples)), batch_size)
    for maps in samples.batches(cut):
        with torch.inference_mode():
            output = network(crops.crop(maps, boxes, samples.size))
        probabilities = torch.softmax(output.logits.double(), dim=1).cpu().numpy()
        alpha = np.empty((len(maps), 0)) if output.alpha is None else output.alpha.double().cpu().numpy()
        yield from zip(probabilities, alpha, strict=True)
