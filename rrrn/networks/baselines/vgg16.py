"""The baseline VGG16 (Simonyan and Zisserman, ICLR 2015), as in torchvision, on the flow of the uncropped face.

Weights may be torchvision's, or those of VGG-Face in any of its files (``vgg_face.py``).
"""

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import nn

from rrrn.networks import adapt, architectures, pretrained
from rrrn.networks.baselines import single, vgg_face
from rrrn.running import typed
from rrrn.running.stage import InputError

METHOD = {
    "name": "vgg16",
    "label": "VGG16",
    "kind": "network",
    "weights": {"from": "VGG16_Weights.IMAGENET1K_V1", "bytes": 553_400_000, "sha256": "397923af"},
    "defaults": {"pretrained": "none", "width": 0.125, "input": "inflate2", "input_scale": 4.0},
}

FEATURES = 4096


def build(settings: Mapping[str, Any], n_classes: int, side: int, weights: Path | None) -> single.SingleRegion:
    """Build VGG16 for flow; ``settings`` are those of ``single.Settings``.

    Raises InputError for weights that do not fit, or together with a width other than 1.
    """
    own = typed.of(single.Settings, settings, "networks.vgg16")
    pretrained.check(own.pretrained, weights)
    streams = [_stream(channels, own.width, weights) for channels in single.CHANNELS[own.input]]
    head = nn.Linear(round(FEATURES * own.width) * len(streams), n_classes)
    adapt.initialise(head, own.width)
    return single.SingleRegion(streams, head, own.input, own.input_scale)


def _stream(channels: int, width: float, weights: Path | None) -> nn.Module:
    """A VGG16 for images of ``channels`` up to its last hidden layer."""
    if weights is not None and width != 1:
        raise InputError(f"{weights}: pretrained weights fit width 1 only; set pretrained: none or width: 1")
    with torch.device("meta") if width != 1 else nullcontext():
        model = architectures.module("vgg").vgg16(weights=None, init_weights=width == 1)
    if weights is not None:
        pretrained.load(model, vgg_face.read(weights), "classifier.6.", weights)
    model.classifier = model.classifier[:-1]
    if width != 1:
        adapt.narrow(model, width, inputs=3)
    if channels != 3:
        model.features[0] = adapt.stem(model.features[0], channels, weights is not None)
    for layer in model.features:
        if isinstance(layer, nn.MaxPool2d):
            layer.ceil_mode = True  # the same at multiples of 32 pixels; never an empty map below
    return model
