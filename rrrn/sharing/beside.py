"""Runs side by side, cell by cell: values, their difference, and where it can be had, an interval over subjects and p.

Two runs that test the same clips are compared as two methods of one run are (``rrrn.tables.comparing``): the same
subjects are drawn for both, and predictions are exchanged subject by subject. The paper prints no predictions; beside
it stands the interval of the run alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rrrn.experiment import parsing
from rrrn.experiment.config import merge
from rrrn.running import resources
from rrrn.running.stage import InputError
from rrrn.sharing import pairing, pseudonyms, run
from rrrn.sharing.contents import without_places
from rrrn.sharing.pairing import Pair
from rrrn.sharing.run import Run
from rrrn.tables import bounds, comparing, published, titles
from rrrn.tables.published import AVERAGE, SHOWN
from rrrn.tables.statistics import exchange, resampling

PAPER = "paper"
COLUMNS = (
    *("table", "task", "condition", "method", "metric", "run", "other", "value", "other_value", "difference"),
    *("low", "high", "p", "p_holm", "n_tests", "n_subjects", "n_seeds", "other_n_seeds", "paired", "note"),
)
LETTERS = "ABCDEFGHIJ"
_PAPER_FILE = "config/paper.yaml"
_NOTHING = "No difference is taken"


@dataclass(frozen=True)
class Beside:
    """``rows`` has COLUMNS, and ``runs`` are {letter: run}.

    ``warnings`` say what may not be concluded, and ``notes`` what else a reader must know, in sentences. ``same`` has
    the one of each run whose predictions are those of the first.
    """

    runs: Mapping[str, Run]
    rows: pd.DataFrame
    warnings: Sequence[str] = field(default_factory=tuple)
    notes: Sequence[str] = field(default_factory=tuple)
    same: Mapping[str, str] = field(default_factory=dict)


@dataclass
class _Found:
    """What is found of one run beside another, or beside the paper."""

    rows: list[pd.DataFrame] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def compared(runs: Sequence[Run], paper: Path | None, draws: int = resampling.DRAWS) -> Beside:
    """Return the first run beside each of the others, and beside the paper's printed values in the folder ``paper``.

    Raises InputError if they have no table, condition and method in common.
    """
    named = dict(zip(LETTERS, _alike(runs), strict=False))
    (letter, first), *others = named.items()
    pairs = [Pair(first, other, letter, name) for name, other in others]
    found = [_of_two(pair, draws) for pair in pairs]
    found += [_of_paper(one, name, paper) for name, one in named.items() if paper is not None]
    rows = pd.concat([rows for one in found for rows in one.rows], ignore_index=True)
    warnings = dict.fromkeys(said for one in found for said in one.warnings)
    notes = dict.fromkeys(said for one in found for said in one.notes)
    same = {pair.b: said for pair in pairs for said in pairing.same(pair)}
    return Beside(named, rows[list(COLUMNS)], list(warnings), list(notes), same)


def _alike(runs: Sequence[Run]) -> list[Run]:
    """Return runs that all hide their subjects if one does, as far as their own names are known."""
    if not any(one.contents.hashed for one in runs) or all(one.contents.hashed for one in runs):
        return list(runs)
    return [
        run.of_contents(pseudonyms.hidden(one.contents), one.name, one.digits) if one.contents.keys else one
        for one in runs
    ]


def _of_two(pair: Pair, draws: int) -> _Found:
    one, other, found = pair.one, pair.other, _Found(notes=pairing.explanations(pair))
    conditions = [name for name in one.conditions if name in other.conditions]
    obstacles: dict[str, list[str]] = {}
    for table, mine in one.tables.items():
        methods = [name for name in mine.counts if table in other.tables and name in other.tables[table].counts]
        if not methods or not conditions:
            continue
        why = pairing.obstacle(pair, table)
        own = _cut(one, table, methods, conditions), _cut(other, table, methods, conditions)
        if why:
            obstacles.setdefault(why, []).append(table)
        rows = _unpaired(own, conditions, table) if why else _paired(own, conditions, mine.subjects, table, draws)
        seeds = {name: [part[name].shape[1] for part in own] for name in methods}
        rows = rows.assign(
            table=table,
            task=mine.task,
            n_seeds=[seeds[name][0] for name in rows["method"]],
            other_n_seeds=[seeds[name][1] for name in rows["method"]],
            paired=not why,
            n_subjects=len(mine.subjects),
            note="",
            run=pair.a,
            other=pair.b,
        )
        found.rows.append(_labelled(rows, one))
    if not found.rows:
        raise InputError(f"{one.name} and {other.name}: have no table with a method and a condition in common")
    for why, tables in obstacles.items():
        found.warnings.append(
            f"{pair.a} and {pair.b} are not paired in {_tables(tables)}: {why}. Values stand side by side, without a "
            "difference"
        )
    if len(conditions) < max(len(one.conditions), len(other.conditions)):
        count = f"{len(conditions)} condition{'s' if len(conditions) > 1 else ''}"
        found.notes.append(f"Avg. is over the {count} that {pair.a} and {pair.b} both have.")
    found.notes += _sentences(pd.concat(found.rows, ignore_index=True), pair, draws)
    return found


def _tables(names: Sequence[str]) -> str:
    return f"Table{'s' if len(names) > 1 else ''} {', '.join(names)}"


def _cut(one: Run, table: str, methods: Sequence[str], conditions: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """Return {method: confusion matrices} of some conditions."""
    places = [one.conditions.index(name) for name in conditions]
    return {method: one.tables[table].counts[method][places] for method in methods}


def _paired(
    own: tuple[Mapping[str, NDArray[np.float64]], ...],
    conditions: Sequence[str],
    subjects: Sequence[str],
    table: str,
    draws: int,
) -> pd.DataFrame:
    counts: dict[str, NDArray[np.float64]] = {}
    methods = list(own[0])
    for method in methods:
        a, b = (part[method] for part in own)
        fewest = min(a[0, 0].sum(), b[0, 0].sum())
        for letter, part in (("A", a), ("B", b)):
            counts[f"{letter} {method}"] = part / (part[0, 0].sum() / fewest)  # where every view counts
    asked = [(f"A {method}", f"B {method}") for method in methods]
    found = comparing.compared(counts, conditions, subjects, titles.METRICS[table], asked, draws)
    return found.assign(method=[name.partition(" ")[2] for name in found["method"]])


def _unpaired(
    own: tuple[Mapping[str, NDArray[np.float64]], ...], conditions: Sequence[str], table: str
) -> pd.DataFrame:
    rows = []
    for method in own[0]:
        one, other = (values(part[method]) for part in own)
        for metric in titles.METRICS[table]:
            for place, condition in enumerate([*conditions, AVERAGE]):
                rows.append([condition, method, metric, one[metric][place], other[metric][place]])
    found = pd.DataFrame(rows, columns=["condition", "method", "metric", "value", "other_value"])
    return found.assign(difference=np.nan, low=np.nan, high=np.nan, p=np.nan, p_holm=np.nan, n_tests=0)


def values(counts: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Return {metric: values of each condition and of their mean}."""
    scores = resampling.scores(counts, np.ones((1, counts.shape[2])))
    return {metric: np.append(values[0], values[0].mean()) for metric, values in scores.items()}


