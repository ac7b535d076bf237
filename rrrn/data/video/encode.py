"""Videos written frame by frame."""

from collections.abc import Iterable
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import cv2
import numpy as np

_LOSSLESS = (".mkv", ".avi")
_FINEST = (1 << 16) - 1  # MPEG-4 counts time in 16 bits


def encode(images: Iterable[np.ndarray], path: Path, rate: float) -> None:
    """Write images, uint8 (H, W, C) with C 1 or 3 (BGR), as the video that the suffix of ``path`` asks for.

    MKV and AVI get FFV1 and give back the same bytes; MP4 and MOV MPEG-4, whose sides are even: odd ones get one pixel
    more, and whose colours are coarser. ``rate`` is frames per second.
    """
    images = iter(images)
    first = next(images)
    lossless = path.suffix.lower() in _LOSSLESS
    odd = (0, 0) if lossless else (first.shape[0] % 2, first.shape[1] % 2)
    given = "gray" if first.shape[2] == 1 else "bgr24"
    with av.open(f"file:{path.absolute()}", "w") as container:
        stream = container.add_stream("ffv1" if lossless else "mpeg4", Fraction(rate).limit_denominator(_FINEST))
        stream.height, stream.width = first.shape[0] + odd[0], first.shape[1] + odd[1]
        stream.codec_context.thread_count = 1  # the same bytes on every machine
        if lossless:
            stream.pix_fmt = "gray" if given == "gray" else "bgr0"
            stream.options = {"level": "3", "slicecrc": "1"}
        else:
            stream.pix_fmt = "yuv420p"
            stream.options = {"qmin": "2", "qmax": "2"}
        for image in chain([first], images):
            whole = cv2.copyMakeBorder(image, 0, odd[0], 0, odd[1], cv2.BORDER_REPLICATE)
            frame = av.VideoFrame.from_ndarray(
                np.ascontiguousarray(whole).reshape(*whole.shape[:2], -1).squeeze(), given
            )
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
