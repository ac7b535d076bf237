"""What an experiment leaves on disk, without asking Snakemake: for a quick look at the room there is."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rrrn.data.clips import Clip
from rrrn.experiment import control_conditions, protocol
from rrrn.experiment.conditions import CLEAR, kind_of
from rrrn.experiment.methods import METHODS
from rrrn.planning.jobs import Job
from rrrn.planning.model import Model

_FILES = 4  # a job: its output, log, times and Snakemake's record
_OUTPUTS = {
    "render": "data/synthetic/{subject}",
    "faces": "results/faces/{subject}.h5",
    "anchor": "results/anchors/{subject}.h5",
    "art": "results/art/{kind}.h5",
    "occlude": "results/occluded/{condition}/{subject}.h5",
    "flow": "results/flow/{condition}/{subject}.h5",
    "within": "results/flow/{condition}/{subject}.h5",
    "jitter": "results/anchors_jittered/{subject}.h5",
    "occlude_jittered": "results/occluded_jittered/{condition}/{subject}.h5",
    "pack": "results/pack/{condition}.h5",
    "weights": "data/weights/{network}.pth",
    "train": "results/predictions/{network}/{trained_on}/{fold}-{seed}.csv",
    "describe": "results/features/{descriptor}/{condition}.h5",
}


def jobs(config: Mapping[str, Any], table: Sequence[Clip]) -> list[Job]:
    """Return the jobs whose files take room: all but those that make tables of numbers, which take next to none.

    Trainings are among them if they leave a model.
    """
    subjects = list(dict.fromkeys(clip.subject for clip in table))
    drawn = {clip.subject for clip in table if clip.source == "synthetic"}
    conditions, methods = config["conditions"], protocol.compared(config)
    networks = protocol.networks(config)
    shards = [(condition, subject) for condition in conditions for subject in subjects]
    found = [_job("render", {"subject": name}) for name in subjects if name in drawn]
    found += [_job("faces", {"subject": name}) for name in subjects]
    if any(condition != CLEAR for condition in conditions):
        found += [_job("anchor", {"subject": name}) for name in subjects]
    controls = {name: control_conditions.split(name)[1] for name in conditions}
    plain = control_conditions.plain(conditions)
    found += [_job("art", {"kind": name}) for name in plain if kind_of(name).pictures]
    found += [_job("occlude", {"condition": name, "subject": subject}) for name in plain for subject in subjects]
    held = [control_conditions.base(name) for name in conditions if controls[name] == control_conditions.JITTERED]
    found += [_job("jitter", {"subject": name}) for name in subjects if held]
    found += [_job("occlude_jittered", {"condition": name, "subject": who}) for name in held for who in subjects]
    if networks:
        for condition, name in shards:
            rule = "within" if controls[condition] in control_conditions.SIDES else "flow"
            found.append(_job(rule, {"condition": condition, "subject": name}))
        found += [_job("pack", {"condition": condition}) for condition in conditions]
    fetched = [path for path in protocol.files(config) if path.startswith("data/weights/")]
    found += [_job("weights", {"network": path.rpartition("/")[2].removesuffix(".pth")}) for path in fetched]
    leaving = [name for name in protocol.training_sets(config) if protocol.leaves_model(config, name)]
    if leaving:
        folds = {fold for names in protocol.tables(config, table)[0].values() for fold in names}
        seeds, tuned = range(config["protocol"]["n_seeds"]), protocol.tuned(config)
        found += [
            _leaving(network, name, fold, str(seed), "tune" if name in tuned else "train")
            for network in networks
            for name in leaving
            for fold in sorted(folds)
            for seed in seeds
        ]
    found += [
        _job("describe", {"descriptor": name, "condition": condition})
        for name in methods
        if METHODS[name].kind == "descriptor"
        for condition in conditions
    ]
    return found


def held(model: Model, trained: Sequence[str], at_once: int) -> float:
    """Return the bytes that checkpoints take at most, while trainings run, so many at a time; ``trained`` has the
    network of each.
    """
    if not model.config["train"]["checkpoint_minutes"]:
        return 0.0
    largest = max((model.checkpoint(name) for name in dict.fromkeys(trained)), default=0.0)
    return min(at_once, len(trained)) * largest


def trainings(model: Model, folder: Path) -> list[str]:
    """Return the network of each training of an experiment whose predictions, or model, a folder lacks."""
    config = model.config
    names = {fold for folds in protocol.tables(config, model.table)[0].values() for fold in folds}
    return [
        network
        for network in protocol.networks(config)
        for trained_on in protocol.training_sets(config)
        for fold in names
        for seed in range(config["protocol"]["n_seeds"])
        if not (folder / f"results/predictions/{network}/{trained_on}/{fold}-{seed}.csv").exists()
        or (
            protocol.leaves_model(config, trained_on)
            and not (folder / protocol.model(network, fold, str(seed), trained_on)).exists()
        )
    ]


def needed(model: Model, folder: Path) -> tuple[float, int]:
    """Return bytes and files of what an experiment in a folder is yet to make; what is there counts as made."""
    every = jobs(model.config, model.table)
    left = [job for job in every if not all((folder / path).exists() for path in job.outputs)]
    costs = [model.cost(job) for job in left]
    return sum(cost.bytes for cost in costs), sum(_FILES + cost.files for cost in costs)


def _leaving(network: str, trained_on: str, fold: str, seed: str, rule: str) -> Job:
    made = _job("train", {"network": network, "trained_on": trained_on, "fold": fold, "seed": seed})
    return replace(made, rule=rule, outputs=(*made.outputs, protocol.model(network, fold, seed, trained_on)))


def _job(rule: str, wildcards: Mapping[str, str]) -> Job:
    return Job(rule, wildcards, (), (_OUTPUTS[rule].format(**wildcards),))
