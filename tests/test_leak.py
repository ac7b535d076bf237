"""The leak meter: looks that leave no trace, what choosing would have given, and definitions of F1."""

import argparse
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from scaffold import CONFIG, copy, planned, snakemake, twin
from sklearn.metrics import f1_score
from test_checkpoints import kill
from training_data import CLASSES, arguments, make, make_table

from rrrn.data import clips, digested, every_epoch, predictions, store
from rrrn.experiment import metrics
from rrrn.running import stage
from rrrn.running.stage import InputError
from rrrn.stages import leak, oracle, score, train
from rrrn.tables import definitions, doubts, selection
from rrrn.training import looking
from rrrn.training.checkpoints import Checkpoint

EPOCHS, LONG = 3, 8


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make(tmp_path_factory.mktemp("packs"))


def trained(data, folder, looks: bool, **changes):
    args = arguments(data, **{"epochs": EPOCHS, **changes})
    args.output, args.model = folder / "out.csv", folder / "model.h5"
    args.checkpoint, args.checkpoint_minutes = folder / "kept/a/b.h5", 1000.0
    if looks:
        args.every_epoch = folder / "epochs.h5"
    return args


# ---- looking leaves no trace


def states(monkeypatch, args) -> list[dict[str, torch.Tensor]]:
    """Run a training; return what a checkpoint after each step would hold."""
    found = []

    def note(self, training):
        tensors, facts = training.state()
        found.append({name: value.clone() for name, value in tensors.items()} | {"order": facts["order"]})

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoint, "save_if_due", note)
        train.main(args)
    return found


@pytest.mark.parametrize("method", ["rrrn", "offapexnet"])  # with statistics of batches, and with dropout
def test_a_training_is_the_same_to_the_last_bit_whether_one_looks_or_not(monkeypatch, data, tmp_path, method):
    off, on = (trained(data, tmp_path / name, name == "on", method=method) for name in ("off", "on"))
    before, after = states(monkeypatch, off), states(monkeypatch, on)
    assert len(before) == len(after) == 3 * EPOCHS
    for one, other in zip(before, after, strict=True):
        assert one.keys() == other.keys() and one.pop("order") == other.pop("order")
        assert all(torch.equal(value, other[name]) for name, value in one.items())
    assert off.output.read_bytes() == on.output.read_bytes() and off.model.read_bytes() == on.model.read_bytes()
    assert not on.checkpoint.exists() and sorted(path.name for path in on.output.parent.iterdir()) == [
        *("epochs.h5", "model.h5", "out.csv")
    ]


def said(path, condition):
    rows = predictions.read(path, CLASSES)
    return [row.probabilities for row in rows if row.condition == condition]


def test_each_epoch_is_what_a_training_that_ends_with_it_predicts(data, tmp_path):
    args = trained(data, tmp_path / "long", True)
    train.main(args)
    found = every_epoch.read(args.every_epoch)
    assert found.probabilities.shape == (EPOCHS, 2, 5, 1, 5) and found.facts.conditions == ["none", "mask"]
    for epochs in (1, 2, 3):
        short = trained(data, tmp_path / f"short{epochs}", False, epochs=epochs)
        train.main(short)
        for place, condition in enumerate(found.facts.conditions):
            assert found.probabilities[epochs - 1, place, :, 0].tolist() == list(
                map(list, said(short.output, condition))
            )
    assert {subject for subject, _ in found.trained} == {"s0", "s2"} and len(found.trained) == 10
    assert list(found.tested) == [("s1", f"c{number}") for number in range(5)] and oracle.seen(found) == set()


def test_poisoned_labels_of_the_tested_subject_reach_no_number(data, tmp_path):
    plain, poisoned = (trained(data, tmp_path / name, True) for name in ("plain", "poisoned"))
    table = make_table()
    classes = [CLASSES[(CLASSES.index(clip.objective_class) + 2) % 5] for clip in table]
    others = zip(table, classes, strict=True)
    own = [replace(clip, objective_class=name) if clip.subject == "s1" else clip for clip, name in others]
    poisoned.clips = tmp_path / "poisoned.csv"
    clips.write(own, poisoned.clips)
    for args in (plain, poisoned):
        train.main(args)
    assert plain.model.read_bytes() == poisoned.model.read_bytes()
    one, other = (every_epoch.read(args.every_epoch).probabilities for args in (plain, poisoned))
    assert np.array_equal(one, other)


