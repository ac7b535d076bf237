"""Tables III and IV in the paper's layout, as CSV, Markdown and LaTeX, with a long form of all that is known of a cell.

The ablation, which the paper does not have, is laid out by method, without such values and without a mean over methods.
"""

import argparse
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from rrrn.data import listing, result
from rrrn.data.clips import Clip
from rrrn.experiment import folds, labels
from rrrn.experiment.methods import names
from rrrn.provenance import asked
from rrrn.running import stage
from rrrn.tables import bounds, cells, confusion, no_skill, notes, published, titles
from rrrn.tables.cells import KEYS
from rrrn.tables.layout import axes, comma, grid, latex, markdown
from rrrn.tables.published import AVERAGE, SHOWN

OF_PAPER = ("paper", "difference", "note")
LONG = [
    *("table", "task", "data", "condition", "method", "metric", "value", "sd", "low", "high", *OF_PAPER),
    *("n_clips", "n_subjects", "n_folds", "n_seeds"),
]


def all_rows(
    scores: pd.DataFrame,
    counted: Mapping[str, Mapping[str, Path]],
    table: Sequence[Clip],
    fold_names: Sequence[str],
    classes: Sequence[str],
    methods: Sequence[str],
    conditions: Sequence[str],
) -> pd.DataFrame:
    """Return a row for each cell and metric, averages and the lines of no skill included, with their intervals.

    ``scores`` are those of all methods and conditions, of the files of the stage score, and ``counted`` are {method:
    {condition: file of its confusion matrices}}; without files cells have no interval. Raises InputError if a cell
    lacks some of the seeds, and for an unknown fold.
    """
    found = cells.over_seeds(cells.by_seed(scores, methods, conditions), cells.n_seeds(scores)).reset_index()
    found = found.merge(bounds.of_files(counted, classes), on=KEYS, how="left", validate="one_to_one")
    rows = pd.concat([found, no_skill.rows(table, fold_names, classes)], ignore_index=True)
    tested = {clip.subject for name in fold_names for clip in folds.split(table, name)[1]}
    return rows.assign(n_clips=scores["n_clips"].iloc[0], n_subjects=len(tested), n_folds=len(fold_names))


def main(args: argparse.Namespace) -> None:
    classes, methods, conditions = (getattr(args, name).split(",") for name in ("classes", "methods", "conditions"))
    fold_names, named = args.folds.split(","), args.labels or labels.of(methods, conditions)
    made = asked.asked(args, [*args.scores, *args.confusion])
    if args.paper:
        made.check_found(f"{args.paper[0]}", listing.digits(args.paper))
    table, shown, ablation = made.clips(args.clips), titles.METRICS[args.table], args.table == titles.ABLATION
    scores = pd.concat([cells.read(path) for path in args.scores], ignore_index=True)
    counted = confusion.by_method(methods, conditions, args.confusion) if args.confusion else {}
    rows = all_rows(scores, counted, table, fold_names, classes, methods, conditions)
    if ablation:
        rows = rows[rows["method"] != AVERAGE]
    kind = published.data_kind(table)
    called = [*map(named.method, methods)], [*map(named.condition, conditions)]
    printed = published.values(args.paper[0], table, args.task, *called) if args.paper else None
    faults = published.faults(args.paper[1], args.table) if args.paper else {}
    rows = cells.with_paper(rows, printed, faults, named).assign(table=args.table, task=args.task, data=kind)
    long = cells.labelled(rows, named).assign(note=rows["note"].str.replace("\n", "; "))
    descriptors = args.descriptors.split(",") if args.descriptors else names("descriptor")
    told = notes.of_table(table, fold_names, classes, args.settings, cells.n_seeds(scores), descriptors, conditions)
    told += no_skill.not_above_chance(long, shown).splitlines()
    placed = (axes.by_method if ablation else axes.by_condition)(methods, conditions, shown, named)
    title = f"{titles.TITLES[args.table]} ({args.task}, {kind} clips)"
    read = [notes.of_reading(rows, ablation), *published.warning(kind), *told]
    seen = grid.grid(title, axes.cells(rows), placed, read)
    columns = [name for name in LONG if name not in OF_PAPER or args.table in SHOWN]
    tables = {
        args.output: comma.text(comma.frame(axes.cells(rows), placed).assign(Data=kind)),
        args.long: comma.text(long[columns]),
        args.markdown: markdown.text(seen),
        args.latex: latex.text(seen, args.output.stem),
    }
    result.write(tables, args.about, made.identity, args.settings, kind, told, made.of)
    for note in told:
        logging.info("%s", note)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("scores", type=Path, nargs="+", help="scores of every method and condition")
    parser.add_argument("output", type=Path, help="the table")
    parser.add_argument("long", type=Path, help="its long form")
    parser.add_argument("markdown", type=Path, help="the table to be read, with intervals")
    parser.add_argument("latex", type=Path, help="the same in LaTeX")
    parser.add_argument("about", type=Path, help="what they are of, JSON")
    parser.add_argument("--table", choices=sorted(titles.METRICS), required=True)
    parser.add_argument("--task", required=True, help="CDE, or HDE A->B of two databases, as in the paper's values")
    parser.add_argument("--clips", type=Path, required=True, help="clip table")
    parser.add_argument("--confusion", type=Path, nargs="*", default=[], help="of the same, for intervals")
    parser.add_argument("--paper", type=Path, nargs=2, help="its values of this table, and what is wrong with them")
    parser.add_argument("--folds", required=True, help="folds of the table, separated by commas")
    parser.add_argument("--classes", required=True, help="class names, separated by commas")
    parser.add_argument("--methods", required=True, help="methods, separated by commas, in the table's order")
    parser.add_argument("--descriptors", default="", help="those without seeds, if some are none of the package")
    parser.add_argument("--conditions", required=True, help="conditions, separated by commas, in the table's order")
    parser.add_argument("--labels", type=labels.told, help="what the table calls methods and conditions, as JSON")
    stage.run(main, parser)
