"""``rrrn flow``: the optical flow between two images, as a file and as a picture, without the workflow."""

import argparse
import logging
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rrrn.data import flo, frames, pictures
from rrrn.experiment import defaults
from rrrn.flow import engines, pairs
from rrrn.flow.parameters import Parameters
from rrrn.running import full_gpu, options, reworded, stage, writable
from rrrn.running.stage import InputError

_NO_GPU = (
    "--engine cuda: PyTorch sees no GPU; take auto or numba, or look whether PyTorch is installed, what nvidia-smi "
    "shows and what CUDA_VISIBLE_DEVICES holds"
)
_PROCESSOR = "end what else computes on it, or take --engine numba"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.epilog = (
        "The parameters of TV-L1 are those of config.yaml (3 scales, 2 warps); rrrn.tvl1, in Python, takes OpenCV's "
        "(5 and 5) unless told."
    )
    add = parser.add_argument
    add("a", type=Path, metavar="A", help="an image, gray or colour, 8 bits per channel: the onset")
    add("b", type=Path, metavar="B", help="an image of the same size: the apex")
    add(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="a Middlebury .flo file: where A's pixels went"
    )
    add("--picture", type=Path, metavar="PNG", help="also draw it: hue says where to, white is rest")
    add("--full", type=stage.above_zero, metavar="PIXELS", help="the displacement that is a pure colour (the largest)")
    add("--engine", choices=engines.NAMES, help="what solves it (flow.engine of the configuration)")
    add("--cores", type=int, default=1, metavar="N", help="threads of the processor (1)")
    options.configfile(parser, "the section flow counts")


def main(args: argparse.Namespace) -> None:
    """Read both images, solve, and write."""
    cv2.setNumThreads(1)
    for path, ending in ((args.output, ".flo"), (args.picture, ".png")):
        if path:
            writable.check_output(path, [ending], [args.a, args.b])
    settings = defaults.section("flow", args.configfile)
    with reworded.remedies({"the engine (flow.engine) is cuda": _NO_GPU} if args.engine else {}):
        engine = engines.resolve(args.engine or settings["engine"])
    before, after = (gray(path) for path in (args.a, args.b))
    if before.shape != after.shape:
        sizes = " and ".join(f"{image.shape[1]} x {image.shape[0]}" for image in (before, after))
        raise InputError(f"{args.a} and {args.b} are {sizes} pixels; cut them to one size")
    pairs.check(before[None], after[None], (str(args.a), str(args.b)))
    with full_gpu.told(_PROCESSOR), reworded.remedies({"free some, or solve smaller images": _PROCESSOR}):
        flow = engines.solver(engine, args.cores)(before[None], after[None], Parameters.of_section(settings))[0]
    pairs.check_flow(flow, f"{args.a} and {args.b}")
    length = np.hypot(*flow)
    flo.write(args.output, flow)
    if args.picture:
        full = args.full or max(float(length.max()), 1e-3)  # of images that are alike, all white
        _write_png(pictures.colours(flow, full), args.picture)
    logging.info("%s: %s, mean |flow| %.4f pixels, largest %.3f", args.output, engine, length.mean(), length.max())


def gray(path: Path) -> NDArray[np.uint8]:
    """Return an image as the workflow sees it, uint8 (H, W): ITU-R BT.601 luma of colours."""
    if not path.is_file():
        raise InputError(f"{path}: there is no such image")
    image = frames.read(path)
    return np.asarray(image[..., 0] if image.shape[2] == 1 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)


def _write_png(picture: NDArray[np.uint8], path: Path) -> None:
    done, code = cv2.imencode(".png", picture)
    if not done:
        raise RuntimeError(f"{path}: cannot be encoded")
    with stage.replacing(path) as partial:
        partial.write_bytes(code.tobytes())
