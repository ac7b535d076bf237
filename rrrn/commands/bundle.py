"""``rrrn bundle``: pack what can be shared of a run: predictions, tables and what it was made with, and no face."""

import argparse
import logging
from pathlib import Path

from rrrn.running import writable
from rrrn.sharing import bundle, gathered, pseudonyms, run

_HIDDEN = (
    "{}: clips have no digests of frames, so names are hidden by the database's name only: whoever guesses a name can "
    "verify it"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    add = parser.add_argument
    add("results", type=Path, nargs="?", default=Path("results"), metavar="RESULTS", help="the folder results of a run")
    add("-o", "--output", type=Path, required=True, metavar="FILE", help="the bundle, .zip")
    add("--hash-subjects", action="store_true", help="give subjects and clips other names, the same in each bundle")
    parser.epilog = "docs/reproductions.md says what is in it and what is not."


def main(args: argparse.Namespace) -> None:
    writable.check_output(args.output, [".zip"])
    contents = gathered.of_folder(args.results)
    if args.hash_subjects:
        contents = pseudonyms.hidden(contents)
    found = run.of_contents(contents, str(args.results))
    digits = bundle.write(contents, found.scores(), args.output)
    for name in pseudonyms.guessable(contents) if args.hash_subjects else []:
        logging.warning(_HIDDEN.format(name))
    told = contents.told
    subjects = "subjects have pseudonyms" if contents.hashed else "subjects have the database's names"
    n_rows = sum(map(len, contents.predictions.values()))
    tables = ", ".join(told["tables"])
    logging.info(
        "%s: bundle %s of %s clips, tables %s, %d predictions; %s; no image, no landmark",
        *(args.output, digits, told["data"], tables, n_rows, subjects),
    )
    if not told["code"]:
        logging.info("The code was edited since the run: the bundle has its digest, and not which part of it is which.")
