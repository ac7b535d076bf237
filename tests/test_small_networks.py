"""The small published networks, RAN, and optical strain, against their papers' numbers and plain loops."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import yaml
from torch import nn
from torch.autograd import gradcheck

from rrrn.experiment import methods
from rrrn.networks import strain
from rrrn.networks.baselines import dual_inception, offapexnet, ran, ststnet
from rrrn.networks.baselines.layers import Resized, WithStrain
from rrrn.planning import networks
from rrrn.running.resources import HOME
from rrrn.running.stage import InputError

CONFIG = yaml.safe_load((HOME / "config.yaml").read_text())
WHOLE = ["ststnet", "offapexnet", "sssnet", "dual_inception"]
EVERY = [*WHOLE, "ran"]
SCHEMA = yaml.safe_load((HOME / "workflow/schemas/config.schema.yaml").read_text())["properties"]["networks"]
LEAST = {name: SCHEMA["properties"][name]["properties"]["side"]["minimum"] for name in WHOLE}


def build(name, n_classes=5, maps=28, **changes):
    """A network for maps of so many pixels as the workflow builds it, with some settings changed."""
    config = copy.deepcopy(CONFIG)
    config["networks"][name] |= changes
    config["classes"], config["pack"]["size"] = list(range(n_classes)), maps
    torch.manual_seed(0)
    return networks.build(name, config)


def flow(network, count=4, side=28, seed=0):
    values = np.random.default_rng(seed).uniform(-1, 1, (count, len(network.regions), 2, side, side))
    return torch.from_numpy(values.astype(np.float32))


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


# ---- strain


def test_strain_is_that_of_numpys_derivatives():
    maps = np.random.default_rng(0).normal(size=(3, 2, 7, 9))
    (u_y, u_x), (v_y, v_x) = (np.gradient(maps[:, part], 0.25, axis=(1, 2)) for part in (0, 1))
    expected = np.sqrt(u_x**2 + v_y**2 + (u_y + v_x) ** 2 / 2)
    found = strain.magnitude(torch.from_numpy(maps), 0.25)
    assert found.shape == (3, 1, 7, 9) and found.dtype == torch.float64
    np.testing.assert_allclose(found[:, 0].numpy(), expected, rtol=1e-12)


def field(jacobian, side=8):
    """Flow (1, 2, side, side) whose derivatives by x and y are the columns of a matrix."""
    y, x = np.indices((side, side), dtype=np.float64)
    return torch.from_numpy(np.einsum("ij,jyx->iyx", np.array(jacobian), np.stack([x, y])))[None]


def test_strain_of_a_linear_field_is_the_norm_of_its_symmetric_part():
    jacobian = np.array([[0.3, -0.7], [0.2, 0.5]])
    norm = np.linalg.norm((jacobian + jacobian.T) / 2)  # of Frobenius
    np.testing.assert_allclose(strain.magnitude(field(jacobian)).numpy(), norm, rtol=1e-12)


def test_what_moves_as_a_whole_is_not_deformed():
    shift = torch.ones(1, 2, 8, 8, dtype=torch.float64) * 3
    assert strain.magnitude(shift).abs().max() == 0
    infinitesimal = field([[0, -0.1], [0.1, 0]])
    np.testing.assert_allclose(strain.magnitude(infinitesimal).numpy(), 0, atol=1e-15)
    angle = np.radians(5)
    finite = field([[np.cos(angle) - 1, -np.sin(angle)], [np.sin(angle), np.cos(angle) - 1]])
    np.testing.assert_allclose(strain.magnitude(finite).numpy(), np.sqrt(2) * (1 - np.cos(angle)), rtol=1e-9)


def test_strain_has_a_gradient_everywhere():
    still = torch.zeros(1, 2, 4, 4, dtype=torch.float64, requires_grad=True)
    strain.magnitude(still).sum().backward()
    assert still.grad.abs().max() == 0
    moving = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 2, 4, 5))).requires_grad_()
    assert gradcheck(strain.magnitude, (moving,))


def test_the_third_channel_does_not_depend_on_the_side_of_the_maps():
    jacobian = np.array([[0.3, -0.7], [0.2, 0.5]]) / 28  # by the width of the face
    norm = np.linalg.norm((jacobian + jacobian.T) / 2)
    for side in (14, 28, 56):
        maps = WithStrain(28, 10.0)(field(jacobian * 28 / side, side))
        assert maps.shape == (1, 3, 28, 28)
        np.testing.assert_allclose(maps[:, 2].numpy(), 10 * norm, rtol=1e-9)


def test_maps_are_resized_without_aliases():
    maps = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 3, 28, 28)))
    assert Resized(28)(maps) is maps
    stripes = torch.tensor([1.0, -1.0]).repeat(28).expand(1, 1, 56, 56)  # of one pixel
    assert Resized(28)(stripes)[..., 1:-1].abs().max() < 1e-6
    flat = torch.full((1, 2, 56, 56), 0.25)
    for side in (17, 64):
        assert torch.allclose(Resized(side)(flat), torch.full((1, 2, side, side), 0.25))


# ---- sizes and shapes


def convolution(before, after, kernel):
    return (before * kernel**2 + 1) * after


def linear(before, after):
    return (before + 1) * after


def inception(before, filters):
    ones = 4 * convolution(before, filters, 1)
    return ones + convolution(filters, filters, 3) + convolution(filters, filters, 5)


OFF_APEX = 2 * (convolution(1, 6, 5) + convolution(6, 16, 5)) + linear(2 * 784, 1024) + linear(1024, 1024)
SSS = convolution(3, 32, 5) + 2 * 32 + convolution(32, 64, 3) + 2 * 64 + linear(5184, 256)
DUAL = 2 * (inception(1, 6) + inception(24, 16)) + linear(2 * 3136, 1024)


@pytest.mark.parametrize(
    ("name", "changes", "n_classes", "expected"),
    [
        ("ststnet", {"batch_norm": False}, 3, convolution(3, 16, 3) + linear(400, 3)),
        ("ststnet", {}, 3, convolution(3, 16, 3) + 2 * 16 + linear(400, 3)),
        ("offapexnet", {}, 3, OFF_APEX + linear(1024, 3)),
        ("sssnet", {}, 12, SSS + linear(256, 12)),
        ("dual_inception", {}, 3, DUAL + linear(1024, 3)),
    ],
)
def test_parameters_are_those_of_the_papers_tables(name, changes, n_classes, expected):
    assert count(build(name, n_classes, **changes)) == expected


def test_parameters_are_as_many_as_published():
    """Sources: STSTNet's Table V and text (1670); Off-TANet (PRICAI 2021), which counts OFF-ApexNet and Dual-Inception;
    EfficientFace (AAAI 2021), which counts RAN of ResNet18 and images of three channels."""
    assert count(build("ststnet", 3, batch_norm=False)) == 1651  # 19 less: as many as there are biases
    assert count(build("ststnet", 3)) == 1683
    assert round(count(build("offapexnet", 3)) / 1e6, 2) == 2.66
    assert round(count(build("dual_inception", 3)) / 1e6, 2) == 6.45
    of_images = build("ran", 8, backbone="resnet18", input="uvm")
    assert round(count(of_images) / 1e6, 2) == 11.19
    resnet18 = 11_689_512 - linear(512, 1000)
    assert count(of_images) == resnet18 + 512 + 1024 + linear(1024, 8)  # q0, q1, classifier


def shapes(network, name, x):
    """What layers of one kind make of x, in their order, and without the batch."""
    found = []
    hooks = [
        layer.register_forward_hook(lambda _, __, made: found.append(tuple(made.shape[1:])))
        for layer in network.modules()
        if type(layer).__name__ == name
    ]
    network(x)
    for hook in hooks:
        hook.remove()
    return found


@pytest.mark.parametrize("side", [28, 56, 20])
def test_layers_have_the_papers_shapes_whatever_the_maps_have(side):
    def of(name, kind):
        network = build(name, maps=side)
        return shapes(network, kind, flow(network, side=side))

    assert of("ststnet", "Conv2d") == [(3, 28, 28), (5, 28, 28), (8, 28, 28)]
    assert of("ststnet", "MaxPool2d") == [(3, 10, 10), (5, 10, 10), (8, 10, 10)]
    assert of("ststnet", "AvgPool2d") == [(16, 5, 5)]
    assert of("offapexnet", "MaxPool2d") == [(6, 14, 14), (16, 7, 7)] * 2
    assert of("sssnet", "Conv2d") == [(32, 60, 60), (64, 18, 18)]
    assert of("sssnet", "MaxPool2d") == [(32, 20, 20), (64, 9, 9)]
    assert of("dual_inception", "Concatenated") == [(24, 28, 28), (64, 14, 14)] * 2


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("side", [28, 224])
def test_every_network_classifies(name, side):
    network = build(name, n_classes=3, maps=side)
    x = flow(network, 2, side)
    output = network(x)
    assert tuple(network.regions) == (tuple(range(6)) if name == "ran" else (0,))
    assert output.logits.shape == (2, 3)
    assert (output.alpha is not None) == methods.METHODS[name].alpha == (name == "ran")
    target = torch.tensor([0, 2])
    losses = network.loss(output, target)
    entropy = F.cross_entropy(output.logits, target)
    assert torch.allclose(losses["classification" if name == "ran" else "total"], entropy)


@pytest.mark.parametrize("name", WHOLE)
def test_a_head_fits_every_side_that_the_schema_allows(name):
    for side in range(LEAST[name], LEAST[name] + 20):
        network = build(name, side=side)
        assert network(flow(network, 2)).logits.shape == (2, 5)


def test_a_component_has_a_stream_of_its_own():
    for method in (offapexnet, dual_inception):
        name = method.METHOD["name"]
        network = build(name).eval()
        x = flow(network)
        parts = [network.streams[0](x[:, 0, 1:]), network.streams[1](x[:, 0, :1])]
        assert torch.allclose(network(x).logits, network.head(torch.cat(parts, dim=1)), atol=1e-6)


def test_streams_of_ststnet_see_all_three_channels():
    network = build("ststnet", batch_norm=False, input_scale=2.0, strain_scale=3.0).eval()
    x = flow(network)
    seen = 2 * x[:, 0]
    seen = torch.cat([seen, 3 * strain.magnitude(seen)], dim=1)
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    assert [layer.out_channels for layer in layers] == list(ststnet.FILTERS)
    maps = [F.max_pool2d(F.relu(layer(seen)), 3, padding=1) for layer in layers]
    pooled = F.avg_pool2d(torch.cat(maps, dim=1), 2).flatten(1)
    assert torch.allclose(network(x).logits, network.head(pooled), atol=1e-5)


@pytest.mark.parametrize("name", ["ststnet", "offapexnet", "sssnet"])
def test_dropout_is_the_settings(name):
    dropped = [
        layer.p for layer in build(name, dropout=0.25).modules() if isinstance(layer, nn.modules.dropout._DropoutNd)
    ]
    assert dropped and set(dropped) == {0.25}
    network = build(name)
    x = flow(network)
    assert not torch.equal(network(x).logits, network(x).logits)
    network.eval()
    assert torch.equal(network(x).logits, network(x).logits)


# ---- gradients


@pytest.mark.parametrize("name", EVERY)
def test_gradients_are_those_of_differences(name):
    """Of the loss by all weights and the input, in small: the layers are the same."""
    small = {name: {"side": LEAST[name]} for name in WHOLE} | {"ran": {"margin": 0.5}}
    network = build(name, n_classes=3, maps=8, **small[name]).double().eval()
    x = flow(network, 2, 8).double().requires_grad_()
    names, values = zip(*network.named_parameters(), strict=True)

    def total(x, *values):
        output = torch.func.functional_call(network, dict(zip(names, values, strict=True)), (x,))
        return network.loss(output, torch.tensor([0, 2]))["total"]

    assert gradcheck(total, (x, *values), fast_mode=True)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        *((name, {}) for name in EVERY),
        ("ststnet", {"batch_norm": False}),
        ("ran", {"backbone": "resnet18"}),
        ("ran", {"input": "uvm", "attention_norm": "sigmoid_softmax"}),
        ("ran", {"input": "two_stream"}),
    ],
)
def test_gradients_reach_every_part(name, changes):
    network = build(name, **changes)
    network.loss(network(flow(network)), torch.tensor([0, 3, 1, 4]))["total"].backward()
    for key, parameter in network.named_parameters():
        assert torch.isfinite(parameter.grad).all() and parameter.grad.abs().max() > 0, key


# ---- RAN


@pytest.mark.parametrize("norm", ["sigmoid", "sigmoid_softmax"])
def test_attention_of_ran_against_loops(norm):
    network = build("ran", attention_norm=norm).double().eval()
    x = flow(network, 3).double()
    f = network.features(x)
    assert f.shape == (3, 6, 64)
    q0, q1 = network.q0.weight[0], network.q1.weight[0]
    output = network(x)
    for b in range(3):
        mu = normed([1 / (1 + torch.exp(-(q0 @ f[b, k]))) for k in range(6)], norm)
        content = sum(mu[k] * f[b, k] for k in range(6)) / sum(mu)
        pairs = [torch.cat([f[b, k], content]) for k in range(6)]
        nu = normed([1 / (1 + torch.exp(-(q1 @ pair))) for pair in pairs], norm)
        whole = sum(mu[k] * nu[k] * pairs[k] for k in range(6)) / sum(mu[k] * nu[k] for k in range(6))
        assert torch.allclose(output.alpha[b], torch.stack(mu))
        assert torch.allclose(output.logits[b], network.classifier(whole))


def normed(weights, norm):
    if norm == "sigmoid":
        return weights
    return [torch.exp(weight) / sum(torch.exp(other) for other in weights) for weight in weights]


def test_region_biased_loss_of_ran_by_hand():
    """Face 0.5 and best crop 0.6: beyond the margin; face 0.5, best crop 0.4: 0.02 + 0.1; alike: the margin."""
    alpha = torch.tensor([[0.5, 0.6, 0.1, 0.2, 0.3, 0.4], [0.5, 0.1, 0.2, 0.3, 0.4, 0.1], [0.5] * 6])
    network, target = build("ran", lambda_rb=2.0), torch.tensor([0, 1, 2])
    output = ran.Output(torch.zeros(3, 5), alpha)
    losses = network.loss(output, target)
    assert losses["region_biased"].item() == pytest.approx((0 + 0.12 + 0.02) / 3)
    assert losses["classification"].item() == pytest.approx(np.log(5))
    assert losses["total"].item() == pytest.approx(np.log(5) + 2 * 0.14 / 3)
    wide = build("ran", margin=0.5).loss(output, target)
    assert wide["region_biased"].item() == pytest.approx((0.4 + 0.6 + 0.5) / 3)


@pytest.mark.parametrize(("input", "channels"), [("inflate2", [2]), ("uvm", [3]), ("two_stream", [1, 1])])
@pytest.mark.parametrize("backbone", ["shallow", "resnet18"])
def test_streams_of_ran(backbone, input, channels):
    network = build("ran", backbone=backbone, input=input).eval()
    stems = [next(layer for layer in stream.modules() if isinstance(layer, nn.Conv2d)) for stream in network.streams]
    assert [stem.in_channels for stem in stems] == channels
    x = flow(network, 2)
    u, v = x[:, 3, :1], x[:, 3, 1:]
    seen = {
        "inflate2": [torch.cat([u, v], dim=1)],
        "uvm": [torch.cat([u, v, torch.sqrt(u**2 + v**2)], dim=1)],
        "two_stream": [v, u],
    }[input]
    parts = [stream(image).mean(dim=(2, 3)) for stream, image in zip(network.streams, seen, strict=True)]
    assert torch.allclose(network.features(x)[:, 3], torch.cat(parts, dim=1), atol=1e-5)


def test_regions_of_ran_are_a_set_but_for_the_loss():
    network = build("ran").eval()
    x, order = flow(network), torch.tensor([3, 5, 0, 2, 1, 4])
    one, other = network(x), network(x[:, order])
    assert torch.allclose(one.logits, other.logits, atol=1e-5)
    assert torch.allclose(one.alpha[:, order], other.alpha, atol=1e-6)


def test_weights_that_the_backbone_of_ran_does_not_have(tmp_path):
    told = {**CONFIG["networks"]["ran"], "pretrained": "imagenet"}
    with pytest.raises(InputError, match="shallow"):
        ran.build(told, 5, 28, tmp_path / "weights.pth")
    with pytest.raises(InputError, match="--weights"):
        ran.build({**told, "backbone": "resnet18"}, 5, 28, None)


def test_ran_takes_published_weights(tmp_path):
    source = build("ran", backbone="resnet18", input="uvm").streams[0]
    state = {
        name: torch.rand_like(value) if value.is_floating_point() else value
        for name, value in source.state_dict().items()
    }
    torch.save(state | {"fc.weight": torch.zeros(1000, 512), "fc.bias": torch.zeros(1000)}, tmp_path / "resnet18.pth")
    told = {**CONFIG["networks"]["ran"], "pretrained": "imagenet", "backbone": "resnet18"}
    for input, scale in (("uvm", None), ("inflate2", 1.5), ("two_stream", 3.0)):
        network = ran.build({**told, "input": input}, 5, 64, tmp_path / "resnet18.pth")
        for stream in network.streams:
            own = stream.state_dict()
            assert torch.equal(own["layer4.1.conv2.weight"], state["layer4.1.conv2.weight"])
            published = state["conv1.weight"]
            expected = (
                published
                if scale is None
                else scale * published.mean(dim=1, keepdim=True).expand_as(own["conv1.weight"])
            )
            assert torch.allclose(own["conv1.weight"], expected)


# ---- settings


@pytest.mark.parametrize("name", EVERY)
def test_settings_are_checked(name):
    with pytest.raises(InputError, match=rf"unknown key networks\.{name}\.width"):
        build(name, width=0.5)
