"""Read one image, whole or not at all."""

import struct
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.TiffImagePlugin import BITSPERSAMPLE, SAMPLEFORMAT, ImageFileDirectory_v2, TiffImageFile

from rrrn.running.stage import InputError

FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "PPM", "GIF", "WEBP")  # whatever the name says; EPS would start a program
_UNSIGNED = 1  # of TIFF's SampleFormat: 2 is signed, 3 float, 4 undefined
_ORIENTATION, _FIRST_SIDEWAYS = 0x0112, 5  # of EXIF: 5 to 8 exchange rows and columns
MAX_PIXELS = 50_000_000  # an image that claims more is refused before it is decoded


def read(path: Path) -> np.ndarray:
    """Return an image, uint8 (height, width, channels) in BGR, or with one channel where the file is gray.

    It is turned as its orientation (EXIF) says. Raises InputError, naming the file, if it is not a whole image of at
    most 8 bits per channel, or transparent anywhere: nothing tells what is to be seen there.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise InputError(
                    f"{path}: claims {width}x{height} pixels, more than any database has; replace the file"
                )
            if _is_deep(image):
                raise _deep(path)
            if image.has_transparency_data and image.convert("RGBA").getchannel("A").getextrema() != (255, 255):
                raise InputError(
                    f"{path}: is transparent in places, and nothing tells what lies behind; lay it over a background "
                    "and save it without alpha"
                )
            gray = image.mode in ("L", "1", "LA", "La")
            turned = ImageOps.exif_transpose(image)
            pixels = np.asarray(turned.convert("L" if gray else "RGB"), dtype=np.uint8)
    except Image.DecompressionBombError:
        raise InputError(f"{path}: claims more pixels than any database has; replace the file") from None
    except UnidentifiedImageError as error:
        if _holds_other_numbers(path):
            raise _deep(path) from None
        remedy = "copy the frame again from the database, or convert it to PNG"
        raise InputError(f"{path}: not a whole image ({error}); {remedy}") from None
    except InputError:
        raise
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(f"{path}: not a whole image ({error}); copy the frame again from the database") from None
    return pixels[..., None] if gray else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), np.uint8)


def size(path: Path) -> tuple[int, int]:
    """Return width and height of an image as ``read`` gives it, from its header. Raises OSError if it has none."""
    with Image.open(path, formats=FORMATS) as image:
        sideways = image.format != "TIFF" and image.getexif().get(_ORIENTATION, 1) >= _FIRST_SIDEWAYS
        return image.size[::-1] if sideways else image.size  # Pillow has turned the size of TIFF


def _deep(path: Path) -> InputError:
    return InputError(f"{path}: is not an 8-bit image; convert the frames to 8 bits per channel, 0 to 255")


def _holds_other_numbers(path: Path) -> bool:
    """Whether a TIFF that Pillow knows no mode for says that it holds other numbers than of 8 bits, as float colour."""
    try:
        with path.open("rb") as file:
            head = file.read(8)
            head += file.read(8) if head[2:3] == b"+" else b""  # BigTIFF
            tags = ImageFileDirectory_v2(head)
            file.seek(tags.next)
            tags.load(file)
            return _other_numbers(tags)
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, struct.error):
        return False


def _other_numbers(tags: ImageFileDirectory_v2) -> bool:
    """Whether a TIFF's tags tell of other numbers than unsigned ones of 8 bits at most."""
    return set(tags.get(SAMPLEFORMAT, (1,))) != {_UNSIGNED} or max(tags.get(BITSPERSAMPLE, (1,))) > 8


def _is_deep(image: Image.Image) -> bool:
    """Whether a file has other numbers than unsigned ones of 8 bits per channel.

    Pillow drops the lower bits where there is colour, and takes signed numbers of 8 bits for unsigned ones.
    """
    if image.mode.startswith(("I", "F")):
        return True
    if isinstance(image, TiffImageFile):
        return _other_numbers(image.tag_v2)
    # how the file's bytes are packed: "RGB;16B", or with the largest value in PPM
    for tile in getattr(image, "tile", ()):
        words = tile.args if isinstance(tile.args, tuple) else (tile.args,)
        if image.format == "PPM" and any(isinstance(word, int) and word > 255 for word in words):
            return True
        if image.format == "PNG" and any(";16" in str(word) for word in words):
            return True
    return False
