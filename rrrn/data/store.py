"""The HDF5 artifact: one format for all stages, written whole and read with checks.

Equal input gives equal bytes: no time stamps, no host names. The first 512 bytes, which HDF5 leaves to its users, are
the seal. Its first line is a checksum of all that follows, its second says which file this is and what it was made from
(``identity.py``). Every job verifies the checksum once for each file, before HDF5 sees the file, so that damage of any
kind is an error and never zeros, nor the end of the process inside of HDF5. By hand: ``tail -n +2 FILE | b2sum -l 128``
prints what ``head -n 1 FILE`` says.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin  # noqa: F401  # lets HDF5 read and write Blosc2
import numpy as np

from rrrn.data.identity import Identity
from rrrn.running import stage

_REMEDY = "delete it and run again"
_SEAL_BYTES = 512  # the smallest user block of HDF5
_MAGIC = b"rrrn: BLAKE2b-128 of what follows this line: "
_LINE_BYTES = len(_MAGIC) + 33  # with 32 digits and the end of the line


@contextmanager
def create(path: Path, made: Callable[[], str] = lambda: str(Identity())) -> Iterator[h5py.File]:
    """Yield a new HDF5 file that takes its name when the block ends without an error, and vanishes otherwise.

    It is sealed and on the disk before it has the name. ``made`` is asked at the end what the file is to say of itself.
    """
    with stage.replacing(path) as partial, _without_variables_of_blosc():
        with _blamed_on(path):
            raw = _Sink(partial, "x+")
        with raw:
            try:
                with h5py.File(raw, "w", userblock_size=_SEAL_BYTES) as file:
                    yield file
            finally:
                with _blamed_on(path):
                    raw.raise_failure()
            with _blamed_on(path):
                raw.seek(_LINE_BYTES)
                raw.write(_told(made()))
                raw.seek(_LINE_BYTES)
                line = _line_of_rest(raw)
                raw.seek(0)
                raw.write(line)
                raw.raise_failure()
                os.fsync(raw)


class _Sink(FileIO):
    """A file that keeps the first error of writing to itself.

    Told of it, HDF5 loses in silence what a data set still holds when it is closed, and then crashes.
    """

    _failure: OSError | None = None

    def write(self, data: Any) -> int:
        """Write all, or nothing once that has failed."""
        rest = memoryview(data).cast("B")
        size = len(rest)
        try:
            while rest and self._failure is None:
                rest = rest[super().write(rest) :]
        except OSError as error:
            self._failure = error
        return size

    def readinto(self, buffer: Any) -> int:
        """Read; what could not be written are zeros."""
        count = super().readinto(buffer)
        if self._failure is None:
            return count
        view = memoryview(buffer).cast("B")
        view[count:] = bytes(len(view) - count)
        return len(view)

    def raise_failure(self) -> None:
        """Raise the error of writing, if there was one."""
        if self._failure:
            raise self._failure


@contextmanager
def _blamed_on(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise stage.InputError(
            f"{path}: cannot be written ({error.strerror}); make room or correct the permissions, and run again"
        ) from error


@contextmanager
def _without_variables_of_blosc() -> Iterator[None]:
    """Hide the environment variables that would overrule how Blosc2 is told to compress, and so change bytes."""
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("BLOSC_")}
    try:
        yield
    finally:
        os.environ.update(hidden)


@contextmanager
def reading(path: Path, seal: bytes | None = None) -> Iterator[h5py.File]:
    """Yield an HDF5 file for reading; raises InputError if it is missing or damaged.

    The whole file is verified first, unless ``seal`` is what ``verified`` returned of it in this job.
    """
    with opened(path, verified(path) if seal is None else seal) as file:
        try:
            yield file
        except OSError as error:
            if "read data" not in str(error):  # of another file
                raise
            raise stage.InputError(f"{path}: damaged ({error}); {_REMEDY}") from error


def verified(path: Path) -> bytes:
    """Return the seal of a file that it fits; raises InputError if the file is missing, damaged or without a seal."""
    with _raw(path) as file:
        seal = file.read(_SEAL_BYTES)
        if not seal.startswith(_MAGIC):
            raise stage.InputError(f"{path}: damaged, or of another program or version (no checksum); {_REMEDY}")
        file.seek(_LINE_BYTES)
        if seal[:_LINE_BYTES] != _line_of_rest(file):
            raise stage.InputError(f"{path}: damaged or cut short (other checksum); {_REMEDY}")
    return seal


def checksum(seal: bytes) -> str:
    """Return the checksum that a seal says, 32 hexadecimal digits; no other content of a file has it."""
    return seal[len(_MAGIC) : _LINE_BYTES].decode().rstrip()


def beside(path: Path, name: str) -> Path:
    """Return the path of a file that another one, ``path``, names as seen from its own folder."""
    return Path(os.path.normpath(path.parent / name))


def opened(path: Path, seal: bytes) -> h5py.File:
    """Return a verified HDF5 file for reading, which the caller closes.

    Raises InputError if it is missing or has another seal than the file that was verified.
    """
    with _raw(path) as file:
        if file.read(_SEAL_BYTES) != seal:
            raise stage.InputError(f"{path}: replaced or damaged since it was verified; run again")
    try:
        # locks fail on many network file systems; and no chunk is read twice, of which each data set would keep 1 MB
        return h5py.File(path, "r", locking=False, rdcc_nbytes=0)
    except OSError as error:
        raise stage.InputError(f"{path}: damaged ({error}); {_REMEDY}") from error


@contextmanager
def _raw(path: Path) -> Iterator[FileIO]:
    try:
        with FileIO(path) as file:
            yield file
    except OSError as error:
        raise stage.InputError(f"{path}: missing or cannot be read ({error.strerror}); {_REMEDY}") from error


def _told(made: str) -> bytes:
    """Return the second line of the seal, in as many bytes as are left for it."""
    told = made.encode()
    if len(told) >= _SEAL_BYTES - _LINE_BYTES:
        raise ValueError(f"{made!r} does not fit into the seal")
    return (told + b"\n").ljust(_SEAL_BYTES - _LINE_BYTES)


def _line_of_rest(file: FileIO) -> bytes:
    """Return the first line for what follows it. BLAKE2b is fast on every processor, SHA-256 on some."""
    digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    return _MAGIC + digest.encode() + b"\n"


def put(group: h5py.Group, name: str, values: np.ndarray, chunk_axes: int = 1, compress: bool = False) -> None:
    """Store an array, one chunk for each index of its first ``chunk_axes`` axes.

    ``compress`` is lossless (byte shuffle and deflate level 1). Flow has a store of its own: rrrn/data/flow_store.py.
    """
    values = np.asarray(values)
    chunks = (1,) * chunk_axes + values.shape[chunk_axes:]
    options = {"compression": "gzip", "compression_opts": 1, "shuffle": True} if compress else {}
    if values.size == 0 or values.ndim == 0:
        group.create_dataset(name, data=values)
    else:
        group.create_dataset(name, data=values, chunks=chunks, **options)


def put_names(group: h5py.Group, name: str, values: list[str]) -> None:
    """Store a list of names as UTF-8 text."""
    group.create_dataset(name, data=np.array(values, dtype=h5py.string_dtype()))


def names(group: h5py.Group, name: str) -> list[str]:
    """Return a list of names stored by ``put_names``."""
    return [str(value) for value in group[name].asstr()[()]]
