"""``rrrn run``: Snakemake in the working directory, by default on all cores and with one line of progress."""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Collection

from rrrn.experiment import defaults
from rrrn.running import arguments, writable
from rrrn.running.stage import InputError

_ALL = ("--cores", "all")
SHOWN = ("--logger", "rrrn")
_COUNTED = "--quiet=rules"  # of a plan how many jobs of each rule; one by one they are some thousand lines
# Whenever a job ends Snakemake looks at all that are ready, and at their inputs: of 700 trainings that took it a third
# of a core all the time, of 40 drawn from them a tenth; 200 leave room for many cores. It weighs them by an integer
# program unless told otherwise.
PLANNED = ("--scheduler", "greedy", "--scheduler-subsample", "200")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.usage = "%(prog)s [--cores N] [ARGUMENTS FOR SNAKEMAKE …] [--] [TARGET …]"
    parser.epilog = (
        "Without --cores it works on all cores, without a TARGET it makes Table IV. What Snakemake takes besides is "
        "told by snakemake --help; -n only plans, and counts jobs (-n -p lists each), --configfile FILE -- lays a "
        "configuration over config.yaml."
    )
    parser.add_argument("arguments", nargs="*", help=argparse.SUPPRESS)
    parser.set_defaults(refuse=parser.error)


def main(args: argparse.Namespace) -> None:
    """Run what the arguments say."""
    become(args.arguments, args.refuse)


def become(words: list[str], refuse: Callable[[str], object], also: Collection[str] = (), making: str = "") -> None:
    """Become Snakemake, so that signals reach it and its exit status is returned; ``words`` are its arguments.

    ``refuse`` is told of an unknown option, for which one of ``also`` may have been meant. Before it works, what it is
    ``making`` is said; it does not if it only plans.
    """
    from snakemake.cli import parse_args  # costs a second
    from snakemake.common import SNAKEFILE_CHOICES

    writable.check_cache()
    arguments.check_snakemakes(words, refuse, also)
    _, told = parse_args(words)  # says itself what is wrong, and exits with 2
    defaults.overlays(told.configfile)
    if not (told.snakefile or any(path.is_file() for path in SNAKEFILE_CHOICES)):
        raise InputError("there is no Snakefile here; rrrn init DIR makes a folder with one, or go to that of your run")
    given = told.cores is not None or told.jobs is not None or told.executor not in (None, "local")
    here = told.executor in (None, "local")
    usual = [*(() if given else _ALL), *(() if told.logger else SHOWN), *(PLANNED if here else ())]
    if told.dryrun and told.quiet is None and not (told.printshellcmds or told.verbose):
        usual.append(_COUNTED)
    if making and not told.dryrun:
        logging.info("%s", making)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-P", "-m", "snakemake", *usual, *words])
