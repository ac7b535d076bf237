import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from occlusion_face import face

from rrrn.data import listing
from rrrn.occlusion.kinds import drawings, glasses, mask, own_art
from rrrn.occlusion.scene import Scene
from rrrn.running.stage import InputError

HEADER = "file,seam,top,bottom,left,right,min_ratio"
ROW = "red.png,20,2,28,1,39,"


def picture(columns=40, rows=30, colour=(10, 20, 200), depth=np.uint8):
    image = np.zeros((rows, columns, 4), depth)
    top = np.iinfo(depth).max
    image[2:-2, 4:-4] = [*(value * (top // 255) for value in colour), top]
    image[5, 5, 3] = top // 3
    return image


def folder(path, *rows, header=HEADER, **pictures):
    path.mkdir(exist_ok=True)
    (path / "anchors.csv").write_text("\n".join([header, *rows]) + "\n")
    for name, image in (pictures or {"red": picture()}).items():
        cv2.imwrite(str(path / f"{name}.png"), image)
    return path


def header_only(columns, rows, colour_type=6):
    """A PNG that says how large it is and holds no pixels."""
    data = b"IHDR" + struct.pack(">IIBBBBB", columns, rows, 8, colour_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + data + struct.pack(">I", zlib.crc32(data))


def scene(rank=0, art=None):
    points = face((150, 120), 60)
    return Scene("s01", "c", rank, None, np.zeros((320, 320, 3), np.uint8), points[None], "clip", art=art or {})


def told(kind):
    return {"seed": 7, kind: {"width": 1.2}}


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_drawing_and_anchors_come_back(tmp_path, depth):
    image = picture(depth=depth)
    rows = own_art.read(folder(tmp_path / "art", "red.png, 20, 2, 28, 1, 39, 0.5", red=image))
    template = own_art.template(rows["red.png"])
    alpha = image[..., 3:] / np.iinfo(depth).max
    expected = np.concatenate([image[..., :3] / np.iinfo(depth).max * 255 * alpha, alpha], axis=2)
    np.testing.assert_allclose(template.image, expected, atol=1e-3)
    assert template.image.dtype == np.float32
    anchors = (template.seam, template.top, template.bottom, template.left, template.right, template.min_ratio)
    assert anchors == (19.5, 1.5, 27.5, 0.5, 38.5, 0.5)


@pytest.mark.parametrize(("kind", "module"), [("mask", mask), ("glasses", glasses)])
def test_clips_wear_ones_own_art_in_turn(tmp_path, kind, module):
    blue = picture(colour=(250, 60, 10))
    path = folder(tmp_path / "art", ROW, ROW.replace("red", "blue"), red=picture(), blue=blue)
    worn = {}
    for rank in range(4):
        occluder = module.prepare(scene(rank, drawings.of(kind, str(path))), told(kind))
        layer = occluder.draw(scene().points)
        centre = layer.colour[layer.colour.shape[0] // 2, layer.colour.shape[1] // 2]
        worn.setdefault(occluder.name, centre)
        np.testing.assert_array_equal(worn[occluder.name], centre)
    np.testing.assert_allclose(worn["red.png"], [10, 20, 200], atol=0.01)
    np.testing.assert_allclose(worn["blue.png"], [250, 60, 10], atol=0.01)


def test_ones_own_limit_of_turning_holds(tmp_path):
    points = face((150, 120), 60)
    points[points[:, 0] < points[28, 0], 0] = points[28, 0] + 0.6 * (
        points[points[:, 0] < points[28, 0], 0] - points[28, 0]
    )
    for limit, refused in (("0.7", True), ("0.5", False), ("", False)):
        art = drawings.of("mask", str(folder(tmp_path / "art", ROW + limit)))
        occluder = mask.prepare(scene(art=art), told("mask"))
        if refused:
            with pytest.raises(InputError, match=r"0\.60 of the wider one, less than its limit of 0\.7"):
                occluder.draw(points)
        else:
            assert occluder.draw(points).alpha.any()


def test_large_drawings_are_reduced_with_their_anchors(tmp_path):
    row = "red.png,2000,200,2800,100,3900,"
    large = cv2.resize(picture(), (4000, 3000), interpolation=cv2.INTER_NEAREST)
    template = own_art.template(own_art.read(folder(tmp_path / "art", row, red=large))["red.png"])
    assert template.image.shape == (1200, 1600, 4)
    assert (template.seam, template.left, template.bottom) == pytest.approx((799.5, 39.5, 1119.5))
    np.testing.assert_allclose(template.image[600, 800], [10, 20, 200, 1], atol=0.01)


def test_anchors_are_a_twentieth_of_a_large_picture_apart(tmp_path):
    large = cv2.resize(picture(), (400, 300), interpolation=cv2.INTER_NEAREST)
    for anchors, message in (
        ("200,100,115,10,390", None),
        ("200,100,114,10,390", "top and bottom are 14 pixels apart in red.png, which needs 15 or more"),
        ("200,20,280,190,210", None),
        ("200,20,280,190,209", "left and right are 19 pixels apart in red.png, which needs 20 or more"),
        ("200,20,280,191,390", "left and seam are 9 pixels apart in red.png, which needs 10 or more"),
    ):
        path = folder(tmp_path / "art", f"red.png,{anchors},", red=large)
        if message is None:
            assert list(own_art.read(path)) == ["red.png"]
        else:
            with pytest.raises(InputError, match=rf"anchors\.csv, row 2: {message}"):
                own_art.read(path)


def test_an_exchanged_file_is_read_again(tmp_path):
    path = folder(tmp_path / "art", ROW)
    first = own_art.template(own_art.read(path)["red.png"])
    folder(path, ROW, red=picture(colour=(0, 255, 0)))
    (path / "red.png").touch()
    second = own_art.template(own_art.read(path)["red.png"])
    assert first.image[15, 20, 1] == 20 and second.image[15, 20, 1] == 255


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("red.png,20,2,28,1,39", "row 2: has more or fewer cells"),
        ("red.png,20,2,28,1,39,0.2,7", "row 2: has more or fewer cells"),
        ("red.png,20,two,28,1,39,", "row 2: top is 'two'; it must be a number"),
        ("red.png,20,2,nan,1,39,", "row 2: bottom is 'nan'"),
        ("red.png,,2,28,1,39,", "row 2: seam is ''"),
        ("red.png,20,2,28,1,inf,", "row 2: right is 'inf'"),
        ("red.png,20,2,28,25,39,", "row 2: left 25, seam 20 and right 39 must grow"),
        ("red.png,20,2,28,20,39,", "row 2: left 20, seam 20"),
        ("red.png,20,2,28,1,20,", "row 2: left 1, seam 20 and right 20"),
        ("red.png,20,28,2,1,39,", "row 2: top 28 must be less than bottom 2"),
        ("red.png,20,2,28,-1,39,", "row 2: anchors lie outside of red.png, which has 40 x 30"),
        ("red.png,20,2,28,1,41,", "row 2: anchors lie outside"),
        ("red.png,20,2,31,1,39,", "row 2: anchors lie outside"),
        ("red.png,20,-2,28,1,39,", "row 2: anchors lie outside"),
        ("red.png,20,2,28,16,23.5,", r"row 2: left and right are 7.5 pixels apart in red\.png, .* 8 or more; correct"),
        ("red.png,3.5,2,28,0,39,", "row 2: left and seam are 3.5 pixels apart .* 4 or more"),
        ("red.png,36,2,28,1,39,", "row 2: seam and right are 3 pixels apart"),
        ("red.png,20,2,9.9,1,39,", "row 2: top and bottom are 7.9 pixels apart .* 8 or more"),
        ("red.png,20,2,2.001,1,39,", "row 2: top and bottom are 0.001 pixels apart"),
        ("red.png,20,2,28,1,39,1.5", "row 2: min_ratio is 1.5"),
        ("red.png,20,2,28,1,39,some", "row 2: min_ratio is 'some'"),
        ("green.png,20,2,28,1,39,", "row 2: .*green.png does not exist"),
        ("../art/red.png,20,2,28,1,39,", "row 2: file '../art/red.png' must be the name"),
        ("/red.png,20,2,28,1,39,", "row 2: file '/red.png' must be the name"),
        ("..,20,2,28,1,39,", "row 2: file '..' must be the name"),
        ("a\\red.png,20,2,28,1,39,", "row 2: file .* must be the name"),
        (",20,2,28,1,39,", "row 2: file '' must be the name"),
        (ROW + "\n" + ROW, "row 3: red.png has a row already"),
        ('red.png,"20"x,2,28,1,39,', "row 2: is no CSV"),
        ("anchors.csv,20,2,28,1,39,", "row 2: anchors.csv is no PNG"),
    ],
)
def test_a_wrong_row_is_named(tmp_path, row, message):
    with pytest.raises(InputError, match=message) as raised:
        own_art.read(folder(tmp_path / "art", row))
    assert str(raised.value).startswith(str(tmp_path / "art" / "anchors.csv"))


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("file,seam,top,bottom,left", "the header lacks right"),
        ("file,seam,top,bottom,left,right,min_ration", "the header has min_ration"),
        ("file,seam,top,bottom,left,right,right", "the header has a column twice"),
        ("", "the header lacks file"),
    ],
)
def test_a_wrong_header_is_named(tmp_path, header, message):
    with pytest.raises(InputError, match=message):
        own_art.read(folder(tmp_path / "art", ROW, header=header))


def test_wrong_folders_and_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such folder of occluders"):
        own_art.read(tmp_path / "none")
    with pytest.raises(InputError, match="no such folder of occluders"):
        drawings.of("mask", str(tmp_path / "none"))
    (tmp_path / "bare").mkdir()
    with pytest.raises(InputError, match=r"anchors\.csv: there is no such file"):
        own_art.read(tmp_path / "bare")
    path = folder(tmp_path / "art")
    with pytest.raises(InputError, match="has no rows"):
        own_art.read(path)
    path = folder(path, ROW, red=picture(), blue=picture())
    with pytest.raises(InputError, match=r"lacks a row for blue\.png"):
        own_art.read(path)
    (path / "blue.png").unlink()
    for content in (b"\xff\xfe\x00", (HEADER + "\n\0").encode()):
        (path / "anchors.csv").write_bytes(content)
        with pytest.raises(InputError, match=r"anchors\.csv: (cannot be read|holds NUL)"):
            own_art.read(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no PNG"),
        (b"GIF89a" + bytes(40), "is no PNG"),
        (header_only(40, 30, colour_type=2), "has no alpha channel"),
        (header_only(40, 30, colour_type=3), "has no alpha channel"),
        (header_only(5001, 5000), "has 5001 x 5000 pixels; use at most 25 megapixels"),
        (header_only(2**31 - 1, 2**31 - 1), "has .* use at most 25 megapixels"),
        (header_only(40, 30), "cannot be read as a PNG with alpha"),
    ],
)
def test_files_that_are_no_drawings_are_refused(tmp_path, content, message):
    path = folder(tmp_path / "art", ROW)
    (path / "red.png").write_bytes(content)
    with pytest.raises(InputError, match=rf"row 2: red\.png {message}"):
        own_art.template(own_art.read(path)["red.png"])


