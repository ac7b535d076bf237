import hashlib

import numpy as np
import pytest
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
        ["10.25.59", "10.26.00"], ["t_1", "t_1.5", "t_2"],
    ],
)  # fmt: skip
def test_times_in_names_are_refused_where_the_order_would_be_wrong(tmp_path, names):
    for name in names:
        save(tmp_path / f"{name}.png")
    message = r"names end in decimal numbers, .* puts (\S+)\.png before (\S+)\.png; rename the files"
    with pytest.raises(InputError, match=message) as refused:
        listing.listing(tmp_path)
    assert str(tmp_path) in str(refused.value) and refused.match(rf"puts ({'|'.join(names)})\.png")


@pytest.mark.parametrize(
    ("names", "numbers"),
    [
        (["ep1.5_003", "ep1.5_010", "ep1.6_011"], [3, 10, 11]),
        (["shot1.0001", "shot1.0002", "shot1.0010"], [1, 2, 10]),
        (["2023.01.05", "2023.01.06"], [5, 6]), (["a.1", "a.2", "a.10"], [1, 2, 10]), (["t_1.25", "t_1.50"], [25, 50]),
        (["v2.0-img9", "v2.0-img10"], [9, 10]),
    ],
)  # fmt: skip
def test_points_that_change_no_order_are_fine(tmp_path, names, numbers):
    for name in names:
        save(tmp_path / f"{name}.png")
    listed = listing.listing(tmp_path)
    assert list(listed) == numbers and [path.stem for path in listed.values()] == names


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
