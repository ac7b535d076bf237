"""Single cells of spreadsheets, which hold what people type: numbers as text, text as numbers, blanks."""

import math
import unicodedata

_MOST_DIGITS = 9  # of a frame number; what is longer is a slip


def text(cell: object) -> str:
    """Return what a reader sees in a cell: composed Unicode, outer blanks removed, 6.0 as ``6``, nothing as ````."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return unicodedata.normalize("NFC", str(cell)).strip()


def integer(cell: object) -> int | None:
    """Return the non-negative whole number of a cell (46, 46.0, ``046``), or None if it holds anything else."""
    if isinstance(cell, bool):
        return None
    shown = text(cell).removesuffix(".0")
    return int(shown) if shown.isascii() and shown.isdigit() and len(shown) <= _MOST_DIGITS else None


def header(cell: object) -> str:
    """Return a column's name without blanks, case and punctuation: `` Onset Frame`` and ``OnsetFrame`` agree."""
    return "".join(character for character in text(cell).casefold() if character.isalnum())
