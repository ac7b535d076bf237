"""The reference of the command ``rrrn``: what each sub-command says of itself with ``--help``."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from rrrn import cli

_WIDTH = "100"  # columns of the help, whatever the terminal's


def page() -> tuple[str, str]:
    """Return the reference in Markdown, a section for each command, and the file whose links it has."""
    pieces = []
    with _columns():
        _, commands = cli.parsers(cli.COMMANDS)
        for name, (_, summary) in cli.COMMANDS.items():
            help_ = commands[name].format_help().rstrip()
            pieces.append(f"## `rrrn {name}`\n\nTo {summary}.\n\n```text\n{help_}\n```")
    return "\n\n".join(pieces) + "\n", "rrrn/cli.py"


@contextmanager
def _columns() -> Iterator[None]:
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = _WIDTH
    try:
        yield
    finally:
        del os.environ["COLUMNS"]
        if before is not None:
            os.environ["COLUMNS"] = before
