import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from rrrn.data import frames
from rrrn.running.stage import InputError

PIXELS = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)


def save(path, pixels=PIXELS, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


def test_colour_is_bgr_and_gray_has_one_channel(tmp_path):
    assert np.array_equal(frames.read(save(tmp_path / "a1.png")), PIXELS[..., ::-1])
    gray = frames.read(save(tmp_path / "b1.png", PIXELS[..., 0]))
    assert np.array_equal(gray, PIXELS[..., :1])
    opaque = np.dstack([PIXELS, np.full_like(PIXELS[..., :1], 255)])
    assert np.array_equal(frames.read(save(tmp_path / "c1.png", opaque)), PIXELS[..., ::-1])


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


@pytest.mark.parametrize("suffix", [".png", ".tiff", ".ppm"])
@pytest.mark.parametrize("channels", [1, 3])
def test_more_than_eight_bits_are_refused_in_every_format(tmp_path, suffix, channels):
    deep = np.random.default_rng(0).integers(0, 65536, (8, 9, channels), dtype=np.uint16)
    path = tmp_path / f"a1{'.pgm' if suffix == '.ppm' and channels == 1 else suffix}"
    assert cv2.imwrite(str(path), deep)
    with pytest.raises(InputError, match=r"is not an 8-bit image; convert the frames to 8 bits per channel"):
        frames.read(path)
    assert cv2.imwrite(str(path), (deep >> 8).astype(np.uint8))
    assert np.array_equal(frames.read(path), deep >> 8)


def test_deep_tiffs_with_a_plane_per_channel_are_refused(tmp_path):
    """Their bytes lie plane by plane, which no packing in the file's header tells."""
    deep = np.random.default_rng(0).integers(0, 65536, (3, 8, 9), dtype="<u2")
    planes, plane = deep.tobytes(), deep[0].nbytes
    head, depths = 8, 8 + 2 + 9 * 12 + 4
    starts, sizes, pixels = depths + 6, depths + 18, depths + 30
    entries = [(256, 3, 1, 9), (257, 3, 1, 8), (258, 3, 3, depths), (259, 3, 1, 1), (262, 3, 1, 2)]
    entries += [(273, 4, 3, starts), (277, 3, 1, 3), (279, 4, 3, sizes), (284, 3, 1, 2)]
    data = struct.pack("<2sHIH", b"II", 42, head, len(entries))
    data += b"".join(struct.pack("<HHII", *entry) for entry in entries) + bytes(4) + struct.pack("<3H", 16, 16, 16)
    data += struct.pack("<3I", *(pixels + plane * number for number in range(3))) + struct.pack("<3I", *[plane] * 3)
    (tmp_path / "a1.tiff").write_bytes(data + planes)
    with pytest.raises(InputError, match=r"is not an 8-bit image; convert the frames to 8 bits per channel"):
        frames.read(tmp_path / "a1.tiff")


@pytest.mark.filterwarnings("ignore:Corrupt EXIF|Truncated File")
@pytest.mark.parametrize("kind", ["float32", "float64", "int8", "int16", "int32", "uint32"])
@pytest.mark.parametrize("channels", [1, 3])
def test_tiffs_of_other_numbers_are_to_be_converted(tmp_path, kind, channels):
    """To copy them again would not help. Pillow opens some kinds, and signed ones of 8 bits as if they were not."""
    path = tmp_path / "a1.tiff"
    other = np.random.default_rng(0).uniform(0, 100, (8, 9, channels)).astype(kind)
    assert cv2.imwrite(str(path), other)
    with pytest.raises(
        InputError, match=r"a1\.tiff: is not an 8-bit image; convert the frames to 8 bits per channel, 0 to"
    ):
        frames.read(path)
    whole = path.read_bytes()
    for keep in range(0, len(whole), 5):
        path.write_bytes(whole[:keep])
        with pytest.raises(InputError, match=r"a1\.tiff: (is not an 8-bit image; convert|not a whole image .*; copy)"):
            frames.read(path)


def test_a_big_tiff_of_floats_is_to_be_converted(tmp_path):
    """Eight samples of one channel of 64 bits: a header, a directory of nine tags, and what they point at."""
    tags = [(256, 3, 4), (257, 3, 2), (258, 3, 64), (259, 3, 1), (262, 3, 1), (273, 16, 0), (277, 3, 1), (279, 16, 64)]
    tags.append((339, 3, 3))
    end = 16 + 8 + 20 * len(tags) + 8
    data = struct.pack("<2sHHHQ", b"II", 43, 8, 0, 16) + struct.pack("<Q", len(tags))
    for tag, of, value in tags:
        data += struct.pack("<HHQQ", tag, of, 1, end if tag == 273 else value)
    (tmp_path / "a1.tif").write_bytes(data + struct.pack("<Q", 0) + np.ones(8).tobytes())
    with pytest.raises(InputError, match=r"a1\.tif: is not an 8-bit image; convert"):
        frames.read(tmp_path / "a1.tif")


@pytest.mark.parametrize(("most", "fine"), [(15, True), (255, True), (256, False), (1023, False), (65535, False)])
@pytest.mark.parametrize("kind", [b"P3", b"P6"])
def test_ppm_tells_its_depth_by_its_largest_value(tmp_path, most, fine, kind):
    bytes_each = 1 + (most > 255)
    data = b"1 2 3" if kind == b"P3" else b"".join(value.to_bytes(bytes_each, "big") for value in (1, 2, 3))
    (tmp_path / "a1.ppm").write_bytes(b"%s 1 1 %d\n%s" % (kind, most, data))
    if fine:
        assert frames.read(tmp_path / "a1.ppm")[0, 0].tolist() == [round(value * 255 / most) for value in (3, 2, 1)]
    else:
        with pytest.raises(InputError, match="is not an 8-bit image"):
            frames.read(tmp_path / "a1.ppm")


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_are_turned_as_their_orientation_says(tmp_path, format, orientation):
    """Against OpenCV, which turns JPEG on its own, and against what each number means (EXIF 2.3, 4.6.4)."""
    meaning = {
        1: lambda i: i, 2: lambda i: i[:, ::-1], 3: lambda i: i[::-1, ::-1], 4: lambda i: i[::-1],
        5: lambda i: i.swapaxes(0, 1), 6: lambda i: np.rot90(i, -1), 7: lambda i: i[::-1, ::-1].swapaxes(0, 1),
        8: lambda i: np.rot90(i),
    }  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path / "a1.png", format=format, exif=exif, quality=100)
    plain = frames.read(save(tmp_path / "b1.png", format=format, quality=100))
    found = frames.read(path)
    assert np.array_equal(found, meaning[orientation](plain))
    assert frames.size(path) == found.shape[1::-1]
    if format == "JPEG":
        assert np.abs(cv2.imread(str(path)).astype(int) - found).mean() < 3


