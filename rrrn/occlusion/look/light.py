"""The light of a clip, read from its skin: how bright and how coloured it is, and how it drifts from frame to frame.

Gains act on grey levels. A lamp multiplies light, which after a camera's power law multiplies grey levels as well.
"""

import cv2
import numpy as np

from rrrn.occlusion.compositing import Layer, to_gray

# Skin, BGR, in the light that occluders are drawn in, where white cloth has 235: the patch "light skin" of the
# ColorChecker Classic in sRGB, whose white patch has 243.
REFERENCE_SKIN = np.array([130.0, 150.0, 194.0]) * 235 / 243
GAINS = (0.5, 1.3)  # beyond, the skin's own shade is more likely the reason than the lamp
CASTS = (0.96, 1.04)  # of a channel against the others
_CAST_SHARE = 0.4  # of a difference in colour that is laid to the light; complexions differ as much as lamps do
_WHITE = 250.0  # grey level that the occluder's brightest parts stay below
_BRIGHTEST = 99.0  # per cent of the occluder that are not its brightest parts
_LUMA = np.array([0.114, 0.587, 0.299])  # ITU-R BT.601, BGR
_BLOCK = 4  # side of the patches, in pixels, whose means are compared from frame to frame
_DARK = 16.0  # grey level below which ratios tell little


def tone(frames: np.ndarray, ring: np.ndarray, cover: Layer, share: float) -> np.ndarray:
    """Return the gains BGR, float64 (3,), that bring an occluder from the light it is drawn in to that of a clip.

    frames uint8 (T, H, W, C), C 1 or 3; ``ring`` bool (H, W), the skin to look at; ``cover`` the occluder as drawn.
    The skin's median over pixels and frames is compared with ``REFERENCE_SKIN``: brightness in ``GAINS``, and in
    colour clips the cast in ``CASTS``. Skin that is darker than usual may be in less light or be darker skin;
    ``share``, 0 to 1, is the part of the (logarithmic) difference that is laid to the light. White cloth is kept from
    burning out.
    """
    if not ring.any() or share == 0:
        return np.ones(3)
    skin = np.maximum(np.median([np.median(frame[ring], axis=0) for frame in frames], axis=0), 1.0)
    skin = np.broadcast_to(skin, 3)
    luma, reference = float(skin @ _LUMA), float(REFERENCE_SKIN @ _LUMA)
    gain = float(np.clip((luma / reference) ** share, *GAINS))
    gain = min(gain, max(GAINS[0], _WHITE / _brightness(cover)))
    if frames.shape[3] == 1:
        return np.full(3, gain)
    cast = np.clip((skin / luma / (REFERENCE_SKIN / reference)) ** (_CAST_SHARE * share), *CASTS)
    return gain * cast / float(cast @ _LUMA)


def drift(frames: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """Return how bright the lamp is in each frame, float64 (T,), 1 being the clip's median.

    frames uint8 (T, H, W, C); ``visible`` bool (H, W), the skin to look at. It is the median over small patches of
    the ratio to the patch's own median over time, so that a moving feature has no vote.
    """
    inside = _means(visible.astype(np.uint8) * 255) > 254.5
    if not inside.any():
        return np.ones(len(frames))
    means = np.stack([_means(to_gray(frame))[inside] for frame in frames])
    usual = np.median(means, axis=0)
    if not (usual >= _DARK).any():
        return np.ones(len(frames))
    ratios = np.median(means[:, usual >= _DARK] / usual[usual >= _DARK], axis=1)
    return ratios / np.median(ratios)


def _brightness(cover: Layer) -> float:
    """The grey level below which nearly all of an occluder is."""
    solid = cover.alpha > 0.5
    if not solid.any():
        return 1.0
    return max(1.0, float(np.percentile((cover.colour[solid] / cover.alpha[solid, None]) @ _LUMA, _BRIGHTEST)))


def _means(image: np.ndarray) -> np.ndarray:
    """The means, float64, of patches of an image uint8 (H, W); a rest at its right and lower end is left out."""
    rows, columns = (side // _BLOCK for side in image.shape)
    if rows == 0 or columns == 0:
        return np.zeros((0, 0))
    whole = image[: rows * _BLOCK, : columns * _BLOCK].astype(np.float32)
    return cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.float64)
