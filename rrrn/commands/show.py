"""``rrrn show``: print a result table on the terminal, with what the reader must know of it."""

import argparse
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from rrrn.commands import verify
from rrrn.data import clips, result
from rrrn.provenance import standing
from rrrn.running import stage
from rrrn.running.stage import InputError
from rrrn.tables import published
from rrrn.tables.layout import narrow


def fits(path: Path, told: Mapping[str, Any]) -> list[str]:
    """Return in sentences whether predictions, code and clips are still those of a table, and files on the way to it.

    ``told`` is what the file beside the table says.
    """
    try:
        unlike = standing.differences(result.beside(path), told)
    except InputError as error:  # of folds, too, of which nothing is predicted
        return [f"It cannot be compared with code and clips: {error}"]
    warned = [f"WARNING: {said}" for said in unlike.values()]
    try:
        settings = told["configuration"]
        table = clips.read(settings["clips"])
        recipes = verify.of_experiment(settings, table)
        found = verify.check(recipes, table, [recipes.of(str(path))], quick=True)
    except InputError as error:
        first = warned or ["Predictions, code and clip table are those that it was made of."]
        return [*first, f"Files on the way to it cannot be compared: {error}"]
    note = [said] if (said := verify.unchecked(table)) else []
    if not found:
        return [*(warned or ["Files on disk, code and clips are those that it was made of."]), *note]
    count = f"{len(found)} files are not those that it was made of any more. The first: {found[0].text}"
    return [*warned, count if warned else f"WARNING: {count}", *note]


def laid_out(path: Path, width: int | None = None) -> str:
    """Return a table as text; one that is for people already, as it is.

    One of results that is wider than ``width`` letters is a table for each metric.
    """
    if path.suffix != ".csv":
        return path.read_text(encoding="utf-8").rstrip()
    table = pd.read_csv(path, dtype=str, keep_default_na=False).drop(columns=["Data", "data"], errors="ignore")
    heads = [name.replace(" ", "\n") for name in table.columns]
    text = str(table.set_axis(heads, axis=1).to_markdown(index=False, tablefmt="simple", disable_numparse=True))
    if width is None or narrow.fits(text, width) or not narrow.has_metrics(table):
        return text
    return narrow.text(table, width)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("table", type=Path, metavar="TABLE", help="a table of results/, such as results/table_iv.csv")


def main(args: argparse.Namespace) -> None:
    if not args.table.is_file() or not result.beside(args.table).exists():
        why = "is no table of results/ with a JSON beside it" if args.table.exists() else "is not there"
        raise InputError(f"{args.table}: {why}; name one, such as results/table_iv.csv")
    told = result.read(result.beside(args.table))
    print(laid_out(args.table, shutil.get_terminal_size().columns if sys.stdout.isatty() else None))
    print()
    print("\n".join([*told["notes"], *published.warning(told["data"])]))
    print("\n".join(fits(args.table, told)))
    print(f"Files: {', '.join(str(args.table.with_name(name)) for name in told['tables'])}")


if __name__ == "__main__":
    parser = stage.command(__doc__)
    add_arguments(parser)
    stage.run(main, parser)
