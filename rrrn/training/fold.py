"""One training: a network, from the training clips of its fold to what it then says of the tested ones.

The last epoch counts: nothing is selected, and nothing of a tested subject enters training, also where it is asked
after each epoch (``rrrn.training.looking``). A training starts from
initial weights, or from the model that another one of the same fold, method and seed left.
"""

import argparse
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from rrrn.data.clips import Clip
from rrrn.data.packed import open_packs
from rrrn.data.predictions import Prediction
from rrrn.experiment import folds, seeds
from rrrn.networks.network import Network
from rrrn.running import typed
from rrrn.running.stage import InputError
from rrrn.training import checkpoints, devices, history, models, precision
from rrrn.training.checkpoints import Checkpoint, Stop
from rrrn.training.engine import Training
from rrrn.training.looking import Looks
from rrrn.training.models import Model, Origin
from rrrn.training.samples import Samples
from rrrn.training.settings import Settings
from rrrn.training.testing import Asked, View, views_to_test

Build = Callable[[Mapping[str, Any], int, int, Path | None], Network[Any]]  # settings, n_classes, side, weights


@dataclass(frozen=True)
class Task:
    """What is to be trained and tested.

    ``train`` are the packs to train on, ``test`` {condition: pack}, ``trained_on`` the name of the training. Draws are
    seeded by ``method``, ``trained_on``, ``fold`` and ``seed``. ``told`` holds the sections ``train`` and, below
    ``networks``, the network's own, which alone is in it.
    """

    method: str
    trained_on: str
    fold: str
    seed: int
    classes: Sequence[str]
    train: Sequence[Path]
    test: Mapping[str, Path]
    view: View
    told: Mapping[str, Any]

    @property
    def settings(self) -> Settings:
        """Return the section ``train``; raises InputError as ``typed.section``."""
        return typed.section(Settings, self.told, "train")

    @property
    def origin(self) -> Origin:
        """Return what a model that it leaves says of itself."""
        told = models.settings(self.told)
        return Origin(self.method, self.trained_on, self.fold, self.seed, list(self.classes), told)


def task(args: argparse.Namespace) -> Task:
    """Return the task that a stage's options name, for those that train one."""
    return Task(
        method=args.method,
        trained_on=args.trained_on,
        fold=args.fold,
        seed=args.seed,
        classes=args.classes.split(","),
        train=args.train,
        test=dict(args.test),
        view=args.view,
        told=args.settings,
    )


@dataclass(frozen=True)
class Trained:
    """A trained network, the clips that it was trained on, and a row for each tested clip, condition and view.

    ``epochs`` are the probabilities of the ``tested`` clips after each epoch, float64 (epochs, conditions, clips,
    views, classes); none if nobody asked.
    """

    network: Network[Any]
    clips: Sequence[Clip]
    rows: Sequence[Prediction]
    tested: Sequence[Clip]
    views: Sequence[int]
    epochs: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Noted:
    """What a training leaves on its way: its state in ``checkpoint``, its ``history`` in a file; on the terminal how
    far it is, if it is ``shown``; what it says of the tested clips after ``every_epoch``, if that is asked for."""

    checkpoint: Checkpoint | None = None
    history: Path | None = None
    shown: bool = False
    every_epoch: bool = False


def check_classes(clips: Sequence[Clip], classes: Sequence[str]) -> None:
    """Raise InputError for a clip of a class that is none of ``classes``."""
    for clip in clips:
        if clip.objective_class not in classes:
            raise InputError(
                f"clip {clip.subject}/{clip.clip} has class {clip.objective_class!r}, which is none of "
                f"{', '.join(classes)}; correct the clip table or 'classes'"
            )


