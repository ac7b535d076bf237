"""The images of one clip on disk: found by listing the folder, never by building names."""

import re
from pathlib import Path

import numpy as np
from PIL import Image

from rrrn.stage import InputError

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")
MAX_PIXELS = 50_000_000  # an image that claims more is refused before it is decoded
_LAST_INTEGER = re.compile(r"(\d+)\D*$")


def listing(folder: Path) -> dict[int, Path]:
    """Return {frame number: file} of a clip's folder, sorted by number.

    The number is the last integer of the name (``reg_img46.jpg`` is 46, ``006_05562.jpg`` is 5562).
    Raises InputError for a missing folder, one without images, and two files of one number.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder of frames; correct the column 'frames' of the clip table")
    found: dict[int, Path] = {}
    for path in sorted(folder.iterdir()):
        match = _LAST_INTEGER.search(path.stem)
        if path.suffix.lower() not in SUFFIXES or path.name.startswith(".") or match is None:
            continue
        number = int(match[1])
        if number in found:
            raise InputError(f"{folder}: {found[number].name} and {path.name} are both frame {number}; remove one")
        found[number] = path
    if not found:
        raise InputError(f"{folder}: holds no numbered images ({', '.join(SUFFIXES)})")
    return dict(sorted(found.items()))


def read(path: Path) -> np.ndarray:
    """Return an image, uint8 (height, width, channels) in BGR, or with one channel where the file is gray.

    Raises InputError, naming the file, if it is not a whole 8-bit image.
    """
    try:
        with Image.open(path) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise InputError(
                    f"{path}: claims {width}x{height} pixels, more than any database has; replace the file"
                )
            if image.mode.startswith(("I", "F")):
                raise InputError(f"{path}: is not an 8-bit image; convert the frames to 8 bits a channel")
            gray = image.mode in ("L", "1", "LA")
            pixels = np.asarray(image.convert("L" if gray else "RGB"), dtype=np.uint8)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(f"{path}: not a whole image ({error}); copy the frame again from the database") from None
    return np.ascontiguousarray(pixels[..., None] if gray else pixels[..., ::-1])
