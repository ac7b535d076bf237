"""Clips that are gray and have three channels, as decoders give them."""

from collections.abc import Iterable

import cv2
import numpy as np

from rrrn.occlusion import compositing

_SPREAD = 4  # grey levels that the channels of a gray clip may differ by: codecs round colour (MPEG-4 makes 3, VP9 4)


def is_gray(frame: np.ndarray) -> bool:
    """Return whether a frame, uint8 (H, W, C), has one channel, or three that nearly agree in every pixel."""
    if frame.shape[2] == 1:
        return True
    blue, green, red = cv2.split(frame)
    spread = cv2.max(cv2.max(blue, green), red) - cv2.min(cv2.min(blue, green), red)
    return int(spread.max()) <= _SPREAD


def in_one_channel(frames: Iterable[np.ndarray]) -> list[np.ndarray]:
    """Return frames, uint8 (H, W, C), in gray with one channel, (H, W, 1)."""
    return [compositing.to_gray(frame)[..., None] for frame in frames]
