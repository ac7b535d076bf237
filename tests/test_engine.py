"""The engine of all networks beside a plain loop, and each of its choices."""

import csv
import io
import logging
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from training_data import CLASSES, CONFIG, arguments, make

from rrrn.experiment import methods, outside, seeds
from rrrn.running.stage import InputError
from rrrn.stages import train
from rrrn.training import devices, engine, epochs, fold, precision
from rrrn.training.engine import Training
from rrrn.training.settings import Settings

CPU = torch.device("cpu")
SIZE, SIDE = 28, 32
BOXES = np.array([[0, 0, 32, 32], [0, 0, 16, 12], [16, 0, 32, 12], [8, 10, 24, 22], [0, 20, 16, 32], [16, 20, 32, 32]])


class Held:
    """Samples that need no files."""

    boxes, size, device = BOXES, SIZE, CPU

    def __init__(self, maps):
        self.maps = maps

    def __len__(self):
        return len(self.maps)

    def batches(self, cut):
        yield from (self.maps[torch.from_numpy(np.asarray(numbers))] for numbers in cut)


def settings(**changes):
    told = {"seed": 0, "epochs": 5, "batch_size": 8, "lr": 0.002, "decay": "none", "views_per_clip_per_epoch": 2}
    told |= {"device": "cpu", "precision": "fp32", "deterministic": True, "compile": "none"}
    return Settings(**told | changes)


def build(method, dtype=torch.float64, **changes):
    known = methods.METHODS[method]
    told = methods.settings(CONFIG, method)
    own = told | {key: value for key, value in ({"pretrained": "none"} | changes).items() if key in told}
    torch.manual_seed(3)
    network = outside.load(known.module).build(own, len(CLASSES), SIZE, None)
    return network.to(dtype)