@pytest.mark.parametrize(("saved", "killed"), [(3, 4), (4, 8), (6, 7)])  # at an epoch's end, within one
def test_what_was_seen_outlives_a_stop(monkeypatch, data, tmp_path, saved, killed):
    whole, stopped = (trained(data, tmp_path / name, True) for name in ("whole", "stopped"))
    train.main(whole)
    kill(monkeypatch, stopped, saved, killed)
    assert stopped.checkpoint.exists()
    train.main(stopped)
    for name in ("every_epoch", "output"):
        assert getattr(whole, name).read_bytes() == getattr(stopped, name).read_bytes()
    assert not stopped.checkpoint.parent.exists()


def test_epochs_that_nobody_saw_are_trained_again(monkeypatch, data, tmp_path, caplog):
    caplog.set_level("INFO")
    whole, stopped = (trained(data, tmp_path / name, True) for name in ("whole", "stopped"))
    train.main(whole)
    kill(monkeypatch, trained(data, tmp_path / "stopped", False), 4, 8)
    train.main(stopped)
    assert "not every epoch was seen; the training starts anew" in caplog.text
    assert whole.every_epoch.read_bytes() == stopped.every_epoch.read_bytes()


def test_a_network_that_draws_when_it_is_asked_draws_the_same_afterwards():
    network = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Dropout())
    network[1].eval()
    torch.manual_seed(3)
    with looking.untouched(network, "fp32", torch.device("cpu")):
        network.eval()
        torch.rand(5)
    drawn = torch.rand(2)
    torch.manual_seed(3)
    assert torch.equal(drawn, torch.rand(2))
    assert [part.training for part in network.modules()] == [True, True, False]


# ---- what choosing would have given


def drawn(epochs: int = 6, folds: int = 4, number: int = 9, classes: int = 3):
    rng = np.random.default_rng(1)
    true, says = rng.integers(0, classes, (folds, number)), rng.integers(0, classes, (epochs, folds, number))
    counts = [[metrics.confusion(true[f], says[e, f], classes) for f in range(folds)] for e in range(epochs)]
    return true, says, np.array(counts)


def test_choosing_is_that_of_a_loop_over_epochs():
    true, says, counts = drawn()
    kept = []
    for of_fold, answers in zip(true, says.swapaxes(0, 1), strict=True):
        best = 0
        for one in answers:
            if (one == of_fold).mean() >= best:  # as published scripts have it
                best, chosen = (one == of_fold).mean(), one
        kept.append(chosen)
    found = selection.chosen(counts)["F1"]

    def f1(answers):
        return f1_score(true.ravel(), np.ravel(answers), average="macro")

    every = [f1(answers) for answers in says]
    assert found.of_fold == pytest.approx(f1(kept)) and found.last == pytest.approx(every[-1])
    assert found.of_all == pytest.approx(max(every)) and found.epoch == 1 + int(np.argmax(every))
    assert found.last < found.of_all < found.of_fold  # folds may choose, each for itself


def test_definitions_are_scikit_learns():
    true, says, counts = drawn(epochs=1, number=4, classes=4)
    pooled = true.ravel(), says[0].ravel()
    found = definitions.f1s(counts[0].astype(float))
    for name, average in (("f1_macro", "macro"), ("f1_weighted", "weighted"), ("f1_micro", "micro")):
        assert found[name] == pytest.approx(f1_score(*pooled, average=average))
    folds = list(zip(true, says[0], strict=True))
    assert found["f1_of_folds_present"] == pytest.approx(np.mean([f1_score(*one, average="macro") for one in folds]))
    whole = [f1_score(*one, average="macro", labels=range(4), zero_division=0) for one in folds]
    assert found["f1_of_folds"] == pytest.approx(np.mean(whole))
    assert found["f1_of_folds"] < found["f1_of_folds_present"]  # some fold lacks a class


def test_of_means_by_hand():
    # precisions 2/3 and 1/2, recalls 2/4 and 2/3 of two classes
    matrix = np.array([[[2.0, 2.0], [1.0, 2.0]]])
    precision, recall = (2 / 3 + 1 / 2) / 2, (2 / 4 + 2 / 3) / 2
    assert definitions.f1s(matrix)["f1_of_means"] == pytest.approx(2 * precision * recall / (precision + recall))
    assert definitions.f1s(np.zeros((1, 2, 2)) + [[0, 1], [1, 0]])["f1_of_means"] == 0


# ---- from trainings to the file


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    """All folds of one network, scored, with what they found after each epoch."""
    folder = tmp_path_factory.mktemp("run")
    for fold in ("s0", "s1", "s2"):
        train.main(trained(data, folder / fold, True, fold=fold, epochs=LONG, lr=0.005, views_per_clip_per_epoch=3))
    return folder


def stage_arguments(data, **more):
    args = stage.command("").parse_args([])
    told = {"clips": data / "clips.csv", "classes": ",".join(CLASSES), "view": "original", "method": "rrrn"}
    return argparse.Namespace(**vars(args) | told | {"condition": "mask", "folds": "s0,s1,s2"} | more)


