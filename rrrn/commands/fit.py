"""``rrrn fit``: train a final model on all clips, and write it with its card."""

import argparse
import logging
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rrrn.commands import run, verify
from rrrn.data import clips
from rrrn.experiment import config as configuration
from rrrn.experiment import defaults
from rrrn.models import card, estimate, fit, saved
from rrrn.running import options, reworded, workplace, writable
from rrrn.running.stage import InputError

_PLACES = (Path("Snakefile"), Path("workflow/Snakefile"))
_SMALLER = (
    "end what else computes on it; or lower, in a --configfile, train.max_memory_gb, which changes no result, or "
    "train.batch_size; or set train.device: cpu there"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.epilog = card.LIMITS
    add = parser.add_argument
    add("--method", required=True, metavar="NAME", help="a network or a descriptor of the configuration, as rrrn")
    add(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FILE",
        help=f"the model, {saved.SUFFIX}; its card beside it",
    )
    options.configfile(parser)
    options.config(parser)
    add("--without", nargs="+", default=[], metavar="SUBJECT", help="train on nothing of these subjects")
    add("--trained-on", metavar="NAME", help="a condition, or mixed (none; see protocol.train_condition)")
    add("--seed", type=int, default=0, metavar="N", help="the number of the training among several, as of a fold (0)")
    add("--estimate", action="store_true", help="make the predictions of all folds too, if they are missing: hours")
    add("--cores", type=int, metavar="N", help="on which the workflow works (all)")


def main(args: argparse.Namespace) -> None:
    """Let the workflow make packs or features, train on them, and write model and card."""
    _check(args.output)
    config = defaults.whole(args.configfile, dict(map(verify.key, args.config)))
    table = clips.read(Path(config["clips"]))
    configuration.check_together(config, table)
    what = fit.wanted(config, table, args.method, args.trained_on, args.without, args.seed)
    targets = fit.needed(config, what)
    if args.estimate:
        recipes = verify.of_experiment(config, table)
        targets += [one.path for one in estimate.wanted(recipes, config, table, what.method, what.trained_on)]
    make(targets, args)
    recipes = verify.of_experiment(config, table)
    made = estimate.wanted(recipes, config, table, what.method, what.trained_on)
    known = estimate.of(config, table, what.method, what.trained_on, made)
    if "missing" in known:
        logging.info("no estimate of how good it is: %s; --estimate makes it", known["missing"])
    kept = args.output.with_name(f".{args.output.stem}.state.h5")
    with reworded.remedies({"start fewer trainings on it": _SMALLER}):
        model = fit.fit(config, table, what, known, kept)
    place = card.write(model, args.output)
    told = model.about.training
    size = sum(values.size for values in model.arrays.values())
    logging.info(
        "%s: %s of %d clips, %d subjects, %s numbers; its card: %s",
        *(args.output, model.about.label, sum(told["clips"].values()), told["subjects"], f"{size:,}", place),
    )


def make(targets: Sequence[str], args: argparse.Namespace) -> None:
    """Let the workflow make files in the working directory; raises InputError if it does not."""
    if not any(path.is_file() for path in _PLACES):
        raise InputError("there is no Snakefile here; rrrn init DIR makes a folder with one, or go to that of your run")
    writable.check_cache()
    words = [sys.executable, "-P", "-m", "snakemake", "--cores", str(args.cores or "all")]
    words += [*run.SHOWN, *run.PLANNED]
    words += ["--configfile", *map(str, args.configfile)] if args.configfile else []
    words += ["--config", *args.config] if args.config else []
    if subprocess.run([*words, "--", *targets], check=False).returncode:
        raise InputError(
            f"the workflow did not make {targets[0]}{' and what else is needed' if targets[1:] else ''}; it says above "
            f"why. By hand: {workplace.snakemake()} --cores 2 -- {targets[0]}"
        )


def _check(output: Path) -> None:
    writable.check_output(output, [saved.SUFFIX])
    card_file = output.with_suffix(card.SUFFIX)
    if card_file.exists() and not card.is_one(card_file):
        raise InputError(f"{card_file}: would be replaced by the card, and is none; name another --output, or move it")
