"""The networks against the paper's definitions: shapes, invariants, gradients, and every configured choice."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import torchvision
import yaml
from torch import nn
from torch.autograd import gradcheck

from rrrn.networks import adapt, pretrained
from rrrn.networks.baselines import resnet18, vgg16, vgg_face
from rrrn.networks.controls import (
    backbone,
    crops,
    rrrn_no_cor,
    rrrn_no_rb,
    rrrn_no_ri,
    rrrn_no_rr,
    rrrn_one_trunk,
    rrrn_single_region,
)
from rrrn.networks.rrrn import model as rrrn
from rrrn.networks.rrrn import trunks
from rrrn.networks.rrrn.attention import RegionInspired, RegionSqueeze
from rrrn.networks.rrrn.relation import RelationReasoning, propagation, similarity
from rrrn.running.stage import InputError

HOME = Path(__file__).resolve().parents[1]
DEFAULTS = yaml.safe_load((HOME / "config.yaml").read_text())["networks"]
SMALL = {"backbone": "shallow", "pretrained": "none", "squeeze_channels": 8}
TARGET = torch.tensor([0, 3, 1, 4])


def rrrn_of(side=28, method=rrrn, **changes):
    torch.manual_seed(0)
    return method.build({**DEFAULTS["rrrn"], **SMALL, **changes}, 5, side, None)


def baseline_of(method, side=28, **changes):
    torch.manual_seed(0)
    settings = {**DEFAULTS[method.__name__.split(".")[-1]], "pretrained": "none", "width": 0.125, **changes}
    return method.build(settings, 5, side, None)


def flow(count=4, regions=6, side=28, seed=0):
    values = np.random.default_rng(seed).uniform(-1, 1, (count, regions, 2, side, side))
    return torch.from_numpy(values.astype(np.float32))


def features(*shape, seed=0):
    """Features as pooled activations are: not negative."""
    return torch.from_numpy(np.abs(np.random.default_rng(seed).normal(size=shape)))


def assert_gradients_reach_everything(network, total):
    network.zero_grad()
    total.backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().max() > 0, name


# ---- RRRN: shapes, size, whole-model invariants


def test_shapes():
    network = rrrn_of().eval()
    p = network.backbone(flow())
    assert p.shape == (4, 6, 128, 2, 2)
    assert (network.backbone.channels, network.backbone.side) == (128, 2)
    output = network(flow())
    assert output.logits.shape == (4, 5)
    assert output.alpha.shape == (4, 6)
    assert output.features.shape == output.relations.shape == (4, 6, 128)
    assert tuple(network.regions) == (0, 1, 2, 3, 4, 5)
    assert bool(((output.alpha > 0) & (output.alpha < 1)).all())


def test_the_papers_model_has_its_size_and_shapes():
    network = rrrn_of(side=224, backbone="resnet18", squeeze_channels=256)
    assert (network.backbone.channels, network.backbone.side) == (1024, 7)

    def millions(module):
        return round(sum(parameter.numel() for parameter in module.parameters()) / 1e6, 3)

    assert [millions(network.backbone.z1), millions(network.backbone.z2)] == [11.170, 11.170]
    assert millions(network.ri.scores[0]) == 14.159
    assert millions(network.rr) == 2 * 1.049 - 0.001  # 2 x 1024 x 1024
    assert millions(network) == pytest.approx(38.61, abs=0.005)


def test_each_component_has_its_own_trunk_and_regions_share_it():
    network = rrrn_of().eval()
    x = flow()
    p = network.backbone(x)
    assert torch.allclose(p[:, 3, :64], network.backbone.z1(x[:, 3, 1:]), atol=1e-6)  # v, vertical
    assert torch.allclose(p[:, 3, 64:], network.backbone.z2(x[:, 3, :1]), atol=1e-6)  # u, horizontal
    assert bool((p >= 0).all())


def test_with_equal_attention_the_order_of_regions_does_not_matter():
    network = rrrn_of().eval()
    network.ri = Unweighted()
    x = flow()
    order = torch.tensor([3, 5, 0, 2, 1, 4])
    assert torch.allclose(network(x).logits, network(x[:, order]).logits, atol=1e-5)


class Unweighted(nn.Module):
    def forward(self, p):
        return p.mean(dim=(3, 4)), torch.ones(p.shape[:2])


def test_overfits_ten_samples():
    network = rrrn_of()
    x, target = flow(10), torch.arange(10) % 5
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
    for _ in range(40):
        optimizer.zero_grad()
        network.loss(network(x), target)["total"].backward()
        optimizer.step()
    assert (network(x).logits.argmax(dim=1) == target).float().mean() >= 0.9


# ---- region-inspired attention


@pytest.mark.parametrize("norm", ["sigmoid", "softmax", "sigmoid_softmax"])
@pytest.mark.parametrize("attention", ["se", "fc", "ran"])
def test_attention_against_its_definition(attention, norm):
    torch.manual_seed(0)
    ri = RegionInspired(6, 4, 3, 5, attention, norm).double().eval()
    if attention != "ran":
        convolution, normed, _ = ri.scores[0].f1
        normed.running_mean.uniform_(-1, 1)  # as if learnt, each region's own
        normed.running_var.uniform_(0.5, 2)
    p = features(2, 6, 4, 3, 3)
    f, alpha = ri(p)
    scores = torch.empty(2, 6, dtype=torch.float64)
    if attention == "ran":
        for k in range(6):
            scores[:, k] = (p[:, k].mean(dim=(2, 3)) * ri.scores.query.weight[0]).sum(dim=1)
    else:
        last = ri.scores[0].f2
        psi = torch.empty(2, 6, 3, 3, dtype=torch.float64)
        for k in range(6):
            own = slice(5 * k, 5 * k + 5)
            q = F.conv2d(p[:, k], convolution.weight[own], padding=1)
            assert q.shape == (2, 5, 3, 3)
            statistics = normed.running_mean[own], normed.running_var[own]
            q = torch.relu(F.batch_norm(q, *statistics, normed.weight[own], normed.bias[own]))
            both = torch.stack([q.mean(dim=1), q.max(dim=1).values], dim=1)
            psi[:, k] = F.conv2d(both, last.weight[k : k + 1], last.bias[k : k + 1], padding=3)[:, 0]
        if attention == "fc":
            layer = ri.scores[2]
            scores = psi.reshape(2, 54) @ layer.weight.T + layer.bias
        else:
            a, _, b = ri.scores[1].excite
            scores = torch.clamp(psi.mean(dim=(2, 3)) @ a.weight.T + a.bias, min=0) @ b.weight.T + b.bias
    expected = scores if norm == "softmax" else 1 / (1 + torch.exp(-scores))
    if norm != "sigmoid":
        expected = torch.exp(expected) / torch.exp(expected).sum(dim=1, keepdim=True)
    assert torch.allclose(alpha, expected)
    for k in range(6):
        assert torch.allclose(f[:, k], (alpha[:, k, None, None, None] * p[:, k]).mean(dim=(2, 3)))


def test_region_squeeze_blocks_start_as_blocks_of_their_own_would():
    torch.manual_seed(1)
    own = [nn.Conv2d(4, 5, 3, bias=False) for _ in range(6)], [nn.Conv2d(2, 1, 7) for _ in range(6)]
    after = torch.rand(1)
    torch.manual_seed(1)
    squeeze = RegionInspired(6, 4, 3, 5, "se", "sigmoid").scores[0]
    for ours, blocks in zip((squeeze.f1[0], squeeze.f2), own, strict=True):
        for name, values in ours.named_parameters():
            assert torch.equal(values, torch.cat([block.get_parameter(name) for block in blocks]))
    torch.manual_seed(1)
    RegionSqueeze(6, 4, 5)
    assert torch.equal(torch.rand(1), after)  # nothing more is drawn


def test_region_squeeze_blocks_are_independent():
    torch.manual_seed(0)
    squeeze = RegionInspired(6, 4, 3, 5, "se", "sigmoid").eval().scores[0]
    p = features(1, 6, 4, 3, 3).float()
    changed = p.clone()
    changed[:, 2] += 1
    same = (squeeze(p) == squeeze(changed)).all(dim=(0, 2, 3))
    assert same.tolist() == [True, True, False, True, True, True]


@pytest.mark.parametrize("attention", ["se", "fc", "ran"])
def test_attention_gradients(attention):
    torch.manual_seed(0)
    ri = RegionInspired(6, 3, 2, 2, attention, "sigmoid").double()
    p = features(2, 6, 3, 2, 2).requires_grad_()
    names, values = zip(*ri.named_parameters(), strict=True)

    def call(p, *values):
        return torch.func.functional_call(ri, dict(zip(names, values, strict=True)), (p,))

    assert gradcheck(call, (p, *values), fast_mode=True)


# ---- relation reasoning


@pytest.mark.parametrize("center", [False, True])
def test_relation_reasoning_against_loops(center):
    torch.manual_seed(0)
    rr = RelationReasoning(4, 3, center).double()
    f = features(2, 6, 4)
    ours = rr(f).detach().numpy()
    w0, w1 = rr.w0.weight.detach().numpy().T, rr.w1.weight.detach().numpy().T
    for b, p in enumerate(f.numpy()):
        q = p - p.mean(axis=0) if center else p
        gamma = np.zeros((6, 6))
        for i in range(6):
            for k in range(6):
                gamma[i, k] = max(0, q[i] @ q[k] / (np.linalg.norm(q[i]) * np.linalg.norm(q[k])))
        d = np.diag([gamma[k].sum() for k in range(6)])
        for w in (w0, w1):
            p = np.maximum(0, np.linalg.inv(d) @ gamma @ p @ w)
        np.testing.assert_allclose(ours[b], p, rtol=1e-9)


def test_graph_is_a_similarity_and_its_propagation_an_average():
    f = features(3, 6, 16)
    gamma = similarity(f)
    assert torch.allclose(gamma, gamma.transpose(1, 2))
    assert torch.allclose(torch.diagonal(gamma, dim1=1, dim2=2), torch.ones(3, 6, dtype=f.dtype))
    assert gamma.min() >= 0
    assert gamma.max() <= 1 + 1e-12
    assert torch.allclose(propagation(gamma).sum(dim=2), torch.ones(3, 6, dtype=f.dtype))


def test_graph_does_not_see_the_attention_but_its_features_do():
    rr = RelationReasoning(16, 16, center=False).double()
    f, alpha = features(3, 6, 16), features(3, 6, 1, seed=1) + 0.1
    assert torch.allclose(similarity(f), similarity(alpha * f))
    assert not torch.allclose(rr(f), rr(alpha * f))


def test_silent_regions_stay_finite():
    rr = RelationReasoning(8, 8, center=False)
    f = torch.zeros(2, 6, 8, requires_grad=True)
    rr(f).sum().backward()
    assert torch.isfinite(f.grad).all()


@pytest.mark.parametrize("center", [False, True])
def test_relation_gradients(center):
    torch.manual_seed(0)
    rr = RelationReasoning(4, 3, center).double()
    f = features(2, 6, 4).requires_grad_()
    values = (rr.w0.weight, rr.w1.weight)

    def call(f, w0, w1):
        return torch.func.functional_call(rr, {"w0.weight": w0, "w1.weight": w1}, (f,))

    assert gradcheck(call, (f, *values))


# ---- the network as a whole


@pytest.mark.parametrize("head", ["probe", "joint", "joint_ce", "tied"])
def test_the_gradient_of_the_whole_network_and_its_losses(head):
    """Every layer and loss at once, in double precision; the wide margin keeps the region-biased loss at work.

    Of the default's probe the correlation loss is left out: what is detached on purpose is no gradient of that loss.
    """
    network = rrrn_of(side=8, beta=2.0, hidden=3, squeeze_channels=2, cor_head=head).double()
    x, target = flow(3, side=8).double().requires_grad_(), torch.tensor([0, 3, 1])
    names, values = zip(*network.named_parameters(), strict=True)
    buffers = {name: value.clone() for name, value in network.named_buffers()}

    def call(x, *values):
        output = torch.func.functional_call(network, {**buffers, **dict(zip(names, values, strict=True))}, (x,))
        terms = network.loss(output, target)
        loss = terms["classification"] + terms["region_biased"] if head == "probe" else terms["total"]
        return output.logits, output.alpha, loss

    assert gradcheck(call, (x, *values), fast_mode=True)


# ---- the choices of the configuration


@pytest.mark.parametrize(
    "changes",
    [
        {},
        *({"attention": a, "attention_norm": n} for a in ("fc", "ran") for n in ("sigmoid", "sigmoid_softmax")),
        {"attention_norm": "softmax"},
        {"center_similarity": True},
        {"hidden": 16},
        *({"aggregate": a, "cor_head": c} for a in ("residual", "flatten") for c in ("probe", "tied")),
        *({"cor_head": c, "cor_detach_region": d} for c in ("joint", "joint_ce", "tied") for d in (False, True)),
        {"cor_detach_region": True},
    ],
    ids=str,
)
def test_every_choice_trains(changes):
    # the wide margin keeps the region-biased hinge open, so that a zero gradient is never an accident of the data
    network = rrrn_of(beta=2.0, **changes)
    output = network(flow())
    losses = network.loss(output, TARGET)
    parts = losses["classification"] + 1.0 * losses["region_biased"] + 0.2 * losses["correlation"]
    assert losses["total"].item() == pytest.approx((parts + losses.get("region_head", 0)).item(), rel=1e-5)
    assert_gradients_reach_everything(network, losses["total"])


@pytest.mark.parametrize("head", ["probe", "joint_ce", "tied"])
def test_half_precision_stays_finite_and_close(head):
    """As train.precision asks for it; bfloat16 is what a CPU has of it."""
    network = rrrn_of(cor_head=head)
    full = network.loss(network(flow()), TARGET)["total"]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = network.loss(network(flow()), TARGET)["total"]
    half.backward()
    assert half.item() == pytest.approx(full.item(), rel=0.05)
    assert all(torch.isfinite(parameter.grad).all() for parameter in network.parameters())


def test_a_resnet_backbone_trains():
    network = rrrn_of(backbone="resnet18", squeeze_channels=8, hidden=8)
    assert (network.backbone.channels, network.backbone.side) == (1024, 1)
    network.loss(network(flow(2)), TARGET[:2])["total"].backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in network.parameters())


@pytest.mark.parametrize("key", ["backbone", "attention", "attention_norm", "aggregate", "cor_head"])
def test_an_unknown_choice_is_named(key):
    with pytest.raises(InputError, match=rf"networks\.rrrn\.{key} is 'nonsense'; it must be one of \w+, \w+"):
        rrrn_of(**{key: "nonsense"})


@pytest.mark.parametrize("aggregate", ["sum_concat", "residual", "flatten"])
def test_aggregates(aggregate):
    f, r = features(2, 6, 3), features(2, 6, 3, seed=1)
    ours = rrrn.aggregated(f, r, aggregate)
    for b in range(2):
        if aggregate == "flatten":
            expected = np.concatenate([np.concatenate([f[b, k], r[b, k]]) for k in range(6)])
        else:
            second = r[b] + f[b] if aggregate == "residual" else r[b]
            expected = np.concatenate([f[b].sum(axis=0), second.sum(axis=0)])
        np.testing.assert_allclose(ours[b], expected)


# ---- who learns from the correlation loss


def correlation_gradients(**changes):
    network = rrrn_of(**changes)
    output = network(flow())
    output.features.retain_grad()
    network.loss(output, TARGET)["correlation"].backward()
    return network, output


def test_the_probe_does_not_learn_from_the_correlation_loss():
    network, output = correlation_gradients(cor_head="probe")
    assert network.region_head.weight.grad is None
    assert output.features.grad.abs().max() > 0
    network.zero_grad()
    output = network(flow())
    output.features.retain_grad()
    network.loss(output, TARGET)["region_head"].backward()
    assert network.region_head.weight.grad.abs().max() > 0
    assert output.features.grad is None


@pytest.mark.parametrize("head", ["joint", "joint_ce"])
def test_a_joint_head_learns_from_the_correlation_loss(head):
    network, _ = correlation_gradients(cor_head=head)
    assert network.region_head.weight.grad.abs().max() > 0


def test_a_joint_head_with_cross_entropy_trains_the_features():
    network = rrrn_of(cor_head="joint_ce")
    output = network(flow())
    output.features.retain_grad()
    network.loss(output, TARGET)["region_head"].backward()
    assert output.features.grad.abs().max() > 0


@pytest.mark.parametrize("aggregate", ["sum_concat", "flatten"])
def test_a_tied_head_is_the_classifier_on_one_region(aggregate):
    network = rrrn_of(cor_head="tied", aggregate=aggregate).eval()
    assert network.region_head is None
    output = network(flow())
    ours = network._region_logits(output.features, output)
    vector = torch.cat([output.features[:, 2], output.relations[:, 2]], dim=1)
    if aggregate == "flatten":
        vector = F.pad(vector, (2 * 256, 3 * 256))
    assert torch.allclose(ours[:, 2], network.classifier(vector), atol=1e-6)


@pytest.mark.parametrize("head", ["probe", "joint", "tied"])
def test_detached_regions_leave_only_the_whole_to_the_correlation_loss(head):
    network = rrrn_of(cor_head=head, cor_detach_region=True)
    output = network(flow())
    log_p = F.log_softmax(output.logits, dim=1)[torch.arange(4), TARGET]
    regions = F.log_softmax(network._region_logits(output.features, output), dim=2)[torch.arange(4), :, TARGET]
    weights = (regions > log_p[:, None]).sum(dim=1).detach() / 4
    parameter = network.backbone.z1[0].weight
    expected = torch.autograd.grad(-(weights * log_p).sum(), parameter, retain_graph=True)[0]
    ours = torch.autograd.grad(network.loss(output, TARGET)["correlation"], parameter)[0]
    assert weights.sum() > 0
    assert torch.allclose(ours, expected, atol=1e-7)


# ---- the controls


@pytest.mark.parametrize(
    ("method", "regions", "alpha"),
    [
        (backbone, 1, False),
        (crops, 6, False),
        (rrrn_no_ri, 6, False),
        (rrrn_no_rr, 6, True),
        (rrrn_no_cor, 6, True),
        (rrrn_one_trunk, 6, True),
        (rrrn_single_region, 1, True),
    ],
)
@pytest.mark.parametrize("side", [28, 56])
def test_every_control_trains(method, regions, alpha, side):
    network = rrrn_of(side, method, beta=2.0)
    assert tuple(network.regions) == tuple(range(regions))
    output = network(flow(4, regions, side))
    assert output.logits.shape == (4, 5)
    assert (output.alpha is not None) is alpha
    if alpha:
        assert output.alpha.shape == (4, 6)
    assert_gradients_reach_everything(network, network.loss(output, TARGET)["total"])


def size(network):
    return sum(parameter.numel() for parameter in network.parameters())


def test_sizes_of_the_controls():
    whole, classes = rrrn_of(), 5
    head = size(whole.region_head)
    assert size(rrrn_of(method=backbone)) == size(whole.backbone) + 128 * classes + classes
    assert size(rrrn_of(method=crops)) == size(rrrn_of(method=backbone))
    assert size(rrrn_of(method=rrrn_no_ri)) == size(whole) - size(whole.ri)
    assert size(rrrn_of(method=rrrn_no_rr)) == size(whole) - size(whole.rr) - 128 * classes
    assert size(rrrn_of(method=rrrn_no_rb)) == size(whole)
    assert size(rrrn_of(method=rrrn_no_cor)) == size(whole) - head
    assert size(rrrn_of(method=rrrn_one_trunk)) == size(whole) - size(whole.backbone.z1)
    assert size(rrrn_of(method=rrrn_single_region)) == size(whole)
    assert head == 128 * classes + classes


SAME_TRUNKS = [backbone, crops, rrrn_no_ri, rrrn_no_rr, rrrn_no_rb, rrrn_no_cor, rrrn_one_trunk, rrrn_single_region]


@pytest.mark.parametrize("method", SAME_TRUNKS)
def test_controls_have_rrrns_trunks(method):
    settings = {"side": 224, "backbone": "resnet18", "squeeze_channels": 256}
    with torch.device("meta"):
        theirs, ours = (rrrn_of(method=one, **settings).backbone for one in (rrrn, method))
    assert (ours.channels, ours.side) == (1024, 7)
    shapes = [{name: value.shape for name, value in one.state_dict().items()} for one in (theirs, ours)]
    assert shapes[0] == shapes[1]


def test_the_backbone_sees_what_rrrn_sees_of_the_whole_face():
    whole, control = rrrn_of().eval(), rrrn_of(method=backbone).eval()
    control.backbone.load_state_dict(whole.backbone.state_dict())
    x = flow()
    features = whole.backbone(x)[:, 0].mean(dim=(2, 3))
    assert torch.allclose(control(x[:, :1]).logits, control.classifier(features), atol=1e-6)
    assert torch.allclose(control.backbone(x[:, :1])[:, 0], whole.backbone(x)[:, 0], atol=1e-6)


def test_crops_are_the_mean_of_six_regions_in_any_order():
    control = rrrn_of(method=crops).eval()
    x = flow()
    each = torch.stack([control.backbone(x[:, k : k + 1])[:, 0].mean(dim=(2, 3)) for k in range(6)])
    assert torch.allclose(control(x).logits, control.classifier(each.mean(dim=0)), atol=1e-6)
    order = torch.tensor([3, 5, 0, 2, 1, 4])
    assert torch.allclose(control(x).logits, control(x[:, order]).logits, atol=1e-6)


@pytest.mark.parametrize("head", ["probe", "joint", "joint_ce", "tied"])
@pytest.mark.parametrize("aggregate", ["sum_concat", "residual", "flatten"])
def test_fixed_alpha_is_rrrn_whose_attention_is_1(aggregate, head):
    whole, control = (rrrn_of(method=one, aggregate=aggregate, cor_head=head) for one in (rrrn, rrrn_no_ri))
    own = {name: value for name, value in whole.state_dict().items() if not name.startswith("ri.")}
    control.load_state_dict(own)
    whole.ri = Unweighted()
    theirs, ours = whole(flow()), control(flow())
    assert torch.equal(ours.logits, theirs.logits)
    assert torch.equal(ours.relations, theirs.relations)
    theirs, ours = whole.loss(theirs, TARGET), control.loss(ours, TARGET)
    # what is left out is a constant, beta: no crop outweighs the whole face
    assert ours["total"].item() == pytest.approx((theirs["total"] - theirs.pop("region_biased")).item(), rel=1e-5)
    assert ours.keys() == theirs.keys()


@pytest.mark.parametrize("head", ["probe", "joint", "joint_ce", "tied"])
@pytest.mark.parametrize("aggregate", ["sum_concat", "residual", "flatten"])
def test_without_relations_the_weighted_regions_are_classified(aggregate, head):
    network = rrrn_of(method=rrrn_no_rr, aggregate=aggregate, cor_head=head, cor_detach_region=True)
    output = network(flow())
    f = output.features
    whole = f.flatten(1) if aggregate == "flatten" else f.sum(dim=1)
    assert torch.allclose(output.logits, network.classifier(whole), atol=1e-6)
    assert torch.allclose(f, output.alpha[:, :, None] * network.backbone(flow()).mean(dim=(3, 4)), atol=1e-6)
    terms = network.loss(output, TARGET)
    assert {"region_biased", "correlation"} <= terms.keys()
    if head == "tied":
        one = F.pad(f[:, 2], (2 * 128, 3 * 128)) if aggregate == "flatten" else f[:, 2]
        assert torch.allclose(network._region_logits(f, output)[:, 2], network.classifier(one), atol=1e-6)


HEADS = ["probe", "joint", "joint_ce", "tied"]


@pytest.mark.parametrize("head", HEADS)
def test_without_the_region_biased_loss_all_else_is_rrrns(head):
    whole, control = (rrrn_of(method=one, cor_head=head, beta=2.0) for one in (rrrn, rrrn_no_rb))
    theirs, ours = (network.loss(network(flow()), TARGET) for network in (whole, control))
    biased = theirs.pop("region_biased")
    assert biased > 1 and ours.keys() == theirs.keys()
    assert ours["total"].item() == pytest.approx((theirs["total"] - biased).item(), rel=1e-5)
    for name in theirs.keys() - {"total"}:
        assert torch.equal(ours[name], theirs[name])


def test_without_the_region_biased_loss_attention_learns_from_the_other_losses():
    network = rrrn_of(method=rrrn_no_rb)
    assert_gradients_reach_everything(network, network.loss(network(flow()), TARGET)["total"])


@pytest.mark.parametrize("head", HEADS)
def test_without_the_correlation_loss_no_region_is_classified(head):
    network, whole = rrrn_of(method=rrrn_no_cor, cor_head=head, beta=2.0), rrrn_of(cor_head="tied", beta=2.0)
    assert network.region_head is None and "region_head" not in dict(network.named_modules())
    network.load_state_dict(whole.state_dict())
    theirs, ours = (one.loss(one(flow()), TARGET) for one in (whole, network))
    assert ours.keys() == {"classification", "region_biased", "total"}
    for name in ("classification", "region_biased"):
        assert torch.equal(ours[name], theirs[name])
    assert ours["total"].item() == pytest.approx((theirs["classification"] + theirs["region_biased"]).item())


def test_one_trunk_sees_both_components_alike():
    network = rrrn_of(method=rrrn_one_trunk).eval()
    x = flow()
    u, v = network.backbone(x).chunk(2, dim=2)[::-1]
    swapped = network.backbone(x.flip(2))
    assert torch.allclose(swapped, torch.cat([u, v], dim=2), atol=1e-6)
    theirs = rrrn_of().eval()
    for trunk in (theirs.backbone.z1, theirs.backbone.z2):
        trunk.load_state_dict(network.backbone.z1.state_dict())
    assert torch.allclose(network.backbone(x), theirs.backbone(x), atol=1e-6)


def test_one_trunk_has_one_statistic_of_both_components():
    """Two batches, each normalised alone, would be tested with a statistic that neither was trained with."""
    network = rrrn_of(method=rrrn_one_trunk).train()
    seen = []
    network.backbone.z1[0].register_forward_hook(lambda layer, given, made: seen.append(given[0].shape))
    network(flow())
    assert seen == [(2 * 4 * 6, 1, 28, 28)]


@pytest.mark.parametrize("head", HEADS)
def test_a_single_region_is_rrrn_of_six_copies_of_the_whole_face(head):
    whole, control = (rrrn_of(method=one, cor_head=head).eval() for one in (rrrn, rrrn_single_region))
    control.load_state_dict(whole.state_dict())
    x = flow()[:, :1]
    theirs, ours = whole(x.expand(-1, 6, -1, -1, -1)), control(x)
    assert ours.alpha.shape == (4, 6) and not torch.allclose(ours.alpha[:, 0], ours.alpha[:, 1])
    for name in ("logits", "alpha", "features", "relations"):
        assert torch.allclose(getattr(ours, name), getattr(theirs, name), atol=1e-6), name
    theirs, ours = whole.loss(theirs, TARGET), control.loss(ours, TARGET)
    assert ours.keys() == theirs.keys()
    assert ours["total"].item() == pytest.approx(theirs["total"].item(), rel=1e-5)


# ---- the baselines


@pytest.mark.parametrize("method", [resnet18, vgg16])
@pytest.mark.parametrize("side", [28, 56])
@pytest.mark.parametrize("width", [0.0625, 0.125])
@pytest.mark.parametrize("input", ["inflate2", "uvm", "two_stream"])
def test_every_baseline_trains(method, side, width, input):
    network = baseline_of(method, side, width=width, input=input)
    assert tuple(network.regions) == (0,)
    output = network(flow(2, regions=1, side=side))
    assert output.alpha is None
    losses = network.loss(output, TARGET[:2])
    assert losses["total"].item() == pytest.approx(F.cross_entropy(output.logits, TARGET[:2]).item())
    losses["total"].backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in network.parameters())


def test_gradients_reach_every_part_of_the_baselines():
    for method in (resnet18, vgg16):
        network = baseline_of(method)
        output = network(flow(4, regions=1))
        assert_gradients_reach_everything(network, network.loss(output, TARGET)["total"])


def test_inputs_and_scale():
    x = flow(3, regions=1)
    u, v = x[:, 0, :1], x[:, 0, 1:]
    for name, expected in {
        "inflate2": [torch.cat([u, v], dim=1)],
        "uvm": [torch.cat([u, v, torch.sqrt(u**2 + v**2)], dim=1)],
        "two_stream": [v, u],
    }.items():
        network = baseline_of(resnet18, input=name, input_scale=128.0).eval()
        parts = [stream(128 * part) for stream, part in zip(network.streams, expected, strict=True)]
        assert torch.allclose(network(x).logits, network.head(torch.cat(parts, dim=1)), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("method", "published"), [(resnet18, "resnet18"), (vgg16, "vgg16")])
def test_width_one_is_the_published_architecture(method, published):
    """Layer for layer, apart from the first one's input channels and the classes."""
    with torch.device("meta"):
        theirs = torchvision.models.get_model(published, num_classes=5)
        ours = baseline_of(method, width=1.0, input="uvm")
    shapes = [tuple(parameter.shape) for parameter in theirs.parameters()]
    assert [tuple(parameter.shape) for parameter in ours.parameters()] == shapes
    x = torch.zeros(2, 1, 2, 224, 224, device="meta")
    assert ours(x).logits.shape == (2, 5)


