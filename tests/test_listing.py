import hashlib
import re
import shutil

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from rrrn.data import listing
from rrrn.running.stage import InputError


def save(path):
    Image.fromarray(np.zeros((4, 5), np.uint8)).save(path)


def test_numbers_are_the_last_integer_of_the_name(tmp_path):
    for name in ("reg_img46.jpg", "img9.PNG", "006_05562.bmp", "x2_0123_crop.jpeg"):
        save(tmp_path / name)
    for name in (".DS_Store", "Thumbs.db", "notes 7.txt", ".img3.jpg", "cover.jpg"):
        (tmp_path / name).touch()
    listed = {number: path.name for number, path in listing.listing(tmp_path).items()}
    assert listed == {9: "img9.PNG", 46: "reg_img46.jpg", 123: "x2_0123_crop.jpeg", 5562: "006_05562.bmp"}
    assert list(listed) == sorted(listed)


def test_folder_that_cannot_be_listed(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        listing.listing(tmp_path / "nothing")
    with pytest.raises(InputError, match="holds no numbered images"):
        listing.listing(tmp_path)
    save(tmp_path / "img7.png")
    save(tmp_path / "img007.png")
    with pytest.raises(InputError, match="both frame 7"):
        listing.listing(tmp_path)


@pytest.mark.parametrize(
    "names",
    [
        ["t_1.25", "t_1.5", "t_2.0"], ["t_0.98", "t_1.00", "t_1.02"], ["1.9s", "1.10s"], ["t_1,25", "t_1,5"],
        ["10.25.59", "10.26.00"], ["t_1", "t_1.5", "t_2"], ["t_0m59.9", "t_1m00.1"], ["00-00-59", "00-01-00"],
        ["00-00-00", "00-00-59", "00-01-00"], ["t_1.5e-3", "t_2e-2"], ["t_1e-2", "t_2e-3"], ["9e-05", "0.0001"],
        ["1.000e-02", "1.000e-03"], ["2.5E+02", "1.5E+03"], ["a1_30", "a2_05"], ["clip1-frame9", "clip2-frame1"],
        ["a_1.25", "b_1.5"],
    ],
)  # fmt: skip
def test_names_are_refused_where_the_order_would_be_wrong(tmp_path, names):
    for name in names:
        save(tmp_path / f"{name}.png")
    message = (
        r"by the last whole number .* puts (\S+)\.png before (\S+)\.png, .*; rename the files .* zero-padded numbers"
    )
    with pytest.raises(InputError, match=message) as refused:
        listing.listing(tmp_path)
    assert str(tmp_path) in str(refused.value) and refused.match(rf"puts ({'|'.join(map(re.escape, names))})\.png")


@pytest.mark.parametrize(
    ("names", "numbers"),
    [
        (["ep1.5_003", "ep1.5_010", "ep1.6_011"], [3, 10, 11]),
        (["shot1.0001", "shot1.0002", "shot1.0010"], [1, 2, 10]),
        (["2023.01.05", "2023.01.06"], [5, 6]), (["a.1", "a.2", "a.10"], [1, 2, 10]), (["t_1.25", "t_1.50"], [25, 50]),
        (["v2.0-img9", "v2.0-img10"], [9, 10]), (["00-00-01", "00-00-59"], [1, 59]), (["a1_05", "a2_30"], [5, 30]),
        (["EP1e-1", "EP1e-2", "EP1e-1000"], [1, 2, 1000]), (["t_1m2.5", "t_2m1.75"], [5, 75]),
        (["007e1_2.5e+3", "007e1_2.5e+4"], [3, 4]),
    ],
)  # fmt: skip
def test_points_that_change_no_order_are_fine(tmp_path, names, numbers):
    for name in names:
        save(tmp_path / f"{name}.png")
    listed = listing.listing(tmp_path)
    assert list(listed) == numbers and [path.stem for path in listed.values()] == names


def touched(folder, names):
    """Make a folder of empty files, and return the names as they are listed, without a suffix; None if refused."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in names:
        (folder / f"{name}.png").touch()
    try:
        return [path.stem for path in listing.listing(folder).values()]
    except InputError:
        return None


heads = st.sampled_from(
    ["img", "reg_img", "frame_", "001_", "006_1_2_", "EP02_01f-", "EP1e-", "s1-clip2-frame", "v1.5-", ""]
)
texts = st.text("aeEx._-+ 0123456789", max_size=8).filter(
    lambda text: not re.search(r"\d\.?$|\d[.\d]*[eE][+-]$|^\.", text)
)


@given(st.one_of(heads, texts), st.integers(1, 6), st.sets(st.integers(0, 3000), min_size=1, max_size=12))
@example("EP1e-", 1, {0, 1, 1000})
def test_names_that_count_are_never_refused(tmp_path_factory, head, width, numbers):
    """Whatever stands before the number, and however it is padded."""
    names = [f"{head}{number:0{width}d}" for number in sorted(numbers)]
    assert touched(tmp_path_factory.getbasetemp() / "count", reversed(names)) == names


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(1, 9)), min_size=1, max_size=12), st.integers(1, 3))
def test_parts_that_count_with_the_frames_are_never_refused(tmp_path_factory, steps, width):
    """Each part of a recording goes on with the frame numbers of the part before."""
    names, frame = [], 0
    for part, (step, count) in enumerate(steps, 8):
        for _ in range(count):
            frame += step
            names.append(f"s1-clip{part}-frame{frame:0{width}d}")
    assert touched(tmp_path_factory.getbasetemp() / "parts", names) == names


TIMES = {
    "repr": lambda ms: f"t_{ms / 1000!r}", "tiny": lambda ms: f"{ms / 1e7!r}s", "general": lambda ms: f"t{ms * 100:g}",
    "fixed": lambda ms: f"t_{ms / 1000:.3f}", "comma": lambda ms: f"{ms / 1000:g}".replace(".", ","),
    "power": lambda ms: f"t_{ms / 1000:.6e}", "minutes": lambda ms: f"t_{ms // 60000}m{ms % 60000 / 1000:06.3f}",
    "short": lambda ms: f"{ms // 60000}m{ms % 60000 / 1000:g}s",
    "clock": lambda ms: f"{ms // 60000:02}-{ms // 1000 % 60:02}",
    "points": lambda ms: f"0.{ms // 60000}.{ms // 1000 % 60}",
    "takes": lambda ms: f"a{ms // 60000}_{ms // 100 % 600:02}",
}  # fmt: skip
near = st.lists(st.integers(0, 40), min_size=1, max_size=6).map(
    lambda steps: [100 * sum(steps[:n]) for n in range(1, 7)]
)


@settings(max_examples=600)
@given(
    st.sampled_from(sorted(TIMES)), st.one_of(near, st.lists(st.integers(1, 10**7), max_size=6)), st.integers(1, 10**6)
)
def test_times_come_in_their_order_or_are_refused(tmp_path_factory, form, times, start):
    """Hours, decimals and powers of ten, as programs write them."""
    names = list(dict.fromkeys(TIMES[form](start + ms) for ms in sorted(times)))
    assert touched(tmp_path_factory.getbasetemp() / "times", names) in (None, names)


def test_a_digest_is_of_numbers_and_bytes(tmp_path):
    for number, data in ((9, b"nine"), (10, b"ten"), (11, b""), (12, b"not asked for")):
        (tmp_path / f"img{number}.png").write_bytes(data)
    images = listing.between(listing.listing(tmp_path), 9, 11)
    assert list(images) == [9, 10, 11]
    rows = [
        f"{n} {hashlib.blake2b(d, digest_size=16).hexdigest()}\n" for n, d in ((9, b"nine"), (10, b"ten"), (11, b""))
    ]
    digest = listing.digest(images)
    assert digest == "blake2b-" + hashlib.blake2b("".join(rows).encode(), digest_size=16).hexdigest()
    (tmp_path / "img9.png").rename(tmp_path / "reg_img009.png")
    assert listing.digest(listing.between(listing.listing(tmp_path), 9, 11)) == digest
    seen = {digest}
    seen |= {listing.digest(listing.between(listing.listing(tmp_path), *ends)) for ends in ((9, 10), (10, 11), (9, 12))}
    (tmp_path / "img10.png").rename(tmp_path / "img8.png")
    seen.add(listing.digest(listing.between(listing.listing(tmp_path), 8, 11)))
    (tmp_path / "img8.png").write_bytes(b"Ten")
    seen.add(listing.digest(listing.between(listing.listing(tmp_path), 8, 11)))
    assert len(seen) == 6
