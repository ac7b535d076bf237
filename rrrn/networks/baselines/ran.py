"""RAN, the region attention network (Wang et al., IEEE Transactions on Image Processing 29, 2020, arXiv 1905.04075).

It sees the six regions that RRRN sees, the uncropped face and its five crops, which are RAN's own fixed crops.

====================  ==============================================================================================
part                  what it is
====================  ==============================================================================================
backbone              F_k, the spatial mean of the backbone's last feature maps of region k; all regions share it
self-attention        mu_k = sigmoid(q0 . F_k), F_m = sum mu_k F_k / sum mu_k
relation-attention    nu_k = sigmoid(q1 . [F_k; F_m]), P = sum mu_k nu_k [F_k; F_m] / sum mu_k nu_k
classifier            one linear layer on P
region-biased loss    max(0, margin - (max over crops of mu_k - mu_0)), added to the cross-entropy
====================  ==============================================================================================

``backbone`` is the paper's ResNet18, or RRRN's shallow one. ``pretrained`` are its weights: the paper's come from
MS-Celeb-1M. ``margin`` is the loss's, and ``lambda_rb`` its weight. The authors' code takes a softmax over the regions
of mu and of nu, and a margin of 0.1: ``attention_norm: sigmoid_softmax``, ``margin: 0.1``.

RAN is made for one stream of images with three channels, and flow has two: ``input``. By default the first layer
takes u and v, so that there is one stream as in the paper and nothing of the flow is lost or added; uvm gives it the
three channels of its published weights, and two_stream one backbone for each component, as RRRN has them.

The weights of the regions in predictions, and in the loss, are mu.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from rrrn.networks import backbones
from rrrn.networks.backbones import Backbone
from rrrn.networks.baselines import single
from rrrn.networks.network import REGIONS, Network, Output
from rrrn.networks.pretrained import Pretrained
from rrrn.networks.rrrn import losses
from rrrn.running import typed

METHOD = {
    "name": "ran",
    "label": "RAN",
    "kind": "network",
    "weights": "resnet18",
    "alpha": True,
    "defaults": {
        "backbone": "shallow",
        "pretrained": "none",
        "input": "inflate2",
        "attention_norm": "sigmoid",
        "margin": 0.02,
        "lambda_rb": 1.0,
    },
}


@dataclass(frozen=True)
class Settings:
    """The section ``networks.ran``; see config.yaml."""

    backbone: Backbone
    pretrained: Pretrained
    input: single.Input
    attention_norm: Literal["sigmoid", "sigmoid_softmax"]
    margin: float
    lambda_rb: float


class RAN(Network[Output]):
    """Backbone streams, whose features are concatenated, two attentions, and a linear classifier."""

    regions = tuple(range(REGIONS))

    def __init__(self, streams: Sequence[nn.Module], n_features: int, n_classes: int, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.streams = nn.ModuleList(streams)
        self.q0 = nn.Linear(n_features, 1, bias=False)
        self.q1 = nn.Linear(2 * n_features, 1, bias=False)
        self.classifier = nn.Linear(2 * n_features, n_classes)

    def forward(self, x: Tensor) -> Output:
        """Classify x (B, 6, 2, side, side)."""
        f = self.features(x)
        mu = self._weights(self.q0(f))
        content = averaged(f, mu)
        pairs = torch.cat([f, content[:, None].expand_as(f)], dim=2)
        nu = self._weights(self.q1(pairs))
        return Output(self.classifier(averaged(pairs, mu * nu)), alpha=mu)

    def features(self, x: Tensor) -> Tensor:
        """Map x (B, 6, 2, side, side) to F (B, 6, C). Regions share the batch statistics."""
        maps = single.images(x.flatten(0, 1), self.settings.input)
        parts = [stream(image).mean(dim=(2, 3)) for stream, image in zip(self.streams, maps, strict=True)]
        return torch.cat(parts, dim=1).reshape(*x.shape[:2], -1)

    def loss(self, output: Output, target: Tensor) -> dict[str, Tensor]:
        """Return the cross-entropy, the region-biased loss, and their weighted sum."""
        assert output.alpha is not None
        classification = losses.classification(output.logits, target)
        biased = losses.region_biased(output.alpha, self.settings.margin)
        total = classification + self.settings.lambda_rb * biased
        return {"classification": classification, "region_biased": biased, "total": total}

    def _weights(self, scores: Tensor) -> Tensor:
        """Make of scores (B, 6, 1) weights (B, 6)."""
        weights = torch.sigmoid(scores.squeeze(2))
        return weights if self.settings.attention_norm == "sigmoid" else torch.softmax(weights, dim=1)


def averaged(features: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted mean (B, C) over the regions of features (B, R, C), by weights (B, R) above zero."""
    return (weights[:, :, None] * features).sum(dim=1) / weights.sum(dim=1, keepdim=True)


def build(settings: Mapping[str, Any], n_classes: int, side: int, weights: Path | None) -> RAN:
    """Build RAN; ``weights`` is a file for each stream of a pretrained backbone.

    Raises InputError for settings that are not those of ``Settings``, and for weights that do not fit.
    """
    own = typed.of(Settings, settings, "networks.ran")
    backbones.check(own.backbone, weights, own.pretrained)
    channels = single.CHANNELS[own.input]
    streams = [backbones.build(own.backbone, count, weights) for count in channels]
    return RAN(streams, len(channels) * backbones.FEATURES[own.backbone], n_classes, own)
