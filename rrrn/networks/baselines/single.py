"""The baselines' common form: one published network on the flow of the uncropped face (region 0)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rrrn.networks.network import Network, Output
from rrrn.networks.pretrained import Pretrained

Input = Literal["inflate2", "uvm", "two_stream"]
CHANNELS: dict[Input, tuple[int, ...]] = {"inflate2": (2,), "uvm": (3,), "two_stream": (1, 1)}  # of each stream


@dataclass(frozen=True)
class Settings:
    """The section of a baseline, ``networks.resnet18`` or ``networks.vgg16``; see config.yaml."""

    pretrained: Pretrained
    width: float
    input: Input
    input_scale: float


def images(flow: Tensor, input: Input) -> list[Tensor]:
    """Return what each stream sees of flow (B, 2, side, side), maps of as many channels as ``CHANNELS`` says.

    inflate2: one stream of u and v; uvm: one of u, v and their magnitude; two_stream: one of v and one of u.
    """
    if input == "uvm":
        return [torch.cat([flow, torch.linalg.vector_norm(flow, dim=1, keepdim=True)], dim=1)]
    return [flow[:, 1:2], flow[:, 0:1]] if input == "two_stream" else [flow]


class SingleRegion(Network[Output]):
    """Streams of features, concatenated and classified; trained by cross-entropy.

    ``input`` says what each of the streams sees (``images``). Flow is multiplied by ``scale`` first.
    """

    regions = (0,)

    def __init__(self, streams: Sequence[nn.Module], head: nn.Module, input: Input, scale: float) -> None:
        super().__init__()
        self.streams = nn.ModuleList(streams)
        self.head = head
        self.input = input
        self.scale = scale

    def forward(self, x: Tensor) -> Output:
        """Classify x (B, 1, 2, side, side)."""
        maps = images(x[:, 0] * self.scale, self.input)
        features = [stream(image) for stream, image in zip(self.streams, maps, strict=True)]
        return Output(self.head(torch.cat(features, dim=1)))

    def loss(self, output: Output, target: Tensor) -> dict[str, Tensor]:
        """Return the cross-entropy, mean over the batch."""
        return {"total": F.cross_entropy(output.logits, target)}
