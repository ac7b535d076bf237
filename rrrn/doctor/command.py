"""``rrrn doctor``: look whether this machine can run an experiment, and say how to mend what is wrong."""

import argparse
import json
import os
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from rrrn.data import clips
from rrrn.doctor import accelerator, asking, cluster, packages, report, slurm, storage, vision, weights
from rrrn.doctor import profile as profiles
from rrrn.doctor.finding import Finding, error, skipped
from rrrn.experiment import config, defaults
from rrrn.planning import ahead
from rrrn.running import cards, options, resources, workplace, writable
from rrrn.running.stage import InputError

RESULTS = Path("results")
_NO_EXPERIMENT = skipped("experiment", "none is here to be looked at; rrrn init DIR makes a folder for one")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    add = parser.add_argument
    options.configfile(parser)
    add("--profile", type=Path, metavar="FOLDER", help="of Snakemake, for SLURM (that of rrrn)")
    options.json(parser, "the findings")


def main(args: argparse.Namespace) -> None:
    """Look, judge and print; exit with 1 if anything is an error."""
    findings = examine(args.configfile, args.profile)
    print(json.dumps(report.as_json(findings), indent=2) if args.json else report.lines(findings))
    if not report.healthy(findings):
        raise SystemExit(1)


def examine(configfiles: list[Path], profile: Path | None) -> list[Finding]:
    """Return all findings; what can hang is asked at once, each within its time.

    Without a ``profile`` that of the workflow is looked at. Where no experiment is, neither named nor in a working
    directory, nothing is said of clips, room and SLURM, which experiments need.
    """
    settings = defaults.whole(configfiles)
    lacking = [] if configfiles or profile or Path("Snakefile").is_file() else [_NO_EXPERIMENT]
    asked = None if lacking else profiles.file(profile or workplace.path("workflow/profiles/slurm"))
    fetched = weights.fetched(settings)
    # a few processors are shared by these: the imports take the longest
    with ThreadPoolExecutor() as pool:
        torch = pool.submit(asking.probe, "probe_torch", json.dumps(fetched))
        seen = pool.submit(asking.probe, "probe_vision")
        queue = pool.submit(_cluster, asked, configfiles) if asked else None
        disk = pool.submit(storage.collect, RESULTS)
        versions = packages.collect()
        needed, problem = (None, lacking) if lacking else _needed(settings)
        facts = accelerator.collect(torch.result(), settings["train"]["device"], settings["flow"]["engine"])
        pretrained = weights.collect(settings, torch.result().get("addresses", {}))
    return [
        *packages.check(versions),
        *accelerator.check(facts),
        *vision.check(seen.result()),
        *weights.check(pretrained),
        *problem,
        storage.cache(writable.objection(writable.cache())),
        *storage.check(disk.result(), needed),
        *(slurm.check(queue.result(), wanted=profile is not None) if queue else []),
    ]


def _cluster(profile: Path, configfiles: list[Path]) -> cluster.Facts:
    return cluster.collect(resources.path("Snakefile"), profile, [*defaults.bases(), *configfiles])


def _needed(settings: Mapping[str, Any]) -> tuple[tuple[float, int] | None, list[Finding]]:
    """Return bytes and files of what is not made yet, by the stored rates, and of the checkpoints on the way to it.

    Instead of them a finding if they cannot be told.
    """
    from rrrn.planning import rates
    from rrrn.planning.model import Model
    from rrrn.planning.storage import held, needed, trainings

    try:
        table = clips.read(settings["clips"])
        config.check_together(settings, table)
        ahead.art(settings)
        ahead.descriptors(settings, table)
    except InputError as problem:
        return None, [_contradiction(str(problem))]
    model = Model(settings, table, rates.reference(settings), on_gpu=False)
    volume, files = needed(model, Path())
    return (volume + held(model, trainings(model, Path()), _at_once()), files), []


def _at_once() -> int:
    """Return how many trainings hold a checkpoint at a time: one on each GPU, or else on each processor.

    Where trainings go to a cluster from a machine without a GPU, how many there are at a time is not known.
    """
    return cards.count() or (1 if shutil.which("sbatch") else os.cpu_count() or 1)


def _contradiction(problem: str) -> Finding:
    subject, colon, said = problem.partition(": ")
    if colon and subject == "configuration":
        return error("configuration", said, "correct it in the file that you name with --configfile, or in config.yaml")
    return error("clip table", problem, "correct it; rrrn import makes one from a database")
