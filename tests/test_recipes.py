"""Recipes: what changes them, and what does not."""

import copy
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from rrrn.data import clips, digested
from rrrn.provenance import promised, recipes, sources, stale
from rrrn.provenance.frames_seen import Seen
from rrrn.provenance.recipes import Recipes, canonical
from rrrn.running import libraries
from rrrn.running.stage import InputError

HOME = sources.HOME
CONFIG = yaml.safe_load((HOME / "config.yaml").read_text())
TABLE = clips.read(HOME / "data/clips.csv")
NETWORKS = ("vgg16", "resnet18", "backbone", "rrrn")


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


LAST = {"scores", "confusion", "table"}
SCORED = {"predictions", *LAST}
TRAINING = {*SCORED, "attention"}
FLOW = {"flow", "pack", *TRAINING}
WORN = {"occluded", "features", "visible", *FLOW}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda c: c["train"].update(lr=0.1), TRAINING),
        (lambda c: c["train"].update(max_memory_gb=1), set()),
        (lambda c: c["train"].update(score_every_epoch=True), {"table"}),  # the leak meter
        (lambda c: c["leak"].update(poison=True), {"table"}),
        (lambda c: c["train"]["tune"].update(epochs=9), set()),
        (lambda c: c["svm"].update(C=10), SCORED),
        (lambda c: c["svm"].update(C=10000.0), set()),
        (lambda c: c["compare"].update(draws=100), {"table"}),
        (lambda c: c["flow"].update(tau=0.2), FLOW),
        (lambda c: c["flow"].update(engine="numba"), set()),
        (lambda c: c["flow"].update(engine="opencv"), FLOW),
        (lambda c: c["train"].update(device="cpu"), set()),
        (lambda c: c["train"].update(device="cuda"), TRAINING),
        (lambda c: c["faces"].update(pad=1.3), {"faces", "anchors", *WORN}),
        (lambda c: c["anchor"].update(mode="clip"), {"anchors", *WORN}),
        (lambda c: c["anchor"]["stable"].update(smooth=4), {"anchors", *WORN}),
        (lambda c: c["occlude"]["mask"].update(width=1.1), WORN),
        (lambda c: c["occlude"]["mask"].update(art="nowhere"), {"art", *WORN}),
        (lambda c: c["occlude"]["look"].update(shadow=0), WORN),
        (lambda c: c["augment"].update(angles=[0]), {"augment", *FLOW}),
        (lambda c: c["render"].update(seed=2), {"synthetic", "faces", "anchors", *WORN}),
        (lambda c: c["protocol"].update(n_seeds=2), {*LAST, "attention"}),
        (lambda c: c["protocol"].update(folds={"grouped": 3}), TRAINING),
    ],
)
def test_a_change_reaches_what_depends_on_it(change, expected):
    assert changed(change) == expected


def from_clean(config) -> None:
    config["protocol"].update(train_condition="matched", start="clean")
    config.update(conditions=["none", "mask"], methods=["lbp_top", "rrrn"])


def test_tuned_trainings_are_made_of_the_model_of_their_fold():
    made = experiment(from_clean)
    fold, other = made.folds[:2]
    scratch, tuned = (made.train("rrrn", name, fold, "0") for name in ("none", "mask"))
    model = made.model("rrrn", fold, "0")
    assert [one.path for one in tuned.inputs] == ["results/pack/mask.h5"] * 2 + [model.path]
    assert model.path == f"results/models/rrrn/none/{fold}-0.h5"
    assert (model.inputs, model.told, model.rows) == (scratch.inputs, scratch.told, scratch.rows)
    assert "tune" in json.loads(tuned.told)["train"] and "tune" not in json.loads(scratch.told)["train"]
    assert made.model("rrrn", other, "0").digest != model.digest != scratch.digest
    assert made.of(model.path) is model
    assert [one.path for one in made.every()].count(model.path) == 1


def test_a_start_changes_no_recipe_of_a_training_from_scratch():
    def matched(config):
        from_clean(config)
        config["protocol"].update(start="scratch")

    before, after = experiment(matched), experiment(from_clean)
    fold = before.folds[0]
    for make in (lambda made: made.train("rrrn", "none", fold, "0"), lambda made: made.svm("lbp_top", "mask")):
        assert make(before).digest == make(after).digest
    assert before.train("rrrn", "mask", fold, "0").digest != after.train("rrrn", "mask", fold, "0").digest
    assert not [one.path for one in before.every() if "models" in one.path]


