"""List what occluders leave open of each clip under one condition: shares of the six regions, and covered action units.

It is the truth that region weights are held against (rrrn/stages/faithfulness.py), out of shards that hold all frames
and may be deleted.
"""

import argparse
from pathlib import Path

import h5py

from rrrn.data import digested, rows, store
from rrrn.face import region_boxes
from rrrn.occlusion import truth
from rrrn.provenance import asked
from rrrn.running import stage


def listed(group: h5py.Group) -> list[str]:
    """Return of a clip of an occluded shard the visible share of each region, the share of its action units that are
    covered, and how much of each one's skin is, of ``truth.UNITS``.
    """
    shares = group.attrs["au_shares"]
    covered = float((shares >= truth.COVERED).mean())
    return [format(float(value), ".6g") for value in (*group.attrs["visible"], covered, *shares)]


def main(args: argparse.Namespace) -> None:
    """Write a row for each clip, in the order of the clip table."""
    made = asked.asked(args, args.shards)
    table = made.clips(args.clips)
    seals = {path: store.verified(path) for path in args.shards}
    shard_of = rows.of_shards(seals, table)
    found = []
    for clip in table:
        shard = shard_of[rows.key(clip)]
        with store.reading(shard, seals[shard]) as file:
            found.append([*rows.key(clip), *listed(file[clip.clip])])
    regions = [f"visible_{number}" for number in range(len(region_boxes.FRACTIONS))]
    header = ["subject", "clip", *regions, "covered_units", *(f"au_{unit}" for unit in truth.UNITS)]
    digested.write(header, found, args.output, made.identity)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("shards", type=Path, nargs="+", help="occluded shards of all subjects (HDF5)")
    parser.add_argument("output", type=Path, help="what is visible of each clip, a CSV table")
    parser.add_argument("--clips", type=Path, required=True, help="clip table")
    stage.run(main, parser)
