"""Objective classes: their names, which of them MEGC 2018 uses, how cells write them, and their order."""

from collections.abc import Iterable

from rrrn.experiment import megc2018
from rrrn.importing import cells

USED = megc2018.CLASSES  # and in the paper's Table I
CLASSES = (*USED, "VI", "VII")
_NUMERALS = (*CLASSES, "VIII", "IX", "X")


def of_cell(cell: object) -> str | None:
    """Return the class of a cell (3, ``3``, ``III``) as a Roman numeral, or None."""
    number = cells.integer(cell)
    if number is not None:
        return CLASSES[number - 1] if 1 <= number <= len(CLASSES) else None
    shown = cells.text(cell).upper()
    return shown if shown in CLASSES else None


def in_order(names: Iterable[str]) -> list[str]:
    """Return the distinct names, Roman numerals by value, others by the alphabet."""
    distinct = set(names)
    return [name for name in _NUMERALS if name in distinct] if distinct <= set(_NUMERALS) else sorted(distinct)
