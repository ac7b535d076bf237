"""Named tensors in an HDF5 artifact, by numbers: what they are called may be anything."""

from collections.abc import Mapping

import h5py
import torch
from torch import Tensor

from rrrn.data import store


def put(file: h5py.File, tensors: Mapping[str, Tensor]) -> None:
    """Store tensors of any shape and device in an open file."""
    for number, value in enumerate(tensors.values()):
        file.create_dataset(str(number), data=value.detach().cpu().contiguous().numpy())
    store.put_names(file, "names", list(tensors))


def get(file: h5py.File) -> dict[str, Tensor]:
    """Return the tensors that ``put`` stored, on the processor."""
    return {name: torch.tensor(file[str(number)][()]) for number, name in enumerate(store.names(file, "names"))}
