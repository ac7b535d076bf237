"""Train a final model, by the code and with the settings of the workflow's trainings.

A training of the workflow leaves the people of its fold out. This one leaves out whom its user names, or nobody. Where
those are the people of a fold, it is that fold's training, draw by draw; the seeds of another belong to a name of its
own. Nothing is selected: the last epoch counts.
"""

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from rrrn.benchmarking import contenders
from rrrn.data import clips, identity, rows
from rrrn.data.clips import Clip
from rrrn.experiment import folds, methods, protocol
from rrrn.flow import engines
from rrrn.models import linear
from rrrn.models.saved import OF_A_CLIP, About, Saved
from rrrn.networks import pretrained
from rrrn.provenance import sources
from rrrn.provenance.recipes import canonical
from rrrn.running import typed
from rrrn.running.stage import InputError
from rrrn.svm import features
from rrrn.svm.settings import Settings as SvmSettings

EVERYBODY = "all"  # the name that the draws of a training on all subjects belong to
_OF_FLOW = ("augment", "flow", "pack")
_VERSIONS = ("rrrn", "torch", "numpy", "opencv-contrib-python-headless", "dlib-bin", "numba", "scikit-learn", "scipy")


@dataclass(frozen=True)
class Wanted:
    """A model to train: of a ``method``, on the conditions of the training ``trained_on``, without some subjects.

    ``fold`` is the name that its draws belong to, ``seed`` its number among several trainings; ``of_fold``: whether it
    is the training of a fold of the experiment.
    """

    method: str
    trained_on: str
    without: tuple[str, ...]
    fold: str
    seed: int
    of_fold: bool


def wanted(
    config: Mapping[str, Any],
    table: Sequence[Clip],
    method: str,
    trained_on: str | None = None,
    without: Sequence[str] = (),
    seed: int = 0,
) -> Wanted:
    """Return what is to be trained; raises InputError for names that the experiment does not have."""
    if method not in methods.METHODS:
        raise InputError(f"--method {method}: there is none; there are {', '.join(sorted(methods.METHODS))}")
    subjects = {clip.subject for clip in table}
    if unknown := sorted(set(without) - subjects):
        raise InputError(
            f"--without {unknown[0]}: no subject of {config['clips']}; it has {', '.join(sorted(subjects))}"
        )
    if subjects == set(without):
        raise InputError("--without names all subjects; leave some to train on")
    if seed < 0:
        raise InputError(f"--seed {seed}: give a whole number from 0: the number of the training among several")
    sets = protocol.training_sets(config)
    usual = protocol.START if protocol.START in sets else next(iter(sets))
    name = trained_on or usual
    if name not in sets:
        raise InputError(
            f"--trained-on {name}: with protocol.train_condition {config['protocol']['train_condition']} there are the "
            f"trainings {', '.join(sets)}"
        )
    fold = _fold(config, table, set(without))
    known = fold or (f"without-{'-'.join(sorted(without))}" if without else EVERYBODY)
    while known in subjects - set(without):  # a subject who is called so is trained on
        known += "-"
    return Wanted(method, name, tuple(sorted(set(without))), known, seed, bool(fold))


def _fold(config: Mapping[str, Any], table: Sequence[Clip], without: set[str]) -> str:
    """Return the fold of the experiment that tests these subjects, and trains on all others; nothing if none does."""
    for names in protocol.tables(config, table)[0].values():
        for name in names:
            trained, tested = folds.split(table, name)
            if {clip.subject for clip in tested} == without and len(trained) + len(tested) == len(table):
                return name
    return ""


def needed(config: Mapping[str, Any], what: Wanted) -> list[str]:
    """Return the files of the workflow that the training reads."""
    learnt = _learnt(config, what.trained_on)
    if methods.METHODS[what.method].kind == "descriptor":
        return [f"results/features/{what.method}/{condition}.h5" for condition in learnt]
    fetched = [path for path in protocol.weights(config, what.method) if path.startswith("data/weights/")]
    return [*(f"results/pack/{condition}.h5" for condition in learnt), *fetched]


def _learnt(config: Mapping[str, Any], trained_on: str) -> list[str]:
    """Return the conditions that a training learns from, those of the model that it starts from among them."""
    before = [protocol.START] if trained_on in protocol.tuned(config) else []
    return list(dict.fromkeys([*before, *protocol.training_sets(config)[trained_on]]))


def fit(
    config: Mapping[str, Any],
    table: Sequence[Clip],
    what: Wanted,
    estimate: Mapping[str, Any],
    kept: Path | None = None,
) -> Saved:
    """Train in the working directory, where the files that are ``needed`` lie, and return the model.

    ``estimate`` is what is known of it (``rrrn.models.estimate.of``); ``kept`` is where a network's training leaves its
    state to go on from. Raises InputError as a training does.
    """
    for name in needed(config, what):
        if not Path(name).exists():
            raise InputError(f"{name}: is not there; let the workflow make it")
    training = [clip for clip in table if clip.subject not in what.without]
    method = methods.METHODS[what.method]
    if method.kind == "descriptor":
        arrays, found, own = _descriptor(config, table, training, what)
        modules = ["rrrn.stages.svm", "rrrn.stages.describe", method.module]
    else:
        arrays, found, own = _network(config, training, what, kept)
        engine = engines.resolve(config["flow"]["engine"], config["flow"]["warm_start"])
        modules = ["rrrn.stages.train", "rrrn.stages.flow", engines.module(engine), method.module]
    modules += ["rrrn.stages.faces", "rrrn.stages.anchor", "rrrn.stages.occlude"]
    counts = {name: sum(clip.objective_class == name for clip in training) for name in config["classes"]}
    about = About(
        kind=method.kind,
        method=what.method,
        base=method.base or method.name,
        label=method.label,
        classes=list(config["classes"]),
        view=config["protocol"]["view"],
        settings=canonical({**{name: config[name] for name in OF_A_CLIP}, **own}),
        training={
            "trained_on": what.trained_on,
            "conditions": protocol.training_sets(config)[what.trained_on],
            "fold": what.fold,
            "of_fold": what.of_fold,
            "seed": what.seed,
            "without": list(what.without),
            "subjects": len({clip.subject for clip in training}),
            "clips": counts,
            **found,
        },
        data=_data(config, training, needed(config, what)),
        code={name: sources.digest(name) for name in modules},
        versions=_versions(),
        estimate=dict(estimate),
    )
    return Saved(arrays, about)


