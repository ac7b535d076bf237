"""The train × test matrix: models that are asked about all conditions, and what the table says of them."""

import argparse
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scaffold import copy, planned
from sklearn.metrics import f1_score
from training_data import CLASSES, CONFIG, arguments, make, make_table

from rrrn.data import predictions
from rrrn.experiment import config, defaults
from rrrn.running import stage
from rrrn.running.stage import InputError
from rrrn.stages import cross, matrix, train
from rrrn.tables import crossed
from rrrn.tables.statistics import resampling
from rrrn.training import models

FOLDS = ["s0", "s1", "s2"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make(tmp_path_factory.mktemp("packs"))


def ask(data, folder, trained_on: str, **more) -> argparse.Namespace:
    """What the stage is told of the trainings in a folder."""
    args = arguments(data, trained_on=trained_on)
    args.output, args.models = folder / "crossed.csv", sorted(folder.glob("*.h5"))
    return argparse.Namespace(**vars(args) | more)


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    """Each fold trained un-occluded and on masks, tested under its own condition; then asked about both."""
    folders = {}
    for name in ("none", "mask"):
        folders[name] = tmp_path_factory.mktemp(name)
        for fold in FOLDS:
            own = {"train": [data / f"{name}.h5"], "test": [(name, data / f"{name}.h5")], "trained_on": name}
            args = arguments(data, fold=fold, epochs=6, lr=0.005, **own)
            args.output, args.model = folders[name] / f"{fold}.csv", folders[name] / f"{fold}.h5"
            train.main(args)
        cross.main(ask(data, folders[name], name))
    return folders


@pytest.mark.parametrize("name", ["none", "mask"])
def test_a_model_says_what_its_training_said(trained, name):
    rows = predictions.read(trained[name] / "crossed.csv", CLASSES)
    assert len(rows) == 15 * 2 and {row.condition for row in rows} == {"none", "mask"}
    for fold in FOLDS:
        said = predictions.read(trained[name] / f"{fold}.csv", CLASSES)
        assert said == [row for row in rows if row.fold == fold and row.condition == name]


def test_the_table_has_each_pair(data, trained):
    args = stage.command("").parse_args([])
    args.crossed = [trained[name] / "crossed.csv" for name in ("none", "mask")]
    args.output, args.about, args.clips = data / "matrix.csv", data / "matrix.json", data / "clips.csv"
    args.classes, args.methods, args.conditions, args.trained_on = ",".join(CLASSES), "rrrn", "none,mask", "none,mask"
    args.folds, args.task, args.labels, args.view = ",".join(FOLDS), "CDE", None, "original"
    matrix.main(args)
    found = pd.read_csv(args.output)
    assert list(found.columns) == list(matrix.COLUMNS) and len(found) == 2 * 2 * 2
    values = found[found["metric"] == "F1"].set_index(["trained_on", "condition"])["value"]
    for name, label in (("none", "Un-occ"), ("mask", "Mask")):
        rows = predictions.read(trained[name] / "crossed.csv", CLASSES)
        for condition, tested in (("none", "Un-occ"), ("mask", "Mask")):
            own = [row for row in rows if row.condition == condition]
            said = [CLASSES[int(np.argmax(row.probabilities))] for row in own]
            expected = f1_score([row.true for row in own], said, average="macro", labels=CLASSES, zero_division=0)
            assert values[label, tested] == pytest.approx(expected, rel=1e-5)
    assert (found["low"] <= found["value"]).all() and (found["value"] <= found["high"]).all()
    alike = (values["Un-occ", "Un-occ"] + values["Mask", "Mask"]) / 2
    (note,) = json.loads(args.about.read_text())["notes"]
    assert f"RRRN has F1 {alike:.3f} in the mean under the conditions that it was trained on" in note


def test_seeds_have_a_deviation_and_subjects_an_interval():
    rng = np.random.default_rng(1)
    counts = rng.multinomial(6, np.full(3, 1 / 3), (2, 3, 5, 3))  # conditions, seeds, subjects, classes
    found = crossed.cells(counts.astype(float), [f"s{n}" for n in range(5)], ["none", "mask"], ["WAR"])
    each = counts.trace(axis1=3, axis2=4).sum(axis=2) / counts[0, 0].sum()
    assert found["value"].tolist() == pytest.approx(each.mean(axis=1).tolist())
    assert found["sd"].tolist() == pytest.approx(each.std(axis=1, ddof=1).tolist())
    weights = resampling.weights([f"s{n}" for n in range(5)], crossed.DRAWS)
    assert len(weights) == 1 + 2000 + 5 and found["low"].lt(found["value"]).all()


def test_one_condition_has_no_others_to_lose_under():
    rows = pd.DataFrame({"method": ["RRRN"], "metric": ["F1"], "value": [0.5]})
    assert matrix.notes(rows.assign(trained_on="Mask", condition="Mask"), "F1") == []


def test_a_model_that_saw_a_tested_subject_is_refused(data, trained):
    args, table = ask(data, trained["none"], "none"), make_table()
    model = models.read(trained["none"] / "s0.h5")
    assert {clip.subject for clip in cross.tested(model, table, args)} == {"s0"}
    seen = replace(model, clips=frozenset({("s0", "c1"), *model.clips}))
    with pytest.raises(InputError, match="was trained on subject 's0', whom fold 's0' tests"):
        cross.tested(seen, table, args)
    with pytest.raises(InputError, match="is of rrrn, trained on none, and not of rrrn, trained on mask"):
        cross.tested(model, table, ask(data, trained["none"], "mask"))


def test_the_key_belongs_to_matched_training(tmp_path):
    whole = defaults.whole([]) | {"conditions": ["none", "mask"]}
    told = CONFIG["protocol"] | {"test_all": True, "holdout": ["a", "b"]}
    with pytest.raises(InputError, match=r"test_all needs protocol\.train_condition matched; with clean"):
        config.check_together(whole | {"protocol": told}, make_table())


def test_the_workflow_asks_each_training_about_all_conditions(tmp_path):
    root = copy(tmp_path / "root")
    text = (root / "tests/config.yaml").read_text()
    told = text.replace("train_condition: matched", "train_condition: matched\n  test_all: true")
    (root / "tests/config.yaml").write_text(told)
    jobs = planned(root)
    assert (jobs["cross"], jobs["cross_svm"], jobs["matrix"]) == (3, 3, 1) and jobs["train"] == 3 * 6
