"""Compare methods in each table: is one better than another, or is it the choice of subjects?"""

import argparse
import logging
from pathlib import Path

import pandas as pd

from rrrn.data import listing, result
from rrrn.experiment import labels
from rrrn.provenance import asked
from rrrn.running import stage
from rrrn.tables import cells, comparing, confusion, published
from rrrn.tables.published import SHOWN

COLUMNS = ("table", "task", "data", *comparing.COLUMNS, "paper")


def with_paper(rows: pd.DataFrame, printed: pd.DataFrame | None) -> pd.DataFrame:
    """Return labelled rows with the difference of the printed values; of none if there are none."""
    if printed is None:
        return rows.assign(paper=float("nan"))
    values = printed.set_index(["condition", "method", "metric"])["value"]
    one, other = (
        values.reindex(pd.MultiIndex.from_frame(rows[["condition", column, "metric"]])).to_numpy()
        for column in ("method", "other")
    )
    return rows.assign(paper=one - other)


def main(args: argparse.Namespace) -> None:
    classes, methods, conditions = (getattr(args, name).split(",") for name in ("classes", "methods", "conditions"))
    named, told = args.labels or labels.of(methods, conditions), args.settings["compare"]
    made = asked.asked(args, confusion.files(args))
    papers = [args.paper / f"table_{name}.csv" for name, *_ in args.confusion]
    made.check_found(str(args.paper), listing.digits(papers))
    table = made.clips(args.clips)
    wanted = comparing.pairs(methods, told["against"])
    parts = []
    for (name, task, *paths), paper in zip(args.confusion, papers, strict=True):
        subjects, counts = confusion.read(confusion.by_method(methods, conditions, map(Path, paths)), classes)
        found = comparing.compared(counts, conditions, subjects, SHOWN[name], wanted, told["draws"])
        called = [*map(named.method, methods)], [*map(named.condition, conditions)]
        printed = published.values(paper, table, task, *called)
        parts.append(with_paper(cells.labelled(found, named), printed).assign(table=name, task=task))
    kind = published.data_kind(table)
    rows = pd.concat(parts, ignore_index=True).assign(data=kind)
    notes = comparing.notes(rows, told["draws"])
    text = rows[list(COLUMNS)].to_csv(index=False, lineterminator="\n", float_format="%.6g")
    result.write({args.output: text}, args.about, made.identity, args.settings, kind, notes, made.of)
    for note in notes:
        logging.info("%s", note)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("output", type=Path, help="the comparisons, a CSV table")
    parser.add_argument("about", type=Path, help="what they are of, JSON")
    confusion.add_argument(parser)
    parser.add_argument("--clips", type=Path, required=True, help="clip table")
    parser.add_argument("--paper", type=Path, required=True, help="folder of the paper's values")
    parser.add_argument("--classes", required=True, help="class names, separated by commas")
    parser.add_argument("--methods", required=True, help="methods, separated by commas, in the table's order")
    parser.add_argument("--conditions", required=True, help="conditions, separated by commas, in the table's order")
    parser.add_argument("--labels", type=labels.told, help="what the tables call methods and conditions, as JSON")
    stage.run(main, parser)
