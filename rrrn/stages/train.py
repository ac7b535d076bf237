"""Train one network on one fold and write what it predicts.

The last epoch counts: nothing is selected, and nothing of a tested subject enters training. A training starts from
initial weights, or from the model that another one of the same fold, method and seed left.
"""

import argparse
import hashlib
import json
import logging
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from tqdm import tqdm

from rrrn.data import identity, predictions
from rrrn.data.packed import Pack, open_packs
from rrrn.data.predictions import Prediction
from rrrn.experiment import folds, outside, seeds
from rrrn.networks import pretrained
from rrrn.networks.network import Network, Output
from rrrn.provenance import asked, sources
from rrrn.running import stage, typed
from rrrn.running.stage import InputError
from rrrn.training import checkpoints, devices, engine, history, models, precision
from rrrn.training.checkpoints import Checkpoint, Stop
from rrrn.training.engine import Training
from rrrn.training.samples import Samples
from rrrn.training.settings import Settings

View = Literal["original", "tta_mean", "augmented_pool"]


def views_to_test(tested: Sequence[Pack], view: View) -> list[int]:
    """Return the view numbers that ``view`` asks for; raises InputError if the tested files do not all hold them."""
    views = [0] if view == "original" else list(tested[0].views)
    for file in tested:
        if (view != "original" and list(file.views) != views) or 0 not in file.views:
            raise InputError(
                f"{file.path}: does not hold the views that protocol.view: {view} tests; delete it and run again"
            )
    return views


def inputs(args: argparse.Namespace) -> list[Path]:
    """Return the files of the workflow that a training reads, in the order of its recipe."""
    return [*args.train, *(path for _, path in args.test), *([args.start] if args.start else [])]


def key(args: argparse.Namespace, device: torch.device) -> str:
    """Return a digest of all that decides what a training ends in; another training has another."""
    files = list(dict.fromkeys(inputs(args)))
    told = [args.settings, args.method, args.trained_on, args.fold, args.seed, args.classes, device.type]
    told += [args.asked.get("recipe"), sources.current("rrrn.stages.train", args.module), torch.__version__]
    told += [args.clips.read_text(encoding="utf-8"), [identity.read(path) for path in files]]
    if args.weights:
        with args.weights.open("rb") as file:
            told.append(hashlib.file_digest(file, "sha256").hexdigest())
    return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()


def fit(training: Training, n_epochs: int, checkpoint: Checkpoint | None, told: Path | None, alone: bool) -> None:
    """Train to the end, from a checkpoint if there is one; on a signal that ends the process, leave one behind.

    ``told`` is the file of the history, if one is wanted. Progress is shown on a terminal, if it was started ``alone``.
    """
    if checkpoint:
        checkpoint.restore(training)
    total = n_epochs * training.per_epoch
    shown = tqdm(total=total, initial=training.taken, unit=" samples", disable=None if alone else True, leave=False)
    with shown, checkpoints.stopping() if checkpoint else nullcontext(Stop()) as stop:
        for _ in training.steps():
            shown.update(training.taken - shown.n)
            _tell(training, told)
            if checkpoint and stop.number:
                checkpoint.save(training)
                logging.info("stopped in epoch %d; the same command goes on from there", training.epoch)
                stop.leave()
            if checkpoint:
                checkpoint.save_if_due(training)
        _tell(training, told)
        if checkpoint and stop.number:
            checkpoint.save(training)
            stop.leave()


def _tell(training: Training, told: Path | None) -> None:
    """Write the history as soon as an epoch is over."""
    if told and training.history and training.done in (1, 0):
        history.write(training.history, told)


def main(args: argparse.Namespace) -> None:
    made = asked.asked(args, inputs(args))
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
    start = models.read(args.start) if args.start else None
    origin = models.Origin(args.method, args.trained_on, args.fold, args.seed, classes, models.settings(args.settings))
    if start:
        models.check(start, origin, training, testing)
        settings = settings.tuned()
    own = (settings.seed, args.method, args.trained_on, args.fold, args.seed)
    device = devices.choose(settings.device)
    devices.make_reproducible(seeds.seed(*own), device, settings.deterministic)
    precision.prepare(settings.precision, device)
    logging.info("torch %s, device %s, seed %d", torch.__version__, devices.named(device), seeds.seed(*own))

    with ExitStack() as stack, devices.fitting_gpu():
        files = open_packs([*args.train, *test.values()], stack)
        for paths, used in ((args.train, training), (test.values(), testing)):
            for path in paths:
                files[path].verify(used)
        views = views_to_test([files[path] for path in test.values()], args.view)
        (own_settings,) = args.settings["networks"].values()  # a control's are RRRN's
        if args.weights:
            pretrained.verify(args.weights, args.sha256)
        network: Network[Output] = build(own_settings, len(classes), files[args.train[0]].size, args.weights)
        if start:
            models.load(network, start)
            logging.info("starts from %s, trained on %s", start.path, start.origin.trained_on)
        devices.place(network, device, precision.channels_last(settings.precision, device))

        max_bytes = args.max_memory_gb * 1e9
        chosen = [(files[path], clip, view) for clip in training for path in args.train for view in files[path].views]
        if len(chosen) < 2:
            raise InputError(f"fold {args.fold} has a single training sample; batch normalisation needs two")
        logging.info("%d training clips, %d samples", len(training), len(chosen))
        labels = np.array([classes.index(clip.objective_class) for _, clip, _ in chosen])
        pools = np.split(np.arange(len(chosen)), len(training))  # every clip has as many samples
        samples = Samples(chosen, max_bytes, device)
        trained = Training(network, samples, labels, pools, settings, seeds.generator(*own, "order"))
        checkpoint = (
            Checkpoint(args.checkpoint, key(args, device), args.checkpoint_minutes) if args.checkpoint else None
        )
        fit(trained, settings.epochs, checkpoint, args.log.with_suffix(".csv") if args.log else None, not args.asked)
        precision.prepare("fp32", device)

        results = {}
        for condition, path in test.items():
            chosen = [(files[path], clip, view) for clip in testing for view in views]
            outputs = engine.predict(network, Samples(chosen, max_bytes, device), settings.batch_size)
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
    if args.model:
        left = replace(made, path=str(args.model), recipe=args.model_recipe) if args.asked else made
        models.write(args.model, network, origin, training, left.identity)
    predictions.write(rows, classes, args.output, made.identity)
    if checkpoint:
        checkpoint.remove()


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
    parser.add_argument("--fold", required=True, help="a subject, group-I-of-N of them, or A-to-B of two databases")
    parser.add_argument("--seed", type=int, default=0, help="number of the training among several")
    parser.add_argument("--view", choices=get_args(View), default="original", help="what is tested of a clip")
    parser.add_argument("--max-memory-gb", type=float, default=8.0, help="hold samples in memory up to this size")
    parser.add_argument("--checkpoint", type=Path, help="keep the state here, and go on from it")
    parser.add_argument("--checkpoint-minutes", type=float, default=10.0, help="between two savings")
    parser.add_argument(
        "--start", type=Path, metavar="MODEL", help="start from what another training left, and tune it"
    )
    parser.add_argument("--model", type=Path, help="leave the trained network here")
    parser.add_argument("--model-recipe", default="", help="the digest of what it is made from")
    parser.add_argument("--weights", type=Path, help="pretrained weights")
    parser.add_argument("--sha256", default="", help="the first digits of their digest")
    stage.run(main, parser)