def scored(data, run):
    paths = []
    for condition in ("none", "mask"):
        args = stage_arguments(data, condition=condition, predictions=sorted(run.glob("*/out.csv")))
        args.output, args.confusion = run / f"{condition}-scores.csv", run / f"{condition}-confusion.csv"
        score.main(args)
        args.epochs, args.output = sorted(run.glob("*/epochs.h5")), run / f"{condition}-oracle.csv"
        oracle.main(args)
        paths.append(args.confusion)
    return paths


def meter(data, run, paths, oracles, poisoned=(), **more) -> pd.DataFrame:
    args = stage_arguments(data, methods="rrrn", conditions="none,mask", labels=None, oracle=oracles, **more)
    args.poisoned = [["iv", *map(str, poisoned)]] if poisoned else []
    args.confusion, args.folds = [["iv", "CDE", *map(str, paths)]], [["iv", "s0,s1,s2"]]
    args.output, args.about = run / "leak.csv", run / "leak.json"
    leak.main(args)
    return pd.read_csv(args.output)


def test_from_trainings_to_the_file(data, run):
    paths = scored(data, run)
    found = meter(data, run, paths, [["iv", *(str(run / f"{name}-oracle.csv") for name in ("none", "mask"))]])
    assert list(found.columns) == list(leak.COLUMNS) and len(found) == 3 * 2
    true = [CLASSES.index(clip.objective_class) for clip in make_table()]
    files = [every_epoch.read(path) for path in sorted(run.glob("*/epochs.h5"))]
    said = np.concatenate([one.probabilities[:, 1, :, 0].argmax(axis=-1) for one in files], axis=1)  # epochs, clips
    every = [f1_score(true, of_epoch, average="macro", labels=range(5), zero_division=0) for of_epoch in said]
    row = found[(found["condition"] == "Mask") & (found["metric"] == "F1")].iloc[0]
    assert row["value"] == pytest.approx(every[-1], rel=1e-5) == row["f1_macro"]
    assert row["oracle_epoch"] == pytest.approx(max(every), rel=1e-5) and row["n_epochs"] == LONG
    assert row["oracle_fold_gain"] == pytest.approx(row["oracle_fold"] - row["value"], abs=1e-5)
    assert (row["seen_subjects"], row["seen_by"], row["n_folds"], row["n_seeds"]) == (0, "trainings", 3, 1)
    means = found[found["metric"] == "F1"].set_index("condition")["oracle_fold"]
    assert means["Avg."] == pytest.approx(means[["Un-occ", "Mask"]].mean(), rel=1e-4)
    notes = json.loads((run / "leak.json").read_text())["notes"]
    assert "Choosing each fold's epoch" in notes[0] and "no training of RRRN lists one" in notes[2]


def test_without_looks_the_file_says_what_is_not_known(data, run):
    found = meter(data, run, scored(data, run), [])
    assert found[list(doubts.ORACLES)].isna().all(axis=None) and found["f1_spread"].gt(0).all()
    assert set(found["seen_by"]) == {"folds"} and set(found["seen_subjects"]) == {0}
    notes = json.loads((run / "leak.json").read_text())["notes"]
    assert notes[0] == leak.NOT_ASKED and notes[2] == "No fold learns from a subject whom it tests"


def test_the_verdict_of_poison_stands_beside_each_headline(data, run, tmp_path):
    paths, verdict = scored(data, run), tmp_path / "verdict.csv"
    assert meter(data, run, paths, [])["poisoned"].isna().all()
    assert json.loads((run / "leak.json").read_text())["notes"][-1] == leak.NOT_POISONED
    for said, note in (("same", "A training of RRRN says the same to the last"), ("differs", "LEAK: poison in tested")):
        digested.write(("method", "conditions", "poisoned"), [("rrrn", "none mask", said)], verdict)
        found = meter(data, run, paths, [], [verdict])
        assert set(found["poisoned"]) == {said} and found["condition"].nunique() == 3
        assert json.loads((run / "leak.json").read_text())["notes"][-1].startswith(note)


def test_the_verdict_stands_only_where_the_poisoned_training_is_tested(data, run, tmp_path):
    digested.write(("method", "conditions", "poisoned"), [("rrrn", "none", "same")], tmp_path / "verdict.csv")
    found = meter(data, run, scored(data, run), [], [tmp_path / "verdict.csv"])
    said = found.groupby("condition")["poisoned"].agg(set)
    assert said["Un-occ"] == {"same"} and found.loc[found["condition"] != "Un-occ", "poisoned"].isna().all()