def _network(
    config: Mapping[str, Any], training: Sequence[Clip], what: Wanted, kept: Path | None
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return the weights, what is said of the training, and the sections that are a network's."""
    from rrrn.training import checkpoints, devices, fold, models

    contender, _ = contenders.of(contenders.Given(what.method), None, {}, config)
    assert contender.build is not None and contender.told is not None
    if contender.weights:
        pretrained.verify(contender.weights, contender.sha256)
    # A fold leaves somebody out: here one who is nobody, has no clip in any pack, and is not tested.
    table = [*training, replace(training[0], subject=what.fold)]
    device = devices.choose(config["train"]["device"])
    start, trained = None, None
    tuned = what.trained_on in protocol.tuned(config)
    for name in [protocol.START, what.trained_on] if tuned else [what.trained_on]:
        task = fold.Task(
            method=what.method,
            trained_on=name,
            fold=what.fold,
            seed=what.seed,
            classes=config["classes"],
            train=[Path(f"results/pack/{condition}.h5") for condition in protocol.training_sets(config)[name]],
            test={},
            view="original",
            told=contender.told,
        )
        checkpoint = None
        minutes = config["train"]["checkpoint_minutes"]
        if kept and minutes:
            checkpoint = checkpoints.Checkpoint(kept.with_suffix(f".{name}.h5"), _key(task, training), minutes)
        memory = config["train"]["max_memory_gb"] * 1e9
        noted = fold.Noted(checkpoint, None, shown=True)
        with devices.kept():
            trained = fold.run(task, table, contender.build, device, memory, start, contender.weights, noted)
        if checkpoint:
            checkpoint.remove()
        weights = {key: value.detach().cpu() for key, value in trained.network.state_dict().items()}
        start = models.Model(
            kept or Path("a model in memory"), task.origin, frozenset(map(rows.key, training)), weights
        )
    (settings,) = contender.told["networks"].values()
    own = {**{name: config[name] for name in _OF_FLOW}, "train": contender.told["train"], "own": dict(settings)}
    arrays = {key: value.numpy().copy() for key, value in weights.items()}
    return arrays, {"device": devices.named(device), "tuned": tuned}, own


def _key(task: Any, training: Sequence[Clip]) -> str:
    """Return a digest of all that decides what a training ends in."""
    import torch

    module = methods.METHODS[task.method].module
    told = [task.method, task.trained_on, task.fold, task.seed, list(task.classes), task.told, torch.__version__]
    told += [sources.digest("rrrn.stages.train", module), [identity.read(path) for path in task.train]]
    told += [[rows.key(clip) for clip in training]]
    return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()


def _descriptor(
    config: Mapping[str, Any], table: Sequence[Clip], training: Sequence[Clip], what: Wanted
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return the arrays of the machine, what is said of the training, and the sections that are a descriptor's."""
    settings = typed.section(SvmSettings, config, "svm")
    learnt = protocol.training_sets(config)[what.trained_on]
    row_of = {clip: row for row, clip in enumerate(table)}
    of_table = [row_of[clip] for clip in training]
    paths = [Path(f"results/features/{what.method}/{name}.h5") for name in learnt]
    files = list(features.alike(paths, table).values())
    labels = np.array([config["classes"].index(clip.objective_class) for clip in training], np.intp)
    arrays, found = linear.fit(
        np.concatenate([numbers[of_table] for numbers in files]),
        np.tile(labels, len(files)),
        [clip.subject for clip in training] * len(files),
        settings,
    )
    shared = {key: config["describe"][key] for key in ("size", "blocks", "tim_frames")}
    own = {"describe": shared, "own": dict(methods.settings(config, what.method)), "svm": config["svm"]}
    return arrays, found, own


def _data(config: Mapping[str, Any], training: Sequence[Clip], files: Sequence[str]) -> dict[str, Any]:
    columns = ("database", "subject", "clip", "onset", "apex", "offset", "objective_class", "frames_digest")
    return {
        "table": Path(config["clips"]).name,  # without folders, whose names are of no matter to whoever gets the file
        "rows": clips.digest(training, *columns),
        "databases": sorted({clip.database for clip in training}),
        "sources": sorted({clip.source for clip in training}),
        "files": {name: identity.read(Path(name))[1] for name in files if name.startswith("results/")},
    }


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in _VERSIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:  # dlib of another distribution, or rrrn run from a checkout
            continue
    return found