def test_testing_on_all_conditions_changes_no_recipe_of_what_is_there():
    def matched(config):
        config["protocol"].update(train_condition="matched")
        config.update(conditions=["none", "mask"], methods=["lbp_top", "rrrn"])

    def all_of_them(config):
        matched(config)
        config["protocol"].update(test_all=True)

    before, after = ({one.path: one.digest for one in experiment(how).every()} for how in (matched, all_of_them))
    assert before.items() < after.items()
    added = {Path(path).parts[1] for path in after.keys() - before.keys()}
    assert added == {"models", "crossed", "matrix.json"}


def test_poison_changes_no_recipe_of_a_training_and_is_made_of_the_first_of_each_table():
    def poisoned(config):
        config["leak"].update(poison=True)

    before, after = ({one.path: one.digest for one in experiment(how).every()} for how in (lambda c: None, poisoned))
    own = {path for path in before if path != "results/leak.json"}
    assert {path: before[path] for path in own} == {path: after[path] for path in own}
    made = experiment(poisoned)
    first = [made.tables[name][0] for name in ("iv", "iii_a", "iii_b")]
    named = {f"results/poison/{name}/none/{fold}-0.csv" for name in CONFIG["methods"] for fold in first}
    assert after.keys() - before.keys() == named
    said, *_ = made.poison_svm("lbp_top", "none", first[0]).inputs
    assert said.path == "results/predictions/lbp_top/none/all.csv"
    trained, *_ = made.poison("rrrn", "none", first[0], "0").inputs
    assert trained.path == f"results/predictions/rrrn/none/{first[0]}-0.csv"


def test_poison_is_of_a_training_that_starts_from_no_other():
    def tuned(config):
        from_clean(config)
        config["leak"].update(poison=True)
        config.update(conditions=["mask", "none"])

    assert {Path(one.path).parts[3] for one in experiment(tuned).poisoned("iv")} == {"none"}


def test_a_control_that_is_held_otherwise_leaves_the_settings_of_a_table():
    def jittered(config):
        config.update(conditions=["none", "mask", "mask-jittered"], methods=["rrrn"])

    made = experiment(jittered)
    subject = made.subjects[0]
    held, usual = made.jitter(subject), made.anchor(subject)
    assert json.loads(held.told) == {"anchor": {"mode": "per_frame"}} and held.digest != usual.digest
    assert [one.path for one in made.occlude("mask-jittered", subject).inputs][1] == held.path
    for told in (made.table("iv").told, made.table("iv").settings):
        assert json.loads(told)["anchor"] == CONFIG["anchor"] | {"stable": canonical(CONFIG["anchor"]["stable"])}
    # a control shares what its base is made of
    assert made.occlude("mask-inside", subject) is made.occlude("mask", subject)
    assert made.flow("mask-inside", subject).inputs[0] is made.flow("mask", subject)


@pytest.mark.parametrize(
    ("change", "reached"),
    [
        (lambda c: c["train"]["tune"].update(epochs=9), {"predictions/mask"}),
        (lambda c: c["train"]["tune"].update(lr=0.1), {"predictions/mask"}),
        (lambda c: c["train"].update(epochs=9), {"models/none", "predictions/none", "predictions/mask"}),
        (lambda c: c["train"].update(device="cpu", max_memory_gb=1), set()),
        (lambda c: c["occlude"]["mask"].update(width=1.1), {"predictions/mask"}),
        (lambda c: c["networks"]["rrrn"].update(beta=0.1), {"models/none", "predictions/none", "predictions/mask"}),
    ],
)
def test_a_change_reaches_models_and_what_starts_from_them(change, reached):
    before, after = (
        {
            one.path: one.digest
            for one in experiment(by).every()
            if "/rrrn/" in one.path and not {*LAST, "attention"} & {*Path(one.path).parts}
        }
        for by in (from_clean, lambda config: (from_clean(config), change(config)))
    )
    differing = {"/".join(Path(path).parts[1:4:2]) for path in before if before[path] != after[path]}
    assert before.keys() == after.keys() and differing == reached


def in_groups(table) -> Recipes:
    return experiment(lambda c: c["protocol"].update(folds={"grouped": 3}), table)


def test_groups_of_subjects_change_no_training_of_another_fold():
    before, after = experiment(), in_groups(TABLE)
    fold = before.tables["iii_a"][0]
    assert before.train("rrrn", "none", fold, "0").digest == after.train("rrrn", "none", fold, "0").digest
    assert after.tables["iv"] == ["group-1-of-3", "group-2-of-3", "group-3-of-3"]


