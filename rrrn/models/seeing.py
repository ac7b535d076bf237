"""A clip as a model sees it: found, worn and measured by the functions of the workflow's stages, file by file the same.

The stages ``faces``, ``anchor``, ``occlude``, ``augment``, ``flow`` and ``describe`` write what these functions return;
here it stays in memory. Flow is rounded as it is stored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rrrn.data import flow_store
from rrrn.data.clips import Clip
from rrrn.experiment import conditions
from rrrn.face import region_boxes
from rrrn.models.saved import About
from rrrn.occlusion import compositing, told, truth, wearing
from rrrn.occlusion.compositing import Layer
from rrrn.occlusion.holding import anchoring
from rrrn.occlusion.holding.anchors import Anchors
from rrrn.occlusion.wearing import Wearer
from rrrn.running import typed
from rrrn.stages import augment, describe, faces, flow, occlude, pack


@dataclass(frozen=True)
class Covered:
    """What a laid-on occluder hides at the onset, in shares from 0 to 1: of the face box, and of RRRN's six regions,
    float32 (6,), how much is left open; ``units`` are the action units of which half or more is hidden."""

    occluder: str
    area_share: float
    visible: NDArray[np.float32]
    units: tuple[int, ...]


@dataclass(frozen=True)
class Gray:
    """A clip under a condition: gray frames uint8 (T, H, W), as all after it sees them, and what is covered."""

    frames: NDArray[np.uint8]
    covered: Covered | None


class Seen:
    """One clip: its face is found once, and held once, for all conditions.

    ``images`` are uint8 (H, W, C) with frame ``numbers``, from onset to offset of ``clip``; ``settings`` those of the
    model. Raises InputError as the stage ``faces``.
    """

    def __init__(
        self, clip: Clip, images: Sequence[NDArray[np.uint8]], numbers: Sequence[int], about: About, where: str
    ) -> None:
        self.clip, self._told = clip, about.settings
        self.faces = faces.faces(images, numbers, typed.section(faces.Settings, self._told, "faces"), where)

    @cached_property
    def _held(self) -> Anchors:
        settings = typed.section(anchoring.Settings, self._told, "anchor")
        return anchoring.anchored(self.faces.frames, self.faces.landmarks, settings)

    def gray(self, condition: str, rank: int = 0) -> Gray:
        """Return the clip under a condition; ``rank`` is its place among the clips of its subject, by name.

        Raises InputError for a condition that there is none of, and as ``wearing.wear``.
        """
        found, kind = self.faces, conditions.kind_of(condition)
        sections: Mapping[str, Any] = {kind.name: dict(kind.defaults), **self._told["occlude"]}
        bare = kind.name == conditions.CLEAR
        held = Anchors(found.landmarks.astype(np.float64)) if bare else self._held
        wearer = Wearer(self.clip.subject, self.clip.clip, rank)
        art = told.pictures(kind, sections)
        worn = wearing.wear(found.frames, found.numbers, found.landmarks, held, wearer, condition, sections, art)
        frames, first = occlude.occlude(worn)
        return Gray(frames, None if bare else self._covered(worn.occluder.name, first, held))

    def _covered(self, occluder: str, first: Layer, held: Anchors) -> Covered:
        shares = zip(truth.UNITS, truth.unit_shares(first, held.points[0]), strict=True)
        units = tuple(unit for unit, share in shares if share >= truth.COVERED)
        box = self.faces.face
        return Covered(occluder, compositing.area_share(first, box), truth.visible_shares(first, box), units)

    def flow(self, frames: NDArray[np.uint8], every_view: bool) -> "Flow":
        """Return the flow of the official apex at 0 degrees or, for ``every_view``, of all views of the plan."""
        section = self._told["flow"]
        if section.get("engine") == "cuda":  # where the model was trained; here may be none
            section = {**section, "engine": "auto"}
        settings = flow.Settings.of(section)
        plan = augment.plan(self.clip, **_plan(typed.section(augment.Settings, self._told, "augment")))
        chosen = plan if every_view else plan[:1]
        values = flow.clip_flow(frames, self.faces.numbers, self.faces.face, chosen, settings)
        kept = settings.store.dtype
        stored = flow_store.encode(values, kept, flow_store.STEP)
        size = typed.section(pack.Settings, self._told, "pack").size
        return Flow(stored, flow_store.STEP if kept == "int16" else 1.0, size)

    def vector(self, frames: NDArray[np.uint8], name: str, own: Mapping[str, Any], module: str) -> NDArray[np.float64]:
        """Return the descriptor (1, D) of gray frames."""
        settings = describe.Settings(**self._told["describe"], own=own)
        face = np.array(self.faces.face, np.int32)
        return describe.clip_features(frames, face, name, settings, module).astype(np.float64)[None]


def _plan(settings: augment.Settings) -> dict[str, Any]:
    return {"early": settings.early, "late": settings.late, "angles": settings.angles}


class Flow:
    """Views of one clip, (V, 2, S, S) as they are stored: what ``rrrn.training.samples`` asks of a pack."""

    def __init__(self, stored: NDArray[Any], scale: float, size: int) -> None:
        self._stored, self.scale, self.size = stored, scale, size
        self.boxes = region_boxes.boxes(stored.shape[-1])
        self.shape, self.dtype = stored.shape[1:], stored.dtype

    def __len__(self) -> int:
        return len(self._stored)

    def read(self, clip: Any, views: Sequence[int], /) -> NDArray[Any]:
        """Return views by their places."""
        return self._stored[list(views)]