def _labelled(rows: pd.DataFrame, one: Run) -> pd.DataFrame:
    labels = one.told["labels"]
    return rows.assign(
        method=[labels["methods"].get(name, name) for name in rows["method"]],
        condition=[labels["conditions"].get(name, name) for name in rows["condition"]],
    )


def _sentences(rows: pd.DataFrame, pair: Pair, draws: int) -> Iterator[str]:
    """Yield in sentences which methods differ in the mean over conditions, and in which tables none does or can."""
    alike: dict[str, list[str]] = {}
    means = rows[(rows["condition"] == AVERAGE) & rows["paired"]]
    for (table, metric), own in means.groupby(["table", "metric"], sort=False):
        told = own.to_dict("records")
        apart = [_difference(row) for row in told if row["p_holm"] < comparing.LEVEL]
        if not apart:
            alike.setdefault(str(table), []).append(str(metric))
            continue
        yield (
            f"Table {table}, {metric} averaged over conditions, {pair.a} less {pair.b}, p corrected for "
            f"{int(told[0]['n_tests'])} tests: {', '.join(apart)}."
        )
    if alike:
        named = "; ".join(f"Table {table}, {' and '.join(metrics)}" for table, metrics in alike.items())
        yield (
            f"No method differs between {pair.a} and {pair.b} in the mean over conditions, p corrected for all tests "
            f"of a table: {named}."
        )
    for name, own in means.groupby("table", sort=False):
        n_subjects, n_tests = int(own["n_subjects"].iloc[0]), int(own["n_tests"].iloc[0])
        least = n_tests * exchange.least(n_subjects, draws)
        if least >= comparing.LEVEL:
            yield (
                f"Table {name!s}: of {n_subjects} subjects, {n_tests} tests and {draws} draws no p is below "
                f"{min(least, 1):.2g}, so nothing can be told apart."
            )


