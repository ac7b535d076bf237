"""Trainings that are killed and go on: the same bytes, from their own checkpoint only."""

import errno
import json
import logging
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from training_data import CONFIG, HOME, arguments, make, make_flow, make_table, write_pack

from rrrn.data import clips, store
from rrrn.provenance import sources
from rrrn.stages import train
from rrrn.training.checkpoints import Checkpoint
from rrrn.training.engine import Training

EPOCHS = 4
STEPS = 3 * EPOCHS  # ten clips with two views each, in batches of eight
SEEDS = 100 if "RRRN_FUZZ" in os.environ else 8


class Killed(BaseException):
    """As by SIGKILL: nothing of the product sees it."""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make(tmp_path_factory.mktemp("packs"))


@pytest.fixture
def args(data, tmp_path):
    made = arguments(data, epochs=EPOCHS)
    made.output, made.checkpoint, made.checkpoint_minutes = tmp_path / "out.csv", tmp_path / "kept/a/b.h5", 1000.0
    return made


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    """What the training ends in that nobody interrupts, of each method."""
    made = {}

    def of(method="rrrn"):
        if method not in made:
            one = arguments(data, epochs=EPOCHS, method=method)
            one.output = tmp_path_factory.mktemp("whole") / "out.csv"
            train.main(one)
            made[method] = one.output.read_bytes()
        return made[method]

    return of


def kill(monkeypatch, args, saved, killed):
    """Run a training that saves after so many steps, counted anew, and dies after some more."""
    steps, step = [0], Training._step

    def counted(self, *told):
        if steps[0] == killed:
            raise Killed
        step(self, *told)
        steps[0] += 1

    with monkeypatch.context() as patched:
        patched.setattr(Training, "_step", counted)
        patched.setattr(Checkpoint, "save_if_due", lambda self, one: self.save(one) if steps[0] == saved else None)
        with pytest.raises(Killed):
            train.main(args)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_training_killed_anywhere_goes_on_to_the_same_bytes(monkeypatch, args, whole, seed):
    draw = np.random.default_rng(seed)
    left = STEPS
    for _ in range(draw.integers(1, 4)):  # kills
        killed = int(draw.integers(1, left)) if left > 1 else 0
        saved = int(draw.integers(1, killed + 1)) if killed else 0
        kill(monkeypatch, args, saved, killed)
        left -= saved
        assert args.checkpoint.exists() or not saved
    assert not args.output.exists()
    train.main(args)
    assert args.output.read_bytes() == whole()


@pytest.mark.parametrize("method", ["resnet18", "vgg16", "backbone"])
def test_other_networks_go_on(monkeypatch, args, data, whole, method):
    for name, value in vars(arguments(data, epochs=EPOCHS, method=method)).items():
        if name not in ("output", "checkpoint", "checkpoint_minutes"):
            setattr(args, name, value)
    kill(monkeypatch, args, 4, 7)  # within an epoch; VGG16 draws what it drops
    train.main(args)
    assert args.output.read_bytes() == whole(method)


def test_the_rest_of_a_killed_training_is_all_that_is_done_again(monkeypatch, args, caplog):
    caplog.set_level(logging.INFO)
    kill(monkeypatch, args, 5, 8)
    steps, step = [], Training._step
    monkeypatch.setattr(Training, "_step", lambda self, *told: steps.append(1) or step(self, *told))
    train.main(args)
    assert len(steps) == STEPS - 5
    assert "goes on in epoch 2, after 2 of its steps" in caplog.text


def test_a_checkpoint_vanishes_with_success(args, tmp_path):
    args.checkpoint_minutes = 0.0
    train.main(args)
    assert {path.name for path in tmp_path.iterdir()} == {"out.csv"}


