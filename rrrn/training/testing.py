"""What a trained network says of clips under conditions: probabilities, region weights, and rows of predictions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from rrrn.data.clips import Clip
from rrrn.data.packed import Pack
from rrrn.data.predictions import Prediction
from rrrn.networks.network import Network
from rrrn.running.stage import InputError
from rrrn.training import engine
from rrrn.training.models import Origin
from rrrn.training.samples import Samples

View = Literal["original", "tta_mean", "augmented_pool"]
Said = Mapping[tuple[Clip, str, int], tuple[NDArray[np.float64], NDArray[np.float64]]]  # by clip, condition and view


@dataclass(frozen=True)
class Asked:
    """What is asked of a network: ``clips`` under the conditions of ``packs``, each in ``views``.

    ``max_bytes``: how much of the samples is held in memory; ``batch_size``: how many are asked at a time.
    """

    clips: Sequence[Clip]
    packs: Mapping[str, Pack]
    views: Sequence[int]
    max_bytes: float
    batch_size: int

    def of(self, network: Network[Any], device: torch.device) -> Said:
        """Return what a network on a device says, in single precision if that is how the device computes."""
        found = {}
        for condition, pack in self.packs.items():
            chosen = [(pack, clip, view) for clip in self.clips for view in self.views]
            outputs = engine.predict(network, Samples(chosen, self.max_bytes, device), self.batch_size)
            for (_, clip, view), output in zip(chosen, outputs, strict=True):
                found[clip, condition, view] = output
        return found

    def probabilities(self, said: Said) -> NDArray[np.float64]:
        """Return what was said as an array, float64 (conditions, clips, views, classes)."""
        return np.array(
            [[[said[clip, name, view][0] for view in self.views] for clip in self.clips] for name in self.packs]
        )

    def rows(self, said: Said, origin: Origin) -> list[Prediction]:
        """Return a row for each clip, condition and view, of the training with this origin."""
        return [
            Prediction(
                database=clip.database,
                subject=clip.subject,
                clip=clip.clip,
                condition=condition,
                trained_on=origin.trained_on,
                fold=origin.fold,
                seed=origin.seed,
                view=view,
                true=clip.objective_class,
                probabilities=tuple(said[clip, condition, view][0]),
                alpha=tuple(said[clip, condition, view][1]),
            )
            for clip in self.clips
            for condition in self.packs
            for view in self.views
        ]


def views_to_test(tested: Sequence[Pack], view: View) -> list[int]:
    """Return the view numbers that ``view`` asks for; raises InputError if the tested files do not all hold them."""
    views = [0] if view == "original" else list(tested[0].views)
    for file in tested:
        if (view != "original" and list(file.views) != views) or 0 not in file.views:
            raise InputError(
                f"{file.path}: does not hold the views that protocol.view: {view} tests; delete it and run again"
            )
    return views
