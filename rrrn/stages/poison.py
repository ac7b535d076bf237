"""Train one network on one fold a second time, with its tested clips poisoned, and say whether that changes a number.

Both trainings are then asked about the tested clips as they are. If nothing of these came to the training, both say
the same to the last digit (``rrrn.experiment.poison``).
"""

import argparse
import logging
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

from rrrn.data.clips import Clip
from rrrn.experiment import folds, outside, poison
from rrrn.experiment.poison import Numbers
from rrrn.networks import pretrained
from rrrn.provenance import asked
from rrrn.running import stage
from rrrn.training import devices, fold, testing
from rrrn.training import poison as of_networks


def main(args: argparse.Namespace) -> None:
    made = asked.asked(args, [args.predictions, *args.train, *(path for _, path in args.test)])
    build = outside.load(args.module).build
    task = fold.task(args)
    table = made.clips(args.clips)
    if args.weights:
        pretrained.verify(args.weights, args.sha256)
    device, room = devices.choose(task.settings.device), args.max_memory_gb * 1e9
    training, tested = folds.split(table, task.fold)
    fold.check_classes([*training, *tested], task.classes)
    recorded = poison.recorded(args.predictions, task.classes, task.fold, of_networks.keys(task, tested))

    def said(own: fold.Task, clips: Sequence[Clip]) -> Numbers:
        return of_networks.said(task, fold.run(own, clips, build, device, room, None, args.weights), room)

    def again() -> Numbers:
        logging.info("trains without poison, since the machine that made the predictions may round otherwise")
        return said(task, table)

    def once_more() -> Numbers:
        logging.info("trains with poison once more, since only what repeats itself tells of a leak")
        return said(own, others)

    folder = args.output.with_suffix(".packs")
    shutil.rmtree(folder, ignore_errors=True)  # of a job that was killed
    try:
        packs = of_networks.packs([*task.train, *task.test.values()], tested, folder)
        own = replace(
            task,
            train=[packs[path] for path in task.train],
            test={condition: packs[path] for condition, path in task.test.items()},
        )
        others = poison.table(table, task.fold, task.classes)
        found = said(own, others)
        verdict = poison.verdict(recorded, found, again, once_more)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    training_of = (task.method, task.trained_on, task.fold, task.seed)
    poison.write(args.output, made.identity, training_of, found, verdict)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("predictions", type=Path, help="those of the same training without poison")
    parser.add_argument("output", type=Path, help="the verdict, a CSV table")
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
    parser.add_argument("--weights", type=Path, help="pretrained weights")
    parser.add_argument("--sha256", default="", help="the first digits of their digest")
    stage.run(main, parser)
