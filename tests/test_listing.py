import shutil

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


def test_fingerprint_sees_images_and_nothing_else(tmp_path):
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
        save(folder / "img1.png")
    before = listing.fingerprint(folders)
    (tmp_path / "a" / ".DS_Store").touch()
    (tmp_path / "a" / "img1.png").touch()
    assert listing.fingerprint(folders) == before
    seen = {before}
    save(tmp_path / "a" / "img2.png")
    seen.add(listing.fingerprint(folders))
    (tmp_path / "a" / "img2.png").write_bytes(b"other")
    seen.add(listing.fingerprint(folders))
    shutil.rmtree(tmp_path / "b")
    seen.add(listing.fingerprint(folders))
    assert len(seen) == 4
