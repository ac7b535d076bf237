"""Plain modules of PyTorch as networks: what they see, what they leave alone, and what is said of those that fail."""

from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from rrrn.benchmarking import factories
from rrrn.networks import strain
from rrrn.networks.plain import CHANNELS, Plain
from rrrn.running.stage import InputError


class Seeing(nn.Module):
    """Keeps what it was given, and says numbers of the maps' means."""

    def __init__(self, numbers=2, n_classes=5):
        super().__init__()
        self.head = nn.Linear(numbers, n_classes)
        self.seen = []

    def forward(self, maps):
        self.seen.append(maps)
        return self.head(maps.mean(dim=(-2, -1)).flatten(1))


@pytest.mark.parametrize(
    ("sees", "regions", "expected"),
    [
        ("flow", (0,), lambda x: x[:, 0]),
        ("strain", (0,), lambda x: torch.cat([x[:, 0], strain.magnitude(x[:, 0])], dim=1)),
        ("regions", tuple(range(6)), lambda x: x),
    ],
)
def test_it_sees_what_it_asks_for_and_is_trained_by_cross_entropy(sees, regions, expected):
    module = Seeing(12 if sees == "regions" else CHANNELS[sees])
    network = Plain(module, 5, 28, sees)
    assert tuple(network.regions) == regions
    x = torch.randn(3, len(regions), 2, 28, 28)
    output = network(x)
    assert module.seen[0].shape[1:] == module.seen[1].shape[1:]  # when it was tried, as afterwards
    torch.testing.assert_close(module.seen[-1], expected(x), rtol=0, atol=0)
    target = torch.tensor([0, 4, 2])
    torch.testing.assert_close(network.loss(output, target), {"total": F.cross_entropy(module(expected(x)), target)})


def test_trying_it_leaves_no_trace():
    class Drawing(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(2 * 28 * 28, 5))

        def forward(self, maps):
            return F.dropout(self.layers(maps))  # draws, whether it is trained or not

    module = Drawing()
    before = {key: value.clone() for key, value in module.state_dict().items()}
    state = torch.get_rng_state()
    network = Plain(module, 5, 28)
    assert torch.equal(torch.get_rng_state(), state) and network.training and module.layers[0].training
    for key, value in network.state_dict().items():
        assert torch.equal(value, before[key.removeprefix("module.")]), key


def test_lazy_layers_have_weights_then_and_counting_needs_none():
    network = Plain(nn.Sequential(nn.Flatten(), nn.LazyLinear(5)), 5, 28)
    assert network.module[1].weight.shape == (5, 2 * 28 * 28)
    with torch.device("meta"):
        counted = Plain(nn.Sequential(nn.Flatten(), nn.Linear(2 * 28 * 28, 5)), 5, 28)
        assert counted(torch.zeros(2, 1, 2, 28, 28)).logits.shape == (2, 5)


def linear(*layers, n_classes=5):
    return nn.Sequential(nn.Flatten(), *layers, nn.Linear(2 * 28 * 28, n_classes))


class Saying(nn.Module):
    def __init__(self, say):
        super().__init__()
        self.say, self.layer = say, linear()

    def forward(self, maps):
        return self.say(self.layer(maps))


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (
            linear(n_classes=4),
            r"^Sequential is given maps float32 \(2, 2, 28, 28\), and returns float32 \(2, 4\); it must return logits, "
            r"float \(2, 5\), one for each of 5 classes$",
        ),
        (Saying(lambda said: (said, said)), "returns tuple; it must return logits"),
        (Saying(lambda said: said.argmax(dim=1)), r"returns int64 \(2,\); it must"),
        (nn.Conv2d(3, 5, 3), r"^Conv2d is given maps float32 \(2, 2, 28, 28\), which fails: .*channels.*; correct its"),
        (Saying(lambda said: {}["logits"]), "which fails: KeyError: 'logits'; correct its layers"),
        (linear().double(), "^Sequential is given .*, which fails: .*; correct its layers$"),
        (nn.Sequential(nn.AvgPool2d(28), nn.Flatten(), nn.ZeroPad1d((0, 3))), "^Sequential has no weights that can be"),
        (linear().requires_grad_(False), "^Sequential has no weights that can be trained"),
        (torch.zeros(1), "^Tensor is no module of PyTorch"),
    ],
)
def test_a_module_that_cannot_be_trained_is_one_sentence(module, message):
    with pytest.raises(InputError, match=message) as error:
        Plain(module, 5, 28)
    assert "\n" not in str(error.value)


