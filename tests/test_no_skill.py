import itertools
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, recall_score

from rrrn.data.clips import Clip
from rrrn.experiment import metrics
from rrrn.running.stage import InputError
from rrrn.tables import no_skill

CLASSES = ["I", "II", "III", "IV", "V"]
CASME2, SAMM = [25, 15, 99, 26, 20], [24, 13, 20, 8, 3]  # Table II of the paper


def table(**counts):
    """Clips of some databases, each with one subject and so many clips of each class."""
    return [
        Clip(name, f"{name}-1", f"{label}-{number}", 1, 2, 3, label, "frames", "recorded")
        for name, of_class in counts.items()
        for label, count in zip(CLASSES, of_class, strict=True)
        for number in range(count)
    ]


def test_always_naming_class_iii_on_the_papers_composite():
    """Of the 253 clips of Table II: F1 0.128, WF1 0.301."""
    scores = no_skill.tested_majority([49, 28, 119, 34, 23])
    assert scores["WAR"] == pytest.approx(119 / 253)
    assert round(scores["F1"], 3) == 0.128
    assert round(scores["WF1"], 3) == 0.301


def test_majority_of_training_is_the_collapse_of_the_papers_table():
    """CASME II to SAMM, everything is called III: WAR 0.294 and UAR 0.200, as LBP-SIP in every row of Table III a."""
    rows = table(casme2=CASME2, samm=SAMM)
    there = no_skill.training_majority(rows, ["casme2-to-samm"], CLASSES)
    assert (round(there["WAR"], 3), round(there["UAR"], 3)) == (0.294, 0.2)
    back = no_skill.training_majority(rows, ["samm-to-casme2"], CLASSES)
    assert back["WAR"] == pytest.approx(25 / 185)  # I is most frequent in SAMM
    assert no_skill.tested(rows, ["casme2-to-samm"], CLASSES).tolist() == SAMM


def test_majority_is_that_of_each_folds_training_clips():
    """Against a loop over folds; without subject a the classes II and III are equally frequent, and II is named."""
    rows = table(a=[0, 0, 3, 1, 0], b=[1, 2, 2, 0, 0], c=[0, 2, 2, 0, 3])
    names = ["a-1", "b-1", "c-1"]
    said, true = [], []
    for fold in names:
        known = [clip.objective_class for clip in rows if clip.subject != fold]
        commonest = max(CLASSES, key=lambda label, known=known: (known.count(label), -CLASSES.index(label)))
        held = [clip.objective_class for clip in rows if clip.subject == fold]
        said += [commonest] * len(held)
        true += held
    assert said[:4] == ["II"] * 4 and said[4:9] == ["III"] * 5
    found = no_skill.training_majority(rows, names, CLASSES)
    assert found["F1"] == pytest.approx(f1_score(true, said, labels=CLASSES, average="macro", zero_division=0))
    assert found["UAR"] == pytest.approx(recall_score(true, said, labels=CLASSES, average="macro", zero_division=0))
    assert no_skill.tested(rows, names, CLASSES).tolist() == [1, 4, 7, 1, 3]
    with pytest.raises(InputError, match="fold 'd-1'"):
        no_skill.training_majority(rows, ["d-1"], CLASSES)


def test_chance_of_two_classes_is_that_of_all_answers():
    """Every one of the 2^9 answers to nine clips, equally likely."""
    counts = [5, 4]
    true = [0] * 5 + [1] * 4
    every = [metrics.scores(metrics.confusion(true, said, 2)) for said in itertools.product((0, 1), repeat=9)]
    for metric, found in no_skill.chance(counts).items():
        values = [scores[metric] for scores in every]
        assert found.mean == pytest.approx(np.mean(values), abs=1e-3)
        low, high = np.quantile(values, [0.025, 0.975], method="inverted_cdf")
        assert (found.low, found.high) == (pytest.approx(low, abs=1e-9), pytest.approx(high, abs=1e-9))


def answers(counts):
    """Every answer to every clip, all equally likely: true classes and, one by one, what is said."""
    true = np.repeat(np.arange(len(counts)), counts)
    return true, itertools.product(range(len(counts)), repeat=sum(counts))


HELD = [1, 20, 2_000_000]  # cells: only the sum of right answers, that and those of small classes, and of all classes


@pytest.mark.parametrize("held", HELD)
@pytest.mark.parametrize("counts", [[4, 2, 1], [1, 0, 5], [2, 1, 1, 1], [3, 3]])
def test_answers_are_drawn_as_often_as_they_come_up(monkeypatch, held, counts):
    """Against a loop over all answers: how often each class is named rightly and at all, both together."""
    true, every = answers(counts)
    expected = Counter()
    for said in every:
        hit = [sum((true == k) & (np.array(said) == k)) for k in range(len(counts))]
        expected[(*hit, *(said.count(k) for k in range(len(counts))))] += len(counts) ** -len(true)
    monkeypatch.setattr(no_skill, "_CELLS", held)
    hit, said = no_skill._named_at_random(np.array(counts), np.random.default_rng(1))
    assert hit.shape == said.shape == (no_skill.DRAWS, len(counts))
    found = Counter(map(tuple, np.hstack([hit, said]).tolist()))
    assert found.keys() <= expected.keys()
    for key, share in expected.items():
        assert found[key] / no_skill.DRAWS == pytest.approx(share, abs=5 * (share / no_skill.DRAWS) ** 0.5)


