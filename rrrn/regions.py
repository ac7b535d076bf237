"""Pack one condition for training: the flow of all subjects in table order, with the six region boxes.

The crops themselves are taken where training runs (rrrn/crops.py), bit-equal to crops taken ahead: at the paper's
size that is 46 GB for 13 conditions and not 277 GB. Region geometry: Section III-B of the paper.
"""

import argparse
import logging
from pathlib import Path

import numpy as np

from rrrn import asked, flow_store, region_boxes, stage, store
from rrrn.flow_store import FlowReader
from rrrn.stage import InputError


def main(args: argparse.Namespace) -> None:
    made = asked.asked(args, args.shards)
    table = made.clips(args.clips)
    where = {}
    seals = {path: store.verified(path) for path in args.shards}
    for path, seal in seals.items():
        with store.reading(path, seal) as shard:
            for name, group in shard.items():
                where[str(group.attrs["subject"]), name] = path
    if missing := [clip for clip in table if (clip.subject, clip.clip) not in where]:
        raise InputError(f"no flow of clip {missing[0].subject}/{missing[0].clip} in the shards given")
    with store.create(args.output, made.identity) as file:
        for row, clip in enumerate(table):
            path = where[clip.subject, clip.clip]
            with store.reading(path, seals[path]) as shard:
                views, made_by = shard[clip.clip]["views"][()], dict(shard.attrs)
            with FlowReader(path, f"{clip.clip}/flow", seals[path]) as reader:
                stored, form = reader.stored(()), {**reader.attributes, "dtype": reader.dtype.name}
            if row == 0:
                first, shape = (made_by, form), (len(table), *stored.shape)
                packed = flow_store.create(
                    file, "flow", shape, dtype=form["dtype"], compression=form["compression"], scale=form["scale"]
                )
                packed.attrs.update(reader.attributes)
                file.attrs.update(made_by)
                store.put(file, "views", views)
                store.put(file, "boxes", region_boxes.boxes(shape[-1]))
            elif stored.shape != packed.shape[1:] or not np.array_equal(views, file["views"][()]):
                raise InputError(f"{path}: other views than {table[0].subject}'s; delete it and run again")
            elif (made_by, form) != first:
                raise InputError(
                    f"{path}: made or stored otherwise than {table[0].subject}'s (by {made_by} in the form {form}, "
                    f"not by {first[0]} in {first[1]}); delete both and run again"
                )
            flow_store.write(packed, row, stored)
        store.put_names(file, "subject", [clip.subject for clip in table])
        store.put_names(file, "clip", [clip.clip for clip in table])
        file.attrs["size"] = args.settings["regions"]["size"]
        logging.info("%d clips, flow %s", len(table), packed.shape)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("shards", type=Path, nargs="+", help="flow of every subject under one condition")
    parser.add_argument("output", type=Path, help="the condition, packed")
    parser.add_argument("--clips", type=Path, required=True, help="clip table")
    stage.run(main, parser)
