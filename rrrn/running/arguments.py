"""Command lines whose options have one spelling: an unknown one is named first, with the one that may be meant."""

import argparse
import sys
from collections.abc import Callable, Collection, Sequence
from typing import Any

from rrrn.running import nearest


class Parser(argparse.ArgumentParser):
    """A parser that takes no abbreviations, and looks for unknown options before it asks for what is missing."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given | {"allow_abbrev": False})

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> Any:
        """Return what ``argparse`` does; of an unknown option print the usage of this command, and exit with 2."""
        words = sys.argv[1:] if args is None else list(args)
        own = words if self._subparsers is None else words[: _first(words)]
        if wrong := unknown(own, self._option_string_actions):
            self.error(wrong)
        return super().parse_known_args(words, namespace)


def unknown(words: Sequence[str], known: Collection[str], also: Collection[str] = ()) -> str:
    """Return in words the first option that is not among ``known``, and the closest that is, or of ``also``.

    Nothing if there is none. As for ``argparse``, what has a blank in it is no option, nor is a number, nor what stands
    behind ``--``; a letter's value may follow it directly.
    """
    for word in words:
        if word == "--":
            break
        name = word.partition("=")[0]
        letter = word[:2] in known and not word.startswith("--")
        if _is_option(word) and not letter and name not in known:
            return f"unknown option {name}{nearest.question(name, [*known, *also])}"
    return ""


def check_snakemakes(words: Sequence[str], refuse: Callable[[str], object], also: Collection[str] = ()) -> None:
    """Call ``refuse`` with what is wrong if an option that is passed on to Snakemake is not spelled as there.

    ``also`` are options of the command itself, which may have been meant.
    """
    from snakemake.cli import get_argument_parser  # costs a second

    if wrong := unknown(words, get_argument_parser()._option_string_actions, also):
        refuse(wrong)


def _is_option(word: str) -> bool:
    if not word.startswith("-") or word == "-" or " " in word:
        return False
    try:
        float(word)
    except ValueError:
        return True
    return False


def _first(words: Sequence[str]) -> int:
    """Return the place of the first word that is no option: of the sub-command."""
    return next((place for place, word in enumerate(words) if not word.startswith("-")), len(words))
