"""How hard synthetic clips are: strength of the expression, and of everything in a clip that is not expression."""

from dataclasses import dataclass
from typing import Literal

Name = Literal["easy", "default", "still"]


@dataclass(frozen=True)
class Preset:
    """The knobs of difficulty. Pixels and grey levels hold for 640x480 images whose eyes are 108 pixels apart."""

    intensity: tuple[float, float]  # range of a clip's peak, before subject and action unit vary it
    noise: float  # grey levels (sd) of the sensor
    flicker: float  # relative brightness of mains light, and of its slow drift
    drift: float  # pixels by which the head shifts
    roll: float  # radians in the image plane; half of it is the relative change of size
    turn: float  # radians out of the image plane
    tremor: float  # motion of skin that no action unit explains, in peaks of an action unit
    nuisance: float  # probability of a weak action unit that does not belong to the class
    blink: float  # probability of a partial blink
    gaze: float  # probability of a glance


PRESETS: dict[Name, Preset] = {
    "default": Preset(
        intensity=(0.3, 1.0),
        noise=2.2,
        flicker=0.004,
        drift=0.6,
        roll=0.002,
        turn=0.007,
        tremor=0.35,
        nuisance=0.30,
        blink=0.20,
        gaze=0.20,
    ),
    "easy": Preset(
        intensity=(0.45, 1.25),
        noise=1.6,
        flicker=0.004,
        drift=0.35,
        roll=0.0012,
        turn=0.004,
        tremor=0.20,
        nuisance=0.15,
        blink=0.12,
        gaze=0.12,
    ),
    # All motion is the expression's: for checks against the true flow.
    "still": Preset(
        intensity=(0.3, 1.0),
        noise=2.2,
        flicker=0.004,
        drift=0.0,
        roll=0.0,
        turn=0.0,
        tremor=0.0,
        nuisance=0.0,
        blink=0.0,
        gaze=0.0,
    ),
}
