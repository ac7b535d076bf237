"""The baseline ResNet18 (He et al., CVPR 2016), as in torchvision, on the flow of the uncropped face."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from rrrn.networks import adapt, architectures, pretrained
from rrrn.networks.baselines import single
from rrrn.running import typed
from rrrn.running.stage import InputError

METHOD = {
    "name": "resnet18",
    "label": "ResNet18",
    "kind": "network",
    "weights": {"from": "ResNet18_Weights.IMAGENET1K_V1", "bytes": 46_800_000, "sha256": "f37072fd"},
    "defaults": {"pretrained": "none", "width": 0.25, "input": "inflate2", "input_scale": 1.0},
}

FEATURES = 512


def build(settings: Mapping[str, Any], n_classes: int, side: int, weights: Path | None) -> single.SingleRegion:
    """Build ResNet18 for flow; ``settings`` are those of ``single.Settings``.

    Raises InputError for weights that do not fit, or together with a width other than 1.
    """
    own = typed.of(single.Settings, settings, "networks.resnet18")
    pretrained.check(own.pretrained, weights)
    streams = [_stream(channels, own.width, weights) for channels in single.CHANNELS[own.input]]
    head = nn.Linear(round(FEATURES * own.width) * len(streams), n_classes)
    return single.SingleRegion(streams, head, own.input, own.input_scale)


def _stream(channels: int, width: float, weights: Path | None) -> nn.Module:
    """A ResNet18 for images of ``channels`` up to its pooled features."""
    if weights is not None and width != 1:
        raise InputError(f"{weights}: pretrained weights fit width 1 only; set pretrained: none or width: 1")
    model = architectures.module("resnet").resnet18(weights=None)
    if weights is not None:
        pretrained.load(model, pretrained.read(weights), "fc.", weights)
    model.fc = nn.Identity()
    if width != 1:
        adapt.narrow(model, width, inputs=3)
    if channels != 3:
        model.conv1 = adapt.stem(model.conv1, channels, weights is not None)
    return model