OTHERS = {
    "settings": lambda args, data: args.settings["train"].update(lr=0.003),
    "network": lambda args, data: args.settings["networks"]["rrrn"].update(beta=0.03),
    "fold": lambda args, data: setattr(args, "fold", "s2"),
    "seed": lambda args, data: setattr(args, "seed", 1),
    "method": lambda args, data: (setattr(args, "method", "rrrn-no-rr"), setattr(args, "module", NO_RR)),
    "trained on": lambda args, data: setattr(args, "trained_on", "clean"),
    "classes": lambda args, data: setattr(args, "classes", ",".join(reversed(CONFIG["classes"]))),
}
NO_RR = "rrrn.networks.controls.rrrn_no_rr"


def check_started_anew(args, caplog, message):
    """The training takes no notice of its checkpoint: it ends in what it ends in without one."""
    fresh = type(args)(**{**vars(args), "checkpoint": None, "output": args.output.with_name("fresh.csv")})
    train.main(fresh)
    caplog.clear()
    caplog.set_level(logging.INFO)
    train.main(args)
    assert message in caplog.text and "goes on" not in caplog.text
    assert args.output.read_bytes() == fresh.output.read_bytes()


@pytest.mark.parametrize("change", OTHERS)
def test_a_checkpoint_of_another_training_is_not_used(monkeypatch, args, data, caplog, change):
    kill(monkeypatch, args, 5, 8)
    OTHERS[change](args, data)
    check_started_anew(args, caplog, "is of other code, settings or data, and not used")


def test_a_checkpoint_of_another_view_is_not_used(monkeypatch, args, data, caplog):
    """What was seen after each epoch is of the views that were tested then, and lies beside it."""
    args.test, args.every_epoch = [("none", data / "none.h5")], args.output.with_name("epochs.h5")
    kill(monkeypatch, args, 5, 8)
    args.view = "tta_mean"
    check_started_anew(args, caplog, "is of other code, settings or data, and not used")
    device = torch.device("cpu")
    named = type(args)(**{**vars(args), "test": [("mask", data / "none.h5")]})
    assert train.key(args, device) == train.key(args, device) != train.key(named, device)


@pytest.mark.parametrize("seen", ["code", "torch", "clips", "data"])
def test_a_checkpoint_of_other_code_or_data_is_not_used(monkeypatch, args, tmp_path, caplog, seen):
    folder = make(tmp_path / "own") if (tmp_path / "own").mkdir() is None else None
    own = arguments(folder, epochs=EPOCHS)
    own.output, own.checkpoint, own.checkpoint_minutes = args.output, args.checkpoint, args.checkpoint_minutes
    kill(monkeypatch, own, 5, 8)
    table = make_table()
    if seen == "code":
        monkeypatch.setattr(sources, "current", lambda *modules: "another")
    elif seen == "torch":
        monkeypatch.setattr(torch, "__version__", "9.9")
    elif seen == "clips":
        table[0], table[1] = (
            type(one)(**{**vars(one), "objective_class": name}) for one, name in zip(table, ["II", "I"], strict=False)
        )
        clips.write(table, folder / "clips.csv")
    else:
        write_pack(folder / "none.h5", table, make_flow(table, 3, seed=9))
    check_started_anew(own, caplog, "is of other code, settings or data, and not used")


@pytest.mark.parametrize(("weights", "device"), [(b"others", "cpu"), (b"weights", "cuda")])
def test_a_key_is_of_pretrained_weights_and_the_kind_of_device(args, tmp_path, weights, device):
    args.weights = tmp_path / "weights.pth"
    args.weights.write_bytes(b"weights")
    before = train.key(args, torch.device("cpu"))
    assert before == train.key(args, torch.device("cpu"))
    args.weights.write_bytes(weights)
    assert before != train.key(args, torch.device(device))


@pytest.mark.parametrize("damage", ["cut", "cut to nothing", "flipped", "text", "unsealed"])
def test_a_damaged_checkpoint_is_not_used(monkeypatch, args, caplog, damage):
    kill(monkeypatch, args, 5, 8)
    kept = args.checkpoint.read_bytes()
    middle = len(kept) // 2
    args.checkpoint.write_bytes(
        {
            "cut": kept[:middle],
            "cut to nothing": b"",
            "flipped": kept[:middle] + bytes([kept[middle] ^ 1]) + kept[middle + 1 :],
            "text": b"no such file\n",
            "unsealed": kept[512:],
        }[damage]
    )
    check_started_anew(args, caplog, "the training starts anew")


