"""The names of conditions: none, mask, glasses, random-01 to random-99."""

import re

from rrrn.stage import InputError

KINDS = ("none", "mask", "glasses", "random")
PICTURES = ("mask", "glasses")  # drawn, or the user's own


def parse(condition: str) -> tuple[str, int | None]:
    """Split a condition into kind and percentage: ("random", 5) for ``random-05``, ("mask", None) for ``mask``.

    Raises InputError for an unknown kind, or a percentage that is not 01 to 99.
    """
    found = re.fullmatch(r"([a-z]+)(?:-([0-9]{2}))?", condition)
    kind, level = found.groups() if found else ("", None)
    if kind not in KINDS or level == "00":
        raise InputError(f"condition {condition!r} is unknown; use none, mask, glasses or random-01 to random-99")
    return kind, None if level is None else int(level)
