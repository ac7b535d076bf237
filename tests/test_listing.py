import hashlib

import numpy as np
import pytest
from PIL import Image

from rrrn import listing
from rrrn.stage import InputError


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
