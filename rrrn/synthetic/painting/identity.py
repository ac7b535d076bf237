"""One synthetic subject: every number in which two faces differ.

Lengths are in distances between the eye centres (IOD). The origin lies midway between the eyes, x points right in
the image, y down, z towards the camera.
"""

from dataclasses import dataclass

import numpy as np

from rrrn.experiment import seeds

Colour = tuple[float, float, float]  # red, green, blue; 1 is white

HAIR_STYLES = ("short", "parted", "long", "fringe", "shaved")
_HAIR_STYLE_SHARES = (0.36, 0.20, 0.20, 0.16, 0.08)
_HAIR_COLOURS: tuple[Colour, ...] = (
    (0.055, 0.045, 0.045),
    (0.16, 0.10, 0.065),
    (0.36, 0.25, 0.15),
    (0.55, 0.42, 0.26),
    (0.45, 0.44, 0.43),
)
_HAIR_COLOUR_LIMITS = (0.50, 0.75, 0.88, 0.94)
_DARK_IRIS: Colour = (0.16, 0.09, 0.05)
_LIGHT_IRISES: tuple[Colour, ...] = ((0.22, 0.30, 0.38), (0.25, 0.30, 0.18), (0.30, 0.20, 0.10))
_SKIN_RAMP = np.array(
    [[0.94, 0.78, 0.69], [0.86, 0.66, 0.54], [0.70, 0.50, 0.38], [0.45, 0.30, 0.22], [0.28, 0.18, 0.14]]
)
_LIMIT = 2.2  # standard deviations; beyond, shapes stop looking like faces


@dataclass(frozen=True)
class Identity:
    """Shape, skin, hair, light and backdrop of one subject. Widths are half widths."""

    face_width: float
    temple_width: float
    jaw_width: float
    chin_width: float
    chin_y: float
    crown_y: float

    eye_width: float
    upper_lid: float
    lower_lid: float
    eye_tilt: float
    eye_skew: float

    brow_y: float
    brow_arch: float
    brow_tilt: float
    brow_thickness: float
    brow_inner: float
    brow_outer: float
    brow_density: float

    nose_length: float
    nose_width: float
    nose_height: float
    nose_bridge: float
    nose_tip: float
    nose_ridge_width: float

    mouth_y: float
    mouth_width: float
    upper_lip: float
    lower_lip: float
    cupids_bow: float
    mouth_curve: float
    lip_redness: float

    cheek_height: float
    brow_ridge: float
    eye_socket: float
    chin_boss: float

    melanin: float
    redness: float
    freckles: float
    mottling: float
    moles: int
    stubble: float
    eye_bags: float
    lid_crease: float
    lashes: float
    iris_colour: Colour

    hair_style: str
    hair_colour: Colour
    hairline_y: float
    hair_volume: float
    widows_peak: float
    glasses: bool

    light_azimuth: float
    light_elevation: float
    ambient: float
    gloss: float
    exposure: float
    warmth: float
    backdrop: float
    shirt_colour: Colour
    size: float

    @property
    def skin_colour(self) -> np.ndarray:
        """Return the subject's skin reflectance, float32 red, green, blue."""
        stops = np.linspace(0, 1, len(_SKIN_RAMP))
        return np.array([np.interp(self.melanin, stops, channel) for channel in _SKIN_RAMP.T], np.float32)


def draw(seed: int, subject: str) -> Identity:
    """Return the subject that ``seed`` and the name ``subject`` stand for."""
    rng = seeds.generator(seed, "identity", subject)

    def normal(mean: float, sd: float) -> float:
        return float(mean + sd * np.clip(rng.standard_normal(), -_LIMIT, _LIMIT))

    def happens(probability: float) -> bool:
        return bool(rng.random() < probability)

    hair_colour, iris_colour = _colouring(rng)
    return Identity(
        face_width=normal(1.10, 0.055),
        temple_width=normal(0.96, 0.045),
        jaw_width=normal(0.885, 0.045),
        chin_width=normal(0.52, 0.045),
        chin_y=normal(1.86, 0.10),
        crown_y=normal(-1.42, 0.07),
        eye_width=normal(0.215, 0.013),
        upper_lid=normal(0.105, 0.016),
        lower_lid=normal(0.058, 0.010),
        eye_tilt=normal(-0.02, 0.022),
        eye_skew=normal(0.0, 0.25),
        brow_y=normal(-0.325, 0.04),
        brow_arch=normal(0.055, 0.028),
        brow_tilt=normal(-0.01, 0.03),
        brow_thickness=normal(0.048, 0.013),
        brow_inner=normal(0.20, 0.03),
        brow_outer=normal(0.86, 0.04),
        brow_density=normal(0.75, 0.16),
        nose_length=normal(0.745, 0.05),
        nose_width=normal(0.215, 0.025),
        nose_height=normal(0.30, 0.05),
        nose_bridge=normal(0.10, 0.03),
        nose_tip=normal(0.12, 0.025),
        nose_ridge_width=normal(0.095, 0.016),
        mouth_y=normal(1.10, 0.045),
        mouth_width=normal(0.43, 0.035),
        upper_lip=normal(0.092, 0.017),
        lower_lip=normal(0.130, 0.020),
        cupids_bow=normal(0.018, 0.008),
        mouth_curve=normal(0.0, 0.018),
        lip_redness=normal(0.55, 0.2),
        cheek_height=normal(0.06, 0.03),
        brow_ridge=normal(0.04, 0.02),
        eye_socket=normal(0.15, 0.03),
        chin_boss=normal(0.07, 0.025),
        melanin=float(np.clip(rng.beta(1.6, 2.4), 0.02, 0.95)),
        redness=normal(0.5, 0.2),
        freckles=happens(0.25) * normal(0.6, 0.2),
        mottling=normal(0.022, 0.006),
        moles=int(rng.choice(3, p=(0.6, 0.3, 0.1))),
        stubble=happens(0.3) * abs(normal(0.25, 0.15)),
        eye_bags=normal(0.4, 0.2),
        lid_crease=normal(0.55, 0.25),
        lashes=normal(0.6, 0.25),
        iris_colour=iris_colour,
        hair_style=HAIR_STYLES[rng.choice(len(HAIR_STYLES), p=_HAIR_STYLE_SHARES)],
        hair_colour=hair_colour,
        hairline_y=normal(-0.98, 0.09),
        hair_volume=normal(1.09, 0.03),
        widows_peak=normal(0.05, 0.06),
        glasses=happens(0.15),
        light_azimuth=normal(0, 0.38),
        light_elevation=normal(0.62, 0.16),
        ambient=normal(0.50, 0.06),
        gloss=normal(0.10, 0.04),
        exposure=normal(1.0, 0.06),
        warmth=normal(0, 0.025),
        backdrop=float(rng.uniform(0.25, 0.72)),
        shirt_colour=(float(rng.uniform(0.08, 0.75)), float(rng.uniform(0.08, 0.75)), float(rng.uniform(0.08, 0.75))),
        size=normal(1.0, 0.05),
    )


def _colouring(rng: np.random.Generator) -> tuple[Colour, Colour]:
    """Return the colours of hair and iris; dark hair goes with dark eyes."""
    fairness = rng.random()
    hair = _HAIR_COLOURS[int(np.searchsorted(_HAIR_COLOUR_LIMITS, fairness, side="right"))]
    if fairness < 0.6 or rng.random() < 0.3:
        return hair, _DARK_IRIS
    return hair, _LIGHT_IRISES[int(rng.integers(len(_LIGHT_IRISES)))]