@pytest.mark.parametrize("held", HELD)
def test_chance_of_three_classes_is_that_of_all_answers(monkeypatch, held):
    """Within 0.002 of the probability that an end stands for."""
    monkeypatch.setattr(no_skill, "_CELLS", held)
    counts = [5, 1, 3]
    true, every = answers(counts)
    scores = [metrics.scores(metrics.confusion(true, said, 3)) for said in every]
    for metric, found in no_skill.chance(counts).items():
        values = np.array([one[metric] for one in scores])
        assert found.mean == pytest.approx(values.mean(), abs=5e-4)
        for end, share in ((found.low, 0.025), (found.high, 0.975)):
            assert np.mean(values < end - 1e-9) <= share + 0.002 and np.mean(values <= end + 1e-9) >= share - 0.002


def test_chance_of_the_papers_clips_is_that_of_answers_drawn_one_by_one():
    """Of the 253 clips of Table II, 20 000 times: the ends have standard errors of 0.0007 at most."""
    counts = [49, 28, 119, 34, 23]
    true, rng = np.repeat(np.arange(5), counts), np.random.default_rng(1)
    said = rng.integers(0, 5, (20_000, 253))
    hit = np.stack([((said == k) & (true == k)).sum(axis=1) for k in range(5)], axis=1)
    naive = metrics.of_sums(hit, counts, np.stack([(said == k).sum(axis=1) for k in range(5)], axis=1))
    for metric, found in no_skill.chance(counts).items():
        assert found.mean == pytest.approx(naive[metric].mean(), abs=0.001)
        assert found[1:] == pytest.approx(np.quantile(naive[metric], [0.025, 0.975]), abs=0.004)


def test_chance_of_80_balanced_clips():
    """F1 0.113 to 0.288, WAR as the binomial distribution has it; and scikit-learn's F1 of answers drawn one by one."""
    from scipy.stats import binom

    counts = [16] * 5
    found = no_skill.chance(counts)
    assert [round(end, 3) for end in found["F1"][1:]] == [0.113, 0.288]
    exact = binom.ppf([0.025, 0.975], 80, 0.2) / 80
    assert found["WAR"][1:] == pytest.approx(exact) and found["WAR"].mean == pytest.approx(0.2, abs=1e-4)
    rng = np.random.default_rng(1)
    true = np.repeat(np.arange(5), counts)
    drawn = [f1_score(true, rng.integers(0, 5, 80), average="macro", zero_division=0) for _ in range(2000)]
    assert np.quantile(drawn, [0.025, 0.975]) == pytest.approx(found["F1"][1:], abs=0.01)
    assert np.mean(drawn) == pytest.approx(found["F1"].mean, abs=0.005)
    assert no_skill.chance(counts) == found  # the draws belong to the counts


def test_a_class_without_clips_counts_as_0(monkeypatch):
    monkeypatch.setattr(no_skill, "DRAWS", 1000)
    found = no_skill.chance([10, 10, 0])
    assert found["UAR"].mean == pytest.approx(2 / 9, abs=0.02)
    assert no_skill.tested_majority([10, 10, 0])["UAR"] == pytest.approx(1 / 3)


def test_who_does_not_exceed_chance_is_counted():
    values = {"A": [0.2, 0.3, 0.4], "B": [0.5, 0.5, 0.3001], "C": [0.1, 0.2, 0.3]}
    conditions = ["Un-occ", "Mask", "Glass"]
    rows = [
        {"condition": condition, "method": method, "metric": "F1", "value": value}
        for method, cells in values.items()
        for condition, value in [*zip(conditions, cells, strict=True), ("Avg.", 0.1)]
    ]
    rows += [{"condition": name, "method": "Avg.", "metric": "F1", "value": 0.1} for name in conditions]
    rows += [{"condition": "Avg.", "method": line, "metric": "F1", "value": 0.1} for line in no_skill.LINES]
    long = pd.DataFrame(rows).assign(low=float("nan"), high=float("nan"))
    long.loc[long["method"] == no_skill.CHANCE, ["low", "high"]] = 0.1, 0.3
    said = no_skill.not_above_chance(long, ["F1"])
    assert said == "F1 not above chance (0.100\u20130.300): A in 2 of 3 conditions, C in 3 of 3 conditions"
    long.loc[long["method"] == no_skill.CHANCE, "high"] = 0.05
    assert no_skill.not_above_chance(long, ["F1"]).endswith(": no method")
