"""Networks of MatConvNet: MAT files of MATLAB 5 to 7, read by SciPy after a look at the sizes that they name."""

import io
import math
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rrrn.running.stage import InputError

_HEADER = 128  # bytes; the last four are version and byte order
_MATRIX, _COMPRESSED = 14, 15
_CONTAINERS = (1, 2, 3)  # classes of matrices: cells, structs, objects
_MOST_BYTES = 2**31  # unpacked; VGG-Face has 0.6e9
_DEEPEST = 20


def begins(head: bytes) -> bool:
    """Return whether a file that begins so is one of MATLAB."""
    return head.startswith(b"MATLAB ")


def layers(path: Path) -> dict[str, tuple[Tensor, Tensor]]:
    """Return {name: (filters (H, W, C_in, C_out), biases (C_out,))} of the layers that have weights, float32.

    Raises InputError, naming the file, if it is missing, damaged, cut short or something else.
    """
    from scipy.io import loadmat  # half a second, for this format alone

    try:
        data = path.read_bytes()
        if data[:10] == b"MATLAB 7.3" or data[126:_HEADER] == b"MI":
            raise InputError(f"{path}: is of MATLAB 7.3 or a big-endian machine; save it in MATLAB with the option -v7")
        data = _unpacked(data)
        held = loadmat(io.BytesIO(data), variable_names=("layers", "net"))
        if not {"layers", "net"} & held.keys():
            raise ValueError("it has neither a variable layers nor net")
        found = held["layers"] if "layers" in held else held["net"]["layers"][0, 0]
        return dict(_weights(layer[0, 0]) for layer in found.flat if _has_weights(layer[0, 0]))
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"{path}: the weights file cannot be read ({error})") from None
    except Exception as error:  # damaged bytes can end in any
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise InputError(f"{path}: not a whole network of MatConvNet ({reason}); fetch or copy it again") from None


def _has_weights(layer: Any) -> bool:
    names = layer.dtype.names
    return "filters" in names or ("weights" in names and layer["weights"].size > 1)


def _weights(layer: Any) -> tuple[str, tuple[Tensor, Tensor]]:
    """Return name and weights of a layer, in a cell, or as in early versions, in fields of their own."""
    if "filters" in layer.dtype.names:
        filters, biases = layer["filters"], layer["biases"]
    else:
        filters, biases = layer["weights"].flat[:2]
    filters = filters.reshape(*filters.shape, *[1] * (4 - filters.ndim))  # MATLAB drops axes of 1 at the end
    numbers = [torch.from_numpy(np.ascontiguousarray(one, np.float32)) for one in (filters, biases)]
    return str(layer["name"].item()), (numbers[0], numbers[1].flatten())


def _unpacked(data: bytes) -> bytes:
    """Return a file without compression; raises ValueError if it names sizes that it does not have, or is too large."""
    parts, left = [data[:_HEADER]], _MOST_BYTES
    for kind, part in _elements(memoryview(data)[_HEADER:]):
        whole = _tag(kind, part)
        if kind == _COMPRESSED:
            unpacking = zlib.decompressobj()
            whole = unpacking.decompress(part, max(left, 1))
            if unpacking.unconsumed_tail or not unpacking.eof:
                raise ValueError(f"it is cut short, or more than {_MOST_BYTES / 1e9:.1f} GB")
        left -= len(whole)
        for inner, matrix in _elements(memoryview(whole)):
            if inner == _MATRIX:
                _check(matrix)
        parts.append(whole)
    return b"".join(parts)


def _tag(kind: int, part: memoryview) -> bytes:
    return b"" if kind == _COMPRESSED else struct.pack("<II", kind, len(part)) + part + bytes(-len(part) % 8)


def _check(matrix: memoryview, depth: int = 0) -> None:
    """Raise ValueError if a matrix, or one within it, names more cells or structs than it has bytes for."""
    parts = list(_elements(matrix))
    if not parts:
        return  # an empty cell
    if len(parts) < 3 or depth > _DEEPEST:
        raise ValueError("a matrix without shape, or too deep")
    shape = np.frombuffer(parts[1][1], "<i4").tolist()
    if parts[0][1][0] in _CONTAINERS:
        if min(shape) < 0 or 8 * math.prod(shape) > len(matrix):
            raise ValueError(f"{' x '.join(map(str, shape))} cells are named, and {len(matrix)} bytes follow")
        for kind, part in parts[3:]:
            if kind == _MATRIX:
                _check(part, depth + 1)


def _elements(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield kind and bytes of each data element; raises ValueError if one is cut short."""
    at = 0
    while at < len(data):
        if at + 8 > len(data):
            raise ValueError("it is cut short")
        kind, size = struct.unpack_from("<II", data, at)
        small = kind >> 16  # up to four bytes lie in the tag itself
        kind, size, start = (kind & 0xFFFF, small, at + 4) if small else (kind, size, at + 8)
        if start + size > len(data):
            raise ValueError(f"{size} bytes are named, and {len(data) - start} follow")
        yield kind, data[start : start + size]
        at = at + 8 if small else start + size + (0 if kind == _COMPRESSED else -size % 8)
