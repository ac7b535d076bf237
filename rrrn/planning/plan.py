"""A plan: the jobs of a configuration, what each costs, and how long they take on some processors and GPUs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rrrn.data import clips
from rrrn.data.clips import Clip
from rrrn.experiment import config
from rrrn.planning import calibration, jobs, rates, schedule, storage, tally
from rrrn.planning.jobs import Job
from rrrn.planning.model import Cost, Model
from rrrn.planning.rates import Rates
from rrrn.planning.schedule import Wall
from rrrn.planning.tally import Stage


@dataclass(frozen=True)
class Asked:
    """What a plan is asked with: ``stored`` are rates that were kept, True for the package's, False to measure.

    ``gflops`` are those of a GPU that was not measured.
    """

    targets: Sequence[str]
    left: bool
    stored: Path | bool
    cores: int
    gflops: float


@dataclass(frozen=True)
class Plan:
    """Jobs and the cost of each, under whole ``settings``; trainings are on ``gpus``, on processors if that is 0."""

    settings: Mapping[str, Any]
    table: Sequence[Clip]
    asked: Asked
    gpus: int
    costing: Model
    jobs: Sequence[Job]
    costs: Sequence[Cost]

    @cached_property
    def stages(self) -> list[Stage]:
        """The costs of each rule."""
        return tally.stages(self.jobs, self.costs)

    def wall(self, cores: int, gpus: int) -> Wall:
        """Return how long it takes on so many processors and GPUs."""
        return schedule.wall(self.jobs, self.costs, cores, gpus)

    @property
    def trained(self) -> list[str]:
        """The network of each training."""
        return [job.wildcards["network"] for job in self.jobs if job.rule in tally.TRAININGS]

    @property
    def at_once(self) -> int:
        """How many trainings there are at a time, at most."""
        return min(self.asked.cores, self.gpus or self.asked.cores)

    @cached_property
    def checkpoints(self) -> float:
        """The bytes that the checkpoints of running trainings take, at most."""
        return storage.held(self.costing, self.trained, self.at_once)


def make(settings: Mapping[str, Any], asked: Asked, gpus: int) -> Plan:
    """Return the plan of a whole configuration, with trainings on so many GPUs, or none.

    Raises InputError if the configuration contradicts itself, Snakemake cannot plan it, or a rate is missing.
    """
    table = clips.read(settings["clips"])
    config.check_together(settings, table)
    planned = jobs.dry_run(settings, asked.targets, asked.left)
    on_gpu = gpus > 0 and settings["train"]["device"] != "cpu"
    costing = Model(settings, table, _rates(settings, table, asked.stored, on_gpu), on_gpu, asked.gflops)
    costs = [costing.cost(job) for job in planned]
    return Plan(settings, table, asked, gpus if on_gpu else 0, costing, planned, costs)


def _rates(settings: Mapping[str, Any], table: Sequence[Clip], stored: Path | bool, on_gpu: bool) -> Rates:
    if isinstance(stored, Path):
        return rates.read(stored)
    return rates.reference(settings) if stored else calibration.calibrate(settings, table, on_gpu)
