"""``rrrn plan``: jobs, files, bytes and hours of an experiment, before anyone runs it."""

import argparse
import importlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rrrn.data import clips
from rrrn.data.clips import Clip
from rrrn.experiment import config, defaults
from rrrn.planning import rates
from rrrn.planning.rates import Rates
from rrrn.running import stage


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    add = parser.add_argument
    add("targets", nargs="*", default=["results/table_iv.csv"], help="what is to be made (results/table_iv.csv)")
    add("--configfile", type=Path, nargs="+", default=[], metavar="FILE", help="laid over config.yaml, in order")
    add("--cores", type=_positive, default=os.cpu_count() or 1, help="processors that work at once (all of here)")
    add("--gpus", type=_natural, help="GPUs that networks are trained on at once (those of here; 0: processors)")
    tflops = "what a training reaches on a GPU that is not here (10)"
    add("--gpu-tflops", type=stage.above_zero, default=10.0, help=tflops)
    add("--left", action="store_true", help="only what the working directory lacks")
    stored = parser.add_mutually_exclusive_group()
    stored.add_argument("--no-calibration", action="store_true", help="use the rates that are stored in the package")
    stored.add_argument("--rates", type=Path, metavar="FILE", help="use rates that were written before")
    add("--write-rates", type=Path, metavar="FILE", help="also keep the rates, for example those of a compute node")
    add("--json", action="store_true", help="print the plan as JSON")


def main(args: argparse.Namespace) -> None:
    """Count, calibrate, multiply and print."""
    # the libraries of all stages, seconds of import, which no other sub-command should pay
    jobs, model, report, schedule, tally = (
        importlib.import_module(f"rrrn.planning.{name}") for name in ("jobs", "model", "report", "schedule", "tally")
    )
    settings = defaults.whole(args.configfile)
    table = clips.read(settings["clips"])
    config.check_together(settings, table)
    planned = jobs.dry_run(settings, args.targets, args.left)
    known = _rates(args, settings, table)
    if args.write_rates:
        rates.write(known, args.write_rates)
    device = settings["train"]["device"]
    gpus = args.gpus if args.gpus is not None else max(_gpus_here(), device == "cuda")
    on_gpu = gpus > 0 and device != "cpu"
    costing = model.Model(settings, table, known, on_gpu, args.gpu_tflops * 1e3)
    costs = [costing.cost(job) for job in planned]
    listed = tally.stages(planned, costs)
    time = schedule.wall(planned, costs, args.cores, gpus)
    notes = [f"rates: {known.machine}" + ("" if _measured(args) else " (stored, not measured here)")]
    notes += _notes(args, settings, table, costing, tally.total(listed).gpu)
    if args.json:
        print(json.dumps(report.as_json(listed, time, args.cores, gpus, notes), indent=2))
        return
    print(report.table(listed))
    print(
        f"\n{args.cores} cores{f' and {gpus} GPUs' if on_gpu else ''}: about {report.duration(time.total)}; "
        f"however many there are, not less than {report.duration(time.chain)}, the longest chain of jobs"
    )
    print("\n".join(notes))


def _measured(args: argparse.Namespace) -> bool:
    return not args.no_calibration and args.rates is None


def _rates(args: argparse.Namespace, settings: Mapping[str, Any], table: Sequence[Clip]) -> Rates:
    if args.no_calibration:
        return rates.reference(settings)
    if args.rates:
        return rates.read(args.rates)
    found: Rates = importlib.import_module("rrrn.planning.calibration").calibrate(settings, table)
    return found


def _notes(
    args: argparse.Namespace, settings: Mapping[str, Any], table: Sequence[Clip], costing: Any, gpu: float
) -> list[str]:
    """Return what the reader must know of these figures."""
    notes = []
    if costing.assumed() and gpu:
        notes.append(
            f"GPU h: counted, not measured: the networks' operations at {args.gpu_tflops:g} TFLOP/s (--gpu-tflops); "
            "calibrate on a GPU for better ones"
        )
    elif args.gpus is None and not costing.on_gpu and settings["train"]["device"] == "auto":
        notes.append("no GPU here, so trainings are planned on processors; --gpus N plans them on GPUs")
    if settings["flow"]["engine"] == "cuda" and not costing.rates.has("flow.on_gpu"):
        notes.append("flow.engine is cuda, and its time was measured on a processor: on a GPU it is shorter")
    if costing.guessed:
        notes.append(
            f"not measured: {', '.join(sorted(costing.guessed))}; taken for the mean of those of rrrn, so calibrate "
            "(without --no-calibration and --rates) for better figures"
        )
    lost = sorted({clip.database for clip in table if clip.source != "synthetic" and not Path(clip.frames).is_dir()})
    if lost:
        notes.append(f"not on disk yet: frames of {', '.join(lost)}; drawn clips of the usual size stand in for them")
    return notes


def _gpus_here() -> int:
    from rrrn.tvl1 import engines

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
