"""The paired permutation test: two methods whose predictions are exchanged, subject by subject.

If two methods are equally good it is of no matter whose predictions are whose, as long as all of a subject's clips go
together: they are alike, and so are the two methods on them. A difference that exchanging seldom reaches is none of
chance (Fisher; of scores: Noreen 1989, "approximate randomization").
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rrrn.experiment import seeds
from rrrn.tables.statistics import resampling

_EQUAL = 1e-9  # two differences that are nearer are one


def exchanges(subjects: Sequence[str], draws: int = resampling.DRAWS) -> NDArray[np.float64]:
    """Return whose predictions change sides, float64 (1 + draws, n) of 0 and 1; nobody's in the first row.

    Where there are no more ways than ``draws`` each is there once, and the test is exact: (2 ** n, n). The draws belong
    to the subjects, whose order is of no matter.
    """
    number, ordered = len(subjects), sorted(subjects)
    places = [ordered.index(subject) for subject in subjects]
    if is_exact(number, draws):
        ways = np.arange(2**number)[:, None] >> np.arange(number) & 1
    else:
        drawn = seeds.generator("exchange", *ordered).integers(0, 2, (draws, number))
        ways = np.concatenate([np.zeros((1, number), np.int64), drawn])
    return ways[:, places].astype(np.float64)


def is_exact(n_subjects: int, draws: int) -> bool:
    """Return whether ``exchanges`` has all ways."""
    return bool(2**n_subjects <= draws)


def least(n_subjects: int, draws: int) -> float:
    """Return the least p that a test can have; of all ways, that which exchanges everybody is as extreme as none."""
    return 2 / 2**n_subjects if is_exact(n_subjects, draws) else 1 / (1 + draws)


def differences(one: ArrayLike, other: ArrayLike, exchanged: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Return {metric: scores of one method less those of the other (ways, conditions)}, for each way of exchanging.

    Both are confusion matrices as ``resampling.scores`` takes them. Predictions change sides between the trainings that
    ``seed_pairs`` pairs, in all pairs at once.
    """
    a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
    kept = 1 - exchanged
    found: dict[str, NDArray[np.float64]] = {}
    pairs = seed_pairs(a.shape[1], b.shape[1])
    for weight in dict.fromkeys(weight for _, _, weight in pairs):
        i, j = zip(*((i, j) for i, j, own in pairs if own == weight), strict=True)
        both = np.concatenate([a[:, i], b[:, j]], axis=2)
        first = resampling.scores(both, np.concatenate([kept, exchanged], axis=1))
        second = resampling.scores(both, np.concatenate([exchanged, kept], axis=1))
        for metric, values in first.items():
            found[metric] = found.get(metric, 0) + float(weight * len(i)) * (values - second[metric])
    return found


def seed_pairs(one: int, other: int) -> list[tuple[int, int, Fraction]]:
    """Return which trainings of two methods are exchanged with each other, of so many seeds each, and their weights.

    Seeds that both have are paired by their numbers. Where one method has more, its further ones are paired in order
    with all of the other's, so that every training of a method weighs alike, and no more than ``one + other - 1`` pairs
    are needed (the north-west corner rule of transport problems). A method that was trained once has the same
    predictions in every seed of the other.
    """
    fewer, more = min(one, other), max(one, other)
    pairs = [(k, k, Fraction(1, more)) for k in range(fewer)]
    left = [Fraction(1, fewer) - Fraction(1, more)] * fewer  # of the weight of each training of the fewer
    k = 0
    for further in range(fewer, more):
        wanted = Fraction(1, more)
        while wanted:
            taken = min(wanted, left[k])
            pairs.append((k, further, taken))
            wanted, left[k] = wanted - taken, left[k] - taken
            k += not left[k]
    return pairs if one <= other else [(j, i, weight) for i, j, weight in pairs]


def p_values(differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the two-sided p of differences (ways, ...), the first of which is the one that was found, (...).

    It is the share of ways in which the difference is at least as large, the found one among them, so never 0.
    """
    size = np.abs(differences)
    return np.asarray((size >= size[0] - _EQUAL).mean(axis=0))


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Return p (m,) corrected for m tests (Holm 1979): any wrong one below a level is as rare as the level says.

    The smallest counts m times, the next m - 1 times and so on, never less than the one before it, 1 at most.
    """
    values = np.asarray(p, np.float64)
    order = np.argsort(values, kind="stable")
    factors = len(values) - np.arange(len(values))
    corrected = np.minimum(np.maximum.accumulate(values[order] * factors), 1)
    found = np.empty_like(corrected)
    found[order] = corrected
    return found
