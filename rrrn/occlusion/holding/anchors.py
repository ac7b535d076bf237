"""The anchors of a clip, and how an anchors shard holds them: one group per clip, named as in the faces shard.

A group has the dataset ``landmarks``, float64 (T, 68, 2) in crop pixels, the dataset ``numbers``, int32 (T), of the
frames, and the attributes ``subject``, ``clip``, ``mode`` and, of the mode ``stable``, those of ``FACTS``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy as np

from rrrn.data import store
from rrrn.running.stage import InputError

FACTS = ("landmark_residual", "registered_frames", "turn", "yaw")
_NAMES = ("subject", "clip")


@dataclass(frozen=True)
class Anchors:
    """Landmarks that occluders are placed by, float64 (T, 68, 2) in pixels, and facts about them to be stored.

    ``mode`` is how they were chosen (``anchoring.MODES``; none where nothing is worn). ``warning`` tells a user what is
    doubtful about them, if anything.
    """

    points: np.ndarray
    facts: Mapping[str, Any] = field(default_factory=dict)
    warning: str = ""
    mode: str = ""


def put(group: h5py.Group, anchors: Anchors, clean: h5py.Group) -> None:
    """Write the anchors of a clip, of which ``clean`` is the group of the faces shard."""
    for name in _NAMES:
        group.attrs[name] = clean.attrs[name]
    group.attrs["mode"] = anchors.mode
    for name, value in anchors.facts.items():
        group.attrs[name] = value
    store.put(group, "numbers", clean["numbers"][()], chunk_axes=0)
    store.put(group, "landmarks", anchors.points, chunk_axes=0)


def get(shard: h5py.File, clean: h5py.Group) -> Anchors:
    """Return the anchors of a clip; raises InputError if the shard was made of another subject's clips or frames."""
    group = shard.get(str(clean.attrs["clip"]))
    same = (
        group is not None
        and all(group.attrs[name] == clean.attrs[name] for name in _NAMES)
        and np.array_equal(group["numbers"][()], clean["numbers"][()])
    )
    if not same:
        raise InputError(f"{shard.filename} has no anchors of these frames; anchor the same faces again (rule anchor)")
    facts = {name: group.attrs[name] for name in FACTS if name in group.attrs}
    return Anchors(group["landmarks"][()], facts, mode=str(group.attrs["mode"]))
