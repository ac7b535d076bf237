"""A run as it is compared: the confusion matrices of each subject, counted anew from its predictions, and its scores.

Nothing that a bundle says of itself is believed where its predictions can be asked: each table must test each of its
clips once per view, in every condition and seed, and scores and cells must be those of the predictions.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rrrn.data import predictions
from rrrn.data.predictions import Prediction
from rrrn.experiment import metrics
from rrrn.running.stage import InputError
from rrrn.sharing import bundle, gathered
from rrrn.sharing.contents import Contents, Row
from rrrn.sharing.gathered import TABLES
from rrrn.tables import confusion, pooled

Clip = tuple[str, str]  # subject, name
_EQUAL = 2e-6  # tables have six digits


@dataclass(frozen=True)
class Table:
    """One table: its task, which fold tests whom, and whom it tests with which class.

    ``counts`` are {method: confusion matrices (conditions, seeds, subjects, n_classes, n_classes)}, float64; where
    every view counts, those of networks count each clip more often than those of descriptors.
    """

    task: str
    folds: Mapping[str, frozenset[str]]
    clips: Mapping[Clip, str]
    subjects: tuple[str, ...]
    counts: Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Run:
    """A run under the ``name`` that it was asked for by; ``digits`` name its bundle, of a folder they are empty."""

    name: str
    contents: Contents
    tables: Mapping[str, Table]
    digits: str = ""

    @property
    def told(self) -> Mapping[str, Any]:
        """Return what is said of it."""
        return self.contents.told

    @property
    def settings(self) -> Mapping[str, Any]:
        """Return its configuration, as far as it had a part."""
        found: Mapping[str, Any] = self.told["configuration"]
        return found

    @property
    def conditions(self) -> list[str]:
        """Return its conditions in order."""
        return list(self.settings["conditions"])

    @property
    def classes(self) -> list[str]:
        """Return its classes in order."""
        return list(self.settings["classes"])

    def scores(self) -> list[Row]:
        """Return a row for each table, method, condition, seed and metric: the value, to nine digits."""
        return [
            {
                **{"table": name, "method": method, "condition": condition, "seed": str(seed), "metric": metric},
                "value": format(value, ".9g"),
            }
            for name, table in self.tables.items()
            for method, counts in table.counts.items()
            for condition, of_condition in zip(self.conditions, counts, strict=True)
            for seed, matrices in enumerate(of_condition)
            for metric, value in metrics.scores(matrices.sum(axis=0)).items()
        ]


def read(path: Path) -> Run:
    """Return the run of a bundle or a folder of results; raises InputError if it is damaged or contradicts itself."""
    if path.is_dir():
        return of_contents(gathered.of_folder(path), str(path))
    contents, scores, digits = bundle.read(path)
    found = of_contents(contents, str(path), digits)
    if scores != found.scores():
        raise InputError(f"{path}: its scores are not those of its predictions; it was edited or put together")
    return found


def of_contents(contents: Contents, name: str, digits: str = "") -> Run:
    """Return the run of what is shared under a ``name``; raises InputError if its parts contradict each other."""
    try:
        clips = {(row["subject"], row["clip"]): row for row in contents.clips}
        if len(clips) < len(contents.clips):
            raise ValueError("a clip stands twice in its clip table")
        asked = {method for told in contents.told["tables"].values() for method in told["methods"]}
        if missing := asked - {method for method, _ in contents.predictions}:
            raise ValueError(f"there are no predictions of {min(missing)}")
        _check_labels(contents, asked)
        classes = contents.told["configuration"]["classes"]
        rows = {
            method: [
                predictions.parsed(row, classes)
                for (own, _), told in contents.predictions.items()
                if own == method
                for row in told
            ]
            for method in sorted(asked)
        }
        named = [table for table in TABLES if table in contents.told["tables"]]  # JSON keeps no order
        tables = {table: _table(table, contents, clips, rows) for table in named}
        found = Run(name, contents, tables, digits)
        for table in tables:
            _check_cells(found, table)
    except KeyError as error:
        raise InputError(f"{name}: its parts do not belong together (there is no {error}); make it anew") from None
    except (ValueError, TypeError, csv.Error) as error:
        raise InputError(f"{name}: its parts do not belong together ({error}); make it anew") from None
    return found


def _check_labels(contents: Contents, asked: Iterable[str]) -> None:
    """Raise KeyError for a method or condition that tables call nothing, ValueError for two of one label."""
    settings, labels = contents.told["configuration"], contents.told["labels"]
    for what, names in (("methods", sorted(asked)), ("conditions", settings["conditions"])):
        label, number = Counter(labels[what][name] for name in names).most_common(1)[0]
        if number > 1:
            raise ValueError(f"two {what} are called {label}")


def _table(name: str, contents: Contents, clips: Mapping[Clip, Row], rows: Mapping[str, Sequence[Prediction]]) -> Table:
    told, settings = contents.told["tables"][name], contents.told["configuration"]
    folds = set(told["folds"])
    counts, tested, places = {}, dict[Clip, str](), dict[Clip, str]()
    for method in told["methods"]:
        own: dict[str, dict[int, list[Prediction]]] = {condition: {} for condition in settings["conditions"]}
        for row in rows[method]:
            if row.fold in folds and row.condition in own:
                own[row.condition].setdefault(row.seed, []).append(row)
        for condition, of_seed in own.items():
            where = f"Table {name}, {method} under {condition}"
            if sorted(of_seed) != list(range(len(next(iter(own.values()))))) or not of_seed:
                raise ValueError(f"{where}: seeds are {sorted(of_seed)}")
            if len(of_seed) not in (1, settings["protocol"]["n_seeds"]):  # descriptors have one
                raise ValueError(f"{where}: {len(of_seed)} seeds, and not as many as its protocol.n_seeds")
            for predicted in of_seed.values():
                found = _once(predicted, clips, where)
                places = places or found
                if found != places:
                    raise ValueError(f"{where}: other clips or folds than elsewhere in the table")
        tested = {key: clips[key]["objective_class"] for key in places}
        subjects = sorted({subject for subject, _ in tested})
        counts[method] = np.array(
            [
                [_matrices(own[condition][seed], subjects, settings) for seed in sorted(own[condition])]
                for condition in settings["conditions"]
            ],
            np.float64,
        )
    _check_whole(name, clips, tested)
    of_fold = {fold: frozenset(subject for (subject, _), own in places.items() if own == fold) for fold in folds}
    if idle := sorted(fold for fold, own in of_fold.items() if not own):
        raise ValueError(f"Table {name}: fold {idle[0]} tests nobody")
    if whom := next(
        (one for one, number in Counter(s for own in of_fold.values() for s in own).items() if number > 1), ""
    ):
        raise ValueError(f"Table {name}: two folds test {whom}")
    return Table(told["task"], of_fold, tested, tuple(subjects), counts)


def _once(rows: Sequence[Prediction], clips: Mapping[Clip, Row], where: str) -> dict[Clip, str]:
    """Return the fold that tests each clip; raises ValueError unless each is tested once per view, as it is."""
    found: dict[Clip, str] = {}
    views = Counter[Clip]()
    seen = set()
    for row in rows:
        key = row.subject, row.clip
        if (row.database, row.true) != (clips[key]["database"], clips[key]["objective_class"]):
            raise ValueError(f"{where}: clip {row.subject}/{row.clip} is another than in the clip table")
        if (key, row.view) in seen or found.setdefault(key, row.fold) != row.fold:
            raise ValueError(f"{where}: clip {row.subject}/{row.clip} is tested twice")
        seen.add((key, row.view))
        views[key] += 1
    if len(set(views.values())) > 1:
        raise ValueError(f"{where}: some clips have more views than others")
    return found


def _check_whole(name: str, clips: Mapping[Clip, Row], tested: Mapping[Clip, str]) -> None:
    """Raise ValueError unless a table tests all clips, or all of one database."""
    databases = {clips[key]["database"] for key in tested}
    wanted = {key for key, row in clips.items() if name in ("iv", "ablation") or row["database"] in databases}
    if tested.keys() != wanted or (name not in ("iv", "ablation") and len(databases) != 1):
        raise ValueError(f"Table {name} tests {len(tested)} clips, and not the {len(wanted)} that it should")


def _matrices(
    rows: Sequence[Prediction], subjects: Sequence[str], settings: Mapping[str, Any]
) -> list[NDArray[np.int64]]:
    """Return the confusion matrix of each subject, of what counts of the predictions of one seed."""
    own: dict[str, list[Prediction]] = {subject: [] for subject in subjects}
    for row in pooled.pool(rows, settings["protocol"]["view"]):
        own[row.subject].append(row)
    return [confusion.of_rows(predicted, settings["classes"]) for predicted in own.values()]


def _check_cells(found: Run, name: str) -> None:
    """Raise ValueError if a cell of a long table is not of the predictions."""
    text = found.contents.tables.get(f"{TABLES[name]}_long.csv", "")
    labels, counts = found.told["labels"], found.tables[name].counts
    methods = {label: method for method, label in labels["methods"].items() if method in counts}
    conditions = {label: condition for condition, label in labels["conditions"].items()}
    cells = {}
    for method, label, condition, row in _cells(text, methods, conditions):
        key = method, condition
        if key not in cells:
            seeds = counts[method][found.conditions.index(condition)]
            of_seeds = [metrics.scores(matrices.sum(axis=0)) for matrices in seeds]
            cells[key] = {metric: float(np.mean([one[metric] for one in of_seeds])) for metric in metrics.METRICS}
        if not abs(float(row["value"]) - cells[key][row["metric"]]) < _EQUAL:
            raise ValueError(f"Table {name}, {label}, {row['condition']}: {row['metric']} is not of the predictions")
    if len(cells) < len(methods) * len(found.conditions):
        raise ValueError(f"Table {name} lacks cells")


def _cells(text: str, methods: Mapping[str, str], conditions: Mapping[str, str]) -> Iterator[tuple[str, str, str, Row]]:
    """Yield method, its label, condition and row of each cell of a long table, averages and no skill left out."""
    for row in csv.DictReader(io.StringIO(text, newline="")):
        if row["method"] in methods and row["condition"] in conditions:
            yield methods[row["method"]], row["method"], conditions[row["condition"]], row
