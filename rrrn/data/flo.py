"""Flow as Middlebury .flo files (Baker et al. 2011): a tag, width, height, and the vectors of each pixel, row by row.

All numbers are little-endian and of 32 bits.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rrrn.running import stage
from rrrn.running.stage import InputError

_TAG = b"PIEH"  # 202021.25 as a number
_HEADER = 12  # bytes


def write(path: Path, flow: NDArray[np.float32]) -> None:
    """Write a flow, float32 (2, H, W) in pixels; the file is whole or absent."""
    height, width = flow.shape[1:]
    header = _TAG + np.array([width, height], "<i4").tobytes()
    with stage.replacing(path) as partial:
        partial.write_bytes(header + np.ascontiguousarray(flow.transpose(1, 2, 0), "<f4").tobytes())


def read(path: Path) -> NDArray[np.float32]:
    """Return the flow of a .flo file, float32 (2, H, W); raises InputError if it is no whole one."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    width, height = np.frombuffer(data[4:_HEADER].ljust(8, b"\0"), "<i4").tolist()
    if data[:4] != _TAG or min(width, height) < 1 or len(data) != _HEADER + 8 * width * height:
        raise InputError(f"{path}: is no whole .flo file; make it again")
    vectors = np.frombuffer(data, "<f4", offset=_HEADER).reshape(height, width, 2)
    return np.ascontiguousarray(vectors.transpose(2, 0, 1), np.float32)
