"""Output that nobody reads any more (``| head``): the end of a command, without a word and not an error."""

import logging
import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

_STATUS = 128 + signal.SIGPIPE


@contextmanager
def quiet() -> Iterator[None]:
    """Exit as if by SIGPIPE, but with partial files removed, when the reader of what is printed has gone."""
    try:
        try:
            yield
        finally:
            if sys.stdout:
                sys.stdout.flush()  # the interpreter would at its end, and complain
    except BrokenPipeError as error:
        if not is_meant(error):
            raise
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in filter(_has_no_reader, (sys.stdout, sys.stderr)):
            os.dup2(nowhere, stream.fileno())  # for what is still buffered
        raise SystemExit(_STATUS) from None


def is_meant(error: OSError) -> bool:
    """Return whether the broken pipe is that of the terminal's output, not one that this process has opened."""
    return isinstance(error, BrokenPipeError) and any(map(_has_no_reader, (sys.stdout, sys.stderr)))


def _has_no_reader(stream: TextIO | None) -> bool:
    try:
        poll = select.poll()
        poll.register(stream.fileno() if stream else -1, 0)
        return any(event & select.POLLERR for _, event in poll.poll(0))
    except (OSError, ValueError):  # no file of the system's
        return False


class Terminal(logging.StreamHandler):
    """Messages on standard output; that nobody reads them is an error, which logging would print."""

    def handleError(self, record: logging.LogRecord) -> None:
        error = sys.exception()
        if isinstance(error, BrokenPipeError):
            raise error
        super().handleError(record)
