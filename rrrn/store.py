"""The HDF5 artifact: one format for all stages, written whole and read with checks.

Equal input gives equal bytes: no time stamps, no paths, no host names. Every chunk carries a checksum
(Fletcher-32), so that a damaged chunk is an error and never zeros.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import hdf5plugin  # noqa: F401  # lets HDF5 read and write Blosc2
import numpy as np

from rrrn import stage

_REMEDY = "delete it and run again"


@contextmanager
def create(path: Path) -> Iterator[h5py.File]:
    """Yield a new HDF5 file that takes its name when the block ends without an error, and vanishes otherwise."""
    with stage.replacing(path) as partial, _without_variables_of_blosc():
        try:
            file = h5py.File(partial, "w", locking=False)
        except OSError as error:
            raise stage.InputError(f"{path}: cannot be written ({error}); check permissions and disk space") from error
        with file:
            yield file


@contextmanager
def _without_variables_of_blosc() -> Iterator[None]:
    """Hide the environment variables that would overrule how Blosc2 is told to compress, and so change bytes."""
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("BLOSC_")}
    try:
        yield
    finally:
        os.environ.update(hidden)


@contextmanager
def reading(path: Path) -> Iterator[h5py.File]:
    """Yield an HDF5 file for reading; raises InputError if it, or what is read of it, is missing or damaged."""
    with opened(path) as file:
        try:
            yield file
        except OSError as error:
            if "read data" not in str(error):  # of another file
                raise
            raise stage.InputError(f"{path}: damaged ({error}); {_REMEDY}") from error


def opened(path: Path) -> h5py.File:
    """Return an HDF5 file for reading, which the caller closes; raises InputError if it is missing or damaged."""
    try:
        return h5py.File(path, "r", locking=False)  # locks fail on many network file systems
    except OSError as error:
        raise stage.InputError(f"{path}: missing, cut short or damaged ({error}); {_REMEDY}") from error


def put(group: h5py.Group, name: str, values: np.ndarray, chunk_axes: int = 1, compress: bool = False) -> None:
    """Store an array, one chunk for each index of its first ``chunk_axes`` axes.

    ``compress`` is lossless (byte shuffle and deflate level 1). Flow has a store of its own: rrrn/flow_store.py.
    """
    values = np.asarray(values)
    chunks = (1,) * chunk_axes + values.shape[chunk_axes:]
    options = {"compression": "gzip", "compression_opts": 1, "shuffle": True} if compress else {}
    if values.size == 0 or values.ndim == 0:
        group.create_dataset(name, data=values)
    else:
        group.create_dataset(name, data=values, chunks=chunks, fletcher32=True, **options)


def put_names(group: h5py.Group, name: str, values: list[str]) -> None:
    """Store a list of names as UTF-8 text."""
    group.create_dataset(name, data=np.array(values, dtype=h5py.string_dtype()))


def names(group: h5py.Group, name: str) -> list[str]:
    """Return a list of names stored by ``put_names``."""
    return [str(value) for value in group[name].asstr()[()]]
