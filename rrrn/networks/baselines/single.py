"""The baselines' common form: one published image network on the flow of the uncropped face (region 0)."""

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


class SingleRegion(Network[Output]):
    """Streams of features, concatenated and classified; trained by cross-entropy.

    ``input`` is inflate2 (one stream of u and v), uvm (one stream of u, v and their magnitude) or two_stream
    (a stream for v and one for u). Flow is multiplied by ``scale`` first.
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
        flow = x[:, 0] * self.scale
        if self.input == "uvm":
            inputs = [torch.cat([flow, torch.linalg.vector_norm(flow, dim=1, keepdim=True)], dim=1)]
        elif self.input == "two_stream":
            inputs = [flow[:, 1:2], flow[:, 0:1]]
        else:
            inputs = [flow]
        features = [stream(maps) for stream, maps in zip(self.streams, inputs, strict=True)]
        return Output(self.head(torch.cat(features, dim=1)))

    def loss(self, output: Output, target: Tensor) -> dict[str, Tensor]:
        """Return the cross-entropy, mean over the batch."""
        return {"total": F.cross_entropy(output.logits, target)}
