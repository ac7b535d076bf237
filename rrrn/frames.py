"""Read one image, whole or not at all."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from rrrn.stage import InputError

FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "PPM", "GIF", "WEBP")  # whatever the name says; EPS would start a program
MAX_PIXELS = 50_000_000  # an image that claims more is refused before it is decoded


def read(path: Path) -> np.ndarray:
    """Return an image, uint8 (height, width, channels) in BGR, or with one channel where the file is gray.

    Raises InputError, naming the file, if it is not a whole 8-bit image.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise InputError(
                    f"{path}: claims {width}x{height} pixels, more than any database has; replace the file"
                )
            if image.mode.startswith(("I", "F")) or _is_deep_png(path):
                raise InputError(f"{path}: is not an 8-bit image; convert the frames to 8 bits a channel")
            gray = image.mode in ("L", "1", "LA")
            pixels = np.asarray(image.convert("L" if gray else "RGB"), dtype=np.uint8)
    except Image.DecompressionBombError:
        raise InputError(f"{path}: claims more pixels than any database has; replace the file") from None
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(f"{path}: not a whole image ({error}); copy the frame again from the database") from None
    return pixels[..., None] if gray else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), np.uint8)


def _is_deep_png(path: Path) -> bool:
    """Whether a file is a PNG of 16 bits a channel, of which Pillow drops the lower ones where there is colour."""
    with path.open("rb") as file:
        header = file.read(25)
    return header.startswith(b"\x89PNG") and header[24:] == b"\x10"
