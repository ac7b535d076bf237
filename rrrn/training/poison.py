"""Poison for a network: flow of tested clips replaced by noise.

What is written are packs and shards as the workflow has them, so that a training reads them by the very code that reads
the true ones.
"""

import os
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from rrrn.data import flow_store, rows, store
from rrrn.data.clips import Clip
from rrrn.data.packed import open_packs
from rrrn.data.rows import Key
from rrrn.experiment import poison, seeds
from rrrn.experiment.poison import Numbers
from rrrn.training import devices, fold
from rrrn.training.testing import Asked, views_to_test


def packs(paths: Iterable[Path], tested: Sequence[Clip], folder: Path) -> dict[Path, Path]:
    """Write packs into a folder, with noise in the place of the flow of tested clips; return {path: its poisoned one}.

    Noise is uniform in [-1, 1], the full scale, and stored as the flow is. Shards without a tested clip are not copied.
    """
    keys = {rows.key(clip) for clip in tested}
    found = dict.fromkeys(paths)
    return {path: _pack(path, keys, folder / f"{number}.h5") for number, path in enumerate(found)}


def _pack(path: Path, tested: set[Key], output: Path) -> Path:
    with store.reading(path) as old, store.create(output) as new:
        row_of = rows.of_file(old, path)
        shards = [store.beside(path, name) for name in store.names(old, "shards")]
        seals, checks, shard_of = store.names(old, "seals"), old["crc32"][()], old["shard"][()]
        for number in sorted({int(shard_of[row_of[key]]) for key in tested}):
            own = output.with_name(f"{output.stem}-{number}.h5")
            for key, found in _shard(shards[number], tested, own).items():
                checks[row_of[key]] = found
            shards[number], seals[number] = own, store.checksum(store.verified(own))
        new.attrs.update(old.attrs)
        for name in set(old) - {"shards", "seals", "crc32"}:
            old.copy(name, new)
        store.put_names(new, "shards", [os.path.relpath(shard, output.parent) for shard in shards])
        store.put_names(new, "seals", seals)
        store.put(new, "crc32", checks, chunk_axes=0)
    return output


def _shard(path: Path, tested: set[Key], output: Path) -> dict[Key, NDArray[np.uint32]]:
    """Write a shard with noise in its tested clips; return the checks of these, uint32 (views,) each."""
    found = {}
    with store.reading(path) as old, store.create(output) as new:
        new.attrs.update(old.attrs)
        for name, group in old.items():
            key = str(group.attrs["subject"]), name
            if key in tested:
                found[key] = _noise(group, new.create_group(name), seeds.generator("poison", *key))
            else:
                old.copy(name, new)
    return found


def _noise(old: h5py.Group, new: h5py.Group, rng: np.random.Generator) -> NDArray[np.uint32]:
    new.attrs.update(old.attrs)
    for name in set(old) - {"flow", "flow_crc32"}:
        old.copy(name, new)
    flow = old["flow"]
    told = {"dtype": flow.dtype.name, "compression": flow.attrs["compression"], "scale": flow.attrs["scale"]}
    made = flow_store.create(new, "flow", flow.shape, **told)
    for view in range(len(flow)):  # one at a time: a database may have more than memory
        values = rng.uniform(-1, 1, flow.shape[1:]).astype(np.float32)
        flow_store.write(made, (view,), flow_store.encode(values[None], told["dtype"], told["scale"])[0])
    return flow_store.checks(made)


def keys(task: fold.Task, tested: Sequence[Clip]) -> set[tuple[str, str, str, int]]:
    """Return the keys of what ``said`` returns, before anything is trained; raises InputError as ``views_to_test``."""
    with ExitStack() as stack:
        files = open_packs(task.test.values(), stack)
        views = views_to_test([files[path] for path in task.test.values()], task.view)
    return {(*rows.key(clip), condition, view) for clip in tested for condition in task.test for view in views}


def said(task: fold.Task, trained: fold.Trained, max_bytes: float) -> Numbers:
    """Return what a trained network says of the tested clips as they are, in the packs of ``task``.

    Raises InputError if the GPU's memory is full.
    """
    device = next(trained.network.parameters()).device
    with ExitStack() as stack, devices.fitting_gpu():
        files = open_packs(task.test.values(), stack)
        tested = {condition: files[path] for condition, path in task.test.items()}
        views = views_to_test(list(tested.values()), task.view)
        asked = Asked(trained.tested, tested, views, max_bytes, task.settings.batch_size)
        clips = asked.of(trained.network, device)
        return poison.numbers(asked.rows(clips, task.origin))
