"""Tables III and IV in the paper's layout, and beside each a long form with the paper's values next to ours."""

import argparse
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pandas as pd

from rrrn import clips, digested, labels, metrics, stage

SHOWN = {"iii_a": ("WAR", "UAR"), "iii_b": ("WAR", "UAR"), "iv": ("F1", "WF1")}
AVERAGE, CONSTANT, CHANCE = "Avg.", "Constant class", "Chance"
LONG = [
    "table",
    "task",
    "data",
    "condition",
    "method",
    "metric",
    "value",
    "sd",
    "paper",
    "n_clips",
    "n_folds",
    "n_seeds",
]


def data_kind(table: Sequence[clips.Clip]) -> str:
    """Return ``recorded``, ``synthetic``, or ``mixed``: what the clips of a table are."""
    sources = {"recorded" if clip.source == "recorded" else "synthetic" for clip in table}
    return sources.pop() if len(sources) == 1 else "mixed"


def read_scores(path: Path) -> pd.DataFrame:
    """Return the scores of a file; raises InputError, naming it, if it is damaged."""
    rows = pd.DataFrame(digested.read(path))
    texts = ("method", "condition", "metric")
    return rows.astype({name: float if name == "value" else int for name in rows.columns if name not in texts})


def cells(scores: pd.DataFrame, methods: Sequence[str], conditions: Sequence[str]) -> pd.DataFrame:
    """Return mean and standard deviation over seeds of every cell, then the averages over methods and conditions.

    ``scores`` has a row for each method, condition, seed and metric. All averages are of unrounded values.
    """
    grouped = scores.groupby(["condition", "method", "metric"], sort=False)
    means = grouped.agg(
        value=("value", "mean"),
        sd=("value", "std"),
        n_clips=("n_clips", "first"),
        n_folds=("n_folds", "first"),
        n_seeds=("seed", "nunique"),
    ).reset_index()
    first: dict[str, tuple[str, str]] = {"n_clips": ("n_clips", "first"), "n_folds": ("n_folds", "first")}
    first["n_seeds"] = ("n_seeds", "max")  # descriptors are trained once, whatever the number of seeds
    over_methods = (
        means.groupby(["condition", "metric"], sort=False).agg(value=("value", "mean"), **first).reset_index()
    )
    rows = pd.concat([means, over_methods.assign(method=AVERAGE)])
    over_conditions = rows.groupby(["method", "metric"], sort=False).agg(value=("value", "mean"), **first).reset_index()
    rows = pd.concat([rows, over_conditions.assign(condition=AVERAGE)], ignore_index=True)
    order = {
        "condition": [*conditions, AVERAGE],
        "method": [*methods, AVERAGE],
        "metric": list(metrics.METRICS),
    }
    for column, names in order.items():
        rows[column] = pd.Categorical(rows[column], names, ordered=True)
    return rows.sort_values(list(order), ignore_index=True).astype(dict.fromkeys(order, str))


def no_skill(scores: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Return the constant-class and the chance line for the tested clips, a row for each line and metric."""
    counts = scores.iloc[0][[f"n_{name}" for name in classes]].tolist()
    lines = {CONSTANT: metrics.constant_class(counts), CHANCE: metrics.chance(counts)}
    rows = [
        {"condition": AVERAGE, "method": method, "metric": metric, "value": value}
        for method, line in lines.items()
        for metric, value in line.items()
    ]
    return pd.DataFrame(rows).assign(n_clips=scores["n_clips"].iloc[0], n_folds=scores["n_folds"].iloc[0], n_seeds=1)


def wide(rows: pd.DataFrame, methods: Sequence[str], conditions: Sequence[str], shown: Sequence[str]) -> pd.DataFrame:
    """Return the paper's layout: a row for each condition and Avg., columns method x metric and Avg., three decimals.

    Two rows of no skill follow: what a constant class and what chance would score in each column.
    """
    value = rows.set_index(["condition", "method", "metric"])["value"]
    columns = [(method, metric) for method in [*methods, AVERAGE] for metric in shown]
    header = ["Condition", *(f"{labels.METHODS.get(method, method)} {metric}" for method, metric in columns)]
    body = [
        [labels.condition(condition), *(rounded(value[condition, method, metric]) for method, metric in columns)]
        for condition in [*conditions, AVERAGE]
    ]
    body += [[line, *(rounded(value[AVERAGE, line, metric]) for _, metric in columns)] for line in (CONSTANT, CHANCE)]
    return pd.DataFrame(body, columns=header)


def with_paper(rows: pd.DataFrame, reference: pd.DataFrame | None) -> pd.DataFrame:
    """Return the rows under the paper's labels, with its value where ``reference`` is given and has one."""
    named = rows.assign(
        condition=rows["condition"].map(labels.condition),
        method=rows["method"].map(lambda name: labels.METHODS.get(name, name)),
    )
    if reference is None:
        return named.assign(paper=float("nan"))
    paper = reference.rename(columns={"value": "paper"})[["condition", "method", "metric", "paper"]]
    return named.merge(paper, on=["condition", "method", "metric"], how="left", validate="one_to_one")


def rounded(value: float) -> str:
    """Return three decimals, rounded half up as the paper's."""
    return str(Decimal(repr(float(value))).quantize(Decimal("0.001"), ROUND_HALF_UP))


def main(args: argparse.Namespace) -> None:
    classes, methods, conditions = (getattr(args, name).split(",") for name in ("classes", "methods", "conditions"))
    table = clips.read(args.clips)
    kind = data_kind(table)
    scores = pd.concat([read_scores(path) for path in args.scores], ignore_index=True)
    rows = cells(scores, methods, conditions)
    everything = pd.concat([rows, no_skill(scores, classes)], ignore_index=True)
    paper = pd.read_csv(args.paper)
    comparable = kind == "recorded" and {clip.database for clip in table} == {"casme2", "samm"}
    same_task = set(paper["task"]) == {args.task}
    long = with_paper(everything, paper if comparable and same_task else None)
    long = long.assign(table=args.table, task=args.task, data=kind)
    with stage.replacing(args.output) as partial:
        wide(everything, methods, conditions, SHOWN[args.table]).assign(Data=kind).to_csv(
            partial, index=False, lineterminator="\n"
        )
    with stage.replacing(args.long) as partial:
        long[LONG].to_csv(partial, index=False, lineterminator="\n", float_format="%.6g")


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("scores", type=Path, nargs="+", help="scores of every method and condition")
    parser.add_argument("output", type=Path, help="the table")
    parser.add_argument("long", type=Path, help="its long form")
    parser.add_argument("--table", choices=sorted(SHOWN), required=True)
    parser.add_argument("--task", required=True, help="CDE, or HDE A->B of two databases, as in the paper's values")
    parser.add_argument("--clips", type=Path, required=True, help="clip table")
    parser.add_argument("--paper", type=Path, required=True, help="the paper's values of this table")
    parser.add_argument("--classes", required=True, help="class names, separated by commas")
    parser.add_argument("--methods", required=True, help="methods, separated by commas, in the table's order")
    parser.add_argument("--conditions", required=True, help="conditions, separated by commas, in the table's order")
    stage.run(main, parser)
