"""Videos made by the program ffmpeg of frames that are known, for tests of what reads them."""

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

HEIGHT, WIDTH = 96, 128


@cache
def frames(count: int = 24, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """Return a smooth picture that pans by two pixels per frame, uint8 (count, height, width, 3) BGR."""
    noise = np.random.default_rng(1).normal(size=(height, width + 2 * count, 3))
    wide = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 5), None, 20, 235, cv2.NORM_MINMAX).astype(np.uint8)
    return np.stack([wide[:, 2 * t : 2 * t + width] for t in range(count)])


def ffmpeg(*words: object, given: np.ndarray | None = None, rate: float = 25) -> bytes:
    """Run ffmpeg and return its output. ``given`` are frames on its input 0.

    Where there is no ffmpeg, or it lacks an encoder, the test is skipped.
    """
    if shutil.which("ffmpeg") is None:
        pytest.skip("the program ffmpeg is not installed")
    raw: list[object] = []
    if given is not None:
        size = f"{given.shape[2]}x{given.shape[1]}"
        raw = ["-f", "rawvideo", "-pix_fmt", "bgr24", "-s", size, "-r", rate, "-i", "-"]
    command = ["ffmpeg", "-loglevel", "error", "-y", *raw, *words]
    done = subprocess.run(
        [str(word) for word in command], input=b"" if given is None else given.tobytes(), capture_output=True
    )
    said = done.stderr.decode()
    if lacking := re.search(r"Unknown encoder '\w+'", said):
        pytest.skip(f"ffmpeg: {lacking[0]}")
    assert done.returncode == 0, said
    return done.stdout


def film(path: Path, *options: object, given: np.ndarray | None = None, rate: float = 25) -> Path:
    """Encode frames, those of ``frames()`` unless given, by the options, and return the path."""
    ffmpeg(*options, path, given=frames() if given is None else given, rate=rate)
    return path


def shown(path: Path, height: int, width: int, filters: str = "null") -> np.ndarray:
    """Return what ffmpeg itself makes of a video with its most exact colours, (T, height, width, 3) BGR."""
    scale = f"scale={width}:{height}:flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"
    words = ["-i", path, "-an", "-fps_mode", "passthrough", "-vf", f"{filters},{scale}", "-f", "rawvideo"]
    data = ffmpeg(*words, "-pix_fmt", "bgr24", "-")
    return np.frombuffer(data, np.uint8).reshape(-1, height, width, 3)
