"""The paired permutation test and Holm's correction, against SciPy, loops and hand-computed cases."""

from fractions import Fraction

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import f1_score

from rrrn.tables.statistics import exchange, resampling

SUBJECTS = ["a", "b", "c", "d", "e", "f"]


@pytest.fixture
def told():
    """True classes, and what two methods say, of each of six subjects."""
    rng = np.random.default_rng(1)
    sizes = rng.integers(2, 6, len(SUBJECTS))
    true = [rng.integers(0, 3, size) for size in sizes]
    good = [np.where(rng.random(len(one)) < 0.8, one, rng.integers(0, 3, len(one))) for one in true]
    return true, good, [rng.integers(0, 3, len(one)) for one in true]


def counted(true, said):
    """Confusion matrices (1, 1, subjects, 3, 3)."""
    counts = np.zeros((1, 1, len(true), 3, 3))
    for subject, pairs in enumerate(zip(true, said, strict=True)):
        np.add.at(counts[0, 0, subject], pairs, 1)
    return counts


def macro(true, said):
    return f1_score(np.concatenate(true), np.concatenate(said), average="macro", labels=range(3), zero_division=0)


def test_every_way_of_exchanging_is_there_once_and_p_is_scipys(told):
    true, one, other = told

    def difference(first, second):
        del second  # what the first has not
        pairs = [(one[k], other[k]) if place == k else (other[k], one[k]) for k, place in enumerate(first)]
        return macro(true, [a for a, _ in pairs]) - macro(true, [b for _, b in pairs])

    exchanged = exchange.exchanges(SUBJECTS)
    assert len(exchanged) == 64 == len({tuple(row) for row in exchanged.tolist()}) and not exchanged[0].any()
    found = exchange.differences(counted(true, one), counted(true, other), exchanged)["F1"][:, 0]
    for row, value in zip(exchanged, found, strict=True):
        a, b = ([p[k] if swapped else q[k] for k, swapped in enumerate(row)] for p, q in ((other, one), (one, other)))
        assert value == pytest.approx(macro(true, a) - macro(true, b))
    places = np.arange(len(SUBJECTS))
    reference = stats.permutation_test(  # a place in the first sample is that of the first method's predictions
        (places, places + len(SUBJECTS)), difference, permutation_type="samples", vectorized=False, n_resamples=np.inf
    )
    assert exchange.p_values(found) == pytest.approx(reference.pvalue)


def test_drawn_ways_give_the_exact_p_but_for_their_number(told):
    true, one, other = told
    both = counted(true, one), counted(true, other)
    exact = exchange.p_values(exchange.differences(*both, exchange.exchanges(SUBJECTS))["F1"])
    drawn = exchange.exchanges([*SUBJECTS, *(f"more{k}" for k in range(20))], 20_000)
    assert drawn.shape == (20_001, 26) and not drawn[0].any() and drawn.mean() == pytest.approx(0.5, abs=0.005)
    found = exchange.p_values(exchange.differences(*both, drawn[:, :6])["F1"])
    assert found == pytest.approx(exact, abs=5 * (0.25 / 20_000) ** 0.5)


def test_equal_methods_differ_by_nothing_and_p_is_1(told):
    true, one, _ = told
    counts = counted(true, one)
    assert exchange.p_values(exchange.differences(counts, counts, exchange.exchanges(SUBJECTS))["UAR"]) == 1


def test_p_is_never_0():
    assert exchange.p_values(np.array([1.0, 0.2, -0.3, 0.1])) == 1 / 4
    assert exchange.p_values(np.array([0.5, -0.5, 0.5 - 1e-12, 0.1])) == 3 / 4


def test_a_method_that_was_trained_once_is_paired_with_every_seed(told):
    true, one, other = told
    once, twice = counted(true, one), np.concatenate([counted(true, other), counted(true, one)], axis=1)
    exchanged = exchange.exchanges(SUBJECTS)
    found = exchange.differences(once, twice, exchanged)["WAR"]
    seeds = [exchange.differences(once, twice[:, [seed]], exchanged)["WAR"] for seed in (0, 1)]
    assert found == pytest.approx(np.mean(seeds, axis=0))


def test_ways_belong_to_the_subjects_and_not_to_their_order():
    many = [f"s{k}" for k in range(30)]
    other = many[::-1]
    assert (exchange.exchanges(many, 100) == exchange.exchanges(other, 100)[:, ::-1]).all()


@pytest.mark.parametrize(
    ("p", "corrected"),
    [  # computed by hand
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),
        ([0.005, 0.011, 0.02, 0.04, 0.13], [0.025, 0.044, 0.06, 0.08, 0.13]),
        ([0.9, 0.6], [1, 1]),
        ([0.2], [0.2]),
        ([], []),
    ],
)
def test_holm_of_known_cases(p, corrected):
    assert exchange.holm(p).tolist() == pytest.approx(corrected)


def rejected(p, level):
    """By definition: the smallest p is held against level / m, the next against level / (m - 1), until one fails."""
    found = set()
    for place, k in enumerate(sorted(range(len(p)), key=lambda k: p[k])):
        if p[k] > level / (len(p) - place):
            break
        found.add(k)
    return found


def test_a_test_is_rejected_at_every_level_above_its_corrected_p_and_at_none_below():
    p = (np.random.default_rng(2).random(7) ** 3).tolist()
    corrected = exchange.holm(p)
    assert 0 < len(rejected(p, 0.5)) < 7
    for level in np.linspace(0.001, 0.999, 500):
        assert rejected(p, level) == {k for k in range(7) if corrected[k] <= level}


@pytest.mark.parametrize(("one", "other"), [(1, 1), (3, 3), (1, 5), (2, 3), (4, 2), (7, 11), (11, 7)])
def test_every_training_weighs_alike_in_few_pairs_and_seeds_of_both_meet(one, other):
    pairs = exchange.seed_pairs(one, other)
    for place, number in ((0, one), (1, other)):
        weights = [sum(pair[2] for pair in pairs if pair[place] == seed) for seed in range(number)]
        assert weights == [Fraction(1, number)] * number
    assert len(pairs) == len({pair[:2] for pair in pairs}) <= one + other - 1
    assert all(weight > 0 for _, _, weight in pairs)
    assert {(seed, seed) for seed in range(min(one, other))} <= {pair[:2] for pair in pairs}
    if one == other:
        assert len(pairs) == one


def test_with_other_numbers_of_seeds_the_difference_is_that_of_the_means(told):
    true, one, other = told
    rng = np.random.default_rng(2)
    a, b = (
        np.concatenate([counted(true, [rng.permutation(said) for said in what]) for _ in range(number)], axis=1)
        for what, number in ((one, 2), (other, 5))
    )
    exchanged = exchange.exchanges(SUBJECTS)
    found, back = exchange.differences(a, b, exchanged)["F1"], exchange.differences(b, a, exchanged)["F1"]
    of_seeds = [resampling.scores(part, np.ones((1, len(SUBJECTS))))["F1"][0, 0] for part in (a, b)]
    assert found[0, 0] == pytest.approx(of_seeds[0] - of_seeds[1]) and found == pytest.approx(-back)
    assert found[-1, 0] == pytest.approx(-found[0, 0])  # all are exchanged