def run(
    task: Task,
    table: Sequence[Clip],
    build: Build,
    device: torch.device,
    max_bytes: float,
    start: Model | None = None,
    weights: Path | None = None,
    noted: Noted = Noted(),  # frozen
) -> Trained:
    """Train a network that ``build`` makes, and test it.

    ``start`` is the model that it starts from, ``weights`` the verified file that ``build`` is given, ``max_bytes`` how
    much of the samples is held in memory. Results depend on the task, the clips, the network and the kind of device
    alone. Raises InputError for what is missing, damaged or does not belong together, and for a loss that is not
    finite.
    """
    settings, classes = task.settings, list(task.classes)
    training, testing = folds.split(table, task.fold)
    check_classes([*training, *testing], classes)
    if start:
        models.check(start, task.origin, training, testing)
        settings = settings.tuned()
    own = (settings.seed, task.method, task.trained_on, task.fold, task.seed)
    devices.make_reproducible(seeds.seed(*own), device, settings.deterministic)
    precision.prepare(settings.precision, device)
    logging.info("torch %s, device %s, seed %d", torch.__version__, devices.named(device), seeds.seed(*own))

    with ExitStack() as stack, devices.fitting_gpu():
        files = open_packs([*task.train, *task.test.values()], stack)
        for paths, used in ((task.train, training), (task.test.values(), testing)):
            for path in paths:
                files[path].verify(used)
        tested = {condition: files[path] for condition, path in task.test.items()}
        views = views_to_test(list(tested.values()), task.view)
        (told,) = task.told["networks"].values()  # a control's are RRRN's
        network = build(told, len(classes), files[task.train[0]].size, weights)
        if start:
            models.load(network, start)
            logging.info("starts from %s, trained on %s", start.path, start.origin.trained_on)
        devices.place(network, device, precision.channels_last(settings.precision, device))

        chosen = [(files[path], clip, view) for clip in training for path in task.train for view in files[path].views]
        if len(chosen) < 2:
            raise InputError(f"fold {task.fold} has a single training sample; batch normalisation needs two")
        logging.info("%d training clips, %d samples", len(training), len(chosen))
        labels = np.array([classes.index(clip.objective_class) for _, clip, _ in chosen])
        pools = np.split(np.arange(len(chosen)), len(training))  # every clip has as many samples
        samples = Samples(chosen, max_bytes, device)

        asked = Asked(testing, tested, views, max_bytes, settings.batch_size)
        looks = None
        if noted.every_epoch:
            looks = Looks(network, settings.precision, device, lambda: asked.probabilities(asked.of(network, device)))
        trained = Training(network, samples, labels, pools, settings, seeds.generator(*own, "order"), looks)
        fit(trained, settings.epochs, noted)
        precision.prepare("fp32", device)
        said = asked.of(network, device)
        # the last look again, since a GPU need not repeat itself, and the last epoch is what predictions are of
        epochs = np.stack([*looks.seen[:-1], asked.probabilities(said)]) if looks else None
    return Trained(network, training, asked.rows(said, task.origin), testing, views, epochs)


def fit(training: Training, n_epochs: int, noted: Noted) -> None:
    """Train to the end, from a checkpoint if there is one; on a signal that ends the process, leave one behind."""
    checkpoint = noted.checkpoint
    if checkpoint:
        checkpoint.restore(training)
    total = n_epochs * training.per_epoch
    disable = None if noted.shown else True
    done, loss = training.taken, _loss(training)
    shown = tqdm(total=total, initial=done, unit=" samples", disable=disable, leave=False, postfix=loss)
    with shown, checkpoints.stopping() if checkpoint else nullcontext(Stop()) as stop:
        for _ in training.steps():
            shown.update(training.taken - shown.n)
            _tell(training, noted.history, shown)
            if checkpoint and stop.number:
                checkpoint.save(training)
                logging.info("stopped in epoch %d; the same command goes on from there", training.epoch)
                stop.leave()
            if checkpoint:
                checkpoint.save_if_due(training)
        _tell(training, noted.history, shown)
        if checkpoint and stop.number:
            checkpoint.save(training)
            stop.leave()


def _tell(training: Training, told: Path | None, shown: "tqdm[NoReturn]") -> None:
    """Write the history, and show the loss, as soon as an epoch is over."""
    if training.history and training.done in (1, 0):
        shown.set_postfix(_loss(training))
        if told:
            history.write(training.history, told)


def _loss(training: Training) -> dict[str, float]:
    """Return the loss of the last epoch that is over, if there is one; that of a step would wait for the GPU."""
    return {"loss": training.history[-1]["total"]} if training.history else {}
