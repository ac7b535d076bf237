"""Containers cut, flipped, reordered, mislabelled and joined: the right pictures or one message, never anything else.

RRRN_FUZZ sets the number of cases of each test; the default keeps CI short.
"""

import os
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from rrrn.occlusion.command import footage
from rrrn.running.stage import InputError
from tests.films import film, frames

CASES = int(os.environ.get("RRRN_FUZZ", "40"))
X264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-qp", "8", "-g", "6", "-bf", "0")
FFV1 = ("-c:v", "ffv1", "-level", "3", "-slicecrc", "1")
MPEG2 = ("-c:v", "mpeg2video", "-q:v", "2", "-pix_fmt", "yuv420p")
KINDS = {  # options of ffmpeg
    "a.mp4": X264,
    "b.mp4": (*X264, "-movflags", "frag_keyframe+empty_moov"),
    "c.mp4": (*X264, "-movflags", "faststart"),
    "a.mov": ("-c:v", "png"),
    "a.mkv": FFV1,
    "b.mkv": X264,
    "a.avi": FFV1,
    "b.avi": ("-c:v", "mpeg4", "-q:v", "2"),
    "a.ts": X264,
    "b.ts": MPEG2,
    "a.mpg": MPEG2,
    "a.webm": ("-c:v", "libvpx-vp9", "-b:v", "4M"),
    "b.webm": ("-c:v", "libvpx", "-b:v", "4M"),
    "a.flv": ("-c:v", "flv1", "-q:v", "2"),
    "a.wmv": ("-c:v", "wmv2", "-q:v", "2"),
    "a.dv": ("-vf", "scale=720:576", "-target", "pal-dv"),
}
CHECKED = ("a.mov", "a.mkv", "a.avi")  # kinds whose pictures' bytes have check sums
COUNT, SUFFIXES = 12, (".mp4", ".mov", ".mkv", ".avi", ".ts", ".webm", ".mpg", ".flv", ".wmv", ".dv", ".gif")


@cache
def whole(folder: Path, kind: str) -> bytes:
    return film(folder / kind, *KINDS[kind], given=frames(COUNT)).read_bytes()


def cases(kind: str) -> int:
    """Return how many cases a kind has: fewer of DV, whose frames have 30 times the pixels of the others."""
    return max(1, CASES // 8) if kind.endswith(".dv") else CASES


def judge(path: Path, true_to: bool, known: np.ndarray) -> str:
    """Read a file; of what it gives every frame must be one of ``known``, if that can be asked of the codec."""
    try:
        clip = footage.read(path)
    except InputError as error:
        assert str(path) in str(error) and "\n" not in str(error)
        return "refused"
    assert len(clip.frames) < 3 or (clip.frames[1:] != clip.frames[:-1]).any(), "equal frames with success"
    if not true_to:
        return "read"
    height, width, channels = known.shape[1:]
    assert clip.frames.shape[1:] in (known.shape[1:], (576, 768, channels))
    for frame in clip.frames:
        frame = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
        error = np.abs(known.astype(np.int16) - frame).mean(axis=(1, 2, 3)).min()
        assert error < 8, error
    return "read"


def swapped(data: bytes, rng: np.random.Generator) -> bytes:
    """Two pieces of a file exchanged; of a transport stream, whole packets."""
    unit = 188 if data[:1] == b"\x47" else 1
    one, two, length = (int(value) for value in rng.integers(0, len(data) // unit // 2, 3))
    one, two = sorted((one * unit, two * unit))
    length = max(unit, min(length * unit, two - one))
    return (
        data[:one]
        + data[two : two + length]
        + data[one + length : two]
        + data[one : one + length]
        + data[two + length :]
    )


def flipped(data: bytes, rng: np.random.Generator) -> bytes:
    content = bytearray(data)
    for place in rng.integers(0, len(data), int(rng.integers(1, 4))):
        content[place] ^= 1 << int(rng.integers(8))
    return bytes(content)


@pytest.mark.parametrize("kind", KINDS)
def test_cut(tmp_path, tmp_path_factory, kind):
    data = whole(tmp_path_factory.getbasetemp(), kind)
    rng, known = np.random.default_rng(1), frames(COUNT)
    for _ in range(cases(kind)):
        path = tmp_path / kind
        path.write_bytes(data[: int(rng.integers(len(data)))])
        judge(path, True, known)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("damage", [flipped, swapped])
def test_bytes_changed(tmp_path, tmp_path_factory, kind, damage):
    """Codecs without check sums decode many a changed byte to other pictures, without an error: nobody could tell."""
    data = whole(tmp_path_factory.getbasetemp(), kind)
    rng, known = np.random.default_rng(2), frames(COUNT)
    for _ in range(cases(kind)):
        path = tmp_path / kind
        path.write_bytes(damage(data, rng))
        judge(path, kind in CHECKED, known)


@pytest.mark.parametrize("kind", KINDS)
def test_named_wrongly(tmp_path, tmp_path_factory, kind):
    data, known = whole(tmp_path_factory.getbasetemp(), kind), frames(COUNT)
    for suffix in SUFFIXES:
        path = tmp_path / f"x{suffix}"
        path.write_bytes(data)
        assert judge(path, True, known) == "read"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_two_files_in_one(tmp_path, tmp_path_factory, kind, other):
    base = tmp_path_factory.getbasetemp()
    path = tmp_path / kind
    path.write_bytes(whole(base, kind) + whole(base, other))
    judge(path, True, frames(COUNT))
