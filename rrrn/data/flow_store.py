"""Flow on disk: signed numbers with one fixed step, one sample a chunk, checked, and read by one class.

A stored number times the attribute ``scale`` is the value. No sample has a scale of its own, so that samples compare.
The CRC-32 of every sample is kept, so that a chunk that was never written, or was altered after the file had been
verified (rrrn/data/store.py), while a long training reads it, is an error and never zeros.
"""

import math
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import hdf5plugin
import numpy as np
from numpy.typing import NDArray

from rrrn.data import store
from rrrn.running.stage import InputError

Stored = NDArray[Any]  # int16 or float16
Index = int | tuple[int, ...]

# The spacing of float16 just below 1, the full scale: no value of [-1, 1] is rounded by more than float16 rounds some.
STEP = 2.0**-11
DTYPES = {"int16": np.dtype("<i2"), "float16": np.dtype("<f2")}
FILTERS: dict[str, Mapping[str, Any]] = {
    "none": {},
    "blosc2": {"compression": hdf5plugin.Blosc2(cname="zstd", clevel=1, filters=hdf5plugin.Blosc2.BITSHUFFLE)},
}
_LARGEST = 32767  # of both signs
_SAMPLE_AXES = 3  # components, height, width
_CHECKS = "_crc32"


def encode(values: NDArray[np.float32], dtype: str, step: float) -> Stored:
    """Return values as they are stored: int16, the nearest multiple of ``step``; or float16, whatever the step.

    ``step`` must be a power of two, so that both ways are exact but for rounding: |error| <= step / 2.
    Raises InputError for what the numbers cannot hold; nothing is ever clipped.
    """
    if dtype == "float16":
        with np.errstate(over="ignore"):
            half = values.astype(DTYPES[dtype])
        if (np.isinf(half) & np.isfinite(values)).any():
            raise InputError(f"flow reaches {_peak(values):g}, beyond what float16 holds; normalise it")
        return half
    if math.frexp(step)[0] != 0.5:
        raise ValueError(f"the step {step} is not a power of two")
    if not np.isfinite(values).all():
        raise InputError("flow is not finite (NaN or infinite), which int16 cannot hold; look at its frames")
    codes = np.rint(values.astype(np.float32) * np.float32(1 / step))
    if not (np.abs(codes) <= _LARGEST).all():
        raise InputError(
            f"flow reaches {_peak(values):g}, beyond the {_LARGEST * step:g} that int16 holds in steps of {step:g}; "
            "set flow.store.dtype to float16"
        )
    return codes.astype(DTYPES[dtype])


def decode(stored: Stored, scale: float) -> NDArray[np.float32]:
    """Return the values of stored numbers, float32: exact for powers of two, on every machine."""
    return np.multiply(stored, np.float32(scale), dtype=np.float32)


def create(
    group: h5py.Group, name: str, shape: tuple[int, ...], *, dtype: str, compression: str, scale: float
) -> h5py.Dataset:
    """Create an empty dataset of flow (..., 2, H, W), one sample (2, H, W) a chunk, and that of its checks."""
    chunks = (1,) * (len(shape) - _SAMPLE_AXES) + shape[-_SAMPLE_AXES:]
    options = {"chunks": chunks, **FILTERS[compression]} if 0 not in shape else {}
    dataset = group.create_dataset(name, shape, DTYPES[dtype], **options)
    dataset.attrs["scale"] = scale
    dataset.attrs["compression"] = compression
    group.create_dataset(name + _CHECKS, shape[:-_SAMPLE_AXES], "<u4")
    return dataset


def checks(dataset: h5py.Dataset) -> NDArray[np.uint32]:
    """Return the CRC-32 of each sample of a dataset; raises KeyError if there are none."""
    found: NDArray[np.uint32] = dataset.parent[dataset.name + _CHECKS][()]
    return found


def write(dataset: h5py.Dataset, index: Index, stored: Stored) -> None:
    """Store numbers, as ``encode`` gives them, at an index of the leading axes, with their checks."""
    dataset[index] = stored
    dataset.parent[dataset.name + _CHECKS][index] = _crc32(stored)