def test_nothing_drawn_is_refused(tmp_path):
    path = folder(tmp_path / "art", ROW, red=np.zeros((30, 40, 4), np.uint8))
    with pytest.raises(InputError, match=r"row 2: red\.png is transparent everywhere"):
        own_art.template(own_art.read(path)["red.png"])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.lists(
        st.lists(
            st.one_of(
                st.sampled_from(
                    ["red.png", "", "20", "39", "1", "2", "28", "1e999", "-0", "..", '"', "\x85", "\ufeff"]
                ),
                st.text(max_size=6),
            ),
            min_size=5,
            max_size=8,
        ),
        max_size=3,
    )
)
def test_any_table_is_read_or_refused_with_its_name(tmp_path, rows):
    path = folder(tmp_path / "art", ROW)
    text = "\n".join([HEADER, *(",".join(row) for row in rows)])
    (path / "anchors.csv").write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        found = own_art.read(path)
    except InputError as error:
        assert str(path) in str(error)
    else:
        assert list(found) == ["red.png"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.integers(0, 400), st.binary(min_size=1, max_size=8))
def test_a_damaged_png_is_read_or_refused(tmp_path, at, damage):
    path = folder(tmp_path / "art", ROW)
    data = (path / "red.png").read_bytes()
    at %= len(data)
    (path / "red.png").write_bytes(data[:at] + damage)
    try:
        template = own_art.template(own_art.read(path)["red.png"])
    except InputError as error:
        assert "row 2: red.png" in str(error)
    else:
        assert template.image.shape[2] == 4 and np.isfinite(template.image).all()


def test_a_digest_sees_every_change_of_a_folder(tmp_path):
    path = folder(tmp_path / "art", ROW)
    seen = [listing.contents(path), listing.contents(tmp_path / "none")]
    (path / ".DS_Store").write_text("stray")
    assert listing.contents(path) == seen[0]
    (path / "anchors.csv").write_text((path / "anchors.csv").read_text().replace("39", "38"))  # of the same size
    seen.append(listing.contents(path))
    (path / "red.png").rename(path / "rad.png")
    seen.append(listing.contents(path))
    (path / "rad.png").write_bytes(b"")
    seen.append(listing.contents(path))
    assert len(set(seen)) == 5
