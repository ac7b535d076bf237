"""Fitting published image networks to optical flow: other input channels, fewer channels throughout."""

import math

import torch
from torch import nn


def stem(conv: nn.Conv2d, channels: int, pretrained: bool) -> nn.Conv2d:
    """Return a first convolution like ``conv`` (three input channels) for ``channels`` of them.

    Pretrained: each channel gets 3 / channels times the mean RGB kernel, so that one channel acts as a map fed
    three times, and several act as their mean fed three times. Else: initialised as published networks are.
    """
    assert isinstance(conv.padding, tuple)
    new = nn.Conv2d(
        channels,
        conv.out_channels,
        (conv.kernel_size[0], conv.kernel_size[1]),
        (conv.stride[0], conv.stride[1]),
        (conv.padding[0], conv.padding[1]),
        bias=conv.bias is not None,
    )
    if not pretrained:
        initialise(new)
        return new
    with torch.no_grad():
        new.weight.copy_(conv.weight.mean(dim=1, keepdim=True) * (3 / channels))
        if new.bias is not None and conv.bias is not None:
            new.bias.copy_(conv.bias)
    return new


def narrow(model: nn.Module, width: float, inputs: int) -> None:
    """Shrink every layer of ``model``, which may be on the meta device, to a share of its channels, in place.

    Layers keep kind, order, kernels and strides, and get fresh weights. Only the ``inputs`` channels of the image
    stay as they are; so the last layer must not be a classifier's.
    """
    for parent in list(model.modules()):
        for name, layer in list(parent.named_children()):
            if (new := _narrowed(layer, width, inputs)) is not None:
                initialise(new, width)
                setattr(parent, name, new)


def _narrowed(layer: nn.Module, width: float, inputs: int) -> nn.Module | None:
    def share(channels: int) -> int:
        return max(1, round(channels * width))

    if isinstance(layer, nn.Conv2d):
        assert isinstance(layer.padding, tuple)
        return nn.Conv2d(
            layer.in_channels if layer.in_channels == inputs else share(layer.in_channels),
            share(layer.out_channels),
            (layer.kernel_size[0], layer.kernel_size[1]),
            (layer.stride[0], layer.stride[1]),
            (layer.padding[0], layer.padding[1]),
            bias=layer.bias is not None,
        )
    if isinstance(layer, nn.BatchNorm2d):
        return nn.BatchNorm2d(share(layer.num_features))
    if isinstance(layer, nn.Linear):
        return nn.Linear(share(layer.in_features), share(layer.out_features))
    return None


def initialise(layer: nn.Module, width: float = 1.0) -> None:
    """Give a layer the random start that torchvision gives ResNet and VGG.

    A narrowed linear layer starts larger by 1 / sqrt(width), so that signals keep the size they have at width 1.
    """
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    elif isinstance(layer, nn.Linear):
        nn.init.normal_(layer.weight, 0, 0.01 / math.sqrt(width))
    if isinstance(layer, nn.Conv2d | nn.Linear) and layer.bias is not None:
        nn.init.zeros_(layer.bias)