def test_a_narrow_network_has_the_same_layers():
    wide, narrow = torchvision.models.resnet18(), torchvision.models.resnet18()
    wide.fc = narrow.fc = nn.Identity()
    adapt.narrow(narrow, 0.25, inputs=3)
    for (name, a), (_, b) in zip(wide.named_modules(), narrow.named_modules(), strict=True):
        assert type(a) is type(b)
        if isinstance(a, nn.Conv2d):
            assert (b.kernel_size, b.stride, b.padding) == (a.kernel_size, a.stride, a.padding)
            assert b.out_channels == a.out_channels // 4
            assert b.in_channels == (3 if name == "conv1" else a.in_channels // 4)


@pytest.mark.parametrize(("side", "multiple_of_32"), [(64, True), (56, False)])
def test_vgg16_is_torchvisions_at_multiples_of_32(side, multiple_of_32):
    ours = baseline_of(vgg16, side, input="uvm").streams[0].eval()
    x = torch.rand(2, 3, side, side)
    pooled = ours(x)
    for layer in ours.features:
        if isinstance(layer, nn.MaxPool2d):
            layer.ceil_mode = False
    assert torch.equal(pooled, ours(x)) is multiple_of_32


def test_architectures_are_torchvisions_and_come_without_the_rest_of_it():
    """In a process of its own, for here torchvision is imported."""
    check = """
import sys
from rrrn.networks import architectures

alone = architectures.module("resnet"), architectures.module("vgg")
assert not [name for name in sys.modules if name.startswith(("torchvision", "torch._dynamo"))]
assert [one.__name__ for one in alone] == ["torchvision.models.resnet", "torchvision.models.vgg"]
import torchvision

whole = torchvision.models.resnet, torchvision.models.vgg
assert [one.__file__ for one in alone] == [one.__file__ for one in whole]
assert architectures.module("vgg") is torchvision.models.vgg
assert torchvision.ops.nms and torchvision.models.get_model("resnet18")
"""
    done = subprocess.run([sys.executable, "-c", check], cwd=HOME, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# ---- pretrained weights


def test_two_inflated_channels_act_as_their_mean_fed_three_times():
    """1.5 * mean_rgb(W) * (u + v) = sum_rgb W * (u + v) / 2."""
    torch.manual_seed(0)
    conv = nn.Conv2d(3, 4, 3, padding=1)
    x = torch.rand(2, 2, 8, 8)
    mean = x.mean(dim=1, keepdim=True).expand(-1, 3, -1, -1)
    assert torch.allclose(adapt.stem(conv, 2, pretrained=True)(x), conv(mean), atol=1e-6)
    one = x[:, :1]
    assert torch.allclose(adapt.stem(conv, 1, pretrained=True)(one), conv(one.expand(-1, 3, -1, -1)), atol=1e-6)


@pytest.fixture(scope="module")
def imagenet(tmp_path_factory):
    """A stand-in for the published file, with its names and shapes, and the network it came from."""
    torch.manual_seed(1)
    model = torchvision.models.resnet18().eval()
    path = tmp_path_factory.mktemp("weights") / "resnet18.pth"
    torch.save(model.state_dict(), path)
    return path, model


def test_backbone_loads_published_weights(imagenet):
    path, model = imagenet
    trunk = trunks.build("resnet18", 64, path, "imagenet").eval().z2
    model.avgpool, keep = nn.Identity(), model.avgpool
    model.fc, head = nn.Identity(), model.fc
    x = torch.rand(1, 1, 64, 64)
    theirs = model(x.expand(-1, 3, -1, -1)).reshape(1, 512, 2, 2)
    model.avgpool, model.fc = keep, head
    assert torch.allclose(trunk(x), theirs, atol=1e-4)


def test_resnet18_loads_published_weights(imagenet):
    path, model = imagenet
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    settings = {"width": 1.0, "input": "inflate2", "input_scale": 1.0, "pretrained": {"path": "x", "sha256": digest}}
    network = resnet18.build(settings, 5, 64, path).eval()
    model.fc, head = nn.Identity(), model.fc
    x = torch.rand(1, 1, 2, 64, 64)
    theirs = model(x[:, 0].mean(dim=1, keepdim=True).expand(-1, 3, -1, -1))
    model.fc = head
    assert torch.allclose(network.streams[0](x[:, 0]), theirs, atol=1e-4)


def test_weights_that_do_not_fit_are_refused(imagenet, tmp_path):
    path, model = imagenet
    settings = {"width": 0.25, "input": "inflate2", "input_scale": 1.0, "pretrained": "imagenet"}
    with pytest.raises(InputError, match="width 1"):
        resnet18.build(settings, 5, 64, path)
    with pytest.raises(InputError, match="shallow"):
        trunks.build("shallow", 28, path, "imagenet")
    with pytest.raises(InputError, match="--weights"):
        resnet18.build({**settings, "width": 1.0}, 5, 64, None)
    with pytest.raises(InputError, match="pretrained is none"):
        resnet18.build({**settings, "width": 1.0, "pretrained": "none"}, 5, 64, path)
    with pytest.raises(InputError, match="sha256"):
        pretrained.verify(path, "0" * 8)
    pretrained.verify(path, hashlib.sha256(path.read_bytes()).hexdigest()[:8])
    with pytest.raises(InputError, match=r"absent\.pth: the weights file cannot be read"):
        pretrained.verify(tmp_path / "absent.pth", "")
    with pytest.raises(InputError, match=r"absent\.pth"):
        pretrained.read(tmp_path / "absent.pth")
    torch.save(model.layer1.state_dict(), tmp_path / "part.pth")
    with pytest.raises(InputError, match="not the weights of this network"):
        resnet18.build({**settings, "width": 1.0}, 5, 64, tmp_path / "part.pth")
    (tmp_path / "text.pth").write_text("hello")
    with pytest.raises(InputError, match="not a weights file"):
        pretrained.read(tmp_path / "text.pth")
    torch.save(nn.Linear(2, 2), tmp_path / "module.pth")  # holds code, which must not run
    with pytest.raises(InputError, match="not a weights file"):
        pretrained.read(tmp_path / "module.pth")


def published_vgg_face():
    """Names and shapes of vgg_face_dag.pth (meta tensors)."""
    shapes, before = {}, 3
    for block, (count, width) in enumerate(zip((2, 2, 3, 3, 3), (64, 128, 256, 512, 512), strict=True), start=1):
        for convolution in range(1, count + 1):
            shapes[f"conv{block}_{convolution}"] = (width, before, 3, 3)
            before = width
    shapes |= {"fc6": (4096, 512 * 49), "fc7": (4096, 4096), "fc8": (2622, 4096)}
    state = {f"{name}.weight": torch.empty(shape, device="meta") for name, shape in shapes.items()}
    return state | {f"{name}.bias": torch.empty(shape[0], device="meta") for name, shape in shapes.items()}


def test_vgg_face_names_are_torchvisions():
    with torch.device("meta"):
        own = torchvision.models.vgg16(num_classes=2622).state_dict()
    ours = vgg_face.torchvision_names(published_vgg_face())
    assert {name: value.shape for name, value in ours.items()} == {name: value.shape for name, value in own.items()}
    assert vgg_face.torchvision_names(own).keys() == own.keys()


def test_vgg16_loads_vgg_face(tmp_path, monkeypatch):
    """At a sixteenth of the width, for speed: what the full one does, but with small tensors."""

    def small(weights=None, init_weights=True):
        with torch.device("meta"):
            model = published()
        adapt.narrow(model, 1 / 16, inputs=3)
        return model

    published = torchvision.models.vgg.vgg16
    monkeypatch.setattr(torchvision.models.vgg, "vgg16", small)
    state = {}
    for number, (name, value) in enumerate(published_vgg_face().items()):
        shape = [max(1, size // 16) if size > 3 else size for size in value.shape]
        state[name] = torch.full(shape, float(number))
    torch.save(state, tmp_path / "vgg_face_dag.pth")
    settings = {"width": 1.0, "input": "inflate2", "input_scale": 128.0, "pretrained": {"path": "x", "sha256": ""}}
    stream = vgg16.build(settings, 5, 64, tmp_path / "vgg_face_dag.pth").streams[0]
    assert torch.equal(stream.features[28].weight, state["conv5_3.weight"])
    assert torch.equal(stream.features[0].weight, torch.full((4, 2, 3, 3), 1.5) * state["conv1_1.weight"][0, 0, 0, 0])
    assert torch.equal(stream.classifier[3].bias, state["fc7.bias"])
    assert len(stream.classifier) == 6