def put(
    group: h5py.Group, name: str, values: NDArray[np.float32], *, dtype: str, compression: str, step: float = STEP
) -> h5py.Dataset:
    """Store flow (..., 2, H, W) as int16 or float16, with compression blosc2 or none; return the dataset.

    Raises InputError for values that the numbers cannot hold.
    """
    scale = step if dtype == "int16" else 1.0
    dataset = create(group, name, values.shape, dtype=dtype, compression=compression, scale=scale)
    if values.size:
        write(dataset, (), encode(values, dtype, step))
    return dataset


class FlowFile:
    """A file of flow, held open for all who read of it.

    The whole file is verified once, here, unless ``seal`` is what ``store.verified`` returned of it. It is opened anew
    in every process, since a handle that is inherited shares its state with the parent's; and it can be sent to another
    process. Raises InputError if it is missing or damaged.
    """

    def __init__(self, path: Path, seal: bytes | None = None) -> None:
        self.path = path
        self._seal = store.verified(path) if seal is None else seal
        self._file: h5py.File | None = None
        self._datasets: dict[str, h5py.Dataset] = {}
        self._process = 0

    def stored(self, name: str, index: Index, checks: NDArray[np.uint32], where: str = "") -> Stored:
        """Return the numbers at an index of a dataset's leading axes, as they are stored; () gives all.

        ``checks`` are the CRC-32 that they must have; ``where`` says in messages what they belong to.
        """
        place = f"{self.path}: {where}: " if where else f"{self.path}: "
        try:
            numbers: Stored = self.dataset(name)[index]
        except OSError as error:
            raise InputError(f"{place}damaged ({error}); delete the file and run again") from None
        if not np.array_equal(_crc32(numbers), checks):
            raise InputError(f"{place}damaged (other checksum); delete the file and run again")
        return numbers

    def dataset(self, name: str) -> h5py.Dataset:
        """Return a dataset of the file, opened in this process."""
        if self._file is None or self._process != os.getpid():
            self.close()
            self._file, self._process = store.opened(self.path, self._seal), os.getpid()
        if name not in self._datasets:
            if name not in self._file:
                raise InputError(f"{self.path}: holds no {name}; delete it and run again")
            self._datasets[name] = self._file[name]
        return self._datasets[name]

    def close(self) -> None:
        """Close the file; the next read opens it again."""
        self._datasets.clear()
        if self._file is not None:
            self._file.close()
        self._file = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_file": None, "_datasets": {}}


class FlowReader:
    """Read one flow dataset of a file, with all checks. Raises InputError for what is missing or damaged.

    Attributes: ``shape``, ``dtype``, ``scale``; ``attributes``, all that are stored with the dataset.
    """

    def __init__(self, path: Path, name: str = "flow", seal: bytes | None = None) -> None:
        self.path, self.name = path, name
        self._file = FlowFile(path, seal)
        dataset = self._file.dataset(name)
        try:
            self.shape: tuple[int, ...] = dataset.shape
            self.dtype: np.dtype = dataset.dtype
            self._checks = checks(dataset)
            self.attributes: dict[str, Any] = dict(dataset.attrs)
            self.scale = float(self.attributes["scale"])
        except KeyError:
            raise InputError(f"{path}: holds no flow {name!r} with checks; delete it and run again") from None
        finally:
            self._file.close()  # until it is read

    def stored(self, index: Index, where: str = "") -> Stored:
        """Return the numbers at an index of the leading axes, as they are stored; () gives all.

        ``where`` says in messages what they belong to.
        """
        return self._file.stored(self.name, index, self._checks[index], where)

    def read(self, index: Index) -> NDArray[np.float32]:
        """Return the flow at an index of the leading axes, float32 (..., 2, H, W)."""
        return decode(self.stored(index), self.scale)

    def close(self) -> None:
        """Close the file; the next read opens it again."""
        self._file.close()

    def __enter__(self) -> "FlowReader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _crc32(stored: Stored) -> NDArray[np.uint32]:
    """Return the CRC-32 of each sample's little-endian bytes, uint32 (...)."""
    shape = stored.shape[:-_SAMPLE_AXES]
    samples = np.ascontiguousarray(stored).reshape(math.prod(shape), math.prod(stored.shape[-_SAMPLE_AXES:]))
    return np.array([zlib.crc32(sample.data) for sample in samples], "<u4").reshape(shape)


def _peak(values: NDArray[np.float32]) -> float:
    return float(np.abs(values).max())
