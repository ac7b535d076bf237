"""Recipes: what changes them, and what does not."""

import copy
import json
import os
from pathlib import Path

import pytest
import yaml

from rrrn import clips, promised, provenance, recipes, stale
from rrrn.frames_seen import Seen
from rrrn.recipes import Recipes, canonical
from rrrn.stage import InputError

HOME = provenance.HOME
CONFIG = yaml.safe_load((HOME / "config.yaml").read_text())
TABLE = clips.read(HOME / "data/clips.csv")


def experiment(change=lambda config: None, table=TABLE) -> Recipes:
    config = copy.deepcopy(CONFIG)
    change(config)
    return Recipes(config, table, Seen(Path("nowhere")))


def changed(change, table=TABLE) -> set[str]:
    """The kinds of files whose recipe a change of the configuration changes: the second part of their path."""
    before = {one.path: one.digest for one in experiment().every()}
    after = {one.path: one.digest for one in experiment(change, table).every()}
    differing = [path for path in before.keys() & after.keys() if before[path] != after[path]]
    return {"table" if path.endswith(".json") else Path(path).parts[1] for path in differing}


LAST = {"scores", "table"}
TRAINING = {"predictions", *LAST}
FLOW = {"flow", "pack", *TRAINING}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda c: c["train"].update(lr=0.1), TRAINING),
        (lambda c: c["train"].update(max_memory_gb=1), set()),
        (lambda c: c["svm"].update(C=10), TRAINING),
        (lambda c: c["svm"].update(C=10000.0), set()),
        (lambda c: c["flow"].update(tau=0.2), FLOW),
        (lambda c: c["flow"].update(engine="numba"), set()),
        (lambda c: c["flow"].update(engine="opencv"), FLOW),
        (lambda c: c["train"].update(device="cpu"), set()),
        (lambda c: c["train"].update(device="cuda"), TRAINING),
        (lambda c: c["faces"].update(pad=1.3), {"faces", "occluded", "features", *FLOW}),
        (lambda c: c["occlude"]["mask"].update(width=1.1), {"occluded", "features", *FLOW}),
        (lambda c: c["augment"].update(angles=[0]), {"augment", *FLOW}),
        (lambda c: c["synthetic"].update(seed=2), {"synthetic", "faces", "occluded", "features", *FLOW}),
        (lambda c: c["protocol"].update(n_seeds=2), LAST),
    ],
)
def test_a_change_reaches_what_depends_on_it(change, expected):
    assert changed(change) == expected


def test_a_change_of_one_condition_stays_in_it():
    before, after = experiment(), experiment(lambda c: c["occlude"]["mask"].update(width=1.1))
    subject = before.subjects[0]
    assert before.flow("none", subject).digest == after.flow("none", subject).digest
    assert before.flow("mask", subject).digest != after.flow("mask", subject).digest


def test_no_two_files_have_one_recipe():
    every = list(experiment().every())
    assert len({one.digest for one in every}) == len({one.path for one in every}) == len(every)


def test_every_input_comes_before_what_is_made_of_it():
    seen = set()
    for one in experiment().every():
        assert {part.path for part in one.inputs} <= seen
        seen.add(one.path)


def test_whole_numbers_are_one_number():
    assert canonical({"a": [1.0, 0.5, True, "x"]}) == {"a": [1, 0.5, True, "x"]}
    assert canonical(True) is True


def test_a_job_stops_if_it_is_asked_for_something_else_than_the_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(promised.VARIABLE, raising=False)
    subject = experiment().subjects[0]
    promised.check(experiment().flow("none", subject))  # of no run
    promised.write(experiment().every(), {"subject": [subject]})
    other = experiment(lambda c: c["flow"].update(tau=0.2))
    promised.check(other.faces(subject))
    with pytest.raises(InputError, match="were edited since this run started"):
        promised.check(other.flow("none", subject))
    promised.check_names({"subject": [subject, "another"]})
    with pytest.raises(InputError, match=f"^subject {subject}: configuration or clip table were edited since"):
        promised.check_names({"subject": ["another"]})
    Path(os.environ[promised.VARIABLE]).write_text("{}")
    with pytest.raises(InputError, match="is gone or damaged"):
        promised.check(experiment().flow("none", subject))


