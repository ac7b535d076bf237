"""TV-L1 optical flow of every view of one subject's clips, normalised and stored at the network's size.

Section III-B of the paper names TV-L1 (Zach et al. 2007); its parameters are OpenCV's defaults. Both frames of a view
are turned about the centre of the face box and then cut, the flow is solved at that size, and the two component maps
are resized.
"""

import argparse
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rrrn import flow_store, provenance, stage, store, views
from rrrn.stage import InputError
from rrrn.views import View

UNITS = {
    "fixed": "full_scale_pct % of the width of the face box",
    "p99": "99th percentile of the sample's magnitudes",
    "minmax": "half of the range of the component, from its middle",
}


def tvl1(a: NDArray[np.uint8], b: NDArray[np.uint8], **parameters: Any) -> NDArray[np.float32]:
    """Return the flow from image ``a`` to image ``b`` (each uint8 (H, W)), float32 (2, H, W): u right, v down, pixels.

    ``parameters``: tau, lambda, theta, scales, scale_step, warps, epsilon, inner_iterations, outer_iterations,
    median_filter; see config.yaml.
    """
    solver = cv2.optflow.DualTVL1OpticalFlow_create(  # type: ignore[attr-defined]  # not in OpenCV's stubs
        tau=parameters["tau"],
        lambda_=parameters["lambda"],
        theta=parameters["theta"],
        nscales=parameters["scales"],
        warps=parameters["warps"],
        epsilon=parameters["epsilon"],
        innnerIterations=parameters["inner_iterations"],  # spelled so in OpenCV
        outerIterations=parameters["outer_iterations"],
        scaleStep=parameters["scale_step"],
        medianFiltering=parameters["median_filter"],
    )
    return np.ascontiguousarray(solver.calc(a, b, None).transpose(2, 0, 1))


def turn_and_cut(frame: NDArray[np.uint8], face: Sequence[int], angle: float) -> NDArray[np.uint8]:
    """Return the face box (x0, y0, x1, y1) of a gray frame after turning the frame about the box's centre.

    ``angle`` in degrees, positive counter-clockwise on the screen; 0 copies pixels. Outside of it its border repeats.
    """
    x0, y0, x1, y1 = (int(value) for value in face)
    if angle == 0:
        return frame[y0:y1, x0:x1]
    turn = cv2.getRotationMatrix2D(((x0 + x1 - 1) / 2, (y0 + y1 - 1) / 2), angle, 1.0)
    turn[:, 2] -= (x0, y0)
    return cv2.warpAffine(frame, turn, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def normalise(flow: NDArray[np.float32], face_width: int, norm: str, full_scale_pct: float) -> NDArray[np.float32]:
    """Return the flow (2, H, W), in pixels, scaled to [-1, 1].

    ``fixed``: in units of ``full_scale_pct`` % of the face box's width, clipped; ``p99``: by the 99th percentile of the
    sample's magnitudes, clipped; ``minmax``: each component from its minimum to its maximum (constant maps become 0).
    """
    if norm == "fixed":
        return np.clip(flow * np.float32(100 / face_width / full_scale_pct), -1, 1)
    if norm == "p99":
        scale = np.percentile(np.hypot(flow[0], flow[1]), 99)
        return np.clip(flow / max(float(scale), 1e-12), -1, 1).astype(np.float32)
    low, high = flow.min(axis=(1, 2), keepdims=True), flow.max(axis=(1, 2), keepdims=True)
    span = np.where(high > low, high - low, 1)
    return np.where(high > low, 2 * (flow - low) / span - 1, 0).astype(np.float32)


def flows(
    frames: NDArray[np.uint8],
    numbers: NDArray[np.int32],
    face: Sequence[int],
    plan: Sequence[View],
    *,
    norm: str,
    full_scale_pct: float,
    size: int,
    **parameters: Any,
) -> NDArray[np.float32]:
    """Return the flow of every view of one clip, float32 (views, 2, size, size): u, v of each.

    ``frames`` uint8 (T, H, W) gray with frame numbers ``numbers`` (T). A view that repeats another's frames and angle
    is solved once.
    """
    index = {int(number): t for t, number in enumerate(numbers)}
    solved: dict[tuple[int, int, float], NDArray[np.float32]] = {}
    for view in plan:
        key = (view.onset, view.apex, view.angle)
        if key in solved:
            continue
        a, b = (turn_and_cut(frames[index[number]], face, view.angle) for number in (view.onset, view.apex))
        flow = normalise(tvl1(a, b, **parameters), a.shape[1], norm, full_scale_pct)
        resized = [cv2.resize(component, (size, size), interpolation=cv2.INTER_LINEAR) for component in flow]
        solved[key] = np.stack(resized)
    return np.stack([solved[view.onset, view.apex, view.angle] for view in plan])


def made_by(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return what the flow is made by, for attributes: engine, its version, the parameters (JSON), the code's digest.

    Neither a time nor a place, so that equal input gives equal bytes.
    """
    return {
        "engine": "opencv",
        "engine_version": cv2.__version__,
        "parameters": json.dumps(settings, sort_keys=True),
        "code": provenance.digest("rrrn.flow"),
    }


def main(args: argparse.Namespace) -> None:
    cv2.setNumThreads(1)
    settings = dict(args.settings["flow"])
    form = settings.pop("store")
    plans = views.read(args.plan)
    with store.reading(args.shard) as shard, store.create(args.output) as file:
        file.attrs.update(made_by(settings))
        if set(plans) != set(shard):
            raise InputError(f"{args.plan} and {args.shard} hold different clips; delete both and run again")
        for clip, plan in plans.items():
            group = shard[clip]
            wanted = plan[:1] if args.views == "original" else plan
            result = flows(group["frames"][()], group["numbers"][()], group.attrs["face"], wanted, **settings)
            if not np.isfinite(result).all():
                raise InputError(f"{args.shard}: clip {clip} gives a flow that is not finite; look at its frames")
            target = file.create_group(clip)
            target.attrs["subject"] = group.attrs["subject"]
            dataset = flow_store.put(target, "flow", result, **form)
            dataset.attrs["channels"] = "u to the right, v down; signed"
            dataset.attrs["norm"] = settings["norm"]
            dataset.attrs["full_scale_pct"] = settings["full_scale_pct"]
            dataset.attrs["units"] = UNITS[settings["norm"]]
            store.put(target, "views", np.array([view.view for view in wanted], np.int32))
            logging.info("%s: %d views, mean |flow| %.4f", clip, len(wanted), np.abs(result).mean())


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("shard", type=Path, help="the subject's occluded frames")
    parser.add_argument("plan", type=Path, help="the subject's augmentation plan")
    parser.add_argument("output", type=Path, help="the subject's shard of flow")
    parser.add_argument("--views", choices=("all", "original"), default="all", help="original: view 0 only")
    stage.run(main, parser)
