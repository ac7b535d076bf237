"""Who is compared with whom: in the paper's tables as ``compare.against`` says, in the ablation a change with its base.

Asked by the Snakefile in every job, hence the standard library only.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

Pair = tuple[str, str]  # a method and the other one, whose values are taken off


def of_tables(methods: Sequence[str], against: str) -> list[Pair]:
    """Return ``against`` with each other method, or if it is none of them any two, the later first."""
    if against in methods:
        return [(against, other) for other in methods if other != against]
    return [(later, earlier) for earlier, later in combinations(methods, 2)]


def of_ablation(methods: Iterable[str], like: Mapping[str, str]) -> list[Pair]:
    """Return each method that is a change of another with that base, which ``methods`` need not have.

    ``like`` are {method: what it is a change of}, of a variant its base, of a control that whose settings it has
    (``Method.like``); a method that is a change of nothing is like itself.
    """
    return [(name, like[name]) for name in methods if like[name] != name]


def among(pairs: Iterable[Pair], methods: Sequence[str]) -> tuple[list[Pair], list[Pair]]:
    """Return the pairs of which both methods are there, and those that lack one."""
    found: tuple[list[Pair], list[Pair]] = ([], [])
    for pair in pairs:
        found[not set(pair) <= set(methods)].append(pair)
    return found