def test_what_it_says_in_training_alone_is_checked_too():
    class Auxiliary(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = linear()

        def forward(self, maps):
            said = self.layer(maps)
            return (said, said) if self.training else said

    network = Plain(Auxiliary(), 5, 28)
    with pytest.raises(InputError, match=r"given maps float32 \(3, 2, 28, 28\), and returns tuple"):
        network(torch.zeros(3, 1, 2, 28, 28))


def test_what_is_seen_must_be_known():
    with pytest.raises(InputError, match=r"^sees is 'crops'; it must be one of flow, strain, regions$"):
        Plain(linear(), 5, 28, "crops")


# ---- what makes them


def test_a_factory_is_given_what_it_names():
    given = []

    def made(side, *, channels, n_classes, width=2, **more):
        given.append((side, channels, n_classes, width, more))
        return nn.Sequential(nn.Flatten(), nn.Linear(channels * side**2, n_classes))

    settings = {"width": 7, "other": 1}
    build = factories.build(made, "made", settings, "strain")
    network = build(settings, 4, 28, None)
    assert given == [(28, 3, 4, 7, {"other": 1})] * 4
    assert network(torch.zeros(2, 1, 2, 28, 28)).logits.shape == (2, 4)
    given.clear()
    build(settings, 4, 28, None)
    assert len(given) == 1  # what was seen to once holds


def test_what_builds_networks_is_told_from_what_makes_modules():
    class Own(Plain):
        def __init__(self, n_classes, width):
            super().__init__(Seeing(n_classes=n_classes), n_classes, 28)

    def build(settings, n_classes, side, weights): ...
    def with_defaults(settings=None, n_classes=5, side=28, weights=None): ...
    def other_names(told, classes, edge, path): ...

    for model in (build, with_defaults, other_names, lambda *told: None, Own):
        assert not factories.is_factory(model, {})
    for model in (Seeing, lambda: None, lambda n_classes, side, channels: None, lambda a=1, b=2, c=3, d=4: None):
        assert factories.is_factory(model, {})
    assert factories.is_factory(Own, {"width": 1})


def test_weights_must_follow_the_seed():
    def says(make):
        with pytest.raises(InputError) as error:
            factories.build(make, "mine", {}, "flow")({}, 5, 28, None)
        return str(error.value)

    one, state, own = linear(), linear().state_dict(), np.random.default_rng(0)

    def loaded():
        module = linear()
        module.load_state_dict(state)
        return module

    def drawn():
        module = linear()
        module[1].bias.data[0] = own.random()
        return module

    for make in (lambda: one, loaded):
        assert says(make).startswith("mine gives the same weights whatever the seed, as a module that was made or")
    assert says(drawn).startswith("mine gives other weights for the same seed")
    assert says(lambda: None) == "mine returns NoneType, which is no module of PyTorch"
    torch.manual_seed(7)
    expected = linear()[1].weight
    torch.manual_seed(7)
    found = factories.build(linear, "mine", {}, "flow")({}, 5, 28, None)
    assert torch.equal(found.module[1].weight, expected)  # seeing to it has drawn nothing
    assert [factories.name_of(one) for one in (partial(linear, n_classes=5), Seeing, linear())] == [
        "linear",
        "Seeing",
        "",
    ]