@pytest.mark.parametrize(
    "table",
    [
        [*TABLE, replace(TABLE[0], database="synsamm", subject="synsamm-999")],
        [clip for clip in TABLE if clip.subject != TABLE[0].subject],
        [replace(TABLE[0], objective_class=next(c for c in CONFIG["classes"] if c != TABLE[0].objective_class))]
        + TABLE[1:],
    ],
    ids=["a subject more", "a subject less", "another class"],
)
def test_what_may_move_subjects_between_groups_trains_every_group_again(table):
    before, after = in_groups(TABLE), in_groups(table)
    for fold in before.tables["iv"]:
        assert before.train("rrrn", "none", fold, "0").digest != after.train("rrrn", "none", fold, "0").digest
    assert before.svm("lbp_top", "none").digest != after.svm("lbp_top", "none").digest
    assert before.split().digest != after.split().digest


def test_a_change_of_one_condition_stays_in_it():
    before, after = experiment(), experiment(lambda c: c["occlude"]["mask"].update(width=1.1))
    subject = before.subjects[0]
    assert before.flow("none", subject).digest == after.flow("none", subject).digest
    assert before.flow("mask", subject).digest != after.flow("mask", subject).digest


def occluded(change, condition, first=lambda config: None) -> bool:
    """Whether a change of the configuration, made after ``first``, changes the recipe of an occluded shard."""
    before = experiment(first)
    after = experiment(lambda config: (first(config), change(config)))
    return len({one.occlude(condition, one.subjects[0]).digest for one in (before, after)}) == 2


@pytest.mark.parametrize(
    ("change", "reached"),
    [
        (lambda c: c["anchor"].update(mode="clip"), {"mask", "glasses", "random-20"}),
        (lambda c: c["anchor"]["stable"]["slack"].update(jaw=0.4), {"mask", "glasses", "random-20"}),
        (lambda c: c["occlude"].update(seed=8), {"mask", "glasses", "random-20"}),
        (lambda c: c["occlude"]["look"].update(shadow=0), {"mask", "glasses"}),
        (lambda c: c["occlude"]["glasses"].update(art="nowhere"), {"glasses"}),
        (lambda c: c["occlude"]["mask"].update(width=1), {"mask"}),
        (lambda c: c["occlude"]["random"].update(fill="noise"), {"random-20"}),
    ],
)
def test_a_change_of_occluders_reaches_the_conditions_that_wear_them(change, reached):
    names = ("none", "mask", "glasses", "random-20")
    assert {name for name in names if occluded(change, name)} == reached


def test_what_another_mode_of_anchoring_reads_changes_nothing():
    def smoother(config):
        config["anchor"]["stable"].update(smooth=4)

    assert not occluded(smoother, "mask", lambda c: c["anchor"].update(mode="per_frame"))


def test_drawings_are_told_what_they_are_and_conditions_what_they_do_with_them():
    one = experiment()
    assert json.loads(one.art("mask").told) == {"occlude": {"mask": {"art": "built_in"}}}
    told = json.loads(one.occlude("mask", one.subjects[0]).told)["occlude"]
    assert told.keys() == {"seed", "mask", "look"} and told["mask"].keys() == {"width"}
    assert [part.path.split("/")[1] for part in one.occlude("none", one.subjects[0]).inputs] == ["faces"]


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
    with pytest.raises(
        InputError, match=f"^subject {subject}: configuration, clip table or what is installed were changed since"
    ):
        promised.check_names({"subject": ["another"]})
    Path(os.environ[promised.VARIABLE]).write_text("{}")
    with pytest.raises(InputError, match="is gone or damaged"):
        promised.check(experiment().flow("none", subject))


