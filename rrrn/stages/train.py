"""Train one network on one fold and write what it predicts.

The last epoch counts: nothing is selected, and nothing of a tested subject enters training.
"""

import argparse
import itertools
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.amp.grad_scaler import GradScaler

from rrrn.data import flow_store, predictions
from rrrn.data.clips import Clip
from rrrn.data.flow_store import Stored
from rrrn.data.packed import Pack, open_packs
from rrrn.data.predictions import Prediction
from rrrn.experiment import folds, outside, seeds
from rrrn.face import crops
from rrrn.networks import adam, pretrained
from rrrn.networks.network import Network, Output
from rrrn.provenance import asked
from rrrn.running import stage, typed
from rrrn.running.stage import InputError

View = Literal["original", "tta_mean", "augmented_pool"]
Device = Literal["auto", "cpu", "cuda"]


@dataclass(frozen=True)
class Settings:
    """The section ``train``, without the memory to use, which changes no result."""

    seed: int
    epochs: int
    batch_size: int
    lr: float
    views_per_clip_per_epoch: int
    device: Device
    amp: bool


class Samples:
    """Flow of chosen (pack, clip, view): held in memory where it fits, else read from the files batch by batch.

    Either way gives the same bytes, and nothing but the chosen ones is ever read.
    """

    def __init__(self, chosen: Sequence[tuple[Pack, Clip, int]], max_bytes: float) -> None:
        self.chosen = chosen
        self.boxes, self.size = chosen[0][0].boxes, chosen[0][0].size
        needed = len(chosen) * chosen[0][0].dtype.itemsize * float(np.prod(chosen[0][0].shape))
        self._held = self._read(range(len(chosen))) if needed <= max_bytes else None

    def __len__(self) -> int:
        return len(self.chosen)

    def batch(self, numbers: Sequence[int] | NDArray[np.int64]) -> Tensor:
        """Return the numbered samples, float32 (B, 2, S, S)."""
        stored = self._read(numbers) if self._held is None else self._held[numbers]
        return torch.from_numpy(flow_store.decode(stored, self.chosen[0][0].scale))

    def _read(self, numbers: Sequence[int] | NDArray[np.int64]) -> Stored:
        first = self.chosen[0][0]
        maps: Stored = np.empty((len(numbers), *first.shape), first.dtype)
        place = 0
        for (pack, clip), same in itertools.groupby((self.chosen[number] for number in numbers), lambda one: one[:2]):
            views = [view for _, _, view in same]
            maps[place : place + len(views)] = pack.read(clip, views)
            place += len(views)
        return maps


