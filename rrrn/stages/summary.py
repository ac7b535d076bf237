"""The paper's own summaries of its tables: the mean of both holdouts, and how far each method falls under occlusion."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from rrrn.data import listing, result
from rrrn.experiment import labels
from rrrn.experiment.conditions import CLEAR
from rrrn.experiment.labels import Labels
from rrrn.provenance import asked
from rrrn.running import stage
from rrrn.tables import cells, published
from rrrn.tables.cells import KEYS
from rrrn.tables.published import AVERAGE, SHOWN

HOLDOUTS, BOTH = ("iii_a", "iii_b"), "HDE"
MEAN, FALL = "mean of both holdouts", "maximal degradation"
UNOCCLUDED = labels.condition(CLEAR)
COLUMNS = [
    *("summary", "task", "data", "condition", "method", "metric", "value", "sd", "n_seeds"),
    *("paper", "paper_condition", "note"),
]


def mean_of_holdouts(values: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the mean of Tables III a and b, cell by cell and seed by seed, averages included.

    ``values`` are {table: rows under the paper's labels, with the index KEYS and a column for each seed}. It has no
    rows unless both tables are there.
    """
    if not set(HOLDOUTS) <= values.keys():
        return pd.DataFrame(index=pd.MultiIndex.from_tuples([], names=KEYS))
    one, two = (_of_metrics(values[name], SHOWN[name]) for name in HOLDOUTS)
    return (one + two.reindex(one.index)) / 2


def degradations(values: pd.DataFrame, shown: Sequence[str]) -> pd.DataFrame:
    """Return how far each method falls at most from UNOCCLUDED to an occluded condition: absolute, seed by seed.

    ``values`` are rows under the paper's labels, with the index KEYS and a column for each seed. The condition in the
    index of the result is that of the largest fall of the mean over seeds, of equal ones the first. The fall is below
    0 if a method does better under every occlusion. Averages are left out. Without UNOCCLUDED, or without another
    condition, it has no rows.
    """
    own = _of_metrics(values, shown)
    own = own[~own.index.isin([AVERAGE], level="method") & ~own.index.isin([AVERAGE], level="condition")]
    conditions = own.index.get_level_values("condition").unique().tolist()
    if UNOCCLUDED not in conditions or len(conditions) < 2:
        return own.iloc[:0]
    before = own.xs(UNOCCLUDED, level="condition")
    occluded = [condition for condition in conditions if condition != UNOCCLUDED]
    falls = pd.concat({name: before - own.xs(name, level="condition") for name in occluded}, names=["condition"])
    means = falls.mean(axis=1).round(9).unstack("condition")[occluded]  # rounded, so that equal ones are equal
    worst = means.idxmax(axis=1)
    return falls.loc[[(worst[key], *key) for key in before.index]]


def beside(
    own: pd.DataFrame, trained: pd.Series, printed: pd.DataFrame | None, on: Sequence[str], summary: str, task: str
) -> pd.DataFrame:
    """Return the rows of a summary over its seeds, and beside them the same of the paper's values, if it has them.

    ``trained`` has the number of seeds of each method; ``on`` is what both are joined on, which leaves out the
    condition where either has its own.
    """
    rows = cells.over_seeds(own, trained).reset_index()
    paper = pd.DataFrame(columns=[*KEYS, "paper"])
    if printed is not None:
        paper = printed.mean(axis=1).rename("paper").reset_index()
    paper = paper.assign(paper_condition=paper["condition"])[[*on, "paper", "paper_condition"]]
    return rows.merge(paper, on=list(on), how="left", validate="one_to_one").assign(summary=summary, task=task)


def _of_metrics(values: pd.DataFrame, shown: Sequence[str]) -> pd.DataFrame:
    return values[values.index.isin(shown, level="metric")]


def _labelled(values: pd.DataFrame, named: Labels) -> pd.DataFrame:
    rows = values.reset_index()
    rows["condition"] = rows["condition"].map(named.condition)
    rows["method"] = rows["method"].map(named.method)
    return rows.set_index(KEYS)


def main(args: argparse.Namespace) -> None:
    methods, conditions = args.methods.split(","), args.conditions.split(",")
    named = args.labels or labels.of(methods, conditions)
    made = asked.asked(args, [Path(path) for _, _, *paths in args.scores for path in paths])
    notes, *papers = [args.paper / name for name in ("notes.csv", *(f"table_{name}.csv" for name, *_ in args.scores))]
    made.check_found(str(args.paper), listing.digits([notes, *papers]))
    table = made.clips(args.clips)
    values, tasks, printed = {}, {}, {}
    for (name, task, *paths), paper in zip(args.scores, papers, strict=True):
        scores = pd.concat([cells.read(Path(path)) for path in paths], ignore_index=True)
        values[name], tasks[name] = _labelled(cells.by_seed(scores, methods, conditions), named), task
        trained = cells.n_seeds(scores).rename(named.method)
        called = [*map(named.method, methods)], [*map(named.condition, conditions)]
        found = published.values(paper, table, task, *called)
        if found is not None:
            printed[name] = found.set_index(KEYS)
    both = mean_of_holdouts(printed) if set(HOLDOUTS) <= printed.keys() else None
    rows = [beside(mean_of_holdouts(values), trained, both, KEYS, MEAN, BOTH)]
    for name, own in values.items():
        theirs = degradations(printed[name], SHOWN[name]) if name in printed else None
        fall = degradations(own, SHOWN[name])
        rows.append(beside(fall, trained, theirs, ["method", "metric"], FALL, tasks[name]))
    summary = pd.concat([part for part in rows if len(part)] or rows, ignore_index=True)
    said = pd.read_csv(notes).rename(columns={"condition": "paper_condition"})
    summary = summary.merge(said, on=["summary", "task", "paper_condition", "method", "metric"], how="left")
    summary = summary.assign(data=published.data_kind(table))
    text = summary[COLUMNS].to_csv(index=False, lineterminator="\n", float_format="%.6g")
    result.write({args.output: text}, args.about, made.identity, args.settings, published.data_kind(table), [], made.of)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("output", type=Path, help="the summaries, a CSV table")
    parser.add_argument("about", type=Path, help="what they are of, JSON")
    parser.add_argument(
        "--scores",
        action="append",
        nargs="+",
        required=True,
        metavar="X",
        help="a table, its task and the scores of its methods and conditions; once for each table",
    )
    parser.add_argument("--clips", type=Path, required=True, help="clip table")
    parser.add_argument("--paper", type=Path, required=True, help="folder of the paper's values")
    parser.add_argument("--methods", required=True, help="methods, separated by commas, in the table's order")
    parser.add_argument("--conditions", required=True, help="conditions, separated by commas, in the table's order")
    parser.add_argument("--labels", type=labels.told, help="what the tables call methods and conditions, as JSON")
    stage.run(main, parser)