def _difference(row: Mapping[Any, Any]) -> str:
    return (
        f"{row['method']} by {row['difference']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f}, p {row['p_holm']:.2g})"
    )


def _of_paper(one: Run, letter: str, folder: Path) -> _Found:
    """Return a run beside the paper's printed values; without differences if its clips are not the paper's."""
    found, clips = _Found(), unlike_paper(one, folder)
    for table in [name for name in one.tables if name in SHOWN]:
        told = pd.read_csv(folder / f"table_{table}.csv")
        if not clips and set(told["task"]) != {one.tables[table].task}:
            found.notes.append(f"Table {table} of {letter} is {one.tables[table].task}, and the paper's is not.")
            continue
        folds = other_folds(one, table)
        if folds and not clips:
            found.warnings.append(f"Table {table} of {letter} is no reproduction of the paper's: {folds}. {_NOTHING}")
        why = clips or folds
        printed, whole = _printed(told, one)
        if not whole:
            found.notes.append(f"The paper's Avg. beside {letter} is over the conditions of both.")
        faults = published.faults(folder / "misprints.csv", table)
        rows = _own(one, table, [name for name, _, _ in printed])
        rows = rows[rows["metric"].isin(titles.METRICS[table])]
        keys = list(rows[["condition", "method", "metric"]].itertuples(index=False, name=None))
        values = np.array([printed.get(key, np.nan) for key in keys], np.float64)
        rows = rows.assign(
            other_value=values,
            difference=np.nan if why else rows["value"] - values,
            low=np.nan if why else rows["low"] - values,
            high=np.nan if why else rows["high"] - values,
            note=["; ".join(faults.get(key, ())) for key in keys],
            run=letter,
            other=PAPER,
            table=table,
            task=one.tables[table].task,
        )
        found.rows.append(rows[rows["other_value"].notna()])
    if not sum(map(len, found.rows)):
        raise InputError(f"{one.name}: has no table with a method and a condition of the paper's")
    if clips:
        found.warnings.append(f"{letter} is no reproduction of the paper: {clips}. {_NOTHING}")
    if any(rows["difference"].notna().any() for rows in found.rows):
        if unlike := pairing.unlike(one.settings, _paper_settings()):
            found.notes.append(f"Settings of {letter}, and of {_PAPER_FILE}, where they are others: {unlike}.")
        found.notes.append(
            "The paper prints no predictions, so that nothing is paired: intervals of differences are those of "
            f"{letter} alone."
        )
    if any((rows["note"] != "").any() for rows in found.rows):
        found.notes.append("Some of the paper's values are misprinted or impossible: data/paper/misprints.csv.")
    return found