def problem(n=20, dtype=torch.float64):
    """Flow of ten clips with two views each; a class moves its own part of the face."""
    draw = np.random.default_rng(0)
    labels = np.repeat(np.arange(n // 2) % len(CLASSES), 2)
    maps = draw.normal(0, 0.1, (n, 2, SIDE, SIDE))
    for row, label in enumerate(labels):
        maps[row, label % 2, 6 * label : 6 * label + 6] += 0.8
    return torch.from_numpy(maps).to(dtype), labels, np.split(np.arange(n), n // 2)


def trained(network, told, dtype=torch.float64, seed=0):
    maps, labels, pools = problem(dtype=dtype)
    training = Training(network, Held(maps), labels, pools, told, seeds.generator(seed, "order"))
    list(training.steps())
    return training


def plainly(network, told, n_steps):
    """The losses of the first steps by a loop as anybody would write it: sample by sample, region by region."""
    maps, labels, pools = problem()
    order = seeds.generator(0, "order")
    optimizer = torch.optim.Adam(network.parameters(), lr=told.lr, foreach=False, fused=False)
    network.train()
    found = []
    while len(found) < n_steps:
        for batch in epochs.batches(epochs.draw(pools, told.views_per_clip_per_epoch, order), told.batch_size):
            crops = []
            for number in batch:
                for region in network.regions:
                    x0, y0, x1, y1 = BOXES[region]
                    crop = maps[number : number + 1, :, y0:y1, x0:x1]
                    crops.append(F.interpolate(crop, size=(SIZE, SIZE), mode="bilinear", align_corners=False))
            x = torch.cat(crops).reshape(len(batch), len(network.regions), 2, SIZE, SIZE)
            optimizer.zero_grad()
            total = network.loss(network(x), torch.tensor(labels[batch]))["total"]
            total.backward()
            optimizer.step()
            found.append(total.item())
    return np.array(found[:n_steps])


@pytest.mark.parametrize("method", ["rrrn", "resnet18", "backbone"])  # what VGG16 drops is drawn in another order
def test_fifty_steps_are_those_of_a_plain_loop(method, monkeypatch):
    narrow = {"width": 0.0625} if method == "resnet18" else {"squeeze_channels": 4}
    told = settings(epochs=17)  # of three steps
    losses, add = [], Training._add
    monkeypatch.setattr(
        Training, "_add", lambda self, name, value: losses.append((name, value)) or add(self, name, value)
    )
    network = build(method, **narrow)
    devices.place(network, CPU, True)
    trained(network, told)
    sizes = [8, 8, 4] * 17
    found = [value.item() for name, value in losses if name == "total"]
    expected = plainly(build(method, **narrow), told, 51)
    np.testing.assert_allclose(np.array(found) / sizes, expected, rtol=1e-5)


@pytest.mark.parametrize("method", methods.names("network"))
def test_every_network_learns_one_batch_by_heart(method):
    network = build(method, torch.float32, width=0.125, squeeze_channels=4, backbone="shallow")
    devices.place(network, CPU, True)
    told = {"epochs": 60, "lr": 0.0005} if method == "vgg16" else {"epochs": 45, "lr": 0.003}
    training = trained(network, settings(batch_size=20, **told), torch.float32)
    losses = [row.get("classification", row["total"]) for row in training.history]
    assert losses[-1] < 0.05 < 1 < losses[0]
    found = np.array([one[0].argmax() for one in engine.predict(network, Held(problem(dtype=torch.float32)[0]), 8)])
    assert (found == problem()[1]).all()


def test_half_precision_learns_as_well_and_keeps_its_weights_whole():
    ends = {}
    for name in ("fp32", "bf16"):
        network = build("rrrn", torch.float32, squeeze_channels=4)
        training = trained(network, settings(epochs=12, precision=name), torch.float32)
        assert {one.dtype for one in network.parameters()} == {torch.float32}
        ends[name] = training.history[-1]["total"]
    assert ends["bf16"] != ends["fp32"]
    assert ends["bf16"] == pytest.approx(ends["fp32"], abs=0.2)


def test_losses_are_computed_in_single_precision():
    network = build("rrrn", torch.float32, squeeze_channels=4)
    seen, loss = [], network.loss
    network.loss = lambda output, target: seen.append(output) or loss(output, target)
    trained(network, settings(epochs=1, precision="bf16"), torch.float32)
    assert {one.dtype for output in seen for one in vars(output).values()} == {torch.float32}


def test_fp16_needs_a_gpu():
    with pytest.raises(InputError, match="fp16 needs a GPU"):
        precision.prepare("fp16", CPU)


def test_a_falling_rate_ends_at_zero(monkeypatch):
    rates, step = [], torch.optim.Adam.step
    monkeypatch.setattr(engine.adam.Adam, "step", lambda self: rates.append(self.param_groups[0]["lr"]) or step(self))
    for decay in ("none", "linear"):
        trained(build("backbone"), settings(decay=decay))
    constant, falling = rates[:15], rates[15:]
    assert constant == [0.002] * 15
    np.testing.assert_allclose(falling, 0.002 * (1 - np.arange(15) / 15))


def test_the_history_of_each_epoch(tmp_path):
    args = arguments(make(tmp_path), epochs=3)
    args.log = tmp_path / "training.log"
    train.main(args)
    with (tmp_path / "training.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    losses = ["classification", "region_biased", "correlation", "region_head", "total"]
    weights = [f"alpha_{region}" for region in range(6)]
    assert list(rows[0]) == ["epoch", "gradient_norm", *losses, *weights, "seconds", "samples_per_second"]
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert all(
        float(value) > 0 for row in rows for name, value in row.items() if name not in ("region_biased", "correlation")
    )


def test_gradient_norm_and_region_weights_are_means():
    network = build("rrrn", squeeze_channels=4)
    norms, alphas, call = [], [], Training._add

    class Seen(Training):
        def _add(self, name, value):
            if name == "gradient_norm":
                norms.append(float(value))
            if name == "alpha":
                alphas.append(value.detach().numpy())
            call(self, name, value)

    maps, labels, pools = problem()
    training = Seen(network, Held(maps), labels, pools, settings(epochs=1), seeds.generator(0))
    list(training.steps())
    (row,) = training.history
    assert row["gradient_norm"] == pytest.approx(np.mean(norms))
    assert [row[f"alpha_{region}"] for region in range(6)] == pytest.approx(np.sum(alphas, axis=0) / 20)


class Terminal(io.StringIO):
    """Standard error, as far as a progress bar asks about it."""

    def __init__(self, there):
        super().__init__()
        self.isatty = lambda: there


@pytest.mark.parametrize(("there", "shown"), [(True, True), (True, False), (False, True)])
def test_progress_with_the_loss_is_shown_on_a_terminal_alone(monkeypatch, caplog, there, shown):
    caplog.set_level(logging.INFO)
    maps, labels, pools = problem(dtype=torch.float32)
    told = settings(epochs=2)
    training = Training(build("backbone", torch.float32), Held(maps), labels, pools, told, seeds.generator(0))
    monkeypatch.setattr("sys.stderr", Terminal(there))
    fold.fit(training, told.epochs, fold.Noted(shown=shown))
    bar = sys.stderr.getvalue()
    if there and shown:
        losses = [f"loss={row['total']:.3g}" for row in training.history]
        assert 0 < bar.find(losses[0]) < bar.find(losses[1])
        assert "/40 [" in bar and " samples/s" in bar
    else:
        assert bar == ""
    assert [line.split(":")[0] for line in caplog.messages] == ["epoch 1", "epoch 2"]


def test_progress_goes_on_with_the_loss_of_what_is_behind(monkeypatch):
    maps, labels, pools = problem(dtype=torch.float32)
    told = settings(epochs=2)
    training = Training(build("backbone", torch.float32), Held(maps), labels, pools, told, seeds.generator(0))
    steps = training.steps()
    for _ in range(4):  # of three an epoch
        next(steps)
    monkeypatch.setattr("sys.stderr", Terminal(True))
    fold.fit(training, told.epochs, fold.Noted(shown=True))
    first = sys.stderr.getvalue().lstrip("\r").partition("\r")[0]
    assert "28/40 [" in first and f"loss={training.history[0]['total']:.3g}" in first


def test_a_compiled_network_has_the_same_losses(monkeypatch):
    """Traced as for every backend of torch.compile, and run by PyTorch's own kernels."""
    compile_, asked = torch.compile, []

    def traced(network, mode):
        asked.append(mode)
        return compile_(network, backend="eager")

    monkeypatch.setattr(torch, "compile", traced)
    losses = {}
    for how in ("none", "default"):
        network = build("backbone", torch.float32)
        assert (engine.compiled(network, how) is network) == (how == "none")
        losses[how] = [row["total"] for row in trained(network, settings(epochs=2, compile=how), torch.float32).history]
    assert losses["default"] == pytest.approx(losses["none"], rel=1e-5)
    engine.compiled(network, "graphs")
    assert asked == ["default", "default", "reduce-overhead"]
