"""Tables III and IV in the paper's layout, and beside each a long form with the paper's values next to ours.

The ablation, which the paper does not have, is laid out by method, without such values and without a mean over methods.
"""

import argparse
import logging
from collections.abc import Collection, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from rrrn.data import listing, result
from rrrn.data.clips import Clip
from rrrn.experiment import grouped, labels
from rrrn.experiment.labels import Labels
from rrrn.experiment.methods import names
from rrrn.provenance import asked
from rrrn.running import stage
from rrrn.tables import cells, no_skill, published
from rrrn.tables.cells import AVERAGE
from rrrn.tables.published import SHOWN

METRICS = {**SHOWN, "ablation": SHOWN["iv"]}
LONG = [
    *("table", "task", "data", "condition", "method", "metric", "value", "sd", "low", "high", "paper"),
    *("n_clips", "n_folds", "n_seeds"),
]


def rows_of_no_skill(table: Sequence[Clip], fold_names: Sequence[str], classes: Sequence[str]) -> pd.DataFrame:
    """Return the lines of no skill, a row for each line and metric; chance has the interval ``low`` to ``high``."""
    counts = no_skill.tested(table, fold_names, classes)
    constants = {
        no_skill.TESTED_MAJORITY: no_skill.tested_majority(counts),
        no_skill.TRAINING_MAJORITY: no_skill.training_majority(table, fold_names, classes),
    }
    rows = [
        {"method": line, "metric": metric, "value": value}
        for line, found in constants.items()
        for metric, value in found.items()
    ]
    rows += [
        {"method": no_skill.CHANCE, "metric": metric, "value": drawn.mean, "low": drawn.low, "high": drawn.high}
        for metric, drawn in no_skill.chance(counts).items()
    ]
    return pd.DataFrame(rows).assign(condition=AVERAGE, n_seeds=1)


def all_rows(
    scores: pd.DataFrame,
    table: Sequence[Clip],
    fold_names: Sequence[str],
    classes: Sequence[str],
    methods: Sequence[str],
    conditions: Sequence[str],
) -> pd.DataFrame:
    """Return a row for each cell and metric, averages and the lines of no skill included.

    ``scores`` are those of all methods and conditions, of the files of the stage score. Raises InputError if a cell
    lacks some of the seeds, and for an unknown fold.
    """
    found = cells.over_seeds(cells.by_seed(scores, methods, conditions), cells.n_seeds(scores)).reset_index()
    rows = pd.concat([found, rows_of_no_skill(table, fold_names, classes)], ignore_index=True)
    return rows.assign(n_clips=scores["n_clips"].iloc[0], n_folds=len(fold_names))


def wide(
    rows: pd.DataFrame, methods: Sequence[str], conditions: Sequence[str], shown: Sequence[str], named: Labels
) -> pd.DataFrame:
    """Return the paper's layout: a row for each condition and Avg., columns method x metric and Avg., three decimals.

    Cells of several seeds are ``mean ± sd``. Rows of no skill follow: what each scores in every column, chance as an
    interval.
    """
    cell = rows.set_index(["condition", "method", "metric"]).to_dict("index")
    columns = [(method, metric) for method in [*methods, AVERAGE] for metric in shown]
    header = ["Condition", *(f"{named.method(method)} {metric}" for method, metric in columns)]
    body = [
        [named.condition(condition), *(shown_cell(cell[condition, method, metric]) for method, metric in columns)]
        for condition in [*conditions, AVERAGE]
    ]
    body += [[line, *(shown_cell(cell[AVERAGE, line, metric]) for _, metric in columns)] for line in no_skill.LINES]
    return pd.DataFrame(body, columns=header)


def by_method(
    rows: pd.DataFrame, methods: Sequence[str], conditions: Sequence[str], shown: Sequence[str], named: Labels
) -> pd.DataFrame:
    """Return the layout of an ablation: a row for each method, columns condition x metric and Avg.

    Cells are those of ``wide``; rows of no skill follow.
    """
    cell = rows.set_index(["condition", "method", "metric"]).to_dict("index")
    columns = [(condition, metric) for condition in [*conditions, AVERAGE] for metric in shown]
    header = ["Method", *(f"{named.condition(condition)} {metric}" for condition, metric in columns)]
    body = [
        [named.method(method), *(shown_cell(cell[condition, method, metric]) for condition, metric in columns)]
        for method in methods
    ]
    body += [[line, *(shown_cell(cell[AVERAGE, line, metric]) for _, metric in columns)] for line in no_skill.LINES]
    return pd.DataFrame(body, columns=header)


def shown_cell(cell: Mapping[Any, Any]) -> str:
    """Return the text of a cell: its interval if it has one, else its value, with sd if it has one."""
    if pd.notna(cell["low"]):
        return f"{rounded(cell['low'])}–{rounded(cell['high'])}"
    return rounded(cell["value"]) + (f" ± {rounded(cell['sd'])}" if pd.notna(cell["sd"]) else "")


