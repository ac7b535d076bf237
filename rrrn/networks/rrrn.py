"""Region-inspired relation reasoning network (RRRN), Section III of arXiv 2107.05904."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rrrn.networks import backbone, losses
from rrrn.networks.attention import RegionInspired
from rrrn.networks.network import Network, Output
from rrrn.networks.relation import RelationReasoning
from rrrn.stage import InputError

REGIONS = 6  # the uncropped face and five crops; the paper's K counts the crops
AGGREGATES = ("sum_concat", "residual", "flatten")
COR_HEADS = ("probe", "joint", "joint_ce", "tied")


@dataclass(frozen=True, kw_only=True)
class RegionOutput(Output):
    """Adds the weighted region features f (B, 6, C) and the relational ones F^(2) (B, 6, C), which the losses need."""

    features: Tensor
    relations: Tensor
    alpha: Tensor


class RRRN(Network[RegionOutput]):
    """Backbone, RI module, RR module, and a linear classifier on the aggregated features.

    ``aggregate`` makes of f_k and r_k = F^(2)_k one vector: sum_concat [sum f; sum r], residual [sum f; sum (f + r)],
    or flatten [f_0; r_0; f_1; ...].

    ``cor_head`` says what classifies one region in the correlation loss, which the paper leaves open. probe: a linear
    head that learns from detached features, by a cross-entropy of its own, and that the loss cannot bend; joint: one
    that learns by the correlation loss alone; joint_ce: by that and a cross-entropy which trains the features too;
    tied: the main classifier, on the aggregate of that region alone. ``cor_detach_region`` keeps the loss from making
    regions worse instead of the whole better.
    """

    regions = tuple(range(REGIONS))

    def __init__(self, trunks: backbone.Backbone, n_classes: int, settings: Mapping[str, Any]) -> None:
        super().__init__()
        self.settings = dict(settings)
        self.aggregate = _choice("aggregate", settings, AGGREGATES)
        self.cor_head = _choice("cor_head", settings, COR_HEADS)
        channels = trunks.channels
        hidden = channels if settings["hidden"] == "same" else int(settings["hidden"])

        self.backbone = trunks
        self.ri = RegionInspired(
            REGIONS,
            channels,
            trunks.side,
            int(settings["squeeze_channels"]),
            settings["attention"],
            settings["attention_norm"],
        )
        self.rr = RelationReasoning(channels, hidden, settings["center_similarity"])
        self.classifier = nn.Linear(2 * channels * (REGIONS if self.aggregate == "flatten" else 1), n_classes)
        self.region_head = None if self.cor_head == "tied" else nn.Linear(channels, n_classes)

    def forward(self, x: Tensor) -> RegionOutput:
        """Classify x (B, 6, 2, side, side)."""
        p = self.backbone(x)
        f, alpha = self.ri(p)
        relations = self.rr(f)
        logits = self.classifier(aggregated(f, relations, self.aggregate))
        return RegionOutput(logits=logits, alpha=alpha, features=f, relations=relations)

    def loss(self, output: RegionOutput, target: Tensor) -> dict[str, Tensor]:
        """Return the losses and their weighted sum (Eq. 9), to which a head with its own cross-entropy adds that."""
        features = output.features.detach() if self.settings["cor_detach_region"] else output.features
        terms = {
            "classification": losses.classification(output.logits, target),
            "region_biased": losses.region_biased(output.alpha, self.settings["beta"]),
            "correlation": losses.correlation(self._region_logits(features, output), output.logits, target),
        }
        total = (
            terms["classification"]
            + self.settings["lambda_rb"] * terms["region_biased"]
            + self.settings["lambda_cor"] * terms["correlation"]
        )
        if self.region_head is not None and self.cor_head in ("probe", "joint_ce"):
            learnt_from = output.features.detach() if self.cor_head == "probe" else output.features
            terms["region_head"] = losses.region_classification(self.region_head(learnt_from), target)
            total = total + terms["region_head"]
        return {**terms, "total": total}

    def _region_logits(self, features: Tensor, output: RegionOutput) -> Tensor:
        """Logits (B, 6, n) of each region on its own."""
        if self.region_head is None:
            relations = output.relations.detach() if self.settings["cor_detach_region"] else output.relations
            return self._tied_logits(features, relations)
        head = self.region_head
        if self.cor_head == "probe":
            return F.linear(features, head.weight.detach(), head.bias.detach())
        logits: Tensor = head(features)
        return logits

    def _tied_logits(self, features: Tensor, relations: Tensor) -> Tensor:
        alone = torch.eye(REGIONS, dtype=features.dtype, device=features.device)[:, None, :, None]
        parts = [aggregated(features * one, relations * one, self.aggregate) for one in alone]
        return torch.stack([self.classifier(part) for part in parts], dim=1)


def aggregated(f: Tensor, relations: Tensor, how: str) -> Tensor:
    """Return f_a (B, 2C), or (B, 12C) for flatten, of weighted and relational region features (B, 6, C) each."""
    if how == "residual":
        relations = f + relations
    both = torch.cat([f, relations], dim=2)
    return both.flatten(1) if how == "flatten" else both.sum(dim=1)


def build(settings: Mapping[str, Any], n_classes: int, side: int, weights: Path | None) -> RRRN:
    """Build RRRN for regions of ``side`` pixels from its section of the configuration.

    ``weights`` is a file for both trunks of a pretrained backbone. Raises InputError for an unknown choice.
    """
    trunks = backbone.build(settings["backbone"], side, weights, settings["pretrained"])
    return RRRN(trunks, n_classes, settings)


def _choice(key: str, settings: Mapping[str, Any], offered: tuple[str, ...]) -> str:
    value = str(settings[key])
    if value not in offered:
        raise InputError(f"{key} {value!r} is none of {', '.join(offered)}")
    return value
