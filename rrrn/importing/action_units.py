"""Action units as annotators write them, and the objective class that they stand for by the paper's Table I.

Classes come from the published columns; those derived here only cross-check them: by them alone, CASME II would have
194 clips in place of 185.
"""

import csv
import re
from dataclasses import dataclass
from functools import lru_cache

from rrrn.running import resources

_SPLIT = re.compile(r"\+|,|\bor\b", re.IGNORECASE)
_OR = re.compile(r"\bor\b", re.IGNORECASE)
_TOKEN = re.compile(r"\s*(?:AU)?\s*[LRUTB]?\s*(\d{1,2})\s*[A-E]?\s*\??\s*", re.IGNORECASE)
_CLASS_VI = (frozenset({1, 2, 4}), frozenset({20}))  # Davison et al. 2018; not part of Table I


@dataclass(frozen=True)
class ActionUnits:
    """A cell's action units: their numbers, whether it offered alternatives (``or``), and what could not be read."""

    numbers: frozenset[int]
    alternatives: bool
    unparsed: tuple[str, ...]


def parse(text: str) -> ActionUnits:
    """Return the action units of a cell such as ``4+L10``, ``R14A``, ``AU1 + AU2`` or ``R12 or R15``.

    Sides (L, R, also U, T, B), intensities (A to E) and question marks are dropped; alternatives are united.
    """
    tokens = [token for token in _SPLIT.split(text) if token.strip()]
    matches = [(token.strip(), _TOKEN.fullmatch(token)) for token in tokens]
    return ActionUnits(
        numbers=frozenset(int(match[1]) for _, match in matches if match),
        alternatives=bool(_OR.search(text)),
        unparsed=tuple(token for token, match in matches if not match),
    )


def objective_class(numbers: frozenset[int]) -> str:
    """Return the class of exactly these action units: I to V by Table I, VI, or VII for all others."""
    return "VI" if numbers in _CLASS_VI else _table_i().get(numbers, "VII")


@lru_cache
def _table_i() -> dict[frozenset[int], str]:
    with resources.path("data/paper/table_i.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {
        frozenset(map(int, row["normalised_au_set"].split("+"))): row["condition"].removeprefix("class ")
        for row in rows
    }
