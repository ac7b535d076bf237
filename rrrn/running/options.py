"""Options that several commands of ``rrrn`` have, spelled and meant alike in all of them."""

import argparse
from pathlib import Path


def configfile(parser: argparse.ArgumentParser, counts: str = "") -> None:
    """Add --configfile; ``counts`` says which sections do, if not all."""
    text = f"laid over config.yaml, in order{f'; {counts}' if counts else ''}"
    parser.add_argument("--configfile", type=Path, nargs="+", default=[], metavar="FILE", help=text)


def config(parser: argparse.ArgumentParser) -> None:
    """Add --config, Snakemake's."""
    text = "laid over the files, as by Snakemake"
    parser.add_argument("--config", nargs="+", default=[], metavar="KEY=VALUE", help=text)


def json(parser: argparse.ArgumentParser, what: str) -> None:
    """Add --json, which prints ``what`` was found."""
    parser.add_argument("--json", action="store_true", help=f"print {what} as JSON")