def test_a_full_disk_costs_the_checkpoint_and_not_the_training(monkeypatch, args, whole, caplog):
    kill(monkeypatch, args, 3, 4)
    before = args.checkpoint.read_bytes()

    def full(self, data):
        self._failure = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return memoryview(data).nbytes

    with monkeypatch.context() as patched:
        patched.setattr(store._Sink, "write", full)
        kill(patched, args, 3, 5)
    assert "no checkpoint:" in caplog.text and "make room" in caplog.text
    assert args.checkpoint.read_bytes() == before
    assert [path.name for path in args.checkpoint.parent.iterdir()] == ["b.h5"]
    train.main(args)
    assert args.output.read_bytes() == whole()


# ---- signals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2])
def test_a_signal_lets_a_training_save_and_end(monkeypatch, args, whole, caplog, number):
    caplog.set_level(logging.INFO)
    steps, step, handler = [], Training._step, signal.getsignal(number)

    def signalled(self, *told):
        steps.append(1)
        if len(steps) == 5:
            os.kill(os.getpid(), number)
        step(self, *told)

    with monkeypatch.context() as patched:
        patched.setattr(Training, "_step", signalled)
        with pytest.raises(SystemExit) as stopped:
            train.main(args)
    assert stopped.value.code == 128 + number and len(steps) == 5
    assert "stopped in epoch 2; the same command goes on from there" in caplog.text
    assert signal.getsignal(number) is handler
    train.main(args)
    assert "goes on in epoch 2, after 2 of its steps" in caplog.text
    assert args.output.read_bytes() == whole()


def test_a_signal_after_the_last_step_trains_no_epoch_twice(monkeypatch, args, whole):
    end = Training._end_epoch

    def signalled(self, *told):
        if self.epoch == EPOCHS:
            os.kill(os.getpid(), signal.SIGTERM)
        end(self, *told)

    with monkeypatch.context() as patched:
        patched.setattr(Training, "_end_epoch", signalled)
        with pytest.raises(SystemExit):
            train.main(args)
    train.main(args)
    assert args.output.read_bytes() == whole()


def test_a_process_that_is_told_to_end_goes_on_in_another(args, data):
    for name, value in vars(arguments(data, epochs=150)).items():
        if name not in ("output", "checkpoint", "checkpoint_minutes"):
            setattr(args, name, value)
    told = args.output.with_name("out.csv.csv")  # the history, beside the log

    def rows():
        return told.read_text().splitlines() if told.exists() else []

    for number in (signal.SIGTERM, signal.SIGUSR1):
        before = len(rows())
        process = start(args)
        while process.poll() is None and len(rows()) == before:
            time.sleep(0.01)
        process.send_signal(number)
        assert process.wait() == 128 + number
        assert args.checkpoint.exists() and not args.output.exists()
    assert start(args).wait() == 0
    log = args.output.with_name("out.csv.log").read_text()
    assert "goes on in epoch" in log and "epoch 1:" not in log
    assert [row.partition(",")[0] for row in rows()] == ["epoch", *map(str, range(1, 151))]
    gone_on = args.output.read_bytes()
    train.main(type(args)(**{**vars(args), "checkpoint": None}))
    assert gone_on == args.output.read_bytes()


def start(args):
    command = [sys.executable, "-m", "rrrn.stages.train", args.output, "--train", *args.train, "--test"]
    command += [f"{name}={path}" for name, path in args.test]
    command += ["--clips", args.clips, "--classes", args.classes, "--method", args.method, "--module", args.module]
    command += ["--trained-on", args.trained_on, "--fold", args.fold, "--settings", json.dumps(args.settings)]
    command += ["--checkpoint", args.checkpoint, "--checkpoint-minutes", 1000, "--log", f"{args.output}.log"]
    return subprocess.Popen([*map(str, command)], cwd=HOME, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