def of_one_seed(trained: pd.Series, descriptors: Collection[str]) -> list[str]:
    """Return a sentence on what a table lacks whose networks were trained once each; nothing for other tables.

    ``trained`` has the number of seeds of each method, and of AVERAGE; ``descriptors`` are the methods without seeds.
    """
    if trained.max() > 1 or set(trained.index) <= {*descriptors, AVERAGE}:
        return []
    return ["Networks were trained with one seed only, so cells have no ± sd; a larger 'protocol.n_seeds' gives it"]


def of_groups(table: Sequence[Clip], fold_names: Sequence[str]) -> list[str]:
    """Return a sentence on folds that test groups of subjects; nothing of other folds."""
    subjects = {clip.subject for clip in table}
    if not any(grouped.of_name(name) for name in fold_names if name not in subjects):
        return []
    return [f"Subjects were tested in {len(fold_names)} groups, listed in folds.csv, not one by one ('protocol.folds')"]


def of_start(
    settings: Mapping[str, Any], trained: pd.Series, descriptors: Collection[str], conditions: Collection[str]
) -> list[str]:
    """Return a sentence on networks that were not trained from scratch under every condition; nothing of others.

    ``settings`` are the sections that had a part in a table, ``conditions`` those it has; the rest is as in
    ``of_one_seed``.
    """
    tuned = settings.get("protocol", {}).get("start") == "clean" and set(conditions) != {"none"}
    if not tuned or set(trained.index) <= {*descriptors, AVERAGE}:
        return []
    return ["Under occlusion networks started from the un-occluded training of their fold ('protocol.start')"]


def with_paper(rows: pd.DataFrame, reference: pd.DataFrame | None, named: Labels) -> pd.DataFrame:
    """Return the rows under their labels, with its value where ``reference`` is given and has one."""
    labelled = rows.assign(
        condition=rows["condition"].map(named.condition),
        method=rows["method"].map(named.method),
    )
    if reference is None:
        return labelled.assign(paper=float("nan"))
    paper = reference.rename(columns={"value": "paper"})[["condition", "method", "metric", "paper"]]
    return labelled.merge(paper, on=["condition", "method", "metric"], how="left", validate="one_to_one")


def rounded(value: float) -> str:
    """Return three decimals, rounded half up as the paper's."""
    return str(Decimal(repr(float(value))).quantize(Decimal("0.001"), ROUND_HALF_UP))


def main(args: argparse.Namespace) -> None:
    classes, methods, conditions = (getattr(args, name).split(",") for name in ("classes", "methods", "conditions"))
    fold_names, named = args.folds.split(","), args.labels or labels.of(methods, conditions)
    made = asked.asked(args, args.scores)
    if args.paper:
        made.check_found(f"{args.paper}", listing.digits([args.paper]))
    table = made.clips(args.clips)
    scores = pd.concat([cells.read(path) for path in args.scores], ignore_index=True)
    trained = cells.n_seeds(scores)
    rows = all_rows(scores, table, fold_names, classes, methods, conditions)
    if args.table == "ablation":
        rows = rows[rows["method"] != AVERAGE]
    kind = published.data_kind(table)
    printed = published.values(args.paper, table, args.task) if args.paper else None
    long = with_paper(rows, printed, named).assign(table=args.table, task=args.task, data=kind)
    columns = [name for name in LONG if name != "paper" or args.table in SHOWN]
    shown = METRICS[args.table]
    lay_out = by_method if args.table == "ablation" else wide
    laid_out = lay_out(rows, methods, conditions, shown, named).assign(Data=kind)
    tables = {
        args.output: laid_out.to_csv(index=False, lineterminator="\n"),
        args.long: long[columns].to_csv(index=False, lineterminator="\n", float_format="%.6g"),
    }
    untested = no_skill.without_clips(table, fold_names, classes)
    descriptors = args.descriptors.split(",") if args.descriptors else names("descriptor")
    once, started = (
        of_one_seed(trained, descriptors),
        of_start(args.settings, trained, descriptors, args.conditions.split(",")),
    )
    notes = [*untested, *of_groups(table, fold_names), *started, *once]
    notes += no_skill.not_above_chance(long, shown).splitlines()
    result.write(tables, args.about, made.identity, args.settings, kind, notes)
    for note in notes:
        logging.info("%s", note)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("scores", type=Path, nargs="+", help="scores of every method and condition")
    parser.add_argument("output", type=Path, help="the table")
    parser.add_argument("long", type=Path, help="its long form")
    parser.add_argument("about", type=Path, help="what both are of, JSON")
    parser.add_argument("--table", choices=sorted(METRICS), required=True)
    parser.add_argument("--task", required=True, help="CDE, or HDE A->B of two databases, as in the paper's values")
    parser.add_argument("--clips", type=Path, required=True, help="clip table")
    parser.add_argument("--paper", type=Path, help="the paper's values of this table, if it has it")
    parser.add_argument("--folds", required=True, help="folds of the table, separated by commas")
    parser.add_argument("--classes", required=True, help="class names, separated by commas")
    parser.add_argument("--methods", required=True, help="methods, separated by commas, in the table's order")
    parser.add_argument("--descriptors", default="", help="those without seeds, if some are none of the package")
    parser.add_argument("--conditions", required=True, help="conditions, separated by commas, in the table's order")
    parser.add_argument("--labels", type=labels.told, help="what the table calls methods and conditions, as JSON")
    stage.run(main, parser)