def transparent() -> dict[str, Image.Image]:
    """Images with one pixel that is not opaque, of each kind that can have it."""
    alpha = np.full((24, 32), 255, np.uint8)
    alpha[3, 4] = 254
    colour, gray = Image.fromarray(PIXELS), Image.fromarray(PIXELS[..., 0])
    rgba = colour.copy()
    rgba.putalpha(Image.fromarray(alpha))
    la = gray.copy()
    la.putalpha(Image.fromarray(alpha))
    return {"RGBA": rgba, "LA": la, "P": gray.convert("P"), "RGB": colour, "L": gray}


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "RGB", "L"])
def test_transparent_pixels_are_refused(tmp_path, mode):
    """Their hidden colour would count; palettes and plain colours name one that is transparent."""
    image = transparent()[mode]
    assert image.mode == mode
    key = {"P": image.getpixel((4, 3)), "RGB": tuple(PIXELS[3, 4].tolist()), "L": int(PIXELS[3, 4, 0])}
    options = {"transparency": key[mode]} if mode in key else {}
    image.save(tmp_path / "a1.png", **options)
    with pytest.raises(InputError, match=r"a1\.png: is transparent in places, .* lay it over a background"):
        frames.read(tmp_path / "a1.png")


def test_print_colours_and_palettes_become_bgr(tmp_path):
    Image.new("CMYK", (4, 4), (255, 0, 0, 0)).save(tmp_path / "b1.tiff")
    assert frames.read(tmp_path / "b1.tiff")[0, 0].tolist() == [255, 255, 0]  # cyan
    Image.fromarray(PIXELS).quantize(256).save(tmp_path / "c1.png")
    assert frames.read(tmp_path / "c1.png").shape == (24, 32, 3)


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
