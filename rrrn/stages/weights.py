"""Fetch the published weights of one network, so that no training job needs the internet."""

import argparse
import logging
from http.client import HTTPException
from pathlib import Path

import torch
import torch.hub

from rrrn.running import stage
from rrrn.running.stage import InputError


def address(source: str) -> str:
    """Return an address as it is, and of torchvision's name of weights where torchvision says that they lie.

    Raises InputError for a name that torchvision does not know.
    """
    if "://" in source:
        return source
    from torchvision.models import get_weight  # costs two seconds

    try:
        return str(get_weight(source).url)
    except (AttributeError, KeyError, ValueError) as error:
        raise InputError(f"{source}: is no address, and torchvision has no such weights ({error})") from None


def fetch(url: str, path: Path, sha256: str) -> None:
    """Download ``url`` to ``path``, whole or not at all: a file whose digest begins with ``sha256``.

    Raises InputError, saying what to do by hand, if it cannot be had.
    """
    try:
        with stage.replacing(path) as partial:
            torch.hub.download_url_to_file(url, str(partial), hash_prefix=sha256, progress=False)
    except (OSError, HTTPException, RuntimeError) as error:  # a wrong digest is a RuntimeError
        raise InputError(
            f"the weights {url} could not be fetched ({error}); get the file on a machine with internet and put it at "
            f"{path}, or set 'pretrained' in the configuration to none or to the path of a file"
        ) from None


def main(args: argparse.Namespace) -> None:
    url = address(args.source)
    fetch(url, args.output, args.sha256)
    logging.info("fetched %s", url)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("source", help="their address, or torchvision's name of them")
    parser.add_argument("output", type=Path, help="weights file")
    parser.add_argument("--sha256", required=True, help="the first digits of the file's digest")
    stage.run(main, parser)
