"""Fit the machine of one fold a second time, with its tested clips poisoned, and say whether that changes a number.

Both machines are then asked about the tested clips as they are. If nothing of these came to the fit, both say the same
to the last digit (``rrrn.experiment.poison``).
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rrrn.data import rows
from rrrn.data.clips import Clip
from rrrn.experiment import folds, poison
from rrrn.experiment.poison import Numbers
from rrrn.provenance import asked
from rrrn.running import stage, typed
from rrrn.svm import features, machines
from rrrn.svm import poison as of_machines
from rrrn.svm.settings import Settings


def main(args: argparse.Namespace) -> None:
    made = asked.asked(args, [args.predictions, *args.train, *(path for _, path in args.test)])
    settings = typed.section(Settings, args.settings, "svm")
    table, classes, paths = made.clips(args.clips), args.classes.split(","), dict(args.test)
    machines.labels(table, classes)
    tested = folds.split(table, args.fold)[1]
    wanted = {(*rows.key(clip), condition, 0) for clip in tested for condition in paths}
    recorded = poison.recorded(args.predictions, classes, args.fold, wanted)
    vectors = features.alike([*args.train, *paths.values()], table)
    known = [vectors[path] for path in args.train]
    asked_of = {condition: vectors[path] for condition, path in paths.items()}

    def said(learnt: Sequence[NDArray[np.float64]], clips: Sequence[Clip]) -> Numbers:
        fitted = machines.fit(learnt, clips, classes, [args.fold], settings)
        return poison.numbers(machines.as_predictions(fitted.ask(asked_of, table), args.trained_on))

    def again() -> Numbers:
        return said(known, table)

    def with_poison() -> Numbers:
        return said(of_machines.features(known, table, tested), poison.table(table, args.fold, classes))

    found = with_poison()
    verdict = poison.verdict(recorded, found, again, with_poison)
    poison.write(args.output, made.identity, (args.method, args.trained_on, args.fold, 0), found, verdict)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("predictions", type=Path, help="those of the same machine without poison")
    parser.add_argument("output", type=Path, help="the verdict, a CSV table")
    parser.add_argument("--train", required=True, nargs="+", type=Path, help="features of the conditions to train on")
    parser.add_argument(
        "--test", required=True, nargs="+", type=stage.named_file, help="CONDITION=FILE, features of tested conditions"
    )
    parser.add_argument("--trained-on", required=True, help="name of what is trained on: a condition, or mixed")
    parser.add_argument("--method", required=True, help="name of the descriptor, for the verdict")
    parser.add_argument("--clips", required=True, type=Path, help="the clip table")
    parser.add_argument("--classes", required=True, help="classes in the order of the columns, by commas")
    parser.add_argument("--fold", required=True, help="a subject, group-I-of-N of them, or A-to-B of two databases")
    stage.run(main, parser)