def _printed(told: pd.DataFrame, one: Run) -> tuple[dict[tuple[str, str, str], float], bool]:
    """Return the paper's values under conditions that a run has, by label, and whether these are all of its own.

    If they are not all, the mean over conditions is of these.
    """
    labels = one.told["labels"]["conditions"]
    worn = [labels.get(name, name) for name in one.conditions]
    own = told[told["condition"].isin(worn)]
    whole = set(told["condition"]) - {AVERAGE} == set(own["condition"])
    means = told[told["condition"] == AVERAGE]
    if not whole:
        means = own.groupby(["method", "metric"], as_index=False)["value"].mean().assign(condition=AVERAGE)
    found = pd.concat([own, means])
    keys = zip(found["condition"], found["method"], found["metric"], strict=True)
    return dict(zip(keys, found["value"], strict=True)), whole


def unlike_paper(one: Run, folder: Path) -> str:
    """Return in a sentence why a run is no reproduction of the paper's tables; nothing if its clips are the paper's."""
    if one.told["data"] != "recorded":
        return published.SYNTHETIC.removesuffix(".")
    databases = set(one.told["audit"]["clips"])
    if databases != published.DATABASES:
        return f"its clips are of {', '.join(sorted(databases))}, and not of CASME II and SAMM"
    counts = pd.read_csv(folder / "table_ii.csv").set_index(["condition", "metric"])["value"]
    for name, title in (("casme2", "CASME II"), ("samm", "SAMM")):
        own = one.told["audit"]["clips"][name]
        printed = {row.removeprefix("class "): n for row, n in counts[title].items() if row.startswith("class ")}
        for key in [*printed, *sorted(own.keys() - printed.keys())]:
            have, wanted = own.get(key, 0), printed.get(key, 0)
            if have != wanted:
                return f"it has {have} clips of class {key} of {title}, and Table II of the paper {wanted or 'none'}"
    return ""


def other_folds(one: Run, table: str) -> str:
    """Return in words why a run's folds are not the paper's, which test each subject apart in Table IV; or nothing."""
    folds = one.tables[table].folds
    if table != "iv" or all(len(tested) == 1 for tested in folds.values()):
        return ""
    several = sum(len(tested) > 1 for tested in folds.values())
    return f"{several} of its {len(folds)} folds test several subjects, and the paper's one each"


def _paper_settings() -> dict[str, Any]:
    """Return the configuration of the paper, but for drawing and for the holdouts' databases, which are its user's."""
    files = [resources.path(name) for name in ("config.yaml", _PAPER_FILE)]
    found = merge([parsing.parsed(path.read_text(encoding="utf-8")) for path in files])
    del found["protocol"]["holdout"], found["render"]
    return dict(without_places(found))


def _own(one: Run, table: str, labels: Sequence[str]) -> pd.DataFrame:
    """Return the cells of a run under the conditions of these labels, with intervals, but for means over methods."""
    own, called = one.tables[table], one.told["labels"]["conditions"]
    conditions = [name for name in one.conditions if called.get(name, name) in labels]
    counts = _cut(one, table, list(own.counts), conditions)
    if not conditions:
        return pd.DataFrame(columns=["condition", "method", "metric", "value", "low", "high"])
    found = bounds.of_cells(counts, conditions, own.subjects)
    found = found[found["method"] != AVERAGE]
    scored = {method: values(matrices) for method, matrices in counts.items()}
    places = {name: place for place, name in enumerate([*conditions, AVERAGE])}
    keys = found[["condition", "method", "metric"]].itertuples(index=False, name=None)
    found = found.assign(
        value=[scored[method][metric][places[condition]] for condition, method, metric in keys],
        n_seeds=[counts[method].shape[1] for method in found["method"]],
        p=np.nan,
        p_holm=np.nan,
        n_tests=0,
        other_n_seeds=0,
        n_subjects=len(own.subjects),
        paired=False,
    )
    return _labelled(found, one)
