import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from rrrn import frames
from rrrn.stage import InputError

PIXELS = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)


def save(path, pixels=PIXELS, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


def test_colour_is_bgr_and_gray_has_one_channel(tmp_path):
    assert np.array_equal(frames.read(save(tmp_path / "a1.png")), PIXELS[..., ::-1])
    gray = frames.read(save(tmp_path / "b1.png", PIXELS[..., 0]))
    assert np.array_equal(gray, PIXELS[..., :1])
    with_alpha = np.dstack([PIXELS, PIXELS[..., :1]])
    assert frames.read(save(tmp_path / "c1.png", with_alpha)).shape == (24, 32, 3)


@pytest.mark.parametrize("name", ["a1.jpg", "a1.png", "a1.bmp"])
def test_truncated_image_is_an_error_that_names_the_file(tmp_path, name):
    whole = save(tmp_path / name).read_bytes()
    pixels = frames.read(tmp_path / name)
    for keep in [*range(0, len(whole) - 20, 37), len(whole) - 20]:
        (tmp_path / name).write_bytes(whole[:keep])
        try:
            read = frames.read(tmp_path / name)
        except InputError as error:
            assert name in str(error)
        else:  # only end marks are missing
            assert keep > len(whole) - 40 and np.array_equal(read, pixels)


def test_image_bomb_and_deep_image_are_refused(tmp_path):
    path = save(tmp_path / "a1.png")
    data = bytearray(path.read_bytes())
    data[16:24] = (30_000).to_bytes(4, "big") * 2  # width and height of the header
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"a1\.png: claims more pixels"):
        frames.read(path)
    with pytest.raises(InputError, match="8 bits"):
        frames.read(save(tmp_path / "b1.png", np.full((4, 4), 700, np.uint16)))
    cv2.imwrite(str(tmp_path / "d1.png"), np.full((4, 4, 3), 700, np.uint16))
    with pytest.raises(InputError, match=r"d1\.png: is not an 8-bit image"):
        frames.read(tmp_path / "d1.png")
    with pytest.raises(InputError, match=r"c1\.png"):
        frames.read(tmp_path / "c1.png")


@settings(max_examples=150)
@given(st.data())
def test_damaged_images_give_pixels_or_a_message(tmp_path_factory, data):
    """Any byte of a real image changed: an image of the right kind, or an error that names the file; never a crash."""
    folder = tmp_path_factory.getbasetemp()
    suffix = data.draw(st.sampled_from([".jpg", ".png", ".bmp"]))
    path = save(folder / f"fuzz1{suffix}")
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        image = frames.read(path)
    except InputError as error:
        assert path.name in str(error)
    else:
        assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] in (1, 3)
