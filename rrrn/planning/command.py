"""``rrrn plan``: jobs, files, bytes and hours of an experiment, before anyone runs it."""

import argparse
import importlib
import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rrrn.experiment import defaults
from rrrn.planning import rates
from rrrn.planning.presets import PRESETS, Preset
from rrrn.running import options, stage, writable
from rrrn.running.stage import InputError

if TYPE_CHECKING:
    from rrrn.planning.plan import Asked, Plan

_TABLE, _TABLES = "results/table_iv.csv", "all"
_NO_GPU = "no GPU here, so trainings are planned on processors; --gpus N plans them on GPUs"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    add = parser.add_argument
    add("targets", nargs="*", metavar="TARGET", help=f"what is to be made ({_TABLE}; with --presets {_TABLES})")
    options.configfile(parser)
    names = ", ".join(preset.name for preset in PRESETS)
    add("--presets", action="store_true", help=f"a row for each of {names}, with the files of --configfile over each")
    add(
        "--cores",
        type=_positive,
        default=os.cpu_count() or 1,
        metavar="N",
        help="processors that work at once (all of here)",
    )
    add(
        "--gpus",
        type=_natural,
        metavar="N",
        help="GPUs that networks are trained on at once (those of here; 0: processors)",
    )
    tflops = "what a training reaches on a GPU that is not here (10)"
    add("--gpu-tflops", type=stage.above_zero, default=10.0, metavar="N", help=tflops)
    add("--left", action="store_true", help="only what the working directory lacks")
    stored = parser.add_mutually_exclusive_group()
    stored.add_argument("--no-calibration", action="store_true", help="use the rates that are stored in the package")
    stored.add_argument("--rates", type=Path, metavar="FILE", help="use rates that were written before")
    add("--write-rates", type=Path, metavar="FILE", help="also keep the rates, for example those of a compute node")
    options.json(parser, "the plan")


def main(args: argparse.Namespace) -> None:
    """Count, calibrate, multiply and print."""
    if args.presets and args.write_rates:
        raise InputError("--write-rates keeps the rates of one configuration; use it without --presets")
    if args.write_rates:
        read = [*defaults.bases(), *args.configfile, *([args.rates] if args.rates else [])]
        writable.check_output(args.write_rates, read=read)
    # the libraries of all stages, seconds of import, which no other sub-command should pay
    plan, report, notes = (importlib.import_module(f"rrrn.planning.{name}") for name in ("plan", "report", "notes"))
    asked = plan.Asked(
        args.targets or [_TABLES if args.presets else _TABLE],
        args.left,
        args.rates or args.no_calibration,
        args.cores,
        args.gpu_tflops * 1e3,
    )
    if args.presets:
        _presets(args, asked)
        return
    settings = defaults.whole(args.configfile)
    device = settings["train"]["device"]
    made = plan.make(settings, asked, args.gpus if args.gpus is not None else max(_gpus_here(), device == "cuda"))
    if args.write_rates:
        rates.write(made.costing.rates, args.write_rates)
    told = notes.of(made)
    if args.gpus is None and not made.gpus and device == "auto":
        told.append(_NO_GPU)
    if args.json:
        print(json.dumps(report.as_json(made, told), indent=2))
        return
    print(report.table(made.stages))
    time = made.wall(args.cores, made.gpus)
    print(
        f"\n{args.cores} cores{f' and {made.gpus} GPUs' if made.gpus else ''}: about {report.duration(time.total)}; "
        f"however many there are, not less than {report.duration(time.chain)}, the longest chain of jobs"
    )
    print("\n".join(told))


def _presets(args: argparse.Namespace, asked: "Asked") -> None:
    """Plan every preset and print all side by side; raises InputError, after the table, if none could be planned."""
    report = importlib.import_module("rrrn.planning.report")
    made = _made(args, asked)
    if args.json:
        print(json.dumps({"presets": report.presets_as_json(made)}, indent=2))
    else:
        print(report.presets(made))
    if all(isinstance(found, InputError) for found in made.values()):
        raise InputError("no preset can be planned; the table says why")


def _made(args: argparse.Namespace, asked: "Asked") -> Mapping[Preset, "Plan | InputError"]:
    """Return the plan of each preset, or why it has none."""
    plan: Any = importlib.import_module("rrrn.planning.plan")
    here, made = _gpus_here(), {}
    for preset in PRESETS:
        logging.info("%s: counting its jobs", preset.name)
        try:
            gpus = preset.gpus(args.gpus, here, asked.stored is False)
            made[preset] = plan.make(preset.settings(args.configfile), asked, gpus)
        except InputError as error:
            made[preset] = error
    return made


def _gpus_here() -> int:
    from rrrn.flow import engines

    if not engines.gpu_is_seen():
        return 0
    import torch

    return torch.cuda.device_count()


def _positive(text: str) -> int:
    if (number := _natural(text)) == 0:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _natural(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)
