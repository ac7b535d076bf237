"""The measurement of trainings: what is measured, by which batch, and what it leaves behind."""

from itertools import count
from pathlib import Path

import pytest
import torch

from rrrn.data import clips
from rrrn.experiment import config, defaults
from rrrn.planning import calibration, networks, notes, pace, plan
from rrrn.planning.jobs import Job
from rrrn.planning.model import Model
from rrrn.planning.rates import Rates
from rrrn.running.stage import InputError
from rrrn.training.checkpoints import Checkpoint
from rrrn.training.engine import Training

HOME = Path(__file__).resolve().parents[1]
CPU = torch.device("cpu")
JOB = Job("train", {"network": "rrrn", "trained_on": "mask", "fold": "synsamm-006", "seed": "0"})


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch):
    monkeypatch.chdir(HOME)


@pytest.fixture
def toy():
    return settings()


def settings(**changes):
    return config.merge([defaults.whole([HOME / "tests/config.yaml"]), {"train": {"batch_size": 32}}, changes])


@pytest.fixture
def batches(monkeypatch):
    """The batches of all steps that are taken."""
    seen, step = [], Training._step

    def noted(self, maps, *told):
        seen.append(len(maps))
        step(self, maps, *told)

    monkeypatch.setattr(Training, "_step", noted)
    return seen


def measured(own, name="backbone"):
    with pace.training(own, CPU):
        return pace.measure(name, own, CPU)


def test_steps_of_the_whole_batch_are_measured(toy, batches):
    assert measured(toy).batch == 32
    assert set(batches) == {networks.BATCH, 32} and batches.count(32) > 1  # the first is not measured


def test_a_batch_that_takes_too_long_is_measured_smaller_and_scaled_up(toy, batches, monkeypatch):
    clock = count()
    monkeypatch.setattr(pace, "_now", lambda device: next(clock))  # whatever is done takes a second
    found = measured(toy)
    assert found.batch == 8 == max(batches)  # 32 would take 16 s of the 5 that there are, 16 would take 8
    assert (found.step, found.sample, found.predicted) == (1, 0, 1 / 8)


def test_a_batch_that_memory_does_not_hold_is_measured_smaller(toy, batches, monkeypatch):
    kept, weights = networks.kept("backbone", toy), networks.size("backbone", toy)
    assert pace.fitting(4 * weights + 20 * kept, weights, kept) == 10 and pace.fitting(0, weights, kept) == 0
    monkeypatch.setattr(pace, "_free", lambda: 0.0)
    assert measured(toy).batch == networks.BATCH == max(batches)


def test_what_a_forward_pass_keeps_follows_the_area(toy):
    small, large = (networks.kept("rrrn", settings(pack={"size": side})) for side in (28, 56))
    assert small > 6 * 2 * 28 * 28 * 4 and large == pytest.approx(4 * small, rel=0.2)


def test_weights_stay_and_pytorch_is_left_as_it_was(toy):
    network = networks.build("backbone", toy)
    before = [parameter.clone() for parameter in network.parameters()]
    with pace.training(toy, CPU):
        next(pace.started(network, 4, toy, CPU).steps())
        assert torch.get_deterministic_debug_mode() == 2
    assert torch.get_deterministic_debug_mode() == 0
    assert all(torch.equal(one, other) for one, other in zip(before, network.parameters(), strict=True))


def test_a_compiled_training_is_measured_without_the_compiler(monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda *told, **named: pytest.fail("compiles"))
    assert measured(settings(train={"compile": "default", "batch_size": 2})).batch == 2


def test_a_precision_that_the_device_lacks_is_an_error():
    own = settings(train={"precision": "fp16"})
    with pytest.raises(InputError, match="fp16 needs a GPU"):
        measured(own)
    assert torch.get_deterministic_debug_mode() == 0


@pytest.mark.parametrize("network", ["rrrn", "resnet18"])
def test_a_checkpoint_has_the_size_that_is_planned(toy, tmp_path, network):
    training = pace.started(networks.build(network, toy), 2, toy, CPU)
    next(training.steps())
    Checkpoint(tmp_path / "kept.h5", "key", 10).save(training)
    planned = Model(toy, clips.read(toy["clips"]), Rates("here", {}), on_gpu=False).checkpoint(network)
    assert planned == pytest.approx((tmp_path / "kept.h5").stat().st_size, rel=0.15)


def networks_rates(own, on_gpu):
    values = {}
    calibration._measure_networks(own, on_gpu, lambda kind, rate: values.update({kind: {"any": rate}}))
    return Rates("here", values)


def test_networks_are_measured_where_they_will_be_trained():
    own = settings(methods=["lbp_top", "backbone", "crops"], ablation=["rrrn-no-rr"])
    found = networks_rates(own, on_gpu=False)
    parts = ("step", "gflop", "predicted_gflop", "batch")
    assert set(found.values) == {f"cpu.{name}.{part}" for name in ("backbone", "crops", "rrrn") for part in parts}
    elsewhere = networks_rates(own, on_gpu=True)
    places = {kind.partition(".")[0] for kind in elsewhere.values}
    assert places == ({"gpu"} if torch.cuda.is_available() else set())


@pytest.mark.parametrize(
    ("on_gpu", "stored", "told"),
    [
        (
            False,
            False,
            "trainings: measured here on a processor, in steps of rrrn; scaled up to batches of 32: rrrn by",
        ),
        (True, False, "trainings: measured here on a GPU, in steps of rrrn"),
        (False, True, None),
    ],
)
def test_a_plan_says_what_was_measured(toy, on_gpu, stored, told):
    place = "gpu" if on_gpu else "cpu"
    rates = {f"{place}.rrrn.{part}": {"any": 1.0} for part in ("step", "gflop", "predicted_gflop")}
    rates |= {f"{place}.rrrn.batch": {"any": 4.0}, "train.read": {"any": 1.0}, "start.train": {"any": 1.0}}
    table = clips.read(toy["clips"])
    costing = Model(toy, table, Rates("here", rates), on_gpu, 1e4)
    made = plan.Plan(
        toy, table, plan.Asked([], False, stored, 2, 1e4), int(on_gpu), costing, [JOB], [costing.cost(JOB)]
    )
    found = [note for note in notes.of(made) if note.startswith("trainings:")]
    assert [note.startswith(told) for note in found] == ([True] if told else [])
    assert not any("counted" in note for note in notes.of(made))


def test_a_plan_says_what_was_counted(toy):
    table = clips.read(toy["clips"])
    costing = Model(toy, table, Rates("here", {"train.read": {"any": 1.0}, "start.train": {"any": 1.0}}), True, 2e4)
    made = plan.Plan(toy, table, plan.Asked([], False, False, 2, 2e4), 1, costing, [JOB], [costing.cost(JOB)])
    (told,) = (note for note in notes.of(made) if "counted" in note)
    assert told.startswith("GPU h: counted, not measured: the networks' operations at 20 TFLOP/s")
