"""What an occluder is told of a clip, and what it is: the contract with every kind of occluder.

A kind is a module that declares it (``rrrn.experiment.conditions``) with ``prepare(scene, settings) -> Occluder``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rrrn.occlusion.compositing import Layer
from rrrn.running.stage import InputError

Art = Mapping[str, Callable[[], Any]]  # of placing.Template, which is not imported: it concerns no other occluder


@dataclass(frozen=True)
class Scene:
    """One clip, as far as occluders depend on it.

    ``level`` is the percentage of conditions such as ``random-05`` and None for others. ``rank`` is the clip's place
    among its subject's clips, by name. ``frame`` is the clean onset frame, uint8 (H, W, C) with C 1 or 3 (BGR), and
    ``track`` the anchored landmarks of all frames, float64 (T, 68, 2) in crop pixels, centres of pixels at integers.
    ``anchor`` is the mode of anchoring, ``occluder`` the name of the one that is asked for, if any. ``art`` is for
    occluders that are pictures: all of the kind by name, in the order in which they are drawn lots of, each as what
    returns it.
    """

    subject: str
    clip: str
    rank: int
    level: int | None
    frame: np.ndarray
    track: np.ndarray
    anchor: str
    occluder: str | None = None
    art: Art = field(default_factory=dict)

    @property
    def points(self) -> np.ndarray:
        """The landmarks of the onset frame, (68, 2)."""
        return self.track[0]


@dataclass(frozen=True)
class Occluder:
    """The occluder of one clip: its name, facts to be stored beside it, and how it lies on given landmarks.

    ``draw`` takes anchored landmarks (68, 2) and returns the layer for a frame of the scene's size. It raises
    InputError, naming neither clip nor frame, where the landmarks give it no place. One that is ``dressed`` takes on
    the clip's light, sharpness and noise. ``admit`` takes landmarks as detected and raises such an error for a head
    turned so far that the occluder cannot be worn, however it is anchored.
    """

    name: str
    draw: Callable[[np.ndarray], Layer]
    facts: Mapping[str, Any] = field(default_factory=dict)
    dressed: bool = False
    admit: Callable[[np.ndarray], None] = lambda points: None


def setting(settings: Mapping[str, Any], *path: str) -> Any:
    """Return the setting at ``path`` of the section ``occlude``; raises InputError if there is none."""
    value: Any = settings
    for name in path:
        if not isinstance(value, Mapping) or name not in value:
            raise InputError(f"the settings lack occlude.{'.'.join(path)}")
        value = value[name]
    return value
