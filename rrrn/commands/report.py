"""``rrrn report``: make the report by the workflow, or of what is there by now."""

import argparse
import logging
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from rrrn.commands import run, verify
from rrrn.data import clips, identity, result
from rrrn.experiment import config, defaults, labels
from rrrn.provenance import standing
from rrrn.provenance.recipes import Recipes
from rrrn.report import document, drawing, found
from rrrn.running import arguments, options, stage
from rrrn.running.stage import InputError

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
    parser.set_defaults(refuse=parser.error)


def main(args: argparse.Namespace) -> None:
    """Become Snakemake, or with --partial make a report of what is on disk."""
    words: list[str] = args.arguments
    if "--partial" in words:
        partial(partial_parser().parse_args(words))
    else:
        making = f"The report will be in {Path(TARGET).absolute()}"
        run.become([*words, *([] if "--" in words else ["--"]), TARGET], args.refuse, ["--partial"], making)


def partial_parser() -> arguments.Parser:
    """Return the parser of what ``rrrn report --partial`` takes; without that its words are Snakemake's."""
    parser = arguments.Parser(prog="rrrn report")
    parser.add_argument("--partial", action="store_true", required=True, help="of what is there, computing nothing")
    options.configfile(parser)
    options.config(parser)
    return parser


def partial(args: argparse.Namespace) -> None:
    """Write the report of what is on disk; raises InputError for what is damaged."""
    results = Path("results")
    unfit = _unfit(results)
    settings = defaults.whole(args.configfile, dict(map(verify.key, args.config)))
    table = clips.read(settings["clips"])
    config.check_together(settings, table)
    recipes = verify.of_experiment(settings, table)
    named = labels.of(settings["methods"], settings["conditions"])
    what = found.read(results, Path("logs"), settings, table, named, recipes.tasks)
    what = replace(what, unfit=[*unfit, *_of_others(what.digests, results, recipes)])
    figures = {one.name: drawing.told(one) for one in drawing.every(what)}
    with stage.replacing(PARTIAL) as path:
        path.write_text(document.html(what, figures), encoding="utf-8")
    lacking = f"{len(what.missing)} files of the whole are not there" if what.missing else "nothing is missing"
    logging.info("%s: %s", PARTIAL, lacking)
    for said in what.unfit:
        logging.info("%s", said)


def _unfit(results: Path) -> list[str]:
    """Return in sentences which tables no longer fit the predictions, code and clips on disk, whoever made them."""
    found = []
    for about in sorted(results.glob("*.json")):
        told = result.read(about)
        if told.get("of"):
            with suppress(InputError):  # of folds, or of another version; what can be told is told
                found += [f"{about}: {said}" for said in standing.differences(about, told).values()]
    return found


def _of_others(names: Iterable[str], results: Path, recipes: Recipes) -> list[str]:
    """Return in sentences which tables are of another configuration than the report's."""
    found = []
    for name in names:
        about = results / f"{name}.json"
        if not identity.read(about)[0].fits(recipes.of(str(about)).identity):
            found.append(f"{about}: was made with other settings, code or clips than this report is of")
    return found
