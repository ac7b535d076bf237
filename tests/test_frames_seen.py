"""What a plan notices of frames: every change of what they show, and nothing else; and what it remembers of them."""

import os
import shutil
import threading
from pathlib import Path

import pytest

from rrrn.data import listing
from rrrn.provenance.frames_seen import Seen, Stretch


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Frames 1 to 6 of equal size."""
    frames = tmp_path / "frames"
    frames.mkdir()
    for number in range(1, 7):
        (frames / f"img{number}.bmp").write_bytes(bytes([number]) * 100)
    return frames


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were read."""
    names: list[str] = []
    digest = listing.file_digest
    monkeypatch.setattr(listing, "file_digest", lambda path: names.append(path.name) or digest(path))
    return names


def seen(folder: Path, first: int = 2, last: int = 5, settled: float = -1.0) -> str:
    """What a new process says; by default it believes that any change shows in a file's times."""
    return Seen(folder.parent / "seen", settled).fingerprint([Stretch(folder, first, last)])


def test_every_change_of_a_frame_is_seen_and_nothing_else(folder, tmp_path):
    before = seen(folder)
    path = folder / "img3.bmp"

    def same_size() -> None:
        path.write_bytes(b"x" * 100)

    def same_times() -> None:
        state = path.stat()
        path.write_bytes(b"y" * 100)
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))

    def exchanged() -> None:
        """As an archive unpacks them, both have one size and one time."""
        for other in (path, folder / "img4.bmp"):
            os.utime(other, ns=(10**18, 10**18))
        seen(folder)
        path.rename(folder / "x")
        (folder / "img4.bmp").rename(path)
        (folder / "x").rename(folder / "img4.bmp")

    found = {before}
    for number, change in enumerate((same_size, same_times, exchanged, path.unlink), 2):
        change()
        found.add(seen(folder))
        assert len(found) == number
    path.write_bytes(bytes([3]) * 100)
    (folder / "img4.bmp").write_bytes(bytes([4]) * 100)
    assert seen(folder) == before

    for other in folder.iterdir():
        other.touch()
    (folder / "img3.bmp").rename(folder / "reg_img003.bmp")
    (folder / ".DS_Store").touch()
    (folder / "img6.bmp").write_bytes(b"after the offset")
    (folder / "img1.bmp").unlink()
    assert seen(folder) == before
    shutil.copytree(folder, tmp_path / "copy")
    assert seen(tmp_path / "copy") == before


def test_a_file_is_read_once(folder, read):
    first = seen(folder)
    assert sorted(read) == [f"img{number}.bmp" for number in range(2, 6)]
    assert seen(folder) == first and len(read) == 4
    seen(folder, 1, 3)
    assert read[4:] == ["img1.bmp"]
    seen(folder), seen(folder, 1, 3)
    assert len(read) == 5
    (folder / "img3.bmp").touch()
    assert seen(folder) == first and read[5:] == ["img3.bmp"]


def test_what_was_just_written_is_read_again(folder, read):
    """Its next change might leave all of its times as they are."""
    for count in (4, 8):
        seen(folder, settled=3600.0)
        assert len(read) == count
    assert not (folder.parent / "seen").exists()


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied", "other", "directory", "binary"])
def test_damage_is_not_believed(folder, read, damage):
    first = seen(folder)
    (path,) = (folder.parent / "seen").iterdir()
    data = path.read_bytes()
    if damage == "directory":
        path.unlink()
        path.mkdir()
    else:
        place = data.rindex(b'"') - 5  # in a digest
        flipped = data[:place] + (b"0" if data[place : place + 1] != b"0" else b"1") + data[place + 1 :]
        texts = {"cut": data[:-20], "flipped": flipped, "emptied": b"", "other": b"[]", "binary": b"\xff\0" * 50}
        path.write_bytes(texts[damage])
    assert seen(folder) == first and len(read) == 8


def test_places_that_cannot_be_written_are_no_matter(folder, read):
    (folder.parent / "seen").write_text("a file, where the folder would be")
    assert seen(folder) == seen(folder) and len(read) == 8


def test_writers_at_a_time_leave_something_whole(folder):
    first = Seen(folder.parent / "other", -1.0).fingerprint([Stretch(folder, 2, 5)])
    found = []

    def work() -> None:
        for _ in range(20):
            shutil.rmtree(folder.parent / "seen", ignore_errors=True)
            found.append(seen(folder))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [first] * 80 and seen(folder) == first


def test_what_cannot_be_read_is_for_the_job_to_say(folder, tmp_path):
    found = {seen(folder), seen(tmp_path / "nowhere")}
    (folder / "img3.bmp").unlink()
    (folder / "img3.bmp").symlink_to("nothing")
    found.add(seen(folder))
    (folder / "img3.bmp").unlink()
    os.mkfifo(folder / "img3.bmp")
    found.add(seen(folder))
    (folder / "img003.bmp").touch()
    found.add(seen(folder))
    assert len(found) == 5


def test_frames_that_are_gone_are_forgotten(folder):
    seen(folder)
    (path,) = (folder.parent / "seen").iterdir()
    assert b"img3.bmp" in path.read_bytes()
    (folder / "img3.bmp").unlink()
    (folder / "img4.bmp").touch()
    seen(folder)
    assert b"img3.bmp" not in path.read_bytes() and b"img4.bmp" in path.read_bytes()