def test_records_of_starts_stay_as_long_as_a_run_may_take(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(promised.VARIABLE, "")
    made = [
        experiment(lambda c, seed=seed: c["render"].update(seed=seed)).render("syncasme2-sub01") for seed in (1, 2, 3)
    ]
    for recipe in made[:2]:
        promised.write([recipe], {})
    files = sorted((tmp_path / sources.STATE / "promised").iterdir())
    assert len(files) == 2
    os.utime(files[0], (0, 0))
    promised.write([made[2]], {})
    assert len(list(files[0].parent.iterdir())) == 2 and not files[0].exists()


@pytest.mark.parametrize("count", [3, 2000])
def test_a_job_is_told_its_inputs_in_few_words(count):
    """A command line is one argument of a shell, of 128 kB at most."""
    inputs = tuple(recipes.Recipe(f"results/x{k}.csv", ("rrrn.data.clips",)) for k in range(count))
    assert len(recipes.Recipe("results/y.csv", ("rrrn.data.clips",), inputs=inputs).asked()) < 8000


@pytest.fixture
def plan(tmp_path, monkeypatch):
    """A plan on disk as its recipe asks for, without a record of Snakemake's."""
    monkeypatch.chdir(tmp_path)
    recipe = experiment().augment(experiment().subjects[0])
    digested.write(["a"], [["1"]], Path(recipe.path), lambda: str(replace(recipe.identity, inputs="0")))
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
    record(other, [repr(other.digest), repr(other.libraries)])
    with pytest.raises(InputError, match="Snakemake does not see it"):
        stale.check([other], [], True)


@pytest.fixture
def versions(monkeypatch) -> dict[str, str]:
    """The versions that libraries are found to have, to be set."""
    found = dict.fromkeys(libraries.WATCHED, "1.2.3")
    monkeypatch.setattr(libraries, "_version", found.__getitem__)
    libraries.told.cache_clear()
    yield found
    libraries.told.cache_clear()


def test_libraries_are_those_of_the_code_and_of_the_inputs(versions):
    made = experiment()
    subject, fold = made.subjects[0], made.folds[0]
    drawn, traced = "cv2-1.2,numpy-1.2,scipy-1.2", "cv2-1.2,numba-1.2,numpy-1.2,scipy-1.2,torch-1.2"
    seen = traced.replace("cv2", "PIL-1.2,cv2").replace("numba", "dlib-1.2,numba")
    assert made.render(subject).libraries == drawn
    assert made.augment(subject).libraries == ""
    assert made.faces(subject).libraries == "PIL-1.2,cv2-1.2,dlib-1.2,numpy-1.2,scipy-1.2"
    assert made.train("rrrn", "none", fold, "0").libraries == seen
    assert made.svm("lbp_top", "none").libraries.endswith("scipy-1.2,sklearn-1.2")
    assert {one.libraries for one in Recipes(CONFIG, TABLE, Seen(Path("nowhere")), watched=False).every()} == {""}


@pytest.mark.parametrize(
    ("library", "version", "expected"),
    [
        ("numpy", "1.2.4", set()),
        ("sklearn", "1.3.0", SCORED),
        ("numba", "1.3.0", {"flow", "pack", *TRAINING}),
        ("dlib", "2.2.3", {"faces", "anchors", *WORN}),
        ("numpy", "1.3.0", {"synthetic", "faces", "anchors", "art", *WORN}),
    ],
)
def test_a_library_reaches_what_it_computes(versions, library, version, expected):
    before = {one.path: one.libraries for one in experiment().every()}
    versions[library] = version
    libraries.told.cache_clear()
    after = {one.path: one.libraries for one in experiment().every()}
    differing = [path for path in before if before[path] != after[path]]
    assert {"table" if path.endswith(".json") else Path(path).parts[1] for path in differing} == expected


def test_files_of_other_libraries_without_a_record_stop_the_run(tmp_path, monkeypatch, versions):
    monkeypatch.chdir(tmp_path)
    made = experiment().score("iv", "lbp_top", "mask")
    digested.write(["a"], [["1"]], Path(made.path), lambda: str(made.identity))
    for version, stops in (("1.2.9", False), ("1.3", True), (libraries.ABSENT, False)):
        versions["sklearn"] = version
        libraries.told.cache_clear()
        now = experiment().score("iv", "lbp_top", "mask")
        for params in (None, [repr(now.digest), repr(now.libraries)]):
            if params:
                record(now, params)
            if stops:
                with pytest.raises(
                    InputError, match=rf"{made.path}: made with other settings, code, clips or libraries"
                ):
                    stale.check([now], [], True)
            else:
                stale.check([now], [], True)
        record(now, [repr(made.digest), repr(made.libraries)])
        stale.check([now], [], True)  # Snakemake sees that
        Path(".snakemake/metadata").rename(f"was-{version}")
    unwatched = replace(now, watched=False)
    stale.check([unwatched], [], True)


def test_a_damaged_file_is_called_damaged(plan):
    record(plan, [repr(plan.digest), repr(plan.libraries)])
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
