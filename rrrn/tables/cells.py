"""The cells of a table and their averages, from the score files of its methods and conditions, seed by seed."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from rrrn.data import digested
from rrrn.experiment import metrics
from rrrn.experiment.labels import Labels
from rrrn.running.stage import InputError
from rrrn.tables.published import AVERAGE

KEYS = ["condition", "method", "metric"]


def read(path: Path) -> pd.DataFrame:
    """Return the scores of a file; raises InputError, naming it, if it is damaged."""
    rows = pd.DataFrame(digested.read(path))
    return rows.astype({name: float if name == "value" else int for name in rows.columns if name not in KEYS})


def by_seed(scores: pd.DataFrame, methods: Sequence[str], conditions: Sequence[str]) -> pd.DataFrame:
    """Return the value of every cell in every seed, and of the averages over methods and over conditions.

    ``scores`` has a row for each method, condition, seed and metric. The result has the index KEYS, in the order that
    is asked for, with AVERAGE behind the methods and the conditions, and a column for each seed. What was trained
    once, as descriptors are, has its one value in every seed, so that an average varies as the trained networks in it
    do. Averages are of unrounded values. Raises InputError if a cell lacks some of the seeds.
    """
    cells = scores.pivot(index=KEYS, columns="seed", values="value")
    once = cells.notna().sum(axis=1) == 1
    cells.loc[once] = cells.loc[once].bfill(axis=1).ffill(axis=1)
    if len(lacking := cells.index[cells.isna().any(axis=1)]):
        condition, method, _ = lacking[0]
        raise InputError(
            f"scores of {method} under {condition} lack a seed that others have; delete them and run again"
        )
    found = _with_average(_with_average(cells, "method"), "condition")
    wanted = [
        (condition, method, metric)
        for condition in [*conditions, AVERAGE]
        for method in [*methods, AVERAGE]
        for metric in metrics.METRICS
    ]
    return found.reindex(pd.MultiIndex.from_tuples(wanted, names=KEYS))


def n_seeds(scores: pd.DataFrame) -> pd.Series:
    """Return how many seeds each method was trained with, and AVERAGE as many as the most of them."""
    found = scores.groupby("method")["seed"].nunique()
    return pd.concat([found, pd.Series({AVERAGE: found.max()})])


def over_seeds(values: pd.DataFrame, trained: pd.Series) -> pd.DataFrame:
    """Return columns value, sd and n_seeds: the mean over seeds of each row, and the standard deviation (n - 1).

    ``values`` are rows as ``by_seed`` gives them, ``trained`` is what ``n_seeds`` gives. With one seed sd is empty.
    """
    seeds = trained.reindex(values.index.get_level_values("method")).to_numpy()
    spread = values.std(axis=1, ddof=1).where(seeds > 1)
    return pd.DataFrame({"value": values.mean(axis=1), "sd": spread, "n_seeds": seeds}, index=values.index)


def labelled(rows: pd.DataFrame, named: Labels) -> pd.DataFrame:
    """Return rows whose condition and methods are called by their labels; ``other`` is a second method."""
    parts = {"condition": named.condition, "method": named.method, "other": named.method}
    return rows.assign(**{name: rows[name].map(label) for name, label in parts.items() if name in rows})


def with_paper(
    rows: pd.DataFrame,
    printed: pd.DataFrame | None,
    faults: Mapping[tuple[str, str, str], Sequence[str]],
    named: Labels,
) -> pd.DataFrame:
    """Return rows with ``paper``, its value where ``printed`` is given and has one, the ``difference`` from it, and in
    ``note`` what is wrong with it, in lines. What is printed, and its ``faults``, are under the labels of ``named``.
    """
    if printed is None:
        return rows.assign(paper=float("nan"), difference=float("nan"), note="")
    values = printed.set_index(KEYS)["value"].to_dict()
    keys = [
        (named.condition(condition), named.method(method), metric)
        for condition, method, metric in rows[KEYS].itertuples(index=False, name=None)
    ]
    paper = pd.Series([values.get(key, float("nan")) for key in keys], rows.index)
    notes = ["\n".join(faults.get(key, ())) for key in keys]
    return rows.assign(paper=paper, difference=rows["value"] - paper, note=notes)


def _with_average(cells: pd.DataFrame, over: str) -> pd.DataFrame:
    rest = [key for key in KEYS if key != over]
    mean = cells.groupby(level=rest, sort=False).mean()
    mean = mean.assign(**{over: AVERAGE}).set_index(over, append=True).reorder_levels(KEYS)
    return pd.concat([cells, mean])
