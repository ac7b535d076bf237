"""Region-inspired relation reasoning network (RRRN), Section III of arXiv 2107.05904."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rrrn.networks.network import REGIONS, Network, Output
from rrrn.networks.rrrn import losses, trunks
from rrrn.networks.rrrn.attention import RegionInspired
from rrrn.networks.rrrn.relation import RelationReasoning
from rrrn.networks.rrrn.settings import Aggregate, Settings

METHOD = {
    "name": "rrrn",
    "label": "RRRN",
    "kind": "network",
    "weights": "resnet18",
    "alpha": True,
    "defaults": {
        "backbone": "shallow",
        "pretrained": "none",
        "squeeze_channels": 16,
        "attention": "se",
        "attention_norm": "sigmoid",
        "center_similarity": False,
        "hidden": "same",
        "aggregate": "sum_concat",
        "beta": 0.02,
        "lambda_rb": 1.0,
        "lambda_cor": 0.2,
        "cor_head": "probe",
        "cor_detach_region": False,
    },
}


@dataclass(frozen=True, kw_only=True)
class RegionOutput(Output):
    """Adds the weighted region features f (B, 6, C) and the relational ones F^(2) (B, 6, C), which the losses need.

    Without attention there is no ``alpha``, without relation reasoning there are no ``relations``.
    """

    features: Tensor
    relations: Tensor | None


class RRRN(Network[RegionOutput]):
    """Backbone, RI module, RR module, and a linear classifier on the aggregated features.

    ``ri`` maps feature maps (B, 6, C, H, W) to f (B, 6, C) and alpha (B, 6), or to f and None, which leaves out the
    loss on alpha. ``rr`` is None in RRRN without relations, whose classifier sees f alone.

    ``aggregate`` makes of f_k and r_k = F^(2)_k one vector: sum_concat [sum f; sum r], residual [sum f; sum (f + r)],
    or flatten [f_0; r_0; f_1; ...].

    ``cor_head`` says what classifies one region in the correlation loss, which the paper leaves open. probe: a linear
    head that learns from detached features, by a cross-entropy of its own, and that the loss cannot bend; joint: one
    that learns by the correlation loss alone; joint_ce: by that and a cross-entropy which trains the features too;
    tied: the main classifier, on the aggregate of that region alone. ``cor_detach_region`` keeps the loss from making
    regions worse instead of the whole better.
    """

    regions = tuple(range(REGIONS))

    def __init__(
        self,
        backbone: trunks.Trunks,
        ri: nn.Module,
        rr: RelationReasoning | None,
        n_classes: int,
        settings: Settings,
    ) -> None:
        super().__init__()
        self.settings = settings
        self.backbone = backbone
        self.ri = ri
        self.rr = rr
        of_region = backbone.channels * (1 if rr is None else 2)
        self.classifier = nn.Linear(of_region * (REGIONS if self.settings.aggregate == "flatten" else 1), n_classes)
        self.region_head = None if self.settings.cor_head == "tied" else nn.Linear(backbone.channels, n_classes)

    def forward(self, x: Tensor) -> RegionOutput:
        """Classify x (B, 6, 2, side, side)."""
        p = self.backbone(x)
        f, alpha = self.ri(p)
        relations = None if self.rr is None else self.rr(f)
        logits = self.classifier(aggregated(f, relations, self.settings.aggregate))
        return RegionOutput(logits=logits, alpha=alpha, features=f, relations=relations)

    def loss(self, output: RegionOutput, target: Tensor) -> dict[str, Tensor]:
        """Return the losses and their weighted sum (Eq. 9), to which a head with its own cross-entropy adds that."""
        features = output.features.detach() if self.settings.cor_detach_region else output.features
        terms = {"classification": losses.classification(output.logits, target)}
        total = terms["classification"]
        if output.alpha is not None:
            terms["region_biased"] = losses.region_biased(output.alpha, self.settings.beta)
            total = total + self.settings.lambda_rb * terms["region_biased"]
        terms["correlation"] = losses.correlation(self._region_logits(features, output), output.logits, target)
        total = total + self.settings.lambda_cor * terms["correlation"]
        if self.region_head is not None and self.settings.cor_head in ("probe", "joint_ce"):
            learnt_from = output.features.detach() if self.settings.cor_head == "probe" else output.features
            terms["region_head"] = losses.region_classification(self.region_head(learnt_from), target)
            total = total + terms["region_head"]
        return {**terms, "total": total}

    def _region_logits(self, features: Tensor, output: RegionOutput) -> Tensor:
        """Logits (B, 6, n) of each region on its own."""
        if self.region_head is None:
            relations = output.relations
            if relations is not None and self.settings.cor_detach_region:
                relations = relations.detach()
            return self._tied_logits(features, relations)
        head = self.region_head
        if self.settings.cor_head == "probe":
            return F.linear(features, head.weight.detach(), head.bias.detach())
        logits: Tensor = head(features)
        return logits

    def _tied_logits(self, features: Tensor, relations: Tensor | None) -> Tensor:
        alone = torch.eye(REGIONS, dtype=features.dtype, device=features.device)[:, None, :, None]
        pairs = [(features * one, None if relations is None else relations * one) for one in alone]
        return torch.stack([self.classifier(aggregated(f, r, self.settings.aggregate)) for f, r in pairs], dim=1)


def aggregated(f: Tensor, relations: Tensor | None, how: Aggregate) -> Tensor:
    """Return f_a (B, 2C), or (B, 12C) for flatten, of weighted and relational region features (B, 6, C) each.

    Without relational features it is half as wide.
    """
    if relations is not None:
        f = torch.cat([f, f + relations if how == "residual" else relations], dim=2)
    return f.flatten(1) if how == "flatten" else f.sum(dim=1)


def region_inspired(backbone: trunks.Trunks, settings: Settings) -> RegionInspired:
    """Return the RI module for the feature maps of a backbone."""
    squeezed, attention, norm = settings.squeeze_channels, settings.attention, settings.attention_norm
    return RegionInspired(REGIONS, backbone.channels, backbone.side, squeezed, attention, norm)


def relation_reasoning(backbone: trunks.Trunks, settings: Settings) -> RelationReasoning:
    """Return the RR module for the features of a backbone."""
    hidden = backbone.channels if settings.hidden == "same" else settings.hidden
    return RelationReasoning(backbone.channels, hidden, settings.center_similarity)


def build(settings: Mapping[str, Any], n_classes: int, side: int, weights: Path | None) -> RRRN:
    """Build RRRN for regions of ``side`` pixels from its section of the configuration.

    ``weights`` is a file for both trunks of a pretrained backbone. Raises InputError for settings that are not those
    of ``Settings``, and for weights that do not fit.
    """
    told = Settings.of(settings)
    backbone = trunks.build(told.backbone, side, weights, told.pretrained)
    ri, rr = region_inspired(backbone, told), relation_reasoning(backbone, told)
    return RRRN(backbone, ri, rr, n_classes, told)
