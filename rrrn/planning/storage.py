"""What an experiment leaves on disk, without asking Snakemake: for a quick look at the room there is."""

from collections.abc import Mapping, Sequence
from typing import Any

from rrrn import protocol
from rrrn.clips import Clip
from rrrn.planning.jobs import Job
from rrrn.planning.model import Model
from rrrn.planning.units import DESCRIPTORS, NETWORKS

_FILES = 4  # a job: its output, log, times and Snakemake's record


def jobs(config: Mapping[str, Any], table: Sequence[Clip]) -> list[Job]:
    """Return the jobs whose files take room: all but those that make tables of numbers, which take next to none."""
    subjects = list(dict.fromkeys(clip.subject for clip in table))
    drawn = {clip.subject for clip in table if clip.source == "synthetic"}
    conditions, methods = config["conditions"], config["methods"]
    networks = [name for name in methods if name in NETWORKS]
    shards = [(condition, subject) for condition in conditions for subject in subjects]
    found = [Job("render", {"subject": name}) for name in subjects if name in drawn]
    found += [Job("faces", {"subject": name}) for name in subjects]
    found += [Job("occlude", {"condition": condition, "subject": name}) for condition, name in shards]
    if networks:
        found += [Job("flow", {"condition": condition, "subject": name}) for condition, name in shards]
        found += [Job("regions", {"condition": condition}) for condition in conditions]
    fetched = [path for path in protocol.files(config, networks) if path.startswith("data/weights/")]
    found += [Job("weights", {"network": path.rpartition("/")[2].removesuffix(".pth")}) for path in fetched]
    found += [
        Job("describe", {"descriptor": name, "condition": condition})
        for name in methods
        if name in DESCRIPTORS
        for condition in conditions
    ]
    return found


def needed(model: Model) -> tuple[float, int]:
    """Return bytes and files of an experiment."""
    costs = [model.cost(job) for job in jobs(model.config, model.table)]
    return sum(cost.bytes for cost in costs), sum(_FILES + cost.files for cost in costs)
