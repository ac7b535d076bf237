"""What bf16 costs: trainings in it and in fp32 from the same weights, seed by seed: python -m benchmarks.precision.

It makes its own samples: clips of subjects, in which each class moves a part of the face that every subject has a
little elsewhere, under noise. The networks train on some subjects, and are tested on the others.
"""

import argparse
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy import stats

from rrrn.experiment import methods, metrics, outside, seeds
from rrrn.face import region_boxes
from rrrn.running import stage
from rrrn.running.stage import InputError
from rrrn.training import devices, engine, precision
from rrrn.training.engine import Training
from rrrn.training.samples import Samples
from rrrn.training.settings import Settings

CLASSES, SIDE, SIZE, VIEWS = 5, 32, 28, 2  # sides of maps and of regions; views of a clip
TRAINED, TESTED, CLIPS = 8, 16, 10  # subjects, and clips of each, two of a class
WAYS = ("fp32", "bf16")


class Made:
    """Flow of subjects that are not recorded, float16 (clips, views, 2, side, side); stands for a pack.

    ``labels`` are the class indices of its clips.
    """

    size, scale, dtype = SIZE, 1.0, np.dtype("<f2")
    shape = (2, SIDE, SIDE)
    boxes = region_boxes.boxes(SIDE)

    def __init__(self, name: str, subjects: int) -> None:
        self.labels = np.tile(np.arange(CLIPS) % CLASSES, subjects)
        self.flow = np.concatenate([_subject(seeds.generator("precision", name, one)) for one in range(subjects)])

    def read(self, clip: int, views: Sequence[int]) -> NDArray[Any]:
        return self.flow[clip, list(views)]

    def chosen(self, views: Sequence[int]) -> list[tuple["Made", int, int]]:
        """Return these views of all clips."""
        return [(self, clip, view) for clip in range(len(self.labels)) for view in views]


def _subject(draw: np.random.Generator) -> NDArray[np.float16]:
    """Return the clips of one subject, (clips, views, 2, side, side)."""
    flow = draw.normal(0, 0.35, (CLIPS, VIEWS, 2, SIDE, SIDE))
    dy, dx = draw.integers(-3, 4, 2)
    for clip in range(CLIPS):
        number = clip % CLASSES
        y, x = 6 + 9 * (number // 2) + dy, 6 + 12 * (number % 2) + dx
        flow[clip, :, number % 2, y : y + 6, x : x + 6] += draw.uniform(0.1, 0.5)
    return flow.astype(np.float16)


@dataclass(frozen=True)
class Ended:
    """What a training ended in: the cross-entropy of its last epoch, and the F1 of the subjects that it never saw."""

    loss: float
    f1: float


def train(method: str, way: str, seed: int, epochs: int, training: Made, testing: Made) -> Ended:
    """Train a method once in a precision; weights and order are drawn alike for each."""
    device = torch.device("cpu")
    known = methods.METHODS[method]
    own = ("precision", method, seed)
    devices.make_reproducible(seeds.seed(*own), device)
    network = outside.load(known.module).build(dict(known.defaults), CLASSES, SIZE, None)
    devices.place(network, device, True)
    told = Settings(
        seed=seed,
        epochs=epochs,
        batch_size=16,
        lr=0.002,
        decay="linear",
        views_per_clip_per_epoch=VIEWS,
        device="cpu",
        precision=way,  # type: ignore[arg-type]
        deterministic=True,
        compile="none",
    )
    precision.prepare(told.precision, device)
    chosen = training.chosen(range(VIEWS))
    labels = np.repeat(training.labels, VIEWS)
    pools = np.split(np.arange(len(chosen)), len(training.labels))
    trained = Training(network, Samples(chosen, 1e12, device), labels, pools, told, seeds.generator(*own, "order"))
    for _ in trained.steps():
        pass
    last = trained.history[-1]
    asked = engine.predict(network, Samples(testing.chosen([0]), 1e12, device), 32)
    said = np.array([probabilities.argmax() for probabilities, _ in asked])
    f1 = metrics.scores(metrics.confusion(testing.labels, said, CLASSES))["F1"]
    return Ended(last.get("classification", last["total"]), f1)


def rows(method: str, found: dict[str, list[Ended]]) -> list[dict[str, str]]:
    """Return the rows of a method: each way over its seeds, mean ± standard deviation, and bf16 less fp32.

    That difference is paired by seed; its 95 % interval is Student's.
    """
    made = []
    for way, ended in found.items():
        cells = {name: np.array([getattr(one, name) for one in ended]) for name in ("loss", "f1")}
        told = {name: f"{values.mean():.3f} ± {values.std(ddof=1):.3f}" for name, values in cells.items()}
        made.append({"method": method, "precision": way} | told)
    less = {"method": method, "precision": "bf16 less fp32"}
    for name in ("loss", "f1"):
        pairs = zip(found["bf16"], found["fp32"], strict=True)
        differences = np.array([getattr(bf16, name) - getattr(fp32, name) for bf16, fp32 in pairs])
        half = stats.t.ppf(0.975, len(differences) - 1) * differences.std(ddof=1) / np.sqrt(len(differences))
        mean = differences.mean()
        less[name] = f"{mean:+.3f} ({mean - half:+.3f} to {mean + half:+.3f})"
    return [*made, less]


def main(args: argparse.Namespace) -> None:
    if args.seeds < 2:
        raise InputError(f"--seeds {args.seeds}: a deviation needs 2 or more")
    logging.getLogger().setLevel(logging.WARNING)  # no line for each epoch
    training, testing = Made("trained", TRAINED), Made("tested", TESTED)
    table = []
    for method in args.methods:
        found = {
            way: [train(method, way, seed, args.epochs, training, testing) for seed in range(args.seeds)]
            for way in WAYS
        }
        table += rows(method, found)
    named = {"loss": "last training loss", "f1": "F1 of other subjects"}
    print(f"{args.seeds} seeds, {args.epochs} epochs, PyTorch {torch.__version__}\n")
    print(pd.DataFrame(table).rename(columns=named).to_markdown(index=False))


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument(
        "--methods", nargs="+", default=["rrrn", "resnet18", "ststnet"], choices=methods.names("network")
    )
    parser.add_argument("--seeds", type=int, default=20, help="trainings of each method in each precision")
    parser.add_argument("--epochs", type=int, default=12)
    stage.run(main, parser)
