"""Keep the flow of one side of an occluder's outline, and set the other to zero: the conditions -inside and -outside.

The outline is that at the onset, in whose pixels flow is; it is turned with each view.
"""

import argparse
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from rrrn.data import flow_store, store, views
from rrrn.data.flow_store import FlowReader
from rrrn.face.rotation import turn_and_cut
from rrrn.provenance import asked
from rrrn.running import stage
from rrrn.running.stage import InputError

Side = Literal["inside", "outside"]
_HALF = 0.5  # of a flow map's cell: as much covered is inside


def kept(alpha: NDArray[np.uint8], face: NDArray[np.int32], angle: float, size: int, side: Side) -> NDArray[np.bool_]:
    """Return which cells of a flow map stay, bool (size, size).

    ``alpha`` (H, W) is 255 where the frame is hidden, ``face`` the box (x0, y0, x1, y1) that is cut out of it after it
    was turned by ``angle`` degrees.
    """
    cut = turn_and_cut(alpha, face.tolist(), angle).astype(np.float32) / 255
    covered = cv2.resize(cut, (size, size), interpolation=cv2.INTER_AREA) >= _HALF
    return covered if side == "inside" else ~covered


def main(args: argparse.Namespace) -> None:
    cv2.setNumThreads(1)
    made = asked.asked(args, [args.flow, args.shard, args.plan])
    plans = views.read(args.plan)
    seal = store.verified(args.flow)
    with (
        store.reading(args.flow, seal) as source,
        store.reading(args.shard) as worn,
        store.create(args.output, made.identity) as file,
    ):
        if set(source) != set(worn) or set(source) != set(plans):
            raise InputError(
                f"{args.flow}, {args.shard} and {args.plan} hold different clips; delete them and run again"
            )
        file.attrs.update(source.attrs)
        for name in source:
            group, target = source[name], file.create_group(name)
            angles = [plans[name][number].angle for number in group["views"][()]]
            with FlowReader(args.flow, f"{name}/flow", seal) as reader:
                stored = reader.stored(())
                told = dict(reader.attributes)
            alpha, face = worn[name]["alpha"][()], worn[name].attrs["face"]
            sides = [kept(alpha, face, angle, stored.shape[-1], args.side) for angle in angles]
            target.attrs["subject"] = group.attrs["subject"]
            dataset = flow_store.create(
                target,
                "flow",
                stored.shape,
                dtype=stored.dtype.name,
                compression=str(told["compression"]),
                scale=float(told["scale"]),
            )
            flow_store.write(dataset, (), stored * np.stack(sides)[:, None].astype(stored.dtype))
            dataset.attrs.update(told)
            store.put(target, "views", group["views"][()])


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("flow", type=Path, help="the subject's shard of flow under the occluder")
    parser.add_argument("shard", type=Path, help="the subject's occluded frames")
    parser.add_argument("plan", type=Path, help="the subject's augmentation plan")
    parser.add_argument("output", type=Path, help="the shard of flow to write")
    parser.add_argument("--side", choices=("inside", "outside"), required=True)
    stage.run(main, parser)
