"""Files of Torch7, the Lua library, read as data: its binary serialization, as 64-bit little-endian machines write it.

Nothing of a file is run, and nothing is allocated that the file is too short for. (The package torchfile, whose last
release is of 2017, makes tensors of any size and stride that a file names, beyond what is in memory.)
"""

import math
import re
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from rrrn.running.stage import InputError

_NIL, _NUMBER, _STRING, _TABLE, _OBJECT, _BOOLEAN = range(6)
_FUNCTIONS = (6, 7, 8)
_STARTS = (struct.pack("<i", _TABLE), struct.pack("<i", _OBJECT))
_TENSORS = re.compile(r"torch\.(\w*)(Tensor|Storage)")
_TYPES = {
    **{"Byte": np.uint8, "Char": np.int8, "Short": np.int16, "Int": np.int32, "Long": np.int64},
    **{"Float": np.float32, "Double": np.float64, "Cuda": np.float32},
}
_DEEPEST = 100  # modules within modules


@dataclass(frozen=True)
class Thing:
    """An object of a class that is no tensor, such as ``nn.Linear``, with its fields."""

    kind: str
    fields: dict[Any, Any] = field(default_factory=dict)


def begins(head: bytes) -> bool:
    """Return whether a file that begins so may be one of Torch7 that holds a table or an object."""
    return head.startswith(_STARTS)


def read(path: Path) -> Any:
    """Return what a file holds: a dict for a table, ``Thing`` for an object, Tensor for a tensor and for a storage.

    Functions become None. Raises InputError, naming the file, if it is missing, damaged, cut short or something else.
    """
    try:
        with path.open("rb") as file:
            return _Reader(file, path.stat().st_size).value()
    except OSError as error:
        raise InputError(f"{path}: the weights file cannot be read ({error})") from None
    except (ValueError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"{path}: not a whole file of Torch7 ({reason}); fetch or copy it again") from None


def layers(found: Any) -> list[tuple[Tensor, Tensor]]:
    """Return weight and bias of every layer that has both, in the order of the modules of a network."""
    made, seen, waiting = [], set[int](), [found]
    while waiting:
        thing = waiting.pop()
        if not isinstance(thing, Thing) or id(thing) in seen:  # a module may hold itself
            continue
        seen.add(id(thing))
        weight, bias, modules = (thing.fields.get(name) for name in ("weight", "bias", "modules"))
        if isinstance(weight, Tensor) and isinstance(bias, Tensor):
            made.append((weight, bias))
        elif isinstance(modules, dict):
            waiting += [modules.get(float(number)) for number in range(len(modules), 0, -1)]
    return made


class _Reader:
    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._left = size
        self._known: dict[int, Any] = {}  # objects are written once, and then by number

    def value(self, depth: int = 0) -> Any:
        kind = self._int()
        if kind == _NIL:
            return None
        if kind == _NUMBER:
            return struct.unpack("<d", self._take(8))[0]
        if kind == _STRING:
            return self._text()
        if kind == _BOOLEAN:
            return bool(self._int())
        if kind not in (_TABLE, _OBJECT, *_FUNCTIONS) or depth > _DEEPEST:
            raise ValueError(f"kind {kind} at depth {depth}")
        number = self._int()
        if number in self._known:
            return self._known[number]
        if kind == _TABLE:
            self._known[number] = {}
            return self._fill(self._known[number], depth)
        if kind == _OBJECT:
            return self._object(number, depth)
        self._known[number] = None
        self._take(self._int())
        self.value(depth + 1)  # what a function knows is of no use without it
        return None

    def _fill(self, table: dict[Any, Any], depth: int) -> dict[Any, Any]:
        for _ in range(self._room(self._int(), 8)):  # two values of 4 bytes at least
            key, value = self.value(depth + 1), self.value(depth + 1)
            if isinstance(key, str | float | bool):
                table[key] = value
        return table

    def _object(self, number: int, depth: int) -> Any:
        version = self._text()
        name = self._text() if version.startswith("V ") else version  # old files have none
        self._known[number] = thing = Thing(name)
        if found := _TENSORS.fullmatch(name):
            if found[1] not in _TYPES:
                raise ValueError(f"it holds a {name}")
            made = self._storage(_TYPES[found[1]]) if found[2] == "Storage" else self._tensor(depth)
            self._known[number] = made
            return made
        fields = self.value(depth + 1)
        if isinstance(fields, dict):
            thing.fields.update(fields)
        return thing

    def _storage(self, of: Any) -> Tensor:
        count = self._room(self._long(), np.dtype(of).itemsize)
        return torch.from_numpy(np.frombuffer(self._take(count * np.dtype(of).itemsize), of).copy())

    def _tensor(self, depth: int) -> Tensor:
        axes = self._room(self._int(), 16)
        sizes, strides = ([self._long() for _ in range(axes)] for _ in range(2))
        first = self._long() - 1
        held = self.value(depth + 1)
        if held is None or not axes:
            return torch.empty(0)
        if not isinstance(held, Tensor) or min(sizes) < 0 or math.prod(sizes) > held.numel():
            raise ValueError(f"a tensor of {sizes} without as many numbers")
        return torch.as_strided(held, sizes, strides, first)  # a RuntimeError for places that are not there

    def _room(self, count: int, each: int) -> int:
        """Return a count of things that take ``each`` bytes or more, if the file can hold them."""
        if not 0 <= count * each <= self._left:
            raise ValueError(f"{count} times {each} bytes or more are named, and {self._left} follow")
        return count

    def _take(self, count: int) -> bytes:
        data = self._file.read(self._room(count, 1))
        if len(data) < count:
            raise ValueError("it became shorter while it was read")
        self._left -= count
        return data

    def _int(self) -> int:
        return int(struct.unpack("<i", self._take(4))[0])

    def _long(self) -> int:
        return int(struct.unpack("<q", self._take(8))[0])

    def _text(self) -> str:
        return self._take(self._int()).decode("latin-1")
