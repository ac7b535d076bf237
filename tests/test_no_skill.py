import itertools

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, recall_score

from rrrn import metrics, no_skill
from rrrn.clips import Clip
from rrrn.stage import InputError

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
