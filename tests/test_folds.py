import numpy as np
import pytest
from sklearn.model_selection import LeaveOneGroupOut

from rrrn.data.clips import Clip
from rrrn.experiment import folds
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
