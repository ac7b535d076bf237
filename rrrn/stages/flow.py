"""TV-L1 optical flow of every view of one subject's clips, normalised and stored at the network's size.

Section III-B of the paper names TV-L1 (Zach et al. 2007); its parameters are OpenCV's defaults. Both frames of a view
are turned about the centre of the face box and then cut, the flow is solved at that size, and the two component maps
are resized. ``flow.rotation: field`` turns the flow instead of the frames.
"""

import argparse
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import cv2
import h5py
import numpy as np
from numpy.typing import NDArray

from rrrn.data import flow_store, shards, store, views
from rrrn.data.views import View
from rrrn.flow import clip_batches, clip_views, engines, pairs
from rrrn.flow.parameters import Parameters
from rrrn.provenance import asked, sources
from rrrn.running import stage, typed
from rrrn.running.stage import InputError

Plans = Mapping[str, Sequence[View]]  # by clip
Solved = tuple[str, NDArray[np.float32]]  # a clip, and the flow of its views as ``flows`` returns it

Norm = Literal["fixed", "p99", "minmax"]
UNITS: dict[Norm, str] = {
    "fixed": "full_scale_pct % of the width of the face box",
    "p99": "99th percentile of the sample's magnitudes",
    "minmax": "half of the range of the component, from its middle",
}


@dataclass(frozen=True)
class Store:
    """How flow is stored; see ``flow_store.put``."""

    dtype: Literal["int16", "float16"]
    compression: Literal["blosc2", "none"]


@dataclass(frozen=True)
class Settings:
    """The section ``flow``, whose keys of TV-L1 are ``solver``."""

    engine: engines.Name
    rotation: clip_views.Rotation
    warm_start: bool
    norm: Norm
    full_scale_pct: float
    size: int
    store: Store
    solver: Parameters

    @classmethod
    def of(cls, section: Mapping[str, Any]) -> "Settings":
        """Return the section; raises InputError if it is not whole or has another key or value."""
        solver = Parameters().section().keys()
        if missing := [key for key in solver if key not in section]:
            raise InputError(f"the settings lack flow.{missing[0]}")
        told = {key: value for key, value in section.items() if key not in solver}
        return typed.of(cls, told | {"solver": Parameters.of_section(section)}, "flow")


def tvl1(
    a: NDArray[np.uint8], b: NDArray[np.uint8], *, engine: engines.Name = "auto", threads: int = 1, **parameters: Any
) -> NDArray[np.float32]:
    """Return the TV-L1 flow from image ``a`` to image ``b``, float32 (2, H, W): u right, v down, in pixels.

    >>> import numpy as np
    >>> import rrrn
    >>> y, x = np.mgrid[:48, :64]
    >>> before, after = (np.uint8(128 + 60 * np.sin((x - moved) / 5) + 60 * np.cos(y / 6)) for moved in (0, 1))
    >>> flow = rrrn.tvl1(before, after)  # all has moved by a pixel to the right
    >>> flow.shape, round(float(np.median(flow[0])), 1)
    ((2, 48, 64), 1.0)

    Args:
        a: a gray image, uint8 (H, W) with sides of 3 pixels at least, or a stack of them (N, H, W), of which the flow
            is (N, 2, H, W).
        b: one of the same shape.
        engine: auto (cuda where PyTorch sees a GPU, else numba), numba, cuda or opencv. The first flow by numba after
            an installation waits seconds for its compiler.
        threads: of the processor, which share the pairs of a stack.
        parameters: tau, lambda, theta, scales, scale_step, warps, epsilon, inner_iterations, outer_iterations,
            median_filter; see config.yaml. What is not given is OpenCV's default, among them 5 scales and 5 warps; the
            command ``rrrn flow`` and the workflow take config.yaml's, 3 and 2.

    Raises ValueError, naming ``a`` or ``b``, for images of another type, in colour, with what
    is not finite in them, or of two sizes, for parameters out of range, unknown or such that the flow is not finite,
    and for a GPU that is missing.

    TV-L1 (Zach et al., 2007) is solved as by OpenCV's DualTVL1OpticalFlow, from which numba's flow differs by rounding:
    with OpenCV's parameters by 0.01 pixels in the mean.
    """
    unknown = sorted(set(parameters) - set(Parameters().section()))
    if unknown:
        raise InputError(f"TV-L1 has no parameter {', '.join(unknown)}; it has {', '.join(Parameters().section())}")
    for name, images in (("a", a), ("b", b)):
        pairs.check_array(images, name)
        pairs.check_gray(images, name)
    one = a.ndim == 2
    pairs_a, pairs_b = (a[None], b[None]) if one else (a, b)
    pairs.check(pairs_a, pairs_b, ("a", "b"))
    flow = engines.solver(engine, threads)(pairs_a, pairs_b, Parameters.of_section(parameters))
    pairs.check_flow(flow, "a and b")
    return flow[0] if one else flow


def normalise(flow: NDArray[np.float32], face_width: int, norm: Norm, full_scale_pct: float) -> NDArray[np.float32]:
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


