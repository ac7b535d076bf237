"""Poison: what is written of it, that a training tells nothing of it, and that one which leaks is found out."""

import argparse
from contextlib import ExitStack
from dataclasses import replace

import numpy as np
import pytest
import torch
from training_data import CLASSES, arguments, make, make_flow, make_table, write_pack

from rrrn.data import clips, digested, rows
from rrrn.data.packed import open_packs
from rrrn.experiment import folds, poison
from rrrn.running.stage import InputError
from rrrn.stages import poison as stage
from rrrn.stages import train
from rrrn.training import fold
from rrrn.training import poison as of_networks


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make(tmp_path_factory.mktemp("packs"))


# ---- what is written


@pytest.mark.parametrize(("dtype", "fold_name"), [("int16", "s1"), ("float16", "a-to-b")])
def test_packs_hold_noise_for_tested_clips_and_all_else_as_it_was(tmp_path, dtype, fold_name):
    table, source = make_table(), tmp_path / "own/none.h5"
    flow = np.clip(make_flow(table, 3, seed=1), -1, 1)
    write_pack(source, table, flow, views=np.array([0, 2, 5], np.int32), dtype=dtype)
    tested = folds.split(table, fold_name)[1]
    found = of_networks.packs([source, source], tested, tmp_path / "poisoned")
    assert list(found) == [source]
    with ExitStack() as stack:
        packs = open_packs([source, found[source]], stack)  # of one geometry and form
        before, after = packs[source], packs[found[source]]
        assert list(after.views) == [0, 2, 5]
        for clip in table:
            one, other = (pack.read(clip, [0, 2, 5]) for pack in (before, after))
            assert one.dtype == other.dtype and (one == other).all() == (clip not in tested)
            if clip in tested:
                noise = other.astype(float) * after.scale
                assert abs(noise.mean()) < 0.05 and noise.std() == pytest.approx(1 / np.sqrt(3), rel=0.05)
                assert not np.array_equal(other[0], other[1])
    shards = {path.name for path in (tmp_path / "poisoned").iterdir()}
    assert len(shards) == 1 + len({clip.subject for clip in tested})


def test_labels_are_others_for_tested_clips_alone():
    table = make_table()
    found = poison.table(table, "s1", CLASSES)
    for one, other in zip(table, found, strict=True):
        assert rows.key(one) == rows.key(other)
        assert (one == other) == (one.subject != "s1") == (one.objective_class == other.objective_class)
    assert poison.table(table, "group-1-of-2", CLASSES) == table  # groups are made by classes


# ---- the verdict


@pytest.mark.parametrize(
    ("recorded", "poisoned", "again", "once_more", "expected"),
    [
        (1, 1, [], [], "same"),
        (1, 2, [2], [], "same"),  # the predictions are of another machine
        (1, 2, [1], [2], "differs"),
        (1, 2, [3, 3], [2], "differs"),  # likewise
        (1, 2, [3, 4], [], "unclear"),  # no two are equal
        (1, 2, [1], [3], "unclear"),  # the poisoned one does not repeat itself
        (1, 2, [3, 3], [1], "unclear"),
    ],
)
def test_the_verdict_trains_again_only_where_it_must(recorded, poisoned, again, once_more, expected):
    def numbers(value):
        return {("s", "c", "none", 0): (float(value),)}

    without, with_poison = iter(map(numbers, again)), iter(map(numbers, once_more))
    found = poison.verdict(numbers(recorded), numbers(poisoned), lambda: next(without), lambda: next(with_poison))
    assert found == expected
    assert not [*without, *with_poison]


# ---- trainings


def poisoned(data, folder, **changes) -> dict[str, str]:
    """Train as the workflow does, then with poison; return the row of the verdict."""
    args = arguments(data, **changes)
    args.output = folder / "out.csv"
    train.main(args)
    told = {**vars(args), "predictions": args.output, "output": folder / "poison/verdict.csv"}
    stage.main(argparse.Namespace(**told))
    assert [path.name for path in (folder / "poison").iterdir()] == ["verdict.csv"]
    (row,) = digested.read(folder / "poison/verdict.csv")
    return row


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "rrrn"},
        {"method": "offapexnet", "fold": "a-to-b"},  # draws while it trains
        {"method": "rrrn", "fold": "group-2-of-2", "max_memory_gb": 0.0},
    ],
    ids=str,
)
def test_a_training_ends_in_the_same_and_says_the_same_with_poison(monkeypatch, data, tmp_path, caplog, changes):
    ended, fit = [], fold.fit

    def seen(training, *told):
        fit(training, *told)
        ended.append(training.state())

    monkeypatch.setattr(fold, "fit", seen)
    row = poisoned(data, tmp_path, **changes)
    assert row["poisoned"] == "same" and "without poison" not in caplog.text
    (tensors, facts), (others, told) = ended  # all that a checkpoint holds
    assert tensors.keys() == others.keys() and any(name.startswith("adam/") for name in tensors)
    assert all(value.numpy().tobytes() == others[name].numpy().tobytes() for name, value in tensors.items())
    assert facts["order"] == told["order"]
    clock = ("seconds", "samples_per_second")
    without = [[{k: v for k, v in row.items() if k not in clock} for row in one["history"]] for one in (facts, told)]
    assert without[0] == without[1]
    tested = len(folds.split(make_table(), row["fold"])[1])
    numbers = 5 + 6 * (changes["method"] == "rrrn")
    assert (int(row["n_clips"]), int(row["n_numbers"])) == (tested, 2 * tested * numbers)
    assert row["conditions"] == "none mask"


