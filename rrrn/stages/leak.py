"""The leak meter: beside each headline what choosing an epoch on test would have given, and other definitions of F1."""

import argparse
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from rrrn.data import digested, result
from rrrn.data.clips import Clip
from rrrn.experiment import labels
from rrrn.provenance import asked
from rrrn.running import stage
from rrrn.tables import cells, confusion, doubts, published
from rrrn.tables.layout import numbers
from rrrn.tables.published import AVERAGE, SHOWN, TITLES

COLUMNS = ("table", "task", "data", *doubts.COLUMNS)
NOT_ASKED = "What choosing an epoch on test would have given is not known; 'train.score_every_epoch: true' finds it"
NOT_POISONED = "No training was repeated with its tested clips poisoned; 'leak.poison: true' does so"


def rows(
    counted: Sequence[Sequence[str]],
    chosen: Mapping[str, Sequence[Path]],
    poisoned: Mapping[str, Sequence[Path]],
    table: Sequence[Clip],
    fold_names: Mapping[str, Sequence[str]],
    args: argparse.Namespace,
) -> pd.DataFrame:
    """Return the rows of all tables, in COLUMNS but for ``data``.

    ``counted`` are a table, its task and its confusion matrices each, ``chosen`` {table: what the stage oracle wrote},
    ``poisoned`` the same of the stages poison and poison_svm; ``args`` name methods, conditions and classes. Raises
    InputError for files that do not belong together.
    """
    methods, conditions, classes = (getattr(args, name).split(",") for name in ("methods", "conditions", "classes"))
    parts = []
    for name, task, *paths in counted:
        subjects, counts = confusion.read(confusion.by_method(methods, conditions, map(Path, paths)), classes)
        told = [doubts.read(path) for path in chosen.get(name, ())]
        oracles = {(one["method"].iloc[0], one["condition"].iloc[0]): one for one in told}
        tested = doubts.of_folds(table, fold_names[name])
        verdicts = {
            (one["method"], condition): one["poisoned"]
            for path in poisoned.get(name, ())
            for one in digested.read(path)
            for condition in one["conditions"].split()
        }
        own = doubts.rows(counts, conditions, subjects, tested, oracles, verdicts, SHOWN[name])
        parts.append(own.assign(table=name, task=task))
    return pd.concat(parts, ignore_index=True)


def notes(found: pd.DataFrame) -> list[str]:
    """Return in sentences how much choosing gives, how far definitions lie apart, whom trainings saw, and of poison."""
    first = found["table"].iloc[0]
    own = found[(found["condition"] != AVERAGE) & (found["table"] == first) & (found["metric"] == SHOWN[first][0])]
    told = []
    gains = own["oracle_fold_gain"].dropna()
    if gains.empty:
        told.append(NOT_ASKED)
    else:
        told.append(
            f"Choosing each fold's epoch by its tested clips would have added {numbers.rounded(gains.mean())} of "
            f"{own['metric'].iloc[0]} in the mean over networks and conditions, at most {numbers.rounded(gains.max())}"
        )
    spread = own["f1_spread"]
    told.append(
        f"Six definitions of F1 differ for the same predictions by {numbers.rounded(spread.mean())} in the mean, at "
        f"most by {numbers.rounded(spread.max())}"
    )
    return [*told, verdict(found), poison(found) or NOT_POISONED]


def verdict(found: pd.DataFrame) -> str:
    """Return in a sentence whether a tested subject is among those that its fold learns from, and who says so."""
    if number := int(found["seen_subjects"].max()):
        methods = ", ".join(sorted(set(found.loc[found["seen_subjects"] > 0, "method"])))
        return f"LEAK: trainings of {methods} learnt from {number} of the subjects that they are tested on"
    asked_of = found.loc[found["seen_by"] == "trainings", "method"].unique()
    trainings = f", and no training of {', '.join(asked_of)} lists one among its clips" if len(asked_of) else ""
    return f"No fold learns from a subject whom it tests{trainings}"


def poison(found: pd.DataFrame) -> str:
    """Return in a sentence what the poison test says of the methods that it was made with; nothing of none.

    The table is named beside a method of which not all tables say the same.
    """
    kinds = found[found["poisoned"] != ""].groupby("method")["poisoned"].nunique()
    named: dict[str, dict[str, None]] = {}  # by verdict, each once, in the order of rows
    for method, table, verdict in zip(found["method"], found["table"], found["poisoned"], strict=True):
        if verdict:
            name = f"{method} in {TITLES[table]}" if kinds[method] > 1 else method
            named.setdefault(verdict, {})[name] = None
    told = {verdict: ", ".join(names) for verdict, names in named.items()}
    if wrong := told.get("differs"):
        return f"LEAK: poison in tested clips changes what trainings of {wrong} say of them"
    said = []
    if methods := told.get("same"):
        said.append(f"A training of {methods} says the same to the last digit after its tested clips were poisoned")
    if methods := told.get("unclear"):
        said.append(f"Trainings of {methods} do not repeat on this machine, so that poison tells nothing of them")
    return "; ".join(said)


def main(args: argparse.Namespace) -> None:
    chosen, poisoned = (
        {name: list(map(Path, paths)) for name, *paths in told} for told in (args.oracle, args.poisoned)
    )
    fold_names = {name: names.split(",") for name, names in args.folds}
    inputs = [
        Path(path)
        for name, _, *paths in args.confusion
        for path in [*paths, *chosen.get(name, ()), *poisoned.get(name, ())]
    ]
    made = asked.asked(args, inputs)
    table = made.clips(args.clips)
    kind = published.data_kind(table)
    found = rows(args.confusion, chosen, poisoned, table, fold_names, args).assign(data=kind)
    named = args.labels or labels.of(args.methods.split(","), args.conditions.split(","))
    found = cells.labelled(found, named)
    text = found[list(COLUMNS)].to_csv(index=False, lineterminator="\n", float_format="%.6g")
    said = notes(found)
    result.write({args.output: text}, args.about, made.identity, args.settings, kind, said, made.of)
    for note in said:
        logging.info("%s", note)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("output", type=Path, help="the numbers by which headlines can be doubted, a CSV table")
    parser.add_argument("about", type=Path, help="what they are of, JSON")
    confusion.add_argument(parser)
    parser.add_argument(
        "--oracle", action="append", nargs="+", default=[], metavar="X", help="a table, and of it what oracle wrote"
    )
    parser.add_argument(
        "--poisoned", action="append", nargs="+", default=[], metavar="X", help="a table, and of it what poison wrote"
    )
    parser.add_argument(
        "--folds", action="append", nargs=2, default=[], metavar="X", help="a table, and its folds with commas"
    )
    parser.add_argument("--clips", type=Path, required=True, help="clip table")
    parser.add_argument("--classes", required=True, help="class names, separated by commas")
    parser.add_argument("--methods", required=True, help="methods, separated by commas")
    parser.add_argument("--conditions", required=True, help="conditions, separated by commas")
    parser.add_argument("--labels", type=labels.told, help="what they are called, as JSON")
    stage.run(main, parser)
