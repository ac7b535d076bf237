"""Models that trainings leave, and trainings that start from them: of their own fold, and of nothing else."""

import csv
import json
import logging
from dataclasses import replace

import numpy as np
import pytest
import torch
from test_checkpoints import kill
from training_data import CLASSES, CONFIG, VIEWS, arguments, make, make_flow, make_table, write_pack

from rrrn.data import clips, identity, store
from rrrn.experiment import conditions, folds, protocol
from rrrn.running.stage import InputError
from rrrn.stages import train
from rrrn.training import engine, fold, models, tensors

TUNE = {"epochs": 2, "lr": 0.001}


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Packs, and the models of the fold s1 by method."""
    folder = make(tmp_path_factory.mktemp("packs"))
    for method in ("rrrn", "vgg16", "resnet18"):
        train.main(clean(folder, method=method, model=folder / f"{method}.h5"))
    return folder


@pytest.fixture
def data(kept, tmp_path):
    """The same in a folder of its own, for tests that change it; the packs are indexes over files beside them."""
    for path in kept.rglob("*"):
        if path.is_file():
            target = tmp_path / path.relative_to(kept)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return tmp_path


def clean(data, **changes):
    """A training on un-occluded clips, tested on the occluded ones of s1: those that are trained on are not read."""
    return arguments(data, test=[("mask", data / "mask.h5")], **changes)


def tuned(data, **changes):
    """A training on occluded clips that starts from the model of the same fold."""
    method = changes.get("method", "rrrn")
    told = {"start": data / f"{method}.h5", "trained_on": "mask", "train": [data / "mask.h5"], "tune": TUNE, **changes}
    return clean(data, **told)


def rows(args):
    train.main(args)
    with args.output.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def probabilities(args):
    return [[row[f"p_{name}"] for name in CLASSES] for row in rows(args)]


# ---- the file


def test_a_model_says_of_whom_it_was_learnt(kept):
    model = models.read(kept / "rrrn.h5")
    told = model.origin
    assert (told.method, told.trained_on, told.fold, told.seed, told.classes) == ("rrrn", "none", "s1", 0, CLASSES)
    assert model.clips == {(clip.subject, clip.clip) for clip in make_table() if clip.subject != "s1"}
    assert told.settings["train.epochs"] == 2 and told.settings["networks.rrrn.beta"] == 0.02
    assert not [key for key in told.settings if key.startswith(("train.tune", "train.device"))]
    assert identity.read(kept / "rrrn.h5")[0] == identity.Identity()


def test_a_model_is_the_network_that_predicted(kept, monkeypatch):
    """Its statistics of batches are with it."""
    networks = []
    monkeypatch.setattr(engine, "predict", lambda network, *rest: networks.append(network) or iter([((), ())] * 5))
    monkeypatch.setattr(train.predictions, "write", lambda *_: None)
    train.main(clean(kept, model=kept / "again.h5"))
    state, weights = networks[0].state_dict(), models.read(kept / "again.h5").weights
    assert list(state) == list(weights) and any(name.endswith("running_var") for name in weights)
    assert all(torch.equal(state[name], weights[name]) and state[name].dtype == weights[name].dtype for name in state)
    assert (kept / "again.h5").read_bytes() == (kept / "rrrn.h5").read_bytes()


def test_who_leaves_a_model_predicts_the_same(data):
    one, other = clean(data, model=data / "other/m.h5"), clean(data, output="other.csv")
    train.main(one)
    train.main(other)
    assert one.output.read_bytes() == other.output.read_bytes()
    assert {path.name for path in (data / "other").iterdir()} == {"m.h5"}


def test_tensors_of_any_name_and_shape(tmp_path):
    told = {
        "a.b/c": torch.rand(2, 3, 4, 4),
        "": torch.tensor(7),
        "none": torch.zeros(0, 2),
        "b": torch.rand(3).double(),
    }
    with store.create(tmp_path / "x.h5") as file:
        tensors.put(file, told)
    with store.reading(tmp_path / "x.h5") as file:
        found = tensors.get(file)
    assert list(found) == list(told)
    assert all(torch.equal(found[name], told[name]) and found[name].dtype == told[name].dtype for name in told)


# ---- starting


@pytest.mark.parametrize("method", ["rrrn", "vgg16", "resnet18"])
def test_a_training_starts_from_the_weights_with_adam_afresh(kept, tmp_path, monkeypatch, caplog, method):
    caplog.set_level(logging.INFO)
    began = []

    def fit(training, n_epochs, *rest):
        state = {name: value.clone() for name, value in training.network.state_dict().items()}
        began.append((state, n_epochs, training._settings.lr, dict(training._optimizer.state)))

    monkeypatch.setattr(fold, "fit", fit)
    args = tuned(kept, method=method, output=tmp_path / "out.csv")
    train.main(args)
    state, n_epochs, lr, adam = began[0]
    weights = models.read(args.start).weights
    assert all(torch.equal(state[name], weights[name]) for name in weights) and state.keys() == weights.keys()
    assert (n_epochs, lr, adam) == (2, 0.001, {})
    assert f"starts from {args.start}, trained on none" in caplog.text


def test_a_tuned_training_repeats_itself_and_is_of_its_own_seed(data):
    first, again = (probabilities(tuned(data, output=f"{name}.csv")) for name in ("one", "two"))
    assert first == again
    assert first != probabilities(tuned(data, start=None))
    assert first != probabilities(tuned(data, trained_on="another"))
    assert first != probabilities(tuned(data, tune={**TUNE, "epochs": 1}))


def test_a_tuned_training_that_is_killed_goes_on(monkeypatch, data):
    whole, args = tuned(data, output="whole.csv"), tuned(data, checkpoint=data / "kept/a.h5", checkpoint_minutes=1000.0)
    train.main(whole)
    kill(monkeypatch, args, 2, 3)
    assert args.checkpoint.exists()
    train.main(args)
    assert args.output.read_bytes() == whole.output.read_bytes()


def test_a_model_to_start_from_is_of_the_un_occluded_condition():
    assert models._TRAINED_ON == protocol.START == conditions.CLEAR and not conditions.KINDS[conditions.CLEAR].dressed


def test_a_checkpoint_is_of_the_model_that_it_started_from(data):
    args, device = tuned(data), torch.device("cpu")
    before = train.key(args, device)
    assert before == train.key(args, device) != train.key(tuned(data, start=None), device)
    train.main(clean(data, model=args.start, epochs=3))
    assert train.key(args, device) != before


# ---- nothing of a tested subject


def with_classes(folder, subject):
    """Give the clips of a subject other classes than they have."""
    table = [
        replace(clip, objective_class=CLASSES[(CLASSES.index(clip.objective_class) + 1) % 5])
        if clip.subject == subject
        else clip
        for clip in make_table()
    ]
    clips.write(table, folder / "clips.csv")


def test_labels_of_tested_clips_change_neither_the_model_nor_what_is_predicted(data):
    expected = probabilities(tuned(data))
    model = (data / "rrrn.h5").read_bytes()
    with_classes(data, "s1")
    train.main(clean(data, model=data / "rrrn.h5"))
    assert (data / "rrrn.h5").read_bytes() == model
    assert [row["true"] for row in rows(tuned(data))] == [*CLASSES[1:], CLASSES[0]]
    assert probabilities(tuned(data)) == expected
    with_classes(data, "s0")
    train.main(clean(data, model=data / "rrrn.h5"))
    assert (data / "rrrn.h5").read_bytes() != model and probabilities(tuned(data)) != expected


def test_flow_of_a_tested_subject_never_enters_the_model(data):
    model, table = (data / "rrrn.h5").read_bytes(), make_table()
    flow = make_flow(table, VIEWS, seed=1)
    flow[[clip.subject == "s1" for clip in table]] = np.nan
    write_pack(data / "none.h5", table, flow)
    train.main(clean(data, model=data / "rrrn.h5"))
    assert (data / "rrrn.h5").read_bytes() == model


# ---- models that are refused


def rewritten(data, table=None, **changes):
    """Write the model of rrrn again as another."""
    model = models.read(data / "rrrn.h5")
    trained = folds.split(make_table(), "s1")[0] if table is None else table

    class Network(torch.nn.Module):
        def state_dict(self):
            return dict(model.weights)

    models.write(data / "rrrn.h5", Network(), replace(model.origin, **changes), trained, lambda: "by hand")


def refused(args, message):
    args.output.unlink(missing_ok=True)
    with pytest.raises(InputError, match=message) as said:
        train.main(args)
    assert "\n" not in str(said.value) and str(args.start) in str(said.value)
    assert "with --start, or delete the file and run again" in str(said.value)
    assert not args.output.exists()


def test_a_model_that_saw_a_tested_subject_is_refused_by_name(data):
    rewritten(data, make_table())
    refused(
        tuned(data), r"rrrn\.h5: was trained on subject 's1', whom fold 's1' tests; name the model of the same fold"
    )
    rewritten(data, make_table(), fold="everyone")
    refused(tuned(data, fold="group-1-of-2"), r"was trained on subject 's\d', whom fold 'group-1-of-2' tests")
    refused(tuned(data, fold="a-to-b"), "was trained on subject 's2', whom fold 'a-to-b' tests")
    rewritten(data, [clip for clip in make_table() if (clip.subject, clip.clip) != ("s1", "c0")], fold="s1")
    refused(tuned(data), "was trained on subject 's1'")  # some clips of whom will do


def test_the_model_of_another_fold_is_refused_for_whom_it_saw(data):
    train.main(clean(data, fold="s0", model=data / "rrrn.h5"))
    refused(tuned(data), "was trained on subject 's1', whom fold 's1' tests")


def test_what_others_start_from_is_called_alike_by_the_workflow():
    assert models._TRAINED_ON == protocol.START


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"trained_on": "mask"}, "was trained on 'mask', not un-occluded clips"),
        ({"method": "crops"}, "is of method 'crops', and not of 'rrrn'"),
        ({"fold": "group-1-of-2"}, "is of fold 'group-1-of-2', and not of 's1'"),
        ({"seed": 1}, "is of seed 1, and not of 0"),
        ({"classes": ["I", "II"]}, "is of classes I,II, and not of I,II,III,IV,V"),
        ({"table": make_table()[:5]}, "was not trained on clip s2/c0, unlike fold 's1'"),
        ({"table": [*make_table()[:5], *make_table()[10:], replace(make_table()[0], subject="s9")]}, "clip s9/c0"),
    ],
)
def test_another_model_is_refused(data, changes, message):
    rewritten(data, **changes)
    refused(tuned(data), message)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lr": 0.5}, "was trained with train.lr 0.002, and not 0.5"),
        ({"epochs": 3}, "was trained with train.epochs 2, and not 3"),
        ({"network": {"beta": 0.5}}, "was trained with networks.rrrn.beta 0.02, and not 0.5"),
    ],
)
def test_a_model_of_other_settings_is_refused(data, changes, message):
    refused(tuned(data, **changes), message)


def test_how_it_is_tuned_and_on_what_device_is_no_matter_to_a_model(data):
    train.main(clean(data, model=data / "rrrn.h5", device="auto", tune={"epochs": 9, "lr": 0.1}))
    train.main(tuned(data))


def test_weights_of_another_network_are_refused(data):
    model = models.read(data / "rrrn.h5")
    model.weights.popitem()
    rewritten_weights = dict(model.weights)

    class Network(torch.nn.Module):
        def state_dict(self):
            return rewritten_weights

    train_clips = folds.split(make_table(), "s1")[0]
    models.write(data / "rrrn.h5", Network(), model.origin, train_clips, lambda: "by hand")
    refused(tuned(data), "has weights of another network")


@pytest.mark.parametrize("kind", ["pack", "origin", "text"])
def test_what_is_no_model_is_refused(data, kind):
    if kind == "pack":
        (data / "rrrn.h5").write_bytes((data / "none.h5").read_bytes())
    else:
        with store.create(data / "rrrn.h5") as file:
            store.put_names(file, "origin", ["{" if kind == "text" else json.dumps({"fold": "s1"})])
    refused(tuned(data), "is no model that a training left")


def test_a_damaged_model_is_named(data):
    whole = (data / "rrrn.h5").read_bytes()
    for damage in (whole[:-1], whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:], b"text\n"):
        (data / "rrrn.h5").write_bytes(damage)
        with pytest.raises(InputError, match=r"rrrn\.h5: damaged.*delete it"):
            train.main(tuned(data))
    (data / "rrrn.h5").unlink()
    with pytest.raises(InputError, match=r"rrrn\.h5: missing"):
        train.main(tuned(data))


def test_a_start_needs_settings_of_its_own(data):
    args = tuned(data)
    del args.settings["train"]["tune"]
    with pytest.raises(InputError, match=r"lack train\.tune, which a training that starts from a model needs"):
        train.main(args)
    args.settings["train"]["tune"] = {"epochs": 2, "rate": 0.1}
    with pytest.raises(InputError, match=r"unknown key train\.tune\.rate; known are epochs, lr"):
        train.main(args)


def test_the_defaults_are_cheaper_than_starting_from_scratch():
    told = CONFIG["train"]
    assert told["tune"]["epochs"] < told["epochs"] and told["tune"]["lr"] < told["lr"]
