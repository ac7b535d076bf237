from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from sklearn.model_selection import LeaveOneGroupOut, StratifiedGroupKFold

from rrrn.data.clips import Clip
from rrrn.experiment import folds, grouped
from rrrn.running.stage import InputError


def clip(database: str, subject: str, name: str) -> Clip:
    return Clip(database, f"{database}-{subject}", name, 1, 2, 3, "I", "frames", "synthetic")


CLIPS = [clip("a", "s2", "x"), clip("b", "s1", "x"), clip("a", "s1", "x"), clip("a", "s2", "y"), clip("b", "s1", "z")]


def test_leave_one_subject_out_is_scikit_learns():
    groups = [c.subject for c in CLIPS]
    expected = [
        ([CLIPS[i] for i in train], [CLIPS[i] for i in test])
        for train, test in LeaveOneGroupOut().split(np.zeros(len(CLIPS)), groups=groups)
    ]
    names = folds.leave_one_subject_out(CLIPS)
    assert names == ["a-s1", "a-s2", "b-s1"]
    assert [folds.split(CLIPS, name) for name in names] == expected


def test_holdout_goes_from_one_database_to_the_other():
    train, test = folds.split(CLIPS, folds.holdout("b", "a"))
    assert {c.database for c in train} == {"b"}
    assert {c.database for c in test} == {"a"}
    assert len(train) + len(test) == len(CLIPS)


@pytest.mark.parametrize("fold", ["a-s9", "a-to-c", "a-to-a"])
def test_unknown_fold(fold):
    with pytest.raises(InputError, match=fold):
        folds.split(CLIPS, fold)


def test_nothing_to_train_on():
    with pytest.raises(InputError, match="two subjects"):
        folds.split(CLIPS[:1], "a-s2")


def test_names_of_holdouts_mean_one_thing():
    def clip(database, subject):
        return Clip(database, subject, "1", 1, 2, 3, "I", "frames", "recorded")

    folds.check_names([clip("a", "a-1"), clip("b", "b-to-a1")], "a", "b")
    with pytest.raises(InputError, match="subject 'b-to-a' is called as the fold"):
        folds.check_names([clip("a", "a-1"), clip("b", "b-to-a")], "a", "b")
    with pytest.raises(InputError, match="fold 'a-to-b-to-c' may be from 'a' to 'b-to-c' or from 'a-to-b' to 'c'"):
        folds.check_names([clip(name, name) for name in ("a", "b-to-c", "a-to-b", "c")], "a", "b-to-c")


@pytest.mark.parametrize("fold", ["a-to-b", "b-to-a"])
def test_a_subject_on_both_sides_of_a_fold_stops_it(fold):
    table = [Clip(database, "s1", database, 1, 2, 3, "I", "frames", "recorded") for database in ("a", "b")]
    with pytest.raises(InputError, match=f"fold '{fold}' trains on subject 's1', whom it tests"):
        folds.split(table, fold)


# ---- groups of subjects


def drawn(seed: int, subjects: int) -> list[Clip]:
    """A table of rare and frequent classes, in which subjects have few clips or many, and classes of their own."""
    rng = np.random.default_rng(seed)
    frequent = rng.dirichlet([0.6] * rng.integers(3, 8))
    table = []
    for subject in range(subjects):
        own = rng.dirichlet(frequent * 8 + 0.05)
        for number, name in enumerate(rng.choice(len(own), 1 + rng.geometric(0.15), p=own)):
            row = Clip("ab"[subject % 2], f"s{subject:03d}", str(number), 1, 2, 3, f"c{name}", "frames", "recorded")
            table.append(row)
    return table


def unevenness(table: list[Clip], tested: list[set[str]]) -> float:
    """The mean over classes of the deviation of their shares over groups: what scikit-learn's greedy makes small."""
    classes = sorted({c.objective_class for c in table})
    of_subject = Counter((c.subject, c.objective_class) for c in table)
    counts = np.array([[sum(of_subject[one, name] for one in group) for name in classes] for group in tested])
    return float((counts / counts.sum(axis=0)).std(axis=0).mean())


def groups(table: list[Clip], count: int) -> list[set[str]]:
    return [{c.subject for c in folds.split(table, name)[1]} for name in grouped.names(count)]


@pytest.mark.parametrize(("subjects", "count"), [(2, 2), (7, 7), (23, 5), (47, 10)])
def test_groups_test_every_clip_once_and_split_no_subject(subjects, count):
    table = drawn(subjects, subjects)
    parts = [folds.split(table, name) for name in grouped.names(count)]
    tested = [c for _, test in parts for c in test]
    assert len(tested) == len(set(tested)) == len(table)
    assert all(test and not {c.subject for c in train} & {c.subject for c in test} for train, test in parts)
    assert all(len(train) + len(test) == len(table) for train, test in parts)


@pytest.mark.filterwarnings("ignore:The least populated class")
@pytest.mark.parametrize("count", [3, 5, 10])
def test_groups_are_as_even_as_scikit_learns_in_most_tables(count):
    better = []
    for seed in range(25):
        table = drawn(seed, 20 + 4 * seed)
        subjects, classes = [[getattr(c, key) for c in table] for key in ("subject", "objective_class")]
        found = StratifiedGroupKFold(count).split(table, classes, subjects)
        theirs = unevenness(table, [{subjects[row] for row in test} for _, test in found])
        better.append(unevenness(table, groups(table, count)) <= theirs + 1e-12)
    assert sum(better) >= 22


def test_groups_follow_from_subjects_and_classes_alone():
    table = drawn(3, 30)
    order = np.random.default_rng(1).permutation(len(table))
    other = [replace(table[n], clip=f"x{table[n].clip}", apex=3, frames="elsewhere", database="c") for n in order]
    assert grouped.subjects(other, 6) == grouped.subjects(table, 6)
    more = [*table, replace(table[0], subject="s999")]
    assert grouped.subjects(more, 6) != grouped.subjects(table, 6)


def test_names_of_groups():
    assert grouped.names(10)[2] == "group-03-of-10" and grouped.names(10) == sorted(grouped.names(10))
    for count in (2, 10, 1000):
        assert [grouped.of_name(name) for name in grouped.names(count)] == [(n, count) for n in range(1, count + 1)]
    for other in ("group-3-of-10", "group-11-of-10", "group-00-of-10", "group-1-of-2 ", "s1", "a-to-b", "group-1-of-"):
        assert grouped.of_name(other) is None


def test_groups_without_enough_subjects_and_a_subject_called_as_one():
    with pytest.raises(InputError, match=r"wants 4 groups, and the clip table has 3 subjects; set \{grouped: 3\}"):
        folds.split(CLIPS, "group-1-of-4")
    called = [*CLIPS, replace(CLIPS[0], subject="group-2-of-2")]
    with pytest.raises(InputError, match="subject 'group-2-of-2' is called as one of the 2 folds"):
        grouped.check(called, 2)
    grouped.check(called, 3)
    assert {c.subject for c in folds.split(called, "group-2-of-2")[1]} == {"group-2-of-2"}  # left out alone
