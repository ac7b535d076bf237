"""Ask the networks that were trained on one condition about all conditions, each in the fold that it was trained in."""

import argparse
import logging
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import get_args

from rrrn.data import predictions, rows
from rrrn.data.clips import Clip
from rrrn.data.packed import open_packs
from rrrn.data.predictions import Prediction
from rrrn.experiment import folds, outside, seeds
from rrrn.networks import pretrained
from rrrn.provenance import asked
from rrrn.running import stage, typed
from rrrn.running.stage import InputError
from rrrn.training import devices, models, precision, testing
from rrrn.training.models import Model
from rrrn.training.settings import Settings


def tested(model: Model, table: Sequence[Clip], args: argparse.Namespace) -> list[Clip]:
    """Return the clips that the fold of a model tests.

    Raises InputError for a model of another training, or one that saw a subject of these clips.
    """
    origin = model.origin
    found = (origin.method, origin.trained_on, origin.classes)
    if found != (args.method, args.trained_on, args.classes.split(",")):
        raise InputError(
            f"{model.path}: is of {origin.method}, trained on {origin.trained_on}, and not of {args.method}, trained "
            f"on {args.trained_on}, or of other classes; delete it and run again"
        )
    clips = folds.split(table, origin.fold)[1]
    if seen := sorted({subject for subject, _ in model.clips}.intersection(clip.subject for clip in clips)):
        raise InputError(f"{model.path}: was trained on subject {seen[0]!r}, whom fold {origin.fold!r} tests")
    return clips


def main(args: argparse.Namespace) -> None:
    made = asked.asked(args, [*args.models, *(path for _, path in args.test)])
    table = made.clips(args.clips)
    settings = typed.section(Settings, args.settings, "train")
    device = devices.choose(settings.device)
    build = outside.load(args.module).build
    if args.weights:
        pretrained.verify(args.weights, args.sha256)
    packs, found = dict(args.test), list[Prediction]()
    with ExitStack() as stack, devices.fitting_gpu():
        files = open_packs(list(packs.values()), stack)
        for path in packs.values():
            files[path].verify(table)
        of_conditions = {condition: files[path] for condition, path in packs.items()}
        views = testing.views_to_test(list(of_conditions.values()), args.view)
        (told,) = args.settings["networks"].values()  # a control's are RRRN's
        devices.make_reproducible(seeds.seed(settings.seed, args.method, "cross"), device, settings.deterministic)
        precision.prepare("fp32", device)
        network = build(told, len(args.classes.split(",")), next(iter(of_conditions.values())).size, args.weights)
        devices.place(network, device, precision.channels_last(settings.precision, device))
        for path in args.models:
            model = models.read(path)
            models.load(network, model)
            ask = testing.Asked(
                tested(model, table, args), of_conditions, views, args.max_memory_gb * 1e9, settings.batch_size
            )
            found += ask.rows(ask.of(network, device), model.origin)
    predictions.write(found, args.classes.split(","), args.output, made.identity)
    logging.info("%d models, %d clips, %d predictions", len(args.models), len({*map(rows.key, table)}), len(found))


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("output", type=Path, help="predictions, a row for each tested clip, condition and view")
    parser.add_argument(
        "--models", type=Path, nargs="+", required=True, help="what trainings left, all folds and seeds"
    )
    parser.add_argument(
        "--test", type=stage.named_file, nargs="+", required=True, help="CONDITION=FILE, packs of all conditions"
    )
    parser.add_argument("--clips", type=Path, required=True, help="clip table")
    parser.add_argument("--classes", required=True, help="class names in order, separated by commas")
    parser.add_argument("--method", required=True)
    parser.add_argument("--module", required=True, help="the module that builds its network, or its file")
    parser.add_argument("--trained-on", required=True, help="name of the training condition")
    parser.add_argument("--view", choices=get_args(testing.View), default="original", help="what is tested of a clip")
    parser.add_argument("--max-memory-gb", type=float, default=8.0, help="hold samples in memory up to this size")
    parser.add_argument("--weights", type=Path, help="pretrained weights, which the models replace")
    parser.add_argument("--sha256", default="", help="the first digits of their digest")
    stage.run(main, parser)
