"""Synthetic clips with the views of the paper's augmentation, and the true flow of each view."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rrrn.data.clips import Clip
from rrrn.data.views import View
from rrrn.face.rotation import turn_and_cut
from rrrn.flow.clip_views import Key
from rrrn.occlusion import compositing
from rrrn.stages import augment
from rrrn.synthetic.databases import layouts
from rrrn.synthetic.painting import face as faces
from rrrn.synthetic.painting.clip import SyntheticClip
from rrrn.synthetic.painting.presets import PRESETS

EARLY, LATE = (6, 7, 8, 9), (1, 2, 3, 4, 5)  # tenths, as in config/paper.yaml
ANGLES = (-15, -10, -5, 0, 5, 10, 15)
_PAD = 1.25  # side of the crop in box sides, as faces.pad


@dataclass(frozen=True)
class Rendered:
    """A clip as the flow stage gets it: gray crops uint8 (H, W) by number, face box in them, and the plan.

    ``truth`` is the true flow from the onset to each apex, float32 (2, H, W) in pixels of the crop.
    """

    frames: dict[int, NDArray[np.uint8]]
    face: tuple[int, int, int, int]
    plan: list[View]
    truth: dict[int, NDArray[np.float32]]


def render(row: Clip, preset: str = "default", scale: float = 1.0, angles: Sequence[float] = ANGLES) -> Rendered:
    """Draw the frames of a clip that its views need."""
    layout = layouts.of_database(row.database)
    painted = faces.paint(1, row.subject, layout.eye_distance, scale)
    clip = SyntheticClip(painted, row, layout, PRESETS[preset], 1, scale)
    plan = augment.plan(row, EARLY, LATE, angles)
    apexes = sorted({view.apex for view in plan})

    points = clip.landmarks(row.onset)
    low, high = points.min(axis=0), points.max(axis=0)
    side = int((high - low).max())
    x, y = np.rint((low + high - side) / 2).astype(int).tolist()
    first = clip.render(row.onset)
    height, width = first.shape[:2]
    pad = int(side * (_PAD - 1) / 2)
    left, top = max(0, x - pad), max(0, y - pad)
    crop = slice(top, min(height, y + side + pad)), slice(left, min(width, x + side + pad))

    def gray(number: int) -> NDArray[np.uint8]:
        image = clip.render(number)
        return np.ascontiguousarray(compositing.to_gray(image if image.ndim == 3 else image[..., None])[crop])

    return Rendered(
        frames={number: gray(number) for number in (row.onset, *apexes)},
        face=(x - left, y - top, x - left + side, y - top + side),
        plan=plan,
        truth={apex: np.ascontiguousarray(clip.flow(row.onset, apex)[:, *crop]) for apex in apexes},
    )


def true_flow(clip: Rendered, key: Key) -> NDArray[np.float32]:
    """Return the true flow of a view, float32 (2, H, W) of the face box, in pixels."""
    _, apex, angle = key
    u, v = (turn_and_cut(component, clip.face, angle) for component in clip.truth[apex])
    cosine, sine = np.float32(np.cos(np.deg2rad(angle))), np.float32(np.sin(np.deg2rad(angle)))
    return np.stack([cosine * u + sine * v, cosine * v - sine * u])
