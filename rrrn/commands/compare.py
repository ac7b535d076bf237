"""``rrrn compare``: lay runs side by side, and the paper, cell by cell, with paired statistics where these can be."""

import argparse
import json
import logging
from pathlib import Path

from rrrn.running import resources, stage, writable
from rrrn.running.stage import InputError
from rrrn.sharing import beside, run, shown
from rrrn.sharing.beside import LETTERS, PAPER
from rrrn.tables.statistics import resampling

_FORMS = {".csv": shown.comma, ".md": shown.markdown}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    add = parser.add_argument
    add(
        "runs",
        nargs="+",
        metavar="RUN",
        help=f"a bundle, a folder of results, or '{PAPER}'; the first beside each other",
    )
    add("-o", "--output", type=Path, metavar="FILE", help="also write it: .csv with all rows, or .md")
    add("--json", action="store_true", help="print it as JSON")
    add("--draws", type=int, default=resampling.DRAWS, metavar="N", help="of subjects, and of exchanges (%(default)s)")
    parser.epilog = "docs/reproductions.md says what is compared, and how runs are shared."


def main(args: argparse.Namespace) -> None:
    if args.output:
        writable.check_output(args.output, list(_FORMS))
    if args.draws < 1:
        raise InputError("--draws: at least one is needed")
    named = [word for word in args.runs if word != PAPER]
    if len(args.runs) < 2 or not named or len(args.runs) - len(named) > 1 or len(named) > len(LETTERS):
        raise InputError(f"name two runs at least, or one and '{PAPER}', and {len(LETTERS)} at most")
    runs = [run.read(Path(word)) for word in named]
    paper = resources.path("data/paper") if len(named) < len(args.runs) else None
    found = beside.compared(runs, paper, args.draws)
    if args.output:
        with stage.replacing(args.output) as partial:
            partial.write_text(_FORMS[args.output.suffix.lower()](found), encoding="utf-8")
    if args.json:
        print(json.dumps(shown.as_json(found), indent=2, ensure_ascii=False))
        return
    print(shown.lines(found))
    if args.output:
        logging.info("%s: written", args.output)
