"""Compare methods in each table: is one better than another, or is it the choice of subjects?

In the ablation, which the paper does not have, each method is compared with the one that it is a change of.
"""

import argparse
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from rrrn.data import listing, result
from rrrn.experiment import labels, pairs
from rrrn.experiment.pairs import Pair
from rrrn.provenance import asked
from rrrn.running import stage
from rrrn.tables import cells, comparing, confusion, published, titles

WITHOUT_PAPER = ("table", "task", "data", *comparing.COLUMNS)
COLUMNS = (*WITHOUT_PAPER, "paper")


def compared(
    files: Mapping[str, Mapping[str, Path]],
    classes: Sequence[str],
    table: str,
    wanted: Sequence[Pair],
    draws: int,
    named: labels.Labels,
) -> pd.DataFrame:
    """Return the comparisons of a table as ``comparing.compared``, labelled, of the metrics that it shows.

    ``files`` are {method: {condition: its confusion matrices}}, all of the same conditions. Raises InputError for files
    that are damaged or do not belong together.
    """
    subjects, counts = confusion.read(files, classes)
    conditions = list(next(iter(files.values())))
    found = comparing.compared(counts, conditions, subjects, titles.METRICS[table], wanted, draws)
    return cells.labelled(found, named)


def text(rows: pd.DataFrame, columns: Sequence[str] = COLUMNS) -> str:
    """Return rows as CSV."""
    return rows[list(columns)].to_csv(index=False, lineterminator="\n", float_format="%.6g")


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


def not_compared(lacking: Sequence[Pair], named: labels.Labels, compared: bool) -> list[str]:
    """Return in sentences which methods of an ablation are compared with nothing, though they are changes of another.

    ``lacking`` are these with the other, which is not listed; ``compared``: whether any method is compared.
    """
    # a base by its name in the configuration, to which it is to be added
    told = [] if compared else ["Nothing is compared: no method of 'ablation' is a change of another that it lists"]
    for base in dict.fromkeys(base for _, base in lacking):
        names = [named.method(name) for name, own in lacking if own == base]
        they = "is not compared: it is a change" if len(names) == 1 else "are not compared: they are changes"
        told.append(f"{', '.join(names)} {they} of {base}, which 'ablation' does not list")
    return told


def pair(text: str) -> Pair:
    """Return an argument METHOD=OTHER as both."""
    method, found, other = text.partition("=")
    if not (method and found and other):
        raise argparse.ArgumentTypeError(f"{text!r} is not METHOD=OTHER")
    return method, other


def main(args: argparse.Namespace) -> None:
    classes, methods, conditions = (getattr(args, name).split(",") for name in ("classes", "methods", "conditions"))
    named, draws = args.labels or labels.of(methods, conditions), args.settings["compare"]["draws"]
    made = asked.asked(args, confusion.files(args))
    papers = {name: args.paper / f"table_{name}.csv" for name, *_ in args.confusion} if args.paper else {}
    if papers:
        made.check_found(str(args.paper), listing.digits(papers.values()))
    table = made.clips(args.clips)
    wanted, lacking = pairs.among(args.pairs, methods)
    parts = []
    for name, task, *paths in args.confusion:
        files = confusion.by_method(methods, conditions, map(Path, paths))
        found = compared(files, classes, name, wanted, draws, named)
        called = [*map(named.method, methods)], [*map(named.condition, conditions)]
        printed = published.values(papers[name], table, task, *called) if papers else None
        parts.append(with_paper(found, printed).assign(table=name, task=task))
    kind = published.data_kind(table)
    rows = pd.concat(parts, ignore_index=True).assign(data=kind)
    notes = comparing.notes(rows, draws) + ([] if papers else not_compared(lacking, named, bool(wanted)))
    told = {args.output: text(rows, COLUMNS if papers else WITHOUT_PAPER)}
    result.write(told, args.about, made.identity, args.settings, kind, notes, made.of)
    for note in notes:
        logging.info("%s", note)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("output", type=Path, help="the comparisons, a CSV table")
    parser.add_argument("about", type=Path, help="what they are of, JSON")
    confusion.add_argument(parser)
    parser.add_argument("--clips", type=Path, required=True, help="clip table")
    parser.add_argument("--paper", type=Path, help="folder of the paper's values, if these tables are its own")
    parser.add_argument("--classes", required=True, help="class names, separated by commas")
    parser.add_argument("--methods", required=True, help="methods, separated by commas, in the table's order")
    parser.add_argument(
        "--pairs", type=pair, nargs="*", default=[], metavar="METHOD=OTHER", help="whom to compare with whom"
    )
    parser.add_argument("--conditions", required=True, help="conditions, separated by commas, in the table's order")
    parser.add_argument("--labels", type=labels.told, help="what the tables call methods and conditions, as JSON")
    stage.run(main, parser)