def among_them(monkeypatch):
    """A tested clip is learnt from."""
    split = folds.split

    def leaky(table, name):
        training, tested = split(table, name)
        return [*training, tested[0]], tested

    monkeypatch.setattr(fold.folds, "split", leaky)


def by_flow(monkeypatch):
    """Initial weights hang on the flow of a tested clip."""
    views = fold.views_to_test

    def leaky(tested, view):
        torch.manual_seed(int(abs(tested[0].read(make_table()[5], [0])).sum()))
        return views(tested, view)

    monkeypatch.setattr(fold, "views_to_test", leaky)


def by_classes(monkeypatch):
    """The order of samples hangs on the classes of tested clips."""
    split, seen = folds.split, []

    def leaky(table, name):
        training, tested = split(table, name)
        seen[:] = [clip.objective_class for clip in tested]
        return training, tested

    monkeypatch.setattr(fold.folds, "split", leaky)
    generator = fold.seeds.generator
    monkeypatch.setattr(fold.seeds, "generator", lambda *parts: generator(*parts, *seen))


@pytest.mark.parametrize("leak", [among_them, by_flow, by_classes])
def test_a_leak_is_found_out(monkeypatch, data, tmp_path, leak):
    leak(monkeypatch)
    assert poisoned(data, tmp_path)["poisoned"] == "differs"


def test_trainings_that_draw_by_chance_are_no_leak(monkeypatch, data, tmp_path):
    numbers = iter(range(100))
    monkeypatch.setattr(fold.seeds, "seed", lambda *parts: next(numbers))
    assert poisoned(data, tmp_path, epochs=1)["poisoned"] == "unclear"


def never(*args):
    raise AssertionError("is trained")


def test_a_class_that_is_none_is_said_before_anything_is_trained(monkeypatch, data, tmp_path):
    args = arguments(data, epochs=1)
    args.output = tmp_path / "out.csv"
    train.main(args)
    monkeypatch.setattr(fold, "run", never)
    others = [replace(clip, objective_class="VI") if clip.subject == "s1" else clip for clip in make_table()]
    clips.write(others, tmp_path / "clips.csv")
    told = {**vars(args), "predictions": args.output, "output": tmp_path / "verdict.csv"}
    with pytest.raises(InputError, match="has class 'VI', which is none of I, II, III, IV, V"):
        stage.main(argparse.Namespace(**{**told, "clips": tmp_path / "clips.csv"}))


def test_a_full_gpu_is_said_when_clips_are_asked_about_too(monkeypatch, data, tmp_path):
    def full(*args):
        raise torch.cuda.OutOfMemoryError

    monkeypatch.setattr(of_networks.Asked, "of", full)
    task = fold.Task("rrrn", "none", "s1", 0, CLASSES, [], {"none": data / "none.h5"}, "original", {})
    monkeypatch.setattr(fold.Task, "settings", argparse.Namespace(batch_size=8))
    trained = fold.Trained(torch.nn.Linear(1, 1), [], [], [], [0])
    with pytest.raises(InputError, match="the GPU's memory is full"):
        of_networks.said(task, trained, 0.0)


def test_predictions_of_other_clips_are_refused(monkeypatch, data, tmp_path):
    args = arguments(data, fold="s0", epochs=1)
    args.output = tmp_path / "out.csv"
    train.main(args)
    told = {**vars(args), "predictions": args.output, "output": tmp_path / "verdict.csv", "fold": "s1"}
    monkeypatch.setattr(fold, "run", never)  # it is known before
    with pytest.raises(InputError, match="of other clips or conditions than are tested"):
        stage.main(argparse.Namespace(**told))
    assert not (tmp_path / "verdict.csv").exists() and not (tmp_path / "verdict.packs").exists()


def test_what_a_killed_job_left_is_no_obstacle(data, tmp_path):
    left = tmp_path / "poison/verdict.packs/0.h5"
    left.parent.mkdir(parents=True)
    left.write_text("half a pack")
    assert poisoned(data, tmp_path, epochs=1)["poisoned"] == "same"
