"""Clips on disk: gray ones in three channels, videos cut short, names."""

import cv2
import numpy as np
import pytest

from rrrn.data.video import decode, names
from rrrn.data.video.encode import encode
from rrrn.occlusion.command import footage
from rrrn.running.stage import InputError

CODES = {
    ".mp4": "mp4v",
    ".mov": "mp4v",
    ".mkv": "FFV1",
    ".avi": "FFV1",
    ".webm": "VP80",
    ".mpg": "MPG1",
}  # MPEG counts by guess: 29.97 frames per second make 6 of 7


def film(path, count, rate=200.0, code=None, gray=False):
    """Write noise, which every codec keeps in size, and return the path."""
    rng = np.random.default_rng(1)
    size = (40, 64, 1 if gray else 3)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*(code or CODES[path.suffix])), rate, (64, 40))
    assert writer.isOpened()
    for _ in range(count):
        writer.write(np.broadcast_to(rng.integers(0, 256, size, dtype=np.uint8), (40, 64, 3)).copy())
    writer.release()
    return path


def images(folder, frames):
    folder.mkdir()
    for number, image in enumerate(frames):
        cv2.imwrite(str(folder / f"{number}.png"), image)
    return folder


@pytest.mark.parametrize("suffix", CODES)
@pytest.mark.parametrize("count", [1, 7])
@pytest.mark.parametrize("rate", [29.97, 30, 1000])
def test_whole_videos_are_read_whole(tmp_path, suffix, count, rate):
    found = footage.read(film(tmp_path / f"a.b{suffix}", count, rate))
    assert found.frames.shape == (count, 40, 64, 3) and found.numbers == list(range(1, count + 1))
    assert found.name == "a.b"


@pytest.mark.parametrize(
    ("suffix", "code"), [(".mkv", "FFV1"), (".mkv", "MJPG"), (".avi", "FFV1"), (".avi", "MJPG"), (".avi", "mp4v"),
                         (".webm", "VP80"), (".mp4", "mp4v"), (".mov", "mp4v")]
)  # fmt: skip
@pytest.mark.parametrize("kept", [0.5, 0.93])
def test_a_video_cut_short_is_refused(tmp_path, suffix, code, kept):
    path = film(tmp_path / f"a{suffix}", 20, code=code)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole))])
    frames = {".avi": r"\d+ of 20 frames", ".mkv": r"\d+ of about 20 frames", ".webm": r"\d+ of about 20 frames"}
    found = frames.get(suffix, "no frames")
    with pytest.raises(InputError, match=rf"a{suffix}: is cut short, damaged, or no video.*; {found} can be read"):
        footage.read(path)


