"""``rrrn report``: make the report by the workflow, or of what is there by now."""

import argparse
import logging
from pathlib import Path

from rrrn.commands import run, verify
from rrrn.data import clips
from rrrn.experiment import config, defaults, labels
from rrrn.report import document, drawing, found
from rrrn.running import stage

TARGET = "results/report.html"
PARTIAL = Path("partial_report.html")  # none of the workflow's files


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.usage = "%(prog)s [ARGUMENTS FOR SNAKEMAKE …] | --partial [--configfile FILE …] [--config KEY=VALUE …]"
    parser.epilog = (
        f"Makes {TARGET} and whatever it lacks, as rrrn run does. With --partial nothing is computed: {PARTIAL} shows "
        "what is there by now, of a run that goes on or was stopped, and says what is missing."
    )
    parser.add_argument("arguments", nargs="*", help=argparse.SUPPRESS)


def main(args: argparse.Namespace) -> None:
    """Become Snakemake, or with --partial make a report of what is on disk."""
    words: list[str] = args.arguments
    if "--partial" in words:
        partial(_told(words))
    else:
        run.become([*words, *([] if "--" in words else ["--"]), TARGET])


def _told(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="rrrn report")
    parser.add_argument("--partial", action="store_true", required=True)
    parser.add_argument("--configfile", type=Path, nargs="+", default=[], metavar="FILE")
    parser.add_argument("--config", nargs="+", default=[], metavar="KEY=VALUE")
    return parser.parse_args(words)


def partial(args: argparse.Namespace) -> None:
    """Write the report of what is on disk; raises InputError for what is damaged."""
    settings = defaults.whole(args.configfile, dict(map(verify.key, args.config)))
    table = clips.read(settings["clips"])
    config.check_together(settings, table)
    recipes = verify.of_experiment(settings, table)
    named = labels.of(settings["methods"], settings["conditions"])
    what = found.read(Path("results"), Path("logs"), settings, table, named, recipes.tasks)
    figures = {one.name: drawing.told(one) for one in drawing.every(what)}
    with stage.replacing(PARTIAL) as path:
        path.write_text(document.html(what, figures), encoding="utf-8")
    logging.info("%s: %d files of the whole are not there", PARTIAL, len(what.missing))
