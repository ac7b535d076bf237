"""Train one network on one fold and write what it predicts (``rrrn.training.fold``)."""

import argparse
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import get_args

import torch

from rrrn.data import every_epoch, identity, predictions
from rrrn.experiment import outside
from rrrn.networks import pretrained
from rrrn.provenance import asked, sources
from rrrn.running import stage
from rrrn.training import devices, fold, models, testing
from rrrn.training.checkpoints import Checkpoint


def inputs(args: argparse.Namespace) -> list[Path]:
    """Return the files of the workflow that a training reads, in the order of its recipe."""
    return [*args.train, *(path for _, path in args.test), *([args.start] if args.start else [])]


def key(args: argparse.Namespace, device: torch.device) -> str:
    """Return a digest of all that decides what a training ends in; another training has another."""
    files = list(dict.fromkeys(inputs(args)))
    told = [args.settings, args.method, args.trained_on, args.fold, args.seed, args.classes, device.type]
    told += [args.asked.get("recipe"), sources.current("rrrn.stages.train", args.module), torch.__version__]
    told += [args.clips.read_text(encoding="utf-8"), [identity.read(path) for path in files]]
    told += [args.view, [name for name, _ in args.test]]  # which what is seen after each epoch is of
    if args.weights:
        with args.weights.open("rb") as file:
            told.append(hashlib.file_digest(file, "sha256").hexdigest())
    return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()


def main(args: argparse.Namespace) -> None:
    made = asked.asked(args, inputs(args))
    build = outside.load(args.module).build  # now, as the code was compared
    task = fold.task(args)
    table = made.clips(args.clips)
    start = models.read(args.start) if args.start else None
    if args.weights:
        pretrained.verify(args.weights, args.sha256)
    device = devices.choose(task.settings.device)
    checkpoint = Checkpoint(args.checkpoint, key(args, device), args.checkpoint_minutes) if args.checkpoint else None
    history = args.log.with_suffix(".csv") if args.log else None
    noted = fold.Noted(checkpoint, history, not args.asked, args.every_epoch is not None)
    trained = fold.run(task, table, build, device, args.max_memory_gb * 1e9, start, args.weights, noted)
    if args.model:
        left = replace(made, path=str(args.model), recipe=args.model_recipe) if args.asked else made
        models.write(args.model, trained.network, task.origin, trained.clips, left.identity)
    if trained.epochs is not None:
        facts = every_epoch.Facts(
            task.method, task.trained_on, task.fold, task.seed, list(task.classes), list(task.test), list(trained.views)
        )
        seen = replace(made, path=str(args.every_epoch), recipe=args.every_epoch_recipe) if args.asked else made
        told = (facts, trained.tested, trained.clips, trained.epochs)
        every_epoch.write(args.every_epoch, *told, seen.identity)
    predictions.write(trained.rows, task.classes, args.output, made.identity)
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
    parser.add_argument("--view", choices=get_args(testing.View), default="original", help="what is tested of a clip")
    parser.add_argument("--max-memory-gb", type=float, default=8.0, help="hold samples in memory up to this size")
    parser.add_argument("--checkpoint", type=Path, help="keep the state here, and go on from it")
    parser.add_argument("--checkpoint-minutes", type=float, default=10.0, help="between two savings")
    parser.add_argument(
        "--start", type=Path, metavar="MODEL", help="start from what another training left, and tune it"
    )
    parser.add_argument("--model", type=Path, help="leave the trained network here")
    parser.add_argument("--model-recipe", default="", help="the digest of what it is made from")
    parser.add_argument("--every-epoch", type=Path, help="leave here what it says of tested clips after each epoch")
    parser.add_argument("--every-epoch-recipe", default="", help="the digest of what that is made from")
    parser.add_argument("--weights", type=Path, help="pretrained weights")
    parser.add_argument("--sha256", default="", help="the first digits of their digest")
    stage.run(main, parser)