def test_a_video_for_the_web_cut_short_is_refused(tmp_path):
    """The index comes first, so that the frames up to the cut can be decoded."""
    path = film(tmp_path / "a.mp4", 20)
    whole = path.read_bytes()
    at = whole.index(b"moov") - 4
    index, data = bytearray(whole[at:]), whole[:at]
    offsets = index.index(b"stco") + 12
    for place in range(offsets, offsets + 4 * int.from_bytes(index[offsets - 4 : offsets], "big"), 4):
        moved = int.from_bytes(index[place : place + 4], "big") + len(index)
        index[place : place + 4] = moved.to_bytes(4, "big")
    path.write_bytes(index + data)
    assert len(footage.read(path).frames) == 20
    path.write_bytes((index + data)[: -len(data) // 2])
    with pytest.raises(InputError, match=r"is cut short, .*; \d+ of 20 frames can be read"):
        footage.read(path)


def test_a_frame_that_the_header_counts_and_the_file_lacks_is_missed(tmp_path):
    path = film(tmp_path / "a.avi", 9)
    whole = bytearray(path.read_bytes())
    at = whole.index(b"strh") + 40  # the stream's length
    assert whole[at] == 9
    whole[at] = 10
    path.write_bytes(whole)
    with pytest.raises(InputError, match=r"a\.avi: is cut short.*; 9 of 10 frames can be read\. Copy it again, or"):
        footage.read(path)


def test_a_recording_that_was_never_closed_is_taken_as_far_as_it_goes(tmp_path):
    path = film(tmp_path / "a.mkv", 9)
    whole = path.read_bytes()
    at = whole.index(b"\x18S\x80g") + 4
    path.write_bytes(whole[:at] + b"\x01" + b"\xff" * 7 + whole[at + 8 :])
    assert len(footage.read(path).frames) == 9


@pytest.mark.parametrize("suffix", CODES)
def test_what_players_skip_at_the_end_is_no_damage(tmp_path, suffix):
    path = film(tmp_path / f"a{suffix}", 3)
    with path.open("ab") as file:
        file.write(b"\0" * 64)
    assert len(footage.read(path).frames) == 3


def test_gray_in_three_channels_becomes_one(tmp_path):
    rng = np.random.default_rng(0)
    gray = rng.integers(0, 250, (3, 8, 10, 1), dtype=np.uint8)
    three = np.repeat(gray, 3, axis=3)
    assert np.array_equal(footage.read(images(tmp_path / "equal", three)).frames, gray)
    off = three.copy()
    off[1, 2, 2, 0] += 4
    assert footage.read(images(tmp_path / "rounded", off)).frames.shape[3] == 1
    assert np.array_equal(footage.read(tmp_path / "rounded", reduced=False).frames, off)
    off[1, 2, 2, 0] += 1
    assert np.array_equal(footage.read(images(tmp_path / "colour", off)).frames, off)


@pytest.mark.parametrize("suffix", CODES)
def test_a_gray_video_is_gray(tmp_path, suffix):
    assert footage.read(film(tmp_path / f"a{suffix}", 3, gray=True)).frames.shape == (3, 40, 64, 1)


def test_a_folder_has_its_whole_name(tmp_path):
    assert footage.read(images(tmp_path / "ep1.5", np.zeros((2, 4, 4, 1), np.uint8))).name == "ep1.5"


def test_frames_are_encoded_as_they_come(tmp_path):
    seen = []

    def frames():
        for number in range(4):
            seen.append((tmp_path / "a.avi").exists())
            yield np.full((8, 8, 1), number, np.uint8)

    encode(frames(), tmp_path / "a.avi", 25)
    assert seen == [False, True, True, True]


@pytest.mark.parametrize("suffix", names.WRITTEN)
@pytest.mark.parametrize("rate", [25, 29.97, 200])
@pytest.mark.parametrize("shape", [(40, 64, 3), (40, 64, 1), (39, 63, 3), (39, 63, 1)])
def test_what_is_written_is_read(tmp_path, suffix, rate, shape):
    clip = np.random.default_rng(0).integers(0, 256, (5, *shape), dtype=np.uint8)
    clip = np.stack([cv2.resize(image, shape[1::-1]).reshape(shape) for image in clip[:, ::8, ::8]])
    encode(iter(clip), tmp_path / f"a{suffix}", rate)
    found = footage.read(tmp_path / f"a{suffix}")
    assert found.rate == pytest.approx(rate, rel=1e-3) and not found.remarks
    if suffix in (".avi", ".mkv"):
        assert np.array_equal(found.frames, clip)
    else:
        assert found.frames.shape == (5, 40, 64, shape[2])
        assert np.abs(found.frames[:, : shape[0], : shape[1]].astype(int) - clip).mean() < 6


@pytest.mark.parametrize("name", ["list.m3u8", "session.sdp", "frame%03d.png", "clip"])
def test_what_is_no_video_by_its_name_is_not_opened(tmp_path, name, monkeypatch):
    path = tmp_path / name
    path.write_text("#EXTM3U\n#EXTINF:1,\nhttp://other/host.ts\n")
    monkeypatch.setattr(decode.av, "open", lambda *_, **__: pytest.fail("it was opened"))
    with pytest.raises(InputError, match=r"is no video by its name; name a folder of frames, or a file with one of"):
        footage.read(path)


def test_a_video_that_claims_to_be_huge_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    path = film(tmp_path / "a.mp4", 2)
    monkeypatch.setattr(decode.frames, "MAX_PIXELS", 64 * 40 - 1)
    with pytest.raises(InputError, match="claims 64x40 pixels"):
        footage.read(path)


def test_a_part_of_a_clip_is_what_the_whole_has_there(tmp_path):
    shots = np.random.default_rng(3).integers(0, 256, (7, 8, 10, 3), np.uint8)
    shots[5] = shots[4]
    folder = images(tmp_path / "folder", shots)
    (folder / "6.png").write_bytes(b"no image")  # behind the offset, and not looked at
    part = footage.read(folder, 2, 5)
    assert part.numbers == [2, 3, 4, 5] and np.array_equal(part.frames, shots[2:6])
    assert "1 of 4 frames are equal to the one before, bit by bit (5)" in part.remarks[0]
    path = film(tmp_path / "a.mkv", 7)
    part = footage.read(path, None, 3)
    assert part.numbers == [1, 2, 3] and np.array_equal(part.frames, footage.read(path).frames[:3])
    assert footage.read(path, 6).numbers == [6, 7]
    for clip, onset, offset in ((folder, 7, None), (path, 0, 3), (path, 2, 8)):
        with pytest.raises(InputError, match=r"there is no frame \d, the o(n|ff)set; the clip's frames are"):
            footage.read(clip, onset, offset)
