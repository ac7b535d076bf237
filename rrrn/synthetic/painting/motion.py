"""What happens during a clip: pose of the head, its small movements, the expression and chance movements.

Each is drawn from a generator of its own, so that the class of a clip changes nothing but its expression.
"""

import math
from dataclasses import dataclass

import numpy as np

from rrrn.data.clips import Clip
from rrrn.experiment import seeds
from rrrn.synthetic.painting import action_units
from rrrn.synthetic.painting.fields import smoothstep
from rrrn.synthetic.painting.presets import Preset

_SUBJECT_SPREAD = 0.20  # sd of the logarithm of a subject's expressiveness
_UNIT_SPREAD = 0.15  # sd of the logarithm of an action unit's intensity, and of left against right
_NUISANCE_STRENGTH = 0.35  # of the clip's intensity
_ONE_SIDED = 0.20  # probability that an action unit which can be shown on one side is
_MARGIN = 2  # frames before the onset and after the offset


@dataclass(frozen=True)
class Pose:
    """How the head stands in the image during a clip: radians, and the origin's pixel position."""

    yaw: float
    pitch: float
    roll: float
    centre: tuple[float, float]


@dataclass(frozen=True)
class Activation:
    """One action unit during a clip: its intensity in each frame, float32 (T,), and the strength of its sides.

    ``sides`` are the image's left and right; ``of_class`` is false for a chance one, which tells nothing of the class.
    """

    au: str
    intensity: np.ndarray
    sides: tuple[float, float]
    of_class: bool = True


@dataclass(frozen=True)
class HeadMotion:
    """Rigid motion since the onset frame, and what else concerns a whole frame; each float64 (T,)."""

    shift_x: np.ndarray  # image pixels
    shift_y: np.ndarray
    roll: np.ndarray  # radians
    growth: np.ndarray  # relative size
    yaw: np.ndarray  # radians
    pitch: np.ndarray
    gaze_x: np.ndarray  # IOD
    gaze_y: np.ndarray
    brightness: np.ndarray  # 1 is unchanged


@dataclass(frozen=True)
class Tremor:
    """A patch of skin that moves by chance: face coordinates, direction in radians, displacement in IOD (T,)."""

    centre: tuple[float, float]
    sigma: tuple[float, float]
    direction: float
    displacement: np.ndarray


def span(clip: Clip) -> np.ndarray:
    """Return the numbers of a clip's frames, int32 (T,): onset to offset with up to two before and after.

    The chance movements of a clip are drawn for this span. In a longer recording they go on by the same formulas, so
    that its frames do not depend on how many of them are drawn.
    """
    return np.arange(max(0, clip.onset - _MARGIN), clip.offset + _MARGIN + 1, dtype=np.int32)


def draw_pose(seed: int, clip: Clip, size: tuple[int, int], image_density: float, scale: float) -> Pose:
    """Return the pose of a clip in images of ``size`` (width, height) with ``image_density`` pixels an IOD."""
    rng = seeds.generator(seed, "pose", clip.subject, clip.clip)
    habit = seeds.generator(seed, "habit", clip.subject).standard_normal()
    width, height = size
    return Pose(
        yaw=float(rng.normal(0, 0.05) + 0.03 * habit),
        pitch=float(rng.normal(0, 0.035)),
        roll=float(rng.normal(0, 0.02)),
        centre=(
            float(width / 2 + rng.normal(0, 12) * scale),
            float(height / 2 - 0.18 * image_density + rng.normal(0, 6) * scale),
        ),
    )


def draw_head_motion(seed: int, clip: Clip, preset: Preset, numbers: np.ndarray, image_density: float) -> HeadMotion:
    """Return the head's motion in the frames ``numbers``, the onset among them; there it is zero."""
    rng = seeds.generator(seed, "head", clip.subject, clip.clip)
    core = span(clip)
    elapsed = numbers - core[0]
    phase = elapsed / len(core)
    onset = clip.onset - int(numbers[0])

    def walk(amplitude: float) -> np.ndarray:
        weights, phases = rng.normal(0, 1, 4), rng.uniform(0, 2 * math.pi, 4)
        waves = [weights[i] / (i + 1) * np.sin((i + 1) * 0.5 * math.pi * phase + phases[i]) for i in range(4)]
        path = np.sum(waves, axis=0)
        return amplitude * (path - path[onset])

    drift = preset.drift * image_density / 108
    shift_x, shift_y = walk(drift), walk(drift)
    roll, growth = walk(preset.roll), walk(preset.roll / 2)
    yaw, pitch = walk(preset.turn), walk(preset.turn)
    glance_x, glance_y = rng.normal(0, 0.02, 2) * (rng.random() < preset.gaze)
    glance_time = rng.uniform(0, len(core))
    glance = smoothstep(glance_time - 3, glance_time + 3, elapsed.astype(np.float64))
    # Mains light at 100 Hz, sampled at 200 frames per second, alternates from frame to frame.
    mains = np.sin(2 * math.pi * rng.uniform(0.45, 0.55) * elapsed + rng.uniform(0, 2 * math.pi))
    return HeadMotion(
        shift_x=shift_x,
        shift_y=shift_y,
        roll=roll,
        growth=growth,
        yaw=yaw,
        pitch=pitch,
        gaze_x=glance_x * glance,
        gaze_y=glance_y * glance,
        brightness=1 + preset.flicker * mains + walk(preset.flicker),
    )


