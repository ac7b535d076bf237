"""Straps end where a face does: at its jaw, and before its ears. Beyond is hair, or nothing that could hold them."""

from collections.abc import Iterable
from dataclasses import replace

import cv2
import numpy as np

from rrrn.occlusion.placing import Straps, Template

_LEAST, _MOST = 0.7, 1.4  # times the mean face's edge; one beyond was found wrong, and straps would leave their mask


def fitted(template: Template, jaws: Iterable[np.ndarray]) -> Template:
    """Return a template whose straps end at the face's edge, given by the jaw in each frame, (17, 2) from ear to ear.

    Jaws are in the template's pixels; the median counts, so that the straps do not shake. On a turned face the jaw is
    found at the visible edge, where straps end too: the ear behind it is hidden. Each row of the straps is stretched,
    on each side, from the edge for which they are drawn to this one. A template without straps, or a clip without a
    jaw, leaves it as it is.
    """
    found = list(jaws)
    if template.straps is None or not found:
        return template
    jaw = np.median(found, axis=0)
    stretch = [_stretch(template.straps, side, template.seam) for side in (jaw[:9], jaw[:7:-1])]
    rows, columns = np.mgrid[: template.image.shape[0], : template.image.shape[1]]
    off_axis = columns - template.seam
    source = template.seam + off_axis / np.where(off_axis < 0, stretch[0][:, None], stretch[1][:, None])
    straps = cv2.remap(template.straps.image, source.astype(np.float32), rows.astype(np.float32), cv2.INTER_LINEAR)
    return replace(template, image=under(template.straps.body, straps))


def under(body: np.ndarray, straps: np.ndarray) -> np.ndarray:
    """Return a body laid over straps, all float32 (H, W, 4) and premultiplied."""
    return body + (1 - body[..., 3:]) * straps


def _stretch(straps: Straps, side: np.ndarray, seam: float) -> np.ndarray:
    """Return how much farther from the seam a face reaches in each row than the one that straps are drawn for, (H,).

    ``side`` (9, 2) is the jaw from an ear down to the chin; above the ear's landmark the edge goes straight on.
    """
    edge = np.interp(np.arange(len(straps.edge)), np.maximum.accumulate(side[:, 1]), np.abs(side[:, 0] - seam))
    return np.clip(edge / straps.edge, _LEAST, _MOST)
