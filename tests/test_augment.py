from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rrrn.data import views
from rrrn.data.clips import Clip
from rrrn.running.stage import InputError
from rrrn.stages import augment

EARLY, LATE, ANGLES = [6, 7, 8, 9], [1, 2, 3, 4, 5], [-15, -10, -5, 0, 5, 10, 15]


def clip(onset: int, apex: int, offset: int) -> Clip:
    return Clip("a", "a-s1", "x", onset, apex, offset, "I", "frames", "synthetic")


def test_hand_computed_example():
    assert augment.apexes(46, 59, 86, EARLY, LATE) == [59, 54, 55, 56, 58, 62, 64, 67, 70, 73]


@given(st.integers(0, 9999), st.integers(0, 300), st.integers(1, 9))
def test_between_rounds_half_up(a, gap, tenths):
    assert augment.between(a, a + gap, tenths) == floor(Fraction(a) + Fraction(gap * tenths, 10) + Fraction(1, 2))


@given(st.integers(1, 9999), st.integers(1, 60), st.integers(0, 60))
def test_always_seventy_views_within_the_clip(onset, rise, fall):
    plan = augment.plan(clip(onset, onset + rise, onset + rise + fall), EARLY, LATE, ANGLES)
    assert [view.view for view in plan] == list(range(70))
    assert (plan[0].apex, plan[0].angle, plan[0].duplicate) == (onset + rise, 0, 0)
    assert all(onset < view.apex <= onset + rise + fall and view.onset == onset for view in plan)
    distinct = {(view.apex, view.angle) for view in plan}
    assert sum(not view.duplicate for view in plan) == len(distinct)
    assert sorted({view.angle for view in plan}) == ANGLES


def test_offset_at_the_apex_repeats_the_apex():
    plan = augment.plan(clip(10, 30, 30), [], LATE, [0])
    assert [view.apex for view in plan] == [30] * 6
    assert [view.duplicate for view in plan] == [0, 1, 1, 1, 1, 1]


def test_plan_survives_its_file(tmp_path):
    plan = augment.plan(clip(46, 59, 86), EARLY, LATE, ANGLES)
    views.write(plan, tmp_path / "plan.csv")
    assert views.read(tmp_path / "plan.csv") == {"x": plan}


def test_damaged_plan_is_named(tmp_path):
    path = tmp_path / "plan.csv"
    views.write(augment.plan(clip(46, 59, 86), EARLY, LATE, ANGLES), path)
    whole = path.read_text()
    for damage in (whole[:-9], whole.replace("angle", "angel"), whole.replace("46", "x")):
        path.write_text(damage)
        with pytest.raises(InputError, match=r"plan\.csv"):
            views.read(path)