def draw(pools: Sequence[NDArray[np.int64]], views: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return an epoch's sample numbers, shuffled: ``views`` out of each clip's pool without repetition.

    A pool that holds fewer is taken whole.
    """
    return rng.permutation(np.concatenate([rng.choice(pool, min(views, len(pool)), replace=False) for pool in pools]))


def batches(numbers: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    """Cut sample numbers into batches, the last of which may be smaller.

    A last batch of one joins the one before: batch normalisation of 1 x 1 maps needs two samples.
    """
    cut = [numbers[start : start + size] for start in range(0, len(numbers), size)]
    if len(cut) > 1 and len(cut[-1]) == 1:
        cut[-2:] = [np.concatenate(cut[-2:])]
    return cut


def fit(
    network: Network[Output],
    samples: Samples,
    labels: NDArray[np.int64],
    pools: Sequence[NDArray[np.int64]],
    settings: Settings,
    rng: np.random.Generator,
    device: torch.device,
) -> None:
    """Train ``network`` in place with Adam at a constant rate (Section IV-B), and log each epoch's losses.

    ``labels`` are the class indices of the samples, ``pools`` the sample numbers of each clip.
    Raises InputError if a loss stops being finite.
    """
    boxes = samples.boxes[list(network.regions)]
    half = settings.amp and device.type == "cuda"
    optimizer = adam.Adam(network.parameters(), lr=settings.lr, betas=(0.9, 0.999), eps=1e-8, fused=True)
    scaler = GradScaler("cuda", enabled=half)
    network.train()
    for epoch in range(1, settings.epochs + 1):
        numbers = draw(pools, settings.views_per_clip_per_epoch, rng)
        sums: dict[str, Tensor] = {}
        for batch in batches(numbers, settings.batch_size):
            x = crops.crop(samples.batch(batch).to(device), boxes, samples.size)
            target = torch.from_numpy(labels[batch]).to(device)
            with torch.autocast(device.type, dtype=torch.float16, enabled=half):
                losses = network.loss(network(x), target)
            optimizer.zero_grad()
            torch.autograd.backward(scaler.scale(losses["total"]))
            scaler.step(optimizer)
            scaler.update()
            for name, value in losses.items():
                sums[name] = sums.get(name, 0) + value.detach() * len(batch)
        means = {name: float(value) / len(numbers) for name, value in sums.items()}
        logging.info("epoch %d: %s", epoch, ", ".join(f"{name} {mean:.6g}" for name, mean in means.items()))
        if not np.isfinite(list(means.values())).all():
            remedy = "lower train.lr, or set train.amp to false" if half else "lower train.lr"
            raise InputError(f"the loss is not finite in epoch {epoch}; {remedy}")


def predict(
    network: Network[Output], samples: Samples, batch_size: int, device: torch.device
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Yield class probabilities and region weights (none where a network has none) of each sample, in order."""
    boxes = samples.boxes[list(network.regions)]
    network.eval()
    for numbers in batches(np.arange(len(samples)), batch_size):
        with torch.inference_mode():
            output = network(crops.crop(samples.batch(numbers).to(device), boxes, samples.size))
        probabilities = torch.softmax(output.logits.double(), dim=1).cpu().numpy()
        alpha = np.empty((len(numbers), 0)) if output.alpha is None else output.alpha.double().cpu().numpy()
        yield from zip(probabilities, alpha, strict=True)


def views_to_test(tested: Sequence[Pack], view: View) -> list[int]:
    """Return the view numbers that ``view`` asks for; raises InputError if the tested files do not all hold them."""
    views = [0] if view == "original" else list(tested[0].views)
    for file in tested:
        if (view != "original" and list(file.views) != views) or 0 not in file.views:
            raise InputError(
                f"{file.path}: does not hold the views that protocol.view: {view} tests; delete it and run again"
            )
    return views


def choose_device(name: Device) -> torch.device:
    """Return the device that ``train.device`` asks for; raises InputError if there is none."""
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("train.device is cuda, but PyTorch sees no GPU here; set it to auto or cpu")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def make_reproducible(seed: int, device: torch.device) -> None:
    """Let results depend on nothing but ``seed`` and the device: not on the cores of the machine, nor on chance."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read when CUDA starts
    # use_deterministic_algorithms sets the same, and imports PyTorch's compiler to tell it as well, for 2 s
    torch.set_deterministic_debug_mode(
        "warn" if device.type == "cuda" else "error"
    )  # VGG16's pooling has none on a GPU
    # which guards reads that no network makes, for a tenth of the time
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def place(network: Network[Output], device: torch.device) -> None:
    """Move a network to where it is trained; on processors its maps have their channels last, which is faster there."""
    network.to(device)
    if device.type == "cpu":
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


@contextmanager
def fitting_gpu() -> Iterator[None]:
    """Say what helps when the GPU's memory is full: raises InputError for PyTorch's error."""
    try:
        yield
    except torch.cuda.OutOfMemoryError:
        raise InputError(
            "the GPU's memory is full; lower train.batch_size, or start fewer trainings on it (--resources gpu=1)"
        ) from None


def main(args: argparse.Namespace) -> None:
    made = asked.asked(args, [*args.train, *(path for _, path in args.test)])
    build = outside.load(args.module).build  # now, as the code was compared
    settings = typed.section(Settings, args.settings, "train")
    classes, test = args.classes.split(","), dict(args.test)
    training, testing = folds.split(made.clips(args.clips), args.fold)
    for clip in [*training, *testing]:
        if clip.objective_class not in classes:
            raise InputError(
                f"{args.clips}: clip {clip.subject}/{clip.clip} has class {clip.objective_class}, "
                f"which is none of {args.classes}"
            )
    own = (settings.seed, args.method, args.trained_on, args.fold, args.seed)
    device = choose_device(settings.device)
    make_reproducible(seeds.seed(*own), device)
    kind = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
    logging.info("torch %s, device %s, seed %d", torch.__version__, kind, seeds.seed(*own))

    with ExitStack() as stack, fitting_gpu():
        files = open_packs([*args.train, *test.values()], stack)
        for paths, used in ((args.train, training), (test.values(), testing)):
            for path in paths:
                files[path].verify(used)
        views = views_to_test([files[path] for path in test.values()], args.view)
        (own_settings,) = args.settings["networks"].values()  # a control's are RRRN's
        if args.weights:
            pretrained.verify(args.weights, args.sha256)
        network: Network[Output] = build(own_settings, len(classes), files[args.train[0]].size, args.weights)
        place(network, device)

        max_bytes = args.max_memory_gb * 1e9
        chosen = [(files[path], clip, view) for clip in training for path in args.train for view in files[path].views]
        if len(chosen) < 2:
            raise InputError(f"fold {args.fold} has a single training sample; batch normalisation needs two")
        logging.info("%d training clips, %d samples", len(training), len(chosen))
        labels = np.array([classes.index(clip.objective_class) for _, clip, _ in chosen])
        pools = np.split(np.arange(len(chosen)), len(training))  # every clip has as many samples
        order = seeds.generator(*own, "order")
        fit(network, Samples(chosen, max_bytes), labels, pools, settings, order, device)

        results = {}
        for condition, path in test.items():
            chosen = [(files[path], clip, view) for clip in testing for view in views]
            outputs = predict(network, Samples(chosen, max_bytes), settings.batch_size, device)
            for (_, clip, view), output in zip(chosen, outputs, strict=True):
                results[clip, condition, view] = output

    rows = [
        Prediction(
            database=clip.database,
            subject=clip.subject,
            clip=clip.clip,
            condition=condition,
            trained_on=args.trained_on,
            fold=args.fold,
            seed=args.seed,
            view=view,
            true=clip.objective_class,
            probabilities=tuple(results[clip, condition, view][0]),
            alpha=tuple(results[clip, condition, view][1]),
        )
        for clip in testing
        for condition in test
        for view in views
    ]
    predictions.write(rows, classes, args.output, made.identity)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("output", type=Path, help="predictions, a row for each tested clip, condition and view")
    parser.add_argument("--train", type=Path, nargs="+", required=True, help="packs to train on")
    parser.add_argument(
        "--test", type=stage.named_file, nargs="+", required=True, help="CONDITION=FILE, packs to test on"
    )
    parser.add_argument("--clips", type=Path, required=True, help="clip table")
    parser.add_argument("--classes", required=True, help="class names in order, separated by commas")
    parser.add_argument("--method", required=True, help="its name, which seeds it")
    parser.add_argument("--module", required=True, help="the module that builds its network, or its file")
    parser.add_argument("--trained-on", required=True, help="name of the training condition")
    parser.add_argument("--fold", required=True, help="a subject, or A-to-B of two databases")
    parser.add_argument("--seed", type=int, default=0, help="number of the training among several")
    parser.add_argument("--view", choices=get_args(View), default="original", help="what is tested of a clip")
    parser.add_argument("--max-memory-gb", type=float, default=8.0, help="hold samples in memory up to this size")
    parser.add_argument("--weights", type=Path, help="pretrained weights")
    parser.add_argument("--sha256", default="", help="the first digits of their digest")
    stage.run(main, parser)