def draw_expression(seed: int, clip: Clip, preset: Preset, numbers: np.ndarray) -> list[Activation]:
    """Return the action units of the clip's class, and now and then a weak one that does not belong to it."""
    strength = _intensity(seed, clip, preset)
    rise = clip.apex - clip.onset
    rng = seeds.generator(seed, "expression", clip.subject, clip.clip, clip.objective_class)
    unit_sets, weights = zip(*action_units.CLASSES[clip.objective_class], strict=True)
    activations = []
    for au in unit_sets[rng.choice(len(unit_sets), p=weights)]:
        left = 1 + _UNIT_SPREAD * rng.standard_normal()
        sides = [min(left, 1.3), min(2 - left, 1.3)]
        if au in action_units.UNILATERAL and rng.random() < _ONE_SIDED:
            sides[rng.integers(2)] *= 0.15
        peak = strength * math.exp(_UNIT_SPREAD * rng.standard_normal())
        curve = _time_course(clip, numbers, lag=rng.uniform(0, 0.15) * rise)
        activations.append(Activation(au, peak * curve, (float(sides[0]), float(sides[1]))))

    chance = seeds.generator(seed, "nuisance", clip.subject, clip.clip)
    stray = str(chance.choice(list(action_units.KERNELS)))
    if chance.random() < preset.nuisance and stray not in [activation.au for activation in activations]:
        course = _NUISANCE_STRENGTH * strength * _time_course(clip, numbers)
        activations.append(Activation(stray, course, (1.0, 1.0), of_class=False))
    return activations


def draw_tremors(seed: int, clip: Clip, preset: Preset, numbers: np.ndarray) -> list[Tremor]:
    """Return three patches of skin that move on their own; they rest at the onset, which is among ``numbers``."""
    rng = seeds.generator(seed, "tremor", clip.subject, clip.clip)
    core = span(clip)
    tremors = []
    for _ in range(3):
        centre = (rng.uniform(-0.8, 0.8), rng.uniform(-0.5, 1.6))
        sigma = (rng.uniform(0.2, 0.4), rng.uniform(0.2, 0.4))
        direction, phase, turns = rng.uniform(0, 2 * math.pi), rng.uniform(0, 2 * math.pi), rng.uniform(0.5, 1.5)
        wave = np.sin(phase + turns * 2 * math.pi * (numbers - core[0]) / len(core))
        wave -= wave[clip.onset - int(numbers[0])]
        tremors.append(Tremor(centre, sigma, direction, action_units.PEAK * preset.tremor * wave))
    return tremors


def draw_blink(seed: int, clip: Clip, preset: Preset, numbers: np.ndarray) -> np.ndarray:
    """Return how far the upper lids come down in each frame, in IOD, float64 (T,); mostly zeros."""
    rng = seeds.generator(seed, "blink", clip.subject, clip.clip)
    core = span(clip)
    time, duration, depth = rng.uniform(0, len(core)), rng.uniform(4, 9), rng.uniform(0.01, 0.05)
    happens = rng.random() < preset.blink
    return happens * depth * np.exp(-0.5 * ((numbers - core[0] - time) / duration) ** 2)


def _intensity(seed: int, clip: Clip, preset: Preset) -> float:
    expressiveness = seeds.generator(seed, "expressiveness", clip.subject).standard_normal()
    strength = seeds.generator(seed, "intensity", clip.subject, clip.clip).uniform(*preset.intensity)
    return float(strength * math.exp(_SUBJECT_SPREAD * expressiveness))


def _time_course(clip: Clip, numbers: np.ndarray, lag: float = 0.0) -> np.ndarray:
    """Return a rise from the onset (``lag`` frames later) to 1 at the apex, and a fall to 0 at the offset."""
    time = numbers.astype(np.float32)
    rise = smoothstep(clip.onset + lag, clip.apex, time)
    fall = smoothstep(max(clip.offset, clip.apex + 1), clip.apex, time)
    return np.minimum(rise, fall)
