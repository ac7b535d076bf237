"""``rrrn init``: make a working directory for the workflow of an installed package."""

import argparse
import logging
import shlex
from pathlib import Path

from rrrn.running import resources, stage
from rrrn.running.stage import InputError

# What is put into it, and what of the repository that is. Rules, environments and the paper's tables stay in the
# package, so that its next version brings its own.
FILES = {
    "Snakefile": "workflow/deployed/Snakefile",
    **{
        name: name
        for name in (
            "config.yaml",
            "config/ablation.yaml",
            "config/budget.yaml",
            "config/laptop.yaml",
            "config/paper.yaml",
            "config/stable.yaml",
            "data/README.md",
            "data/clips.csv",
            "data/clips_paper_shape.csv",
            "workflow/profiles/slurm/profile.yaml",
            "workflow/schemas/config.schema.yaml",  # for editors, which config.yaml tells of it
        )
    },
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("directory", type=Path, metavar="DIR", help="the folder, which is made if it is not there")
    parser.add_argument("--force", action="store_true", help="replace files that are there and differ")


def main(args: argparse.Namespace) -> None:
    """Put the files there, all or none, and say what to do next."""
    folder: Path = args.directory
    texts = {folder / name: resources.path(source).read_bytes() for name, source in FILES.items()}
    differing = [path for path, text in texts.items() if _differs(path, text)]
    if differing and not args.force:
        raise InputError(
            f"{', '.join(map(str, differing))}: there already, with other contents; nothing was written. Name another "
            "folder, or add --force to replace them"
        )
    for path, text in texts.items():
        if not path.is_file() or path in differing:
            with stage.replacing(path) as partial:
                partial.write_bytes(text)
    logging.info(
        "%s: a working directory of rrrn. Next:\n  cd %s\n  snakemake --cores 8 results/table_iv.csv   (or: rrrn run)",
        folder,
        shlex.quote(str(folder)),
    )


def _differs(path: Path, text: bytes) -> bool:
    """Return whether something else than the text is there."""
    if path.is_file():
        return path.read_bytes() != text
    if path.is_dir():
        raise InputError(f"{path}: is a folder, in the place of a file of rrrn; name another place")
    return False
