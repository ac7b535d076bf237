"""Pack one condition for training: an index over the flow of all subjects in table order, with the six region boxes.

The flow itself stays in its shards, one per subject, and the crops are taken where training runs (rrrn/face/crops.py),
so that neither is stored twice. Region geometry: Section III-B of the paper.
"""

import argparse
import itertools
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from rrrn.data import flow_store, rows, store
from rrrn.face import region_boxes
from rrrn.provenance import asked
from rrrn.running import stage, typed
from rrrn.running.stage import InputError


@dataclass(frozen=True)
class Settings:
    """The section ``pack``."""

    size: int


def form(shard: h5py.File, clip: str) -> dict[str, Any]:
    """Return how the flow of a clip in a shard was made and is stored: what all clips of a pack must share."""
    flow = shard[clip]["flow"]
    stored = {"shape": flow.shape, "dtype": flow.dtype.name, **flow.attrs}
    return {**shard.attrs, **stored, "views": shard[clip]["views"][()].tolist()}


def main(args: argparse.Namespace) -> None:
    settings = typed.section(Settings, args.settings, "pack")
    made = asked.asked(args, args.shards)
    table = made.clips(args.clips)
    seals = {path: store.verified(path) for path in args.shards}
    shard_of = rows.of_shards(seals, table)
    shards = list(dict.fromkeys(shard_of[rows.key(clip)] for clip in table))
    first: dict[str, Any] = {}
    checks = []
    for path, own in itertools.groupby(table, lambda clip: shard_of[rows.key(clip)]):
        with store.reading(path, seals[path]) as shard:
            for clip in own:
                found = form(shard, clip.clip)
                first = first or found
                if differing := [name for name in first | found if first.get(name) != found.get(name)]:
                    name = differing[0]
                    raise InputError(
                        f"{path}: clip {clip.subject}/{clip.clip} was made or stored otherwise than {table[0].subject}/"
                        f"{table[0].clip} ({name}: {found.get(name)}, not {first.get(name)}); delete {path} and "
                        f"{shards[0]}, and run again"
                    )
                checks.append(flow_store.checks(shard[clip.clip]["flow"]))
    with store.create(args.output, made.identity) as file:
        rows.put(file, table)
        store.put(file, "shard", np.array([shards.index(shard_of[rows.key(clip)]) for clip in table], np.int32))
        # seen from the pack, so that the folder of results can be moved
        store.put_names(file, "shards", [os.path.relpath(path, args.output.parent) for path in shards])
        store.put_names(file, "seals", [store.checksum(seals[path]) for path in shards])
        store.put(file, "crc32", np.stack(checks), chunk_axes=0)
        store.put(file, "views", np.array(first.pop("views"), np.int32), chunk_axes=0)
        store.put(file, "boxes", region_boxes.boxes(first["shape"][-1]), chunk_axes=0)
        file.attrs.update(first)
        file.attrs["size"] = settings.size
    logging.info("%d clips in %d shards, flow %s each", len(table), len(shards), first["shape"])


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("shards", type=Path, nargs="+", help="flow of every subject under one condition")
    parser.add_argument("output", type=Path, help="the condition's index")
    parser.add_argument("--clips", type=Path, required=True, help="clip table")
    stage.run(main, parser)
