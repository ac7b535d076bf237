"""Control conditions, which ask where the score of another condition comes from: ``mask-inside``, ``none-later``.

- ``inside``: flow within the occluder's outline alone, zero elsewhere. An occluder has no expression, so what is
  recognised of it is its motion, or what it lets through.
- ``outside``: flow of what it leaves open alone, so that the occluder's own is gone.
- ``jittered``: the occluder follows the landmarks of each frame, whatever ``anchor.mode`` says.
- ``earlier``, ``later``: apexes are so many frames (``control_conditions.apex_shift``) from where they were, within the
  clip.

Each stands behind a condition of the experiment. Read by the Snakefile in every job, hence the standard library only.
"""

import re
from collections.abc import Iterable

from rrrn.experiment import conditions

SIDES = ("inside", "outside")
JITTERED = "jittered"
SHIFTS = {"earlier": -1, "later": 1}
OF_OCCLUDERS = (*SIDES, JITTERED)
ALL = (*OF_OCCLUDERS, *SHIFTS)
_CONTROL = re.compile(rf"(.+)-({'|'.join(ALL)})")


def split(condition: str) -> tuple[str, str]:
    """Return a condition and its control: ("mask", "inside") of ``mask-inside``, ("mask", "") of ``mask``."""
    found = _CONTROL.fullmatch(condition)
    return (found[1], found[2]) if found else (condition, "")


def base(condition: str) -> str:
    """Return the condition that a control is of, or the condition itself."""
    return split(condition)[0]


def plain(names: Iterable[str]) -> list[str]:
    """Return those that are no control conditions."""
    return [name for name in names if not split(name)[1]]


def label(condition: str) -> str:
    """Return what tables call a condition: ``mask-inside`` is ``Mask inside``."""
    own, control = split(condition)
    return f"{conditions.label(own)} {control}".rstrip()


def pattern() -> str:
    """Return the regular expression of all conditions."""
    kinds = [kind.pattern() for kind in conditions.KINDS.values() if kind.name != conditions.CLEAR]
    occluders = f"({'|'.join(kinds)})(-({'|'.join(ALL)}))?"
    return f"^(none(-({'|'.join(SHIFTS)}))?|{occluders})\\Z"