def test_a_method_of_two_verdicts_is_named_with_its_tables():
    told = {"method": ["A", "B", "A", "B", "D"], "table": ["iv", "iv", "iii_a", "iii_a", "iv"]}
    said = leak.poison(pd.DataFrame(told | {"poisoned": ["same", "same", "unclear", "same", ""]}))
    assert said.startswith("A training of A in Table IV, B says") and "Trainings of A in Table III a do not" in said
    assert leak.poison(pd.DataFrame(told | {"poisoned": ["same", "same", "differs", "same", ""]})) == (
        "LEAK: poison in tested clips changes what trainings of A in Table III a say of them"
    )


def test_one_leak_is_said_before_all_that_is_well():
    told = pd.DataFrame({"method": ["A", "B", "C", "B"], "poisoned": ["same", "differs", "unclear", "differs"]})
    told["table"] = "iv"
    assert leak.poison(told) == "LEAK: poison in tested clips changes what trainings of B say of them"
    assert leak.poison(told[told["method"] != "B"]) == (
        "A training of A says the same to the last digit after its tested clips were poisoned; Trainings of C do not "
        "repeat on this machine, so that poison tells nothing of them"
    )


def test_a_training_that_saw_a_tested_subject_is_named(data, run, tmp_path):
    one = every_epoch.read(run / "s1/epochs.h5")
    table = make_table()
    tested = [clip for clip in table if clip.subject == "s1"]
    every_epoch.write(tmp_path / "seen.h5", one.facts, tested, table, one.probabilities)
    args = stage_arguments(data, epochs=[run / "s0/epochs.h5", tmp_path / "seen.h5", run / "s2/epochs.h5"])
    args.output = tmp_path / "oracle.csv"
    oracle.main(args)
    found = pd.DataFrame(
        {"seen_subjects": doubts.read(args.output)["n_seen"], "method": "rrrn", "seen_by": "trainings"}
    )
    assert leak.verdict(found) == "LEAK: trainings of rrrn learnt from 1 of the subjects that they are tested on"


def test_what_does_not_belong_together_is_refused(data, run, tmp_path):
    paths, files = scored(data, run), sorted(run.glob("*/epochs.h5"))
    others = [tmp_path / f"{path.parent.name}.h5" for path in files]
    for path, other in zip(files, others, strict=True):
        one = every_epoch.read(path)
        tested = [clip for clip in make_table() if clip.subject == one.facts.fold]
        every_epoch.write(other, one.facts, tested, tested, one.probabilities[..., [1, 2, 3, 4, 0]])
    oracle.main(stage_arguments(data, epochs=others, output=tmp_path / "mask.csv"))
    with pytest.raises(InputError, match="not of the same trainings: delete both"):
        meter(data, run, paths, [["iv", str(tmp_path / "mask.csv")]])
    with pytest.raises(InputError, match="fold s2, seed 0"):
        oracle.main(stage_arguments(data, epochs=files[:2], output=tmp_path / "none.csv"))
    with pytest.raises(InputError, match=r"epochs\.h5: is of other classes or conditions"):
        oracle.main(stage_arguments(data, epochs=files, condition="glasses", output=tmp_path / "none.csv"))
    with store.create(tmp_path / "empty.h5"):
        pass
    with pytest.raises(InputError, match=r"empty\.h5: does not say"):
        every_epoch.read(tmp_path / "empty.h5")


def test_the_workflow_looks_where_it_is_told(tmp_path):
    root = copy(tmp_path / "root")
    with (root / "tests/config.yaml").open("a") as file:
        file.write("train: {epochs: 1, views_per_clip_per_epoch: 2, score_every_epoch: true}\nleak: {poison: true}\n")
    text = (root / "tests/config.yaml").read_text().replace("train:\n  epochs: 1\n  views_per_clip_per_epoch: 2\n", "")
    (root / "tests/config.yaml").write_text(text)
    jobs = planned(root)
    assert (jobs["oracle"], jobs["leak"]) == (3 * 3, 1)  # one network, three conditions and tables
    assert (jobs["poison"], jobs["poison_svm"]) == (3, 3)  # a network and a descriptor, three tables


def test_the_workflow_poisons_a_descriptor(done, tmp_path):
    root = twin(done, tmp_path / "root")
    (root / "poison.yaml").write_text("leak: {poison: true}\n")
    target = "results/poison/lbp_top/none/synsamm-006-0.csv"
    run = snakemake(root, "--cores", "1", "--quiet", "all", *CONFIG, "poison.yaml", "--", target)
    assert run.returncode == 0, run.stderr
    (row,) = pd.read_csv(root / target).to_dict("records")
    assert (row["method"], row["fold"], row["n_clips"], row["poisoned"]) == ("lbp_top", "synsamm-006", 4, "same")
    assert row["n_numbers"] == 4 * 5  # clips and classes, under one condition
