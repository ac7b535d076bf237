"""What a user can do, in the words of the command that was called.

Functions of the workflow's stages name keys of the configuration, which the user of a command may not have. Who called
is not told to them: their code decides what of a run is made again.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rrrn.running.stage import InputError


@contextmanager
def remedies(own: Mapping[str, str]) -> Iterator[None]:
    """Replace the end of an InputError's message, from the first phrase on that is a key of ``own``, by its value."""
    try:
        yield
    except InputError as error:
        for phrase, remedy in own.items():
            before, found, _ = str(error).partition(phrase)
            if found:
                raise InputError(f"{before}{remedy}") from None
        raise