def clip_flow(
    frames: NDArray[np.uint8],
    numbers: NDArray[np.int32],
    face: Sequence[int],
    plan: Sequence[View],
    settings: Settings,
    threads: int = 1,
) -> NDArray[np.float32]:
    """Return the flow of every view of one clip, float32 (views, 2, size, size): u, v of each.

    ``frames`` uint8 (T, H, W) gray with frame numbers ``numbers`` (T). A view that repeats another's frames and angle
    is solved once; ``rotation`` and ``warm_start`` save more, see config.yaml and ``rrrn.flow.clip_views``.
    """
    told = settings.solver
    engine = engines.resolve(settings.engine, settings.warm_start)
    solve = engines.solver(engine, threads)
    refine = engines.refiner(engine, threads) if settings.warm_start else None
    found = clip_views.solve_views(
        dict(zip(numbers.tolist(), frames, strict=True)),
        face,
        plan,
        lambda a, b: solve(a, b, told),
        rotation=settings.rotation,
        refine=(lambda a, b, guesses: refine(a, b, guesses, told)) if refine else None,
    )
    maps = {key: _as_stored(flow, settings) for key, flow in found}
    return np.stack([maps[view.onset, view.apex, view.angle] for view in plan])


def _as_stored(flow: NDArray[np.float32], settings: Settings) -> NDArray[np.float32]:
    scaled, size = normalise(flow, flow.shape[2], settings.norm, settings.full_scale_pct), settings.size
    return np.stack([cv2.resize(component, (size, size), interpolation=cv2.INTER_LINEAR) for component in scaled])


def _clip_by_clip(shard: h5py.File, plans: Plans, settings: Settings, threads: int) -> Iterator[Solved]:
    for name, plan in plans.items():
        worn = shards.occluded(shard[name])
        yield name, clip_flow(worn.frames, worn.numbers, worn.face.tolist(), plan, settings, threads)


def _in_batches(shard: h5py.File, plans: Plans, settings: Settings, streamer: engines.Streamer) -> Iterator[Solved]:
    """Yield each clip's flow while the device solves pairs of the next ones; clips come by the size of their faces."""
    clips = [
        clip_batches.Clip(name, shard[name].attrs["face"], plan, partial(_frames, shard[name]))
        for name, plan in plans.items()
    ]
    for name, found in clip_batches.solve_clips(
        clips,
        lambda batches: streamer.stream(batches, settings.solver),
        streamer.pairs_at_once,
        rotation=settings.rotation,
    ):
        maps = {key: _as_stored(flow, settings) for key, flow in found.items()}
        yield name, np.stack([maps[view.onset, view.apex, view.angle] for view in plans[name]])


def _frames(group: h5py.Group) -> dict[int, NDArray[np.uint8]]:
    clip = shards.occluded(group)
    return dict(zip(clip.numbers.tolist(), clip.frames, strict=True))


def main(args: argparse.Namespace) -> None:
    cv2.setNumThreads(1)
    settings = Settings.of(args.settings.get("flow", {}))
    made = asked.asked(args, [args.shard, args.plan])
    engine = engines.resolve(settings.engine, settings.warm_start, args.gpus)
    settings = replace(settings, engine=engine)
    plans = views.read(args.plan)
    streamer = engines.streamer(engine)
    with store.reading(args.shard) as shard, store.create(args.output, made.identity) as file:
        if set(plans) != set(shard):
            raise InputError(f"{args.plan} and {args.shard} hold different clips; delete both and run again")
        file.attrs.update(engines.facts(engine, settings.solver))
        file.attrs.update({"rotation": settings.rotation, "warm_start": settings.warm_start})
        file.attrs["code"] = sources.digest("rrrn.stages.flow", engines.module(engine))
        if args.views == "original":
            plans = {clip: plan[:1] for clip, plan in plans.items()}
        if streamer:
            solved = _in_batches(shard, plans, settings, streamer)
        else:
            solved = _clip_by_clip(shard, plans, settings, args.threads)
        for clip, result in solved:
            pairs.check_flow(result, f"clip {clip} of {args.shard}")
            target = file.create_group(clip)
            target.attrs["subject"] = shard[clip].attrs["subject"]
            dataset = flow_store.put(
                target, "flow", result, dtype=settings.store.dtype, compression=settings.store.compression
            )
            dataset.attrs["channels"] = "u to the right, v down; signed"
            dataset.attrs["norm"] = settings.norm
            dataset.attrs["full_scale_pct"] = settings.full_scale_pct
            dataset.attrs["units"] = UNITS[settings.norm]
            store.put(target, "views", np.array([view.view for view in plans[clip]], np.int32))
            logging.info("%s: %d views, mean |flow| %.4f", clip, len(plans[clip]), np.abs(result).mean())


if __name__ == "__main__":
    # numba imports SciPy where it can, for a fifth of a small job's time, and nothing here uses it
    sys.modules.setdefault("scipy", None)  # type: ignore[arg-type]
    parser = stage.command(__doc__)
    parser.add_argument("shard", type=Path, help="the subject's occluded frames")
    parser.add_argument("plan", type=Path, help="the subject's augmentation plan")
    parser.add_argument("output", type=Path, help="the subject's shard of flow")
    parser.add_argument("--views", choices=("all", "original"), default="all", help="original: view 0 only")
    parser.add_argument("--threads", type=int, default=1, help="of the processor; their number changes no bit")
    parser.add_argument("--gpus", type=int, default=1, help="that it may use; with 0, flow.engine auto is numba")
    stage.run(main, parser)
