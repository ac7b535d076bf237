"""Shards of flow that are gone stop a run only if what is asked for needs them."""

from pathlib import Path

import pytest

from rrrn.provenance import lost
from rrrn.provenance.recipes import Recipe
from rrrn.running.stage import InputError

FLOW = Recipe("results/flow/x/s.h5", ("flow",))
PACK = Recipe("results/pack/x.h5", ("rrrn.stages.pack",), inputs=(FLOW,))
TRAINED = [Recipe(f"results/predictions/{name}.csv", ("train",), inputs=(PACK,)) for name in ("one", "three")]
RESULTS = [
    Recipe(f"results/table_{name}.json", ("table",), inputs=(one,))
    for name, one in zip(("iv", "iii_a"), TRAINED, strict=True)
]
ALL = [FLOW, PACK, *TRAINED, *RESULTS]


@pytest.fixture(autouse=True)
def there(tmp_path, monkeypatch):
    """Table IV is made; of Table III nothing is, and the flow was deleted."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(lost, "_is_made", lambda recipe: True)
    for recipe in (PACK, RESULTS[0]):
        Path(recipe.path).parent.mkdir(parents=True, exist_ok=True)
        Path(recipe.path).touch()


@pytest.mark.parametrize("targets", [(), ("default",), ("results/table_iv.csv",), ("results/pack/x.h5",)])
def test_what_is_not_asked_for_needs_nothing(targets):
    lost.check(ALL, targets)


@pytest.mark.parametrize(
    "targets", [("all",), ("results/table_iii_a.csv",), ("results/predictions/one.csv",), ("default", "all")]
)
def test_what_is_asked_for_needs_its_flow(targets):
    with pytest.raises(InputError, match=r"flow/x/s\.h5: is gone, and results/predictions/(one|three)\.csv is to be"):
        lost.check(ALL, targets)


def test_what_does_not_fit_any_more_is_made_again(monkeypatch):
    monkeypatch.setattr(lost, "_is_made", lambda recipe: recipe is not RESULTS[0])
    with pytest.raises(InputError, match=r"predictions/one\.csv"):
        lost.check(ALL)


def test_what_does_not_fit_and_is_not_asked_for_needs_nothing(monkeypatch):
    Path(RESULTS[1].path).touch()
    monkeypatch.setattr(lost, "_is_made", lambda recipe: recipe is not RESULTS[1])
    lost.check(ALL)
    with pytest.raises(InputError, match=r"predictions/three\.csv"):
        lost.check(ALL, ("all",))


def test_a_pack_of_other_clips_is_made_again_and_its_flow_before_it(monkeypatch):
    monkeypatch.setattr(lost, "_is_made", lambda recipe: recipe is not PACK)
    lost.check(ALL, ("all",))


def test_without_the_pack_both_are_made_again():
    Path(PACK.path).unlink()
    lost.check(ALL, ("all",))