def test_records_of_starts_stay_as_long_as_a_run_may_take(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(promised.VARIABLE, "")
    made = [
        experiment(lambda c, seed=seed: c["synthetic"].update(seed=seed)).render("syncasme2-sub01")
        for seed in (1, 2, 3)
    ]
    for recipe in made[:2]:
        promised.write([recipe], {})
    files = sorted((tmp_path / provenance.STATE / "promised").iterdir())
    assert len(files) == 2
    os.utime(files[0], (0, 0))
    promised.write([made[2]], {})
    assert len(list(files[0].parent.iterdir())) == 2 and not files[0].exists()


@pytest.mark.parametrize("count", [3, 2000])
def test_a_job_is_told_its_inputs_in_few_words(count):
    """A command line is one argument of a shell, of 128 kB at most."""
    inputs = tuple(recipes.Recipe(f"results/x{k}.csv", ("rrrn.clips",)) for k in range(count))
    assert len(recipes.Recipe("results/y.csv", ("rrrn.clips",), inputs=inputs).asked()) < 8000


@pytest.fixture
def plan(tmp_path, monkeypatch):
    """A plan on disk as its recipe asks for, without a record of Snakemake's."""
    from rrrn import digested

    monkeypatch.chdir(tmp_path)
    recipe = experiment().augment(experiment().subjects[0])
    digested.write(["a"], [["1"]], Path(recipe.path), lambda: f"{recipe.path} recipe={recipe.digest} inputs=0")
    return recipe


def record(recipe: recipes.Recipe, params: list[str]) -> None:
    from base64 import urlsafe_b64encode

    path = Path(".snakemake/metadata") / urlsafe_b64encode(recipe.path.encode()).decode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"params": params}))


def test_files_of_another_recipe_without_a_record_stop_the_run(plan):
    other = experiment(lambda c: c["augment"].update(angles=[0, 5])).augment(plan.subject)
    stale.check([plan], [], True)
    with pytest.raises(InputError, match=rf"{plan.path}: made with other settings.*rrrn verify --remove"):
        stale.check([other], [], True)
    record(other, [repr(plan.digest)])
    stale.check([other], [], True)  # Snakemake sees that
    with pytest.raises(InputError, match=r"rrrn verify --remove --configfile 'my own\.yaml'"):
        stale.check([other], ["--configfile", "my own.yaml"], False)  # unless it looks at times alone
    record(other, [repr(other.digest)])
    with pytest.raises(InputError, match="Snakemake does not see it"):
        stale.check([other], [], True)


def test_a_damaged_file_is_called_damaged(plan):
    record(plan, [repr(plan.digest)])
    stale.check([plan], [], True)
    Path(plan.path).write_text("a,ma")
    with pytest.raises(InputError, match=rf"{plan.path}: missing, damaged.*delete it and run again"):
        stale.check([plan], [], True)


def test_long_names_of_records(monkeypatch, tmp_path):
    """Snakemake's own place for the record of an output with a long name is where it is looked for."""
    from snakemake.persistence.file import FilePersistence

    monkeypatch.chdir(tmp_path)
    path = f"results/{'long' * 60}.csv"
    snakemakes = FilePersistence.__new__(FilePersistence)
    snakemakes._max_len = None
    place = Path(snakemakes._record_path(".", path))
    assert len(place.parts) == 2
    (Path(".snakemake/metadata") / place).parent.mkdir(parents=True)
    (Path(".snakemake/metadata") / place).write_text('{"params": ["1"]}')
    assert stale._recorded(path) == ["1"]
