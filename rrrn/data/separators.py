"""Which mark separates the columns of a table that should have commas.

Read by the Snakefile in every job, hence the standard library only.
"""

from collections.abc import Callable

_MARKS = {";": "semicolons", "\t": "tabs", "|": "bars"}


def other(header: str, is_column: Callable[[str], bool]) -> str:
    """Return the mark that separates the columns of a header, if two of them show that it is no comma; else nothing."""
    for mark, name in _MARKS.items():
        if sum(is_column(cell.strip().strip('"')) for cell in header.split(mark)) > 1:
            return name
    return ""
