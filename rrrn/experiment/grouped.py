"""Folds that test groups of subjects: for databases with so many that leaving out one at a time is too much.

The groups follow from the subjects and the classes of their clips, and from nothing else, so that every job that reads
the clip table finds the same ones. Fold ``group-03-of-10`` tests the third of ten.

Read by the Snakefile in every job, hence the standard library only.
"""

import itertools
import math
import operator
import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from rrrn.data.clips import Clip
from rrrn.running.stage import InputError

_NAME = re.compile(r"group-([0-9]{1,4})-of-([1-9][0-9]{0,3})")
_SWAPPED = 300  # subjects at most whose pairs are tried: more take seconds, and are even enough without


def names(count: int) -> list[str]:
    """Return the names of the folds of ``count`` groups, sorted as text and by number alike."""
    digits = len(str(count))
    return [f"group-{number:0{digits}}-of-{count}" for number in range(1, count + 1)]


def of_name(fold: str) -> tuple[int, int] | None:
    """Return the number of a group, from 1, and how many there are, as the name of a fold says; None for another."""
    found = _NAME.fullmatch(fold)
    count = int(found[2]) if found else 0
    return (names(count).index(fold) + 1, count) if fold in names(count) else None


def check(clips: Sequence[Clip], count: int) -> None:
    """Raise InputError if there are fewer subjects than groups, or a subject is called as one of the folds."""
    subjects = {clip.subject for clip in clips}
    if len(subjects) < count:
        raise InputError(
            f"protocol.folds wants {count} groups, and the clip table has {len(subjects)} subjects; set "
            f"{{grouped: {len(subjects)}}} at most, or loso"
        )
    if both := sorted(subjects & set(names(count))):
        raise InputError(f"subject {both[0]!r} is called as one of the {count} folds of protocol.folds; rename it")


def subjects(clips: Sequence[Clip], count: int) -> list[list[str]]:
    """Return the subjects of each of ``count`` groups, sorted; every subject is in one, and none is empty.

    Every group gets as nearly as can be the same share of each class and of all clips. Raises InputError as ``check``.
    """
    check(clips, count)
    counted = Counter((clip.subject, clip.objective_class) for clip in clips)
    return [list(group) for group in _dealt(tuple(sorted(counted.items())), count)]


@lru_cache(maxsize=16)
def _dealt(counted: tuple[tuple[tuple[str, str], int], ...], count: int) -> tuple[tuple[str, ...], ...]:
    """Deal subjects out, those with the most of something first, then move and swap them while that helps.

    ``counted`` are ((subject, class), number of clips). What is made small is the variance over groups of their shares
    of each class, and of all clips, summed; in whole numbers, so that no rounding decides.
    """
    classes = sorted({name for (_, name), _ in counted})
    clips: dict[str, list[int]] = {subject: [0] * (len(classes) + 1) for (subject, _), _ in counted}
    for (subject, name), number in counted:
        clips[subject][classes.index(name)] += number
        clips[subject][-1] += number
    totals = [sum(column) for column in zip(*clips.values(), strict=True)]
    whole = math.lcm(*totals)
    weights = [(whole // total) ** 2 for total in totals]
    weighed = {subject: [weight * n for weight, n in zip(weights, own, strict=True)] for subject, own in clips.items()}
    own = {subject: _dot(weighed[subject], clips[subject]) for subject in clips}
    order = sorted(clips, key=lambda subject: (-own[subject], subject))
    held = [[0] * len(totals) for _ in range(count)]
    place: dict[str, int] = {}

    def put(subject: str, group: int) -> None:
        if subject in place:
            held[place[subject]] = [a - b for a, b in zip(held[place[subject]], clips[subject], strict=True)]
        held[group] = [a + b for a, b in zip(held[group], clips[subject], strict=True)]
        place[subject] = group

    def cheapest(subject: str) -> int:
        return min(range(count), key=lambda group: _dot(weighed[subject], held[group]))

    for subject in order:
        put(subject, cheapest(subject))
    moved = True
    while moved:  # each move makes the sum smaller, so this ends
        moved = False
        for subject in order:
            here, best = place[subject], cheapest(subject)
            left = _dot(weighed[subject], held[here]) - own[subject]  # nothing if it is there alone
            if _dot(weighed[subject], held[best]) < left:
                put(subject, best)
                moved = True
        for one, other in itertools.combinations(order if len(order) <= _SWAPPED else [], 2):
            a, b = place[one], place[other]
            if a != b:
                more = [n - m for n, m in zip(clips[other], clips[one], strict=True)]  # for group a, if they swap
                gain = [w * n for w, n in zip(weights, more, strict=True)]
                if _dot(gain, held[a]) - _dot(gain, held[b]) + _dot(gain, more) < 0:
                    put(one, b)
                    put(other, a)
                    moved = True
    groups = [sorted(subject for subject in clips if place[subject] == group) for group in range(count)]
    return tuple(map(tuple, groups))


def _dot(one: Sequence[int], two: Sequence[int]) -> int:
    return sum(map(operator.mul, one, two))
